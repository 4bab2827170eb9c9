//! A camera on a web page with almost no delay: raw frames → MPEG-1 → WebSocket → a decoder in the page.
//!
//! ```text
//! source/ ──frame──▶ mailbox ──▶ encode/ ──unit──▶ hub/ ──▶ server/ ──▶ browsers
//! a thread        the newest     a thread        a ring,    a thread for
//! that blocks     one wins                     a cursor each  all viewers
//!                                   ▲              │
//!                                   └── demand ────┘
//! ```
//!
//! Delay never builds up: there is no queue on the way. Where a station is late, the newest wins (`mailbox`) or the
//! viewer skips to a start (`hub`). What this program does not do: record, sound, accounts.
//!
//! `time`, `bell`, `shutdown` · `frame`, `unit`, `mailbox`, `needs` · `source`, `hub` · `encode`, `stills` · `server` · `pipeline` ·
//! `console` · `cli`: a module uses only modules that stand before it.

pub mod bell;
pub mod cli;
pub mod console;
pub mod encode;
pub mod frame;
pub mod hub;
pub mod mailbox;
pub mod needs;
pub mod pipeline;
pub mod server;
pub mod shutdown;
pub mod source;
pub mod stills;
pub mod time;
pub mod unit;

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use wire::ByeReason;

use cli::Options;
use pipeline::{End, Pipeline};
use server::{Ports, ServerError};
use source::SourceError;
use time::Clock;

/// Why the program could not do its work. Each says what to do.
#[derive(Debug)]
pub enum Error {
    /// The server.
    Server(ServerError),
    /// The camera.
    Source(SourceError),
    /// The system gives no threads or files.
    System(io::Error),
    /// The camera or the encoder failed for good.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::System(error) => write!(f, "the system refused what the program needs: {error}"),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Runs the program until a signal, the end of the input or an error that trying again cannot mend. A second signal
/// ends the process at once, and kills its children.
///
/// # Errors
/// If it cannot start, or cannot go on.
pub async fn run(options: Options) -> Result<(), Error> {
    if options.lists_cameras() {
        let source = options.source();
        let list = tokio::task::spawn_blocking(move || source::describe_cameras(&source));
        console::print(&list.await.map_err(io::Error::other)?);
        return Ok(());
    }
    let say = options.log().say();
    let mut signals = signals()?;
    let (source, encode, server) = (options.source(), options.encode(), options.server());
    // The ports first: if another program has them nothing need be undone.
    let ports = Ports::open(server.clone()).map_err(Error::Server)?;
    let choosing = source.clone();
    let chosen = tokio::task::spawn_blocking(move || source::choose(&choosing));
    let chosen = tokio::select! {
        chosen = chosen => chosen.map_err(io::Error::other)?.map_err(Error::Source)?,
        _ = signals.recv() => return Ok(()),
    };
    console::camera(&chosen, &source, say);
    console::encoder(&encode, say);
    let clock = Clock::start();
    let (http_port, ws_port) = (ports.http_port()?, ports.ws_port()?);
    let mut pipeline = Pipeline::start(chosen, source, encode, clock, say)?;
    let running = ports.serve(pipeline.camera.clone(), clock)?;
    console::addresses(&server, http_port, ws_port, say);

    let end = tokio::select! {
        _ = signals.recv() => None,
        end = pipeline.ended() => Some(end),
    };
    if end == Some(End::InputEnded) {
        say("The input has ended");
    }
    let reason = if end.is_none() { ByeReason::Stopping } else { ByeReason::Ended };
    tokio::select! {
        () = stop(pipeline, running, reason, say) => {}
        _ = signals.recv() => {
            source::child::kill_all();
            say("Ended at once");
            console::finish();
            std::process::exit(130);
        }
    }
    match end {
        Some(End::Failed(text)) => Err(Error::Failed(text)),
        Some(End::InputEnded) | None => Ok(()),
    }
}

/// The whole stop may take this long.
const STOP_WITHIN: Duration = Duration::from_millis(800);

/// Ends camera, encoder and servers, in this order.
async fn stop(mut pipeline: Pipeline, server: server::Server, reason: ByeReason, say: fn(&str)) {
    let deadline = Instant::now() + STOP_WITHIN;
    say("Stopping the camera");
    pipeline.stop_capture().await;
    say("Stopping the encoder");
    pipeline.stop_encoder().await;
    say("Stopping the WebSocket server");
    server.say_goodbye(reason);
    say("Stopping the HTTP server");
    server.stopped().await;
    // A child that does not want to end is killed meanwhile, and would outlive us if we did not wait for that.
    let _ = timeout_at(deadline, pipeline.over()).await;
    say("Stopped");
}

/// Every Ctrl+C, and what else asks the program to end.
fn signals() -> io::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(4);
    let hangup = (!outlives_terminal()).then(SignalKind::hangup);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()].into_iter().chain(hangup) {
        let mut one = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move { while one.recv().await.is_some() && sender.send(()).await.is_ok() {} });
    }
    Ok(receiver)
}

/// Whether whoever started the program wants it to outlive his terminal, as `nohup` does by ignoring SIGHUP, which is
/// signal 1 (proc(5), `SigIgn`).
fn outlives_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
