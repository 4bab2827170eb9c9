//! Lines on their way to standard output, which may take none: a terminal that was stopped by Ctrl+S, a pipe whose reader
//! hangs. A thread of its own writes them, so that nobody who says something waits; where too many wait, the newest are
//! left out.
//!
//! Here belongs: writing. Not here: what is said (console).

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// So many lines wait at most.
const WAITING: usize = 256;
/// The last lines may take so long to be written when the program ends.
const LAST_WITHIN: Duration = Duration::from_millis(200);

enum Message {
    Line(String),
    /// To be answered when all before it is written.
    Written(SyncSender<()>),
}

/// The thread that writes; none where the system has no room for one.
fn writer() -> Option<&'static SyncSender<Message>> {
    static WRITER: OnceLock<Option<SyncSender<Message>>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("console".into()).spawn(move || write_all(&receiver));
        thread.is_ok().then_some(sender)
    };
    WRITER.get_or_init(start).as_ref()
}

fn write_all(messages: &Receiver<Message>) {
    for message in messages {
        match message {
            Message::Line(line) => write(&line),
            // Who asked may have ceased to wait.
            Message::Written(answer) => _ = answer.try_send(()),
        }
    }
}

/// One line, now.
pub(super) fn write(line: &str) {
    // A terminal that was closed is no reason to end: the viewers are still there.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// One line, soon. Does not wait.
pub(super) fn send(line: String) {
    match writer() {
        Some(writer) => drop(writer.try_send(Message::Line(line))),
        None => write(&line),
    }
}

/// Waits until all is written, but not for long.
pub(super) fn written() {
    let (answer, answered) = sync_channel(1);
    let asked = writer().is_some_and(|writer| writer.try_send(Message::Written(answer)).is_ok());
    if asked {
        let _ = answered.recv_timeout(LAST_WITHIN);
    }
}
