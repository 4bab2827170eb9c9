//! `cargo xtask bench convert`: what capturing costs. Conversions, scaling and turning by vectors and without; the CPU of
//! a stream by station; JPEG over HTTP beside FFmpeg's own server of it.
//!
//! Here belongs: what is run, the tables. Not here: the work itself (examples `convert` and `watch` of `pistreaming`).

use std::process::{Command, Stdio};
use std::time::Duration;

use super::systems::{free_port, free_ports, wait_for};
use crate::Outcome;
use crate::packages::{MEDIA, ensure};
use crate::process::{Process, Thread, own_cpu, threads};
use crate::shell::{cargo, command, output, run, target};

const SIZE: &str = "1280x720";
const RATE: &str = "30";
const HOST: &str = "127.0.0.1";
/// How long a stream is watched.
const SECONDS: u32 = 10;
/// FFmpeg and ours take so many turns.
const TURNS: usize = 3;

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    if let [unknown, ..] = arguments {
        return Err(format!("bench convert takes no option {unknown:?}"));
    }
    ensure(MEDIA)?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "pistreaming", "--bins", "--examples"]))?;
    run(&mut example("convert"))?;
    println!("\nCPU of {SIZE} at {RATE} frames/s, from a pipe to one viewer, in % of a core ({SECONDS} s)");
    stations()?;
    println!("\nJPEG over HTTP, {SIZE} at {RATE} frames/s, one viewer, taking turns");
    println!(
        "{:<34}{:>10}{:>12}{:>12}{:>10}{:>10}",
        "", "CPU, %", "frames/s", "kB/frame", "p50 ms", "p95 ms"
    );
    for _ in 0..TURNS {
        println!("{:<34}{}", "ours", stills_by_us()?);
        println!("{:<34}{}", "FFmpeg's mpjpeg, as it comes", stills_by_ffmpeg(&[])?);
        println!(
            "{:<34}{}",
            "the same, told to hold nothing",
            stills_by_ffmpeg(&["-threads", "1", "-flush_packets", "1"])?
        );
    }
    Ok(())
}

fn example(name: &str) -> Command {
    Command::new(target().join("release/examples").join(name))
}

/// The camera: the test pattern, in real time.
fn pattern() -> String {
    let program = target().join("release/examples/pattern_frames");
    format!("{} --size {SIZE} --fps {RATE}", program.display())
}

/// The program with that camera; its process and its ports.
fn ours() -> Outcome<(Process, u16, u16)> {
    let [http, old] = free_ports(HOST)?;
    let mut program = Command::new(target().join("release/pistreaming"));
    program.args([
        "--source",
        &format!("exec:exec {} 2>/dev/null", pattern()),
        "--size",
        SIZE,
        "--fps",
        RATE,
    ]);
    program.args(["--bind", HOST, "--bitrate", "2M"]);
    program.args(["--port", &http.to_string(), "--ws-port", &old.to_string()]);
    let mut process = Process::start("pistreaming", program.stdin(Stdio::null()).stdout(Stdio::null()))?;
    wait_for(&format!("{HOST}:{http}"), &mut process)?;
    Ok((process, http, old))
}

/// Prints what each station takes.
fn stations() -> Outcome {
    let (process, _, old) = ours()?;
    let before = threads(process.id());
    let mut viewer = example("watch");
    output(viewer.args(["live", &format!("{HOST}:{old}"), &SECONDS.to_string()]))?;
    let used = difference(&threads(process.id()), &before);
    let share = |names: &[&str], inside: bool| {
        let of = used.iter().filter(|thread| names.contains(&thread.name.as_str()) == inside);
        of.map(|thread| thread.cpu.as_secs_f64()).sum::<f64>() * 100.0 / f64::from(SECONDS)
    };
    for (station, share) in [
        ("capture", share(&["capture"], true)),
        ("encode", share(&["encode", "slices"], true)),
        ("send, and all else", share(&["capture", "encode", "slices"], false)),
    ] {
        println!("{station:<34}{share:>10.1}");
    }
    Ok(())
}

/// What each thread has used in between.
fn difference(after: &[Thread], before: &[Thread]) -> Vec<Thread> {
    let earlier =
        |id| before.iter().find(|thread| thread.id == id).map_or(Duration::ZERO, |thread| thread.cpu);
    after
        .iter()
        .map(|thread| Thread { cpu: thread.cpu.saturating_sub(earlier(thread.id)), ..thread.clone() })
        .collect()
}

fn stills_by_us() -> Outcome<String> {
    let (process, http, _) = ours()?;
    watched(&process, &format!("{HOST}:{http}/stream.mjpg"))
}

/// FFmpeg's server takes one viewer, and reads its camera from a pipe.
fn stills_by_ffmpeg(more: &[&str]) -> Outcome<String> {
    let port = free_port(HOST)?;
    let (mut camera, pattern) = (command("sh", &["-c"]), pattern());
    let mut camera = Process::start(
        "the pattern",
        camera.arg(format!("exec {pattern}")).stdout(Stdio::piped()).stderr(Stdio::null()),
    )?;
    let mut ffmpeg = command("ffmpeg", &["-nostdin", "-v", "error", "-fflags", "nobuffer", "-f", "rawvideo"]);
    ffmpeg.args(["-pix_fmt", "yuv420p", "-s", SIZE, "-r", RATE, "-i", "-", "-pix_fmt", "yuvj420p"]);
    ffmpeg.args(["-c:v", "mjpeg", "-q:v", "4"]).args(more);
    ffmpeg.args(["-f", "mpjpeg", "-listen", "1", &format!("http://{HOST}:{port}/")]);
    let process = Process::start("ffmpeg", ffmpeg.stdin(camera.take_output()?))?;
    // To look whether it listens would be its one viewer.
    std::thread::sleep(Duration::from_secs(2));
    watched(&process, &format!("{HOST}:{port}/"))
}

/// What a viewer of JPEG pictures gets, and what the server's own process takes for it.
fn watched(server: &Process, address: &str) -> Outcome<String> {
    let own = || own_cpu(server.id()).as_secs_f64();
    let mut viewer = example("watch");
    let (before, begun) = (own(), std::time::Instant::now());
    let said = output(viewer.args(["stills", address, &SECONDS.to_string()]))?;
    let cpu = (own() - before) * 100.0 / begun.elapsed().as_secs_f64();
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [count, bytes, p50, p95] = numbers[..] else { return Err(format!("the viewer says {said:?}")) };
    let (rate, size) = (count / f64::from(SECONDS), bytes / count / 1000.0);
    Ok(format!("{cpu:>10.1}{rate:>12.1}{size:>12.1}{p50:>10.1}{p95:>10.1}"))
}
