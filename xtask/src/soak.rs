//! The soak of `cargo xtask test --all`: viewers come, stall and go for half an hour, with storms of connections in between,
//! one watches, and in the end the server holds what it held in the beginning.
//!
//! Here belongs: leaks that only time shows. Not here: how old pictures get meanwhile (bench).

use std::io::Read;
use std::net::TcpStream;
use std::process::Command;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use crate::bench::systems::{Running, System, Video};
use crate::process::{Holdings, holdings};
use crate::shell::{self, cargo, target};
use crate::{Outcome, stalled};

const TIME: Duration = Duration::from_secs(1800);
/// How many come at a time, and how often.
const CROWD: usize = 10;
const INTERVAL: Duration = Duration::from_secs(2);
/// They leave after this, when the server has given up the first of them (20 s).
const STAY: Duration = Duration::from_secs(40);
/// In so many parts, each with a storm of connections at its beginning.
const PARTS: u32 = 6;
/// Memory that may come and go by chance, in bytes.
const LEEWAY: u64 = 4 << 20;

/// Builds what `run` needs.
pub(crate) fn build() -> Outcome {
    let crowd = ["build", "--release", "--locked", "-p", "pistreaming", "--bins", "--example", "crowd"];
    shell::run(&mut cargo(&crowd))
}

/// Runs it.
pub(crate) fn run() -> Outcome {
    let mut system = System::Ours.start(Video::USUAL)?;
    let server = system.server[0];
    let (address, _, _) = system.socket.clone();
    let mut watcher = stalled::open(1, &address, "/", "")?.remove(0);
    watcher.set_read_timeout(Some(Duration::from_secs(5))).map_err(|error| error.to_string())?;
    let (stop, stopped) = channel();
    let watching = std::thread::spawn(move || watch(&mut watcher, &stopped));

    let empty = holdings(server);
    println!("before any crowd: {empty:?}");
    // The first storm and crowd make room in memory for all that come after them.
    storm(&system.socket.0)?;
    crowds(&mut system, STAY)?;
    let before = settled(server, &empty);
    println!("after the first crowd: {before:?}");
    for part in 1..=PARTS {
        storm(&system.socket.0)?;
        crowds(&mut system, TIME / PARTS)?;
        println!("after part {part} of {PARTS}: {:?}", settled(server, &empty));
    }
    let after = settled(server, &empty);
    println!("in the end: {after:?}");

    drop(stop);
    let bytes = watching.join().map_err(|_| "the watching thread failed")??;
    println!("one viewer got {} kB", bytes / 1000);
    if after.files > empty.files || after.threads > before.threads || after.memory > before.memory + LEEWAY {
        return Err(format!("the server kept something: {empty:?}, then {before:?}, then {after:?}"));
    }
    Ok(())
}

/// Ten thousand connections in ten seconds: see the example `crowd`.
fn storm(address: &str) -> Outcome {
    shell::run(Command::new(target().join("release/examples/crowd")).args(["storm", address]))
}

/// Lets crowds of stalled viewers come and go for `time`, and waits until the last has left.
fn crowds(system: &mut Running, time: Duration) -> Outcome {
    let (address, path, protocol) = system.socket.clone();
    let mut inside: Vec<(Instant, Vec<TcpStream>)> = Vec::new();
    let start = Instant::now();
    while start.elapsed() < time {
        inside.retain(|(came, _)| came.elapsed() < STAY);
        inside.push((Instant::now(), stalled::open(CROWD, &address, path, protocol)?));
        system.check()?;
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}

/// What the server holds once it has seen that all have left.
fn settled(server: u32, empty: &Holdings) -> Holdings {
    let start = Instant::now();
    loop {
        let now = holdings(server);
        if now.files <= empty.files || start.elapsed() > STAY {
            return now;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reads until told to stop. Counts the bytes; an error if they stay away.
fn watch(socket: &mut TcpStream, stopped: &Receiver<()>) -> Outcome<u64> {
    let mut buffer = [0; 1 << 14];
    let mut bytes = 0;
    while stopped.try_recv() != Err(TryRecvError::Disconnected) {
        match socket.read(&mut buffer) {
            Ok(len) if len > 0 => bytes += len as u64,
            Ok(_) => return Err("the server closed a good viewer's connection".into()),
            Err(error) => return Err(format!("a good viewer got nothing: {error}")),
        }
    }
    Ok(bytes)
}
