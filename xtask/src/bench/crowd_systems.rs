//! The servers that a crowd is sent pictures by, and the crowd, as processes.
//!
//! Here belongs: programs, switches, addresses, what they say. Not here: what is measured (`crowd.rs`).

use std::io::{BufRead, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::systems::{System as Whole, Video, node};
use crate::Outcome;
use crate::process::Process;
use crate::shell::{self, cargo, command, root, target};

/// A way to send pictures to a crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// One `write()` a viewer and picture.
    Floor,
    /// Node's `ws`, as JSMpeg's own relay uses it.
    Relay,
    /// Our server, by the protocol of old pages: one message a picture, and nothing said by the viewers, as with the relay.
    Old,
    /// Our server by the live protocol: pictures are acknowledged, and the clock is asked for, as the page does it.
    Live,
    /// The whole program by the live protocol, with the camera and the encoder: what it sends is its own.
    Program,
}

/// A server that runs, until it is dropped.
pub(crate) struct Running {
    address: String,
    protocol: &'static str,
    /// The server first.
    processes: Vec<Process>,
}

/// Builds and fetches what the systems consist of.
pub(crate) fn prepare() -> Outcome {
    let build = ["build", "--release", "--locked", "-p", "pistreaming", "--bins", "--example", "crowd"];
    shell::run(&mut cargo(&build))?;
    let rival = root().join("bench/rival");
    shell::run(command("npm", &["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(rival))
}

impl System {
    /// All, in the order in which they are measured.
    pub(crate) const ALL: [Self; 5] = [Self::Floor, Self::Relay, Self::Old, Self::Live, Self::Program];

    /// For the command line and the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Relay => "relay",
            Self::Old => "old",
            Self::Live => "live",
            Self::Program => "program",
        }
    }

    /// Whether it is this project's server.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Old | Self::Live)
    }

    /// Starts it.
    pub(crate) fn start(self) -> Outcome<Running> {
        let running = |address, protocol, processes| Running { address, protocol, processes };
        match self {
            Self::Floor => {
                let (floor, address) = serve("floor", 0)?;
                Ok(running(address, "old", vec![floor]))
            }
            Self::Relay => {
                let (relay, address) = node("the relay", "127.0.0.1", &["relay.mjs"], Stdio::null())?;
                let feed = Process::start("feed", example(&["feed", &address]).stdin(Stdio::null()))?;
                Ok(running(address, "old", vec![relay, feed]))
            }
            Self::Old => {
                let (server, address) = serve("serve", 1)?;
                Ok(running(address, "old", vec![server]))
            }
            Self::Live => {
                let (server, address) = serve("serve", 0)?;
                Ok(running(address, "live", vec![server]))
            }
            Self::Program => {
                let whole = Whole::Ours.start(Video::USUAL)?;
                Ok(running(whole.socket.0.clone(), "live", whole.into_processes()))
            }
        }
    }
}

impl Running {
    /// The server's process.
    pub(crate) fn server(&self) -> u32 {
        self.processes.first().map_or(0, Process::id)
    }

    /// Fails if one of its programs has ended.
    pub(crate) fn check(&mut self) -> Outcome {
        self.processes.iter_mut().try_for_each(Process::check)
    }
}

/// The example that is both ends.
pub(crate) fn example(arguments: &[&str]) -> Command {
    let mut command = Command::new(target().join("release/examples/crowd"));
    command.args(arguments);
    command
}

/// A server of the example, and its address: that of the port that it prints in this place.
fn serve(kind: &str, place: usize) -> Outcome<(Process, String)> {
    let mut server = Process::start(kind, example(&[kind]).stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let ports = line(&mut BufReader::new(server.take_output()?))?;
    let port = ports.split(' ').nth(place).ok_or_else(|| format!("{kind} says '{ports}'"))?;
    Ok((server, format!("127.0.0.1:{port}")))
}

/// Viewers that are connected, until they are dropped.
pub(crate) struct Crowd {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _process: Process,
}

impl Crowd {
    /// Connects them all.
    pub(crate) fn start(running: &Running, viewers: usize, stalled: usize, time: Duration) -> Outcome<Self> {
        let numbers = [viewers.to_string(), stalled.to_string(), time.as_secs().to_string()];
        let mut watch = example(&["watch", &running.address, "--protocol", running.protocol]);
        watch.args(["--viewers", &numbers[0], "--stalled", &numbers[1], "--seconds", &numbers[2]]);
        let mut process = Process::start("the crowd", watch.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let (input, output) = (process.take_input()?, BufReader::new(process.take_output()?));
        let mut crowd = Self { input, output, _process: process };
        match line(&mut crowd.output)?.as_str() {
            "ready" => Ok(crowd),
            other => Err(format!("the crowd says '{other}'")),
        }
    }

    /// Begins to measure.
    pub(crate) fn begin(&mut self) -> Outcome {
        self.input.write_all(b"\n").map_err(|error| format!("the crowd: {error}"))
    }

    /// Waits until it has measured: each figure by its name.
    pub(crate) fn figures(&mut self) -> Outcome<Vec<(String, f64)>> {
        let line = line(&mut self.output)?;
        let figure = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        let figures: Option<Vec<_>> = line.split(' ').map(figure).collect();
        figures.ok_or_else(|| format!("the crowd says '{line}'"))
    }
}

/// The next line.
pub(crate) fn line(output: &mut BufReader<ChildStdout>) -> Outcome<String> {
    let mut line = String::new();
    output.read_line(&mut line).map_err(|error| error.to_string())?;
    if line.is_empty() { Err("it ended without a word".into()) } else { Ok(line.trim_end().into()) }
}
