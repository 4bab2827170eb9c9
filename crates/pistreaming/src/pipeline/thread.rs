//! Threads that say how they ended.
//!
//! Here belongs: starting them, waiting for them, their panics. Not here: their work.

use std::{io, thread};

use tokio::sync::{mpsc, oneshot};

use super::End;

/// A thread that can be waited for, again and again.
#[derive(Debug)]
pub(super) struct Thread(Option<oneshot::Receiver<()>>);

impl Thread {
    /// Waits until it is over.
    pub(super) async fn over(&mut self) {
        if let Some(over) = &mut self.0 {
            // Nothing is sent: the other end is dropped.
            let _ = over.await;
            self.0 = None;
        }
    }
}

/// Starts a thread that reports how it ended, a panic too.
pub(super) fn spawn(
    name: &'static str,
    ended: mpsc::Sender<End>,
    work: impl FnOnce() -> Option<End> + Send + 'static,
) -> io::Result<Thread> {
    struct Panicked(&'static str, mpsc::Sender<End>);
    impl Drop for Panicked {
        fn drop(&mut self) {
            if thread::panicking() {
                let text = format!("a fault in this program ended its {} thread; please report it", self.0);
                let _ = self.1.try_send(End::Failed(text));
            }
        }
    }
    let (done, over) = oneshot::channel();
    thread::Builder::new().name(name.into()).spawn(move || {
        let _done = done;
        let report = Panicked(name, ended);
        if let Some(end) = work() {
            // There is room for one report of each thread.
            let _ = report.1.try_send(end);
        }
    })?;
    Ok(Thread(Some(over)))
}
