//! The systems that are compared, each started as its users start it.
//!
//! Here belongs: their programs, switches and addresses. Not here: what is measured of them.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::process::Process;
use crate::shell::{self, cargo, command, root, target};

/// The picture's width and height.
pub(crate) const SIZE: (u32, u32) = (640, 480);
/// Frames per second.
pub(crate) const RATE: u32 = 24;

/// A way to get a camera's picture into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// No system: raw luma, painted without a codec by the quickest path. What is left to win is what lies above it.
    Floor,
    /// Ours, as it comes.
    Ours,
    /// Ours with FFmpeg as the encoder.
    OursFfmpeg,
    /// FFmpeg with ordinary switches, a relay, JSMpeg.
    Jsmpeg,
    /// The same, FFmpeg told to hold no frame back.
    JsmpegTuned,
}

/// A system that runs, until it is dropped.
pub(crate) struct Running {
    /// The page's address.
    pub(crate) page: String,
    /// Where a viewer's WebSocket is opened: host and port, path, subprotocol.
    pub(crate) socket: (String, &'static str, &'static str),
    /// The processes that are the server, by number: what makes the frames is a camera, not the server.
    pub(crate) server: Vec<u32>,
    processes: Vec<Process>,
}

impl System {
    /// All, in the order in which they take turns.
    pub(crate) const ALL: [Self; 5] =
        [Self::Floor, Self::Ours, Self::Jsmpeg, Self::OursFfmpeg, Self::JsmpegTuned];

    /// For the command line and the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "ours",
            Self::OursFfmpeg => "ours-ffmpeg",
            Self::Jsmpeg => "jsmpeg",
            Self::JsmpegTuned => "jsmpeg-tuned",
        }
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(self) -> Outcome<Running> {
        match self {
            Self::Floor => floor(),
            Self::Ours => ours(&[]),
            Self::OursFfmpeg => ours(&["--encoder", "ffmpeg"]),
            Self::Jsmpeg => jsmpeg(&[]),
            Self::JsmpegTuned => jsmpeg(&["-strict", "unofficial", "-flags", "low_delay"]),
        }
    }
}

impl Running {
    /// Fails if one of its programs has ended.
    pub(crate) fn check(&mut self) -> Outcome {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    /// Its programs, to be ended by who takes them.
    pub(crate) fn into_processes(self) -> Vec<Process> {
        self.processes
    }
}

/// Builds and fetches what the systems consist of.
pub(crate) fn prepare() -> Outcome {
    let build =
        ["build", "--release", "--locked", "-p", "pistreaming", "--bins", "--example", "pattern_frames"];
    shell::run(&mut cargo(&build))?;
    let rival = root().join("bench/rival");
    shell::run(command("npm", &["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(rival))
}

fn ours(more: &[&str]) -> Outcome<Running> {
    let port = free_port()?;
    let mut command = Command::new(target().join("release/pistreaming"));
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let (rate, port_text) = (RATE.to_string(), port.to_string());
    command.args(["--source", "pattern", "--size", &size, "--fps", &rate, "--bitrate", "800k"]);
    command.args(["--bind", "127.0.0.1", "--port", &port_text, "--ws-port", "none"]).args(more);
    // Its errors are ours to show.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut processes = vec![Process::start("pistreaming", &mut command)?];
    wait_for(port, &mut processes[0])?;
    let address = format!("127.0.0.1:{port}");
    let server = processes.iter().map(Process::id).collect();
    Ok(Running {
        page: format!("http://{address}/"),
        socket: (address, "/live", "pistreaming.1"),
        server,
        processes,
    })
}

/// As the documentation of JSMpeg and its relay has it, with the bit rate, size and rate that ours has.
fn jsmpeg(more: &[&str]) -> Outcome<Running> {
    let (relay, address) = node("the relay", &["relay.mjs"], Stdio::null())?;
    let mut frames = pattern_frames()?;

    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let rate = RATE.to_string();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-f", "rawvideo", "-pixel_format", "yuv420p"]);
    ffmpeg.args(["-video_size", &size, "-framerate", &rate, "-i", "pipe:0"]);
    ffmpeg.args(["-f", "mpegts", "-codec:v", "mpeg1video", "-b:v", "800k", "-bf", "0"]).args(more);
    ffmpeg.arg(format!("http://{address}/stream")).stdin(Stdio::from(frames.take_output()?));
    let ffmpeg = Process::start("ffmpeg", &mut ffmpeg)?;
    Ok(Running {
        page: format!("http://{address}/"),
        socket: (address, "/", ""),
        server: vec![relay.id(), ffmpeg.id()],
        // Ended in this order, so that none complains of another.
        processes: vec![ffmpeg, frames, relay],
    })
}

fn floor() -> Outcome<Running> {
    let mut frames = pattern_frames()?;
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let input = Stdio::from(frames.take_output()?);
    let (server, address) = node("the floor's server", &["floor.mjs", &size], input)?;
    Ok(Running {
        page: format!("http://{address}/"),
        socket: (address, "/", ""),
        server: vec![server.id()],
        processes: vec![frames, server],
    })
}

/// A camera for who has none: the test pattern's raw frames on its output.
fn pattern_frames() -> Outcome<Process> {
    let mut frames = Command::new(target().join("release/examples/pattern_frames"));
    let (size, rate) = (format!("{}x{}", SIZE.0, SIZE.1), RATE.to_string());
    frames.args(["--size", &size, "--fps", &rate]).stdin(Stdio::null()).stdout(Stdio::piped());
    Process::start("pattern_frames", &mut frames)
}

/// A server in Node that prints its port, and its address.
pub(crate) fn node(name: &str, arguments: &[&str], input: Stdio) -> Outcome<(Process, String)> {
    let mut server = command("node", arguments);
    server.current_dir(root().join("bench/rival")).stdin(input).stdout(Stdio::piped());
    let mut server = Process::start(name, &mut server)?;
    let mut port = String::new();
    let read = BufReader::new(server.take_output()?).read_line(&mut port);
    read.map_err(|error| format!("{name}: {error}"))?;
    Ok((server, format!("127.0.0.1:{}", port.trim())))
}

/// A port that was free a moment ago.
fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Waits until somebody listens on `port`.
fn wait_for(port: u16, process: &mut Process) -> Outcome {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        process.check()?;
        if start.elapsed() > Duration::from_secs(10) {
            return Err(format!("nobody listens on port {port} after 10 s"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
