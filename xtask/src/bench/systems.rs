//! The systems that are compared, each started as its users start it.
//!
//! Here belongs: their programs, switches and addresses. Not here: what is measured of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::process::Process;
use crate::shell::{self, cargo, command, root, target};

/// What the camera gives, and what may be spent on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Video {
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
    /// Frames per second.
    pub(crate) rate: u32,
    /// Bits per second, as a command line has them.
    pub(crate) bits: &'static str,
}

impl Video {
    /// What the original gave.
    pub(crate) const USUAL: Self = Self { size: (640, 480), rate: 24, bits: "800k" };
    /// What a camera of today gives.
    pub(crate) const HD: Self = Self { size: (1280, 720), rate: 30, bits: "2M" };

    fn size_text(self) -> String {
        format!("{}x{}", self.size.0, self.size.1)
    }
}

/// The usual video's width and height.
pub(crate) const SIZE: (u32, u32) = Video::USUAL.size;
/// Its frames per second.
pub(crate) const RATE: u32 = Video::USUAL.rate;

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

    /// Whether its page has our overlay.
    pub(crate) fn has_overlay(self) -> bool {
        matches!(self, Self::Ours | Self::OursFfmpeg)
    }

    /// Starts it on this machine and waits until it answers.
    pub(crate) fn start(self, video: Video) -> Outcome<Running> {
        self.start_with(video, "127.0.0.1", &[])
    }

    /// Starts it with the usual video at an address of this machine, with `more` arguments for the program that is the
    /// server or, where the server is none of ours, for FFmpeg.
    pub(crate) fn start_at(self, host: &str, more: &[&str]) -> Outcome<Running> {
        self.start_with(Video::USUAL, host, more)
    }

    /// Starts it with that video at an address of this machine, with `more` arguments as [`Self::start_at`].
    pub(crate) fn start_with(self, video: Video, host: &str, more: &[&str]) -> Outcome<Running> {
        let address = || Ok::<_, String>(format!("{host}:{}", free_port(host)?));
        match self {
            Self::Floor => floor(video, host),
            Self::Ours => ours(video, &address()?, more),
            Self::OursFfmpeg => ours(video, &address()?, &[&["--encoder", "ffmpeg"], more].concat()),
            Self::Jsmpeg => jsmpeg(video, host, more),
            Self::JsmpegTuned => {
                jsmpeg(video, host, &[&["-strict", "unofficial", "-flags", "low_delay"], more].concat())
            }
        }
    }
}

impl Running {
    /// Where frames are written, where the server takes them from its standard input.
    pub(crate) fn take_input(&mut self) -> Outcome<ChildStdin> {
        self.processes.first_mut().ok_or("nothing runs")?.take_input()
    }

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

/// Our program: the release build, or another one that the environment names, to compare it with.
pub(crate) fn program() -> PathBuf {
    let other = std::env::var_os("PISTREAMING_PROGRAM").map(PathBuf::from);
    other.unwrap_or_else(|| target().join("release/pistreaming"))
}

/// Our program at this host and port.
pub(crate) fn ours(video: Video, address: &str, more: &[&str]) -> Outcome<Running> {
    let (host, port) = address.rsplit_once(':').ok_or_else(|| format!("{address} has no port"))?;
    let mut command = Command::new(program());
    let size = video.size_text();
    let rate = video.rate.to_string();
    command.args(["--size", &size, "--fps", &rate, "--bitrate", video.bits]);
    command.args(["--bind", host, "--port", port, "--ws-port", "none"]).args(more);
    // Its errors are ours to show.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    match more.iter().position(|word| *word == "--source") {
        None => _ = command.args(["--source", "pattern"]),
        Some(at) if more.get(at + 1) == Some(&"stdin") => _ = command.stdin(Stdio::piped()),
        Some(_) => {}
    }
    let mut processes = vec![Process::start("pistreaming", &mut command)?];
    wait_for(address, &mut processes[0])?;
    let server = processes.iter().map(Process::id).collect();
    Ok(Running {
        page: format!("http://{address}/"),
        socket: (address.into(), "/live", "pistreaming.1"),
        server,
        processes,
    })
}

/// As the documentation of JSMpeg and its relay has it, with the bit rate, size and rate that ours has.
fn jsmpeg(video: Video, host: &str, more: &[&str]) -> Outcome<Running> {
    let (relay, address) = node("the relay", host, &["relay.mjs", host], Stdio::null())?;
    let mut frames = pattern_frames(video)?;

    let (size, rate) = (video.size_text(), video.rate.to_string());
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-f", "rawvideo", "-pixel_format", "yuv420p"]);
    ffmpeg.args(["-video_size", &size, "-framerate", &rate, "-i", "pipe:0"]);
    ffmpeg.args(["-f", "mpegts", "-codec:v", "mpeg1video", "-b:v", video.bits, "-bf", "0"]).args(more);
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

fn floor(video: Video, host: &str) -> Outcome<Running> {
    let mut frames = pattern_frames(video)?;
    let size = video.size_text();
    let input = Stdio::from(frames.take_output()?);
    let (server, address) = node("the floor's server", host, &["floor.mjs", &size, host], input)?;
    Ok(Running {
        page: format!("http://{address}/"),
        socket: (address, "/", ""),
        server: vec![server.id()],
        processes: vec![frames, server],
    })
}

/// A camera for who has none: the test pattern's raw frames on its output.
fn pattern_frames(video: Video) -> Outcome<Process> {
    let mut frames = Command::new(target().join("release/examples/pattern_frames"));
    let (size, rate) = (video.size_text(), video.rate.to_string());
    frames.args(["--size", &size, "--fps", &rate]).stdin(Stdio::null()).stdout(Stdio::piped());
    Process::start("pattern_frames", &mut frames)
}

/// A server in Node at `host` that prints its port, and its address.
pub(crate) fn node(name: &str, host: &str, arguments: &[&str], input: Stdio) -> Outcome<(Process, String)> {
    let mut server = command("node", arguments);
    server.current_dir(root().join("bench/rival")).stdin(input).stdout(Stdio::piped());
    let mut server = Process::start(name, &mut server)?;
    let mut port = String::new();
    let read = BufReader::new(server.take_output()?).read_line(&mut port);
    read.map_err(|error| format!("{name}: {error}"))?;
    Ok((server, format!("{host}:{}", port.trim())))
}

/// What a server answers.
pub(crate) fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(if answer.starts_with("HTTP/1.1 200 ") { answer } else { String::new() })
}

/// A port that is free, and stays so until it is used: Linux hands out those from 32768 on by itself, and what is left of a
/// connection holds one of them for a minute. Who runs beside begins at another one.
pub(crate) fn free_port(host: &str) -> Outcome<u16> {
    free_ports(host).map(|[port]| port)
}

/// The same for several.
pub(crate) fn free_ports<const N: usize>(host: &str) -> Outcome<[u16; N]> {
    let first = 20_000 + 12 * (std::process::id() % 1000) as u16;
    let free: Vec<u16> =
        (first..32_768).filter(|&port| TcpListener::bind((host, port)).is_ok()).take(N).collect();
    free.try_into().map_err(|_| "no free port".into())
}

/// Waits until somebody listens at `address`.
pub(crate) fn wait_for(address: &str, process: &mut Process) -> Outcome {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        process.check()?;
        if start.elapsed() > Duration::from_secs(10) {
            return Err(format!("nobody listens at {address} after 10 s"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
