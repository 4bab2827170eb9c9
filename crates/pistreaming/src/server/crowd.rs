//! One loop that hands each picture to all who are ready for it, and takes in what they send.
//!
//! A task for each viewer, woken for each picture, costs more than the sending: the runtime's queues, wakers and timers.
//! So one thread waits in the kernel for news of the hub and of all sockets, and does what there is to do: first of all, at
//! news of the hub, for everybody; then for whose socket something happened to; then for whom the time has come. Nothing in
//! it waits. Acknowledgements that come while a picture is being sent are so taken in when it has been sent to all.
//!
//! Tried before: the runtime's own threads read and the loop only sent. Each acknowledgement then woke a thread, which took
//! the time of the loop or of a viewer in the middle of a picture, and what both needed went from core to core.
//!
//! A thread of its own, and not one of the runtime's tasks: the others would wait behind a walk of some milliseconds. Sending
//! from the encode thread would delay the next picture.
//!
//! Here belongs: who is served, coming and going. Not here: whose turn it is (`round`), what is done for each (`seat`).

mod round;

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::standing::{Sent, Standing};
use super::watched::Ready;
use crate::bell::Bell;
use crate::hub::Hub;
use round::Round;

/// One who is served.
pub(super) trait Member: Send {
    /// His socket.
    fn socket(&self) -> BorrowedFd<'_>;
    /// Begins to fetch what his turn will need beside himself.
    fn fetch(&self) {}
    /// Does all that can be done for him now, and waits for nothing. His next turn is with news of the hub or of his socket,
    /// or at that time.
    fn turn(&mut self, ready: Ready) -> Result<Turn, Over>;
    /// He was sent this by his order.
    fn was_sent(&mut self, _: Sent) {}
    /// He is served no longer.
    fn leave(self: Box<Self>);
}

/// What he is to have next.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// When he has a turn, whatever happens.
    pub(super) until: Option<Instant>,
    /// What he is sent without one.
    pub(super) standing: Option<Standing>,
}

/// He is to be served no longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over;

/// All who are served. Dropping it ends the loop.
pub(super) struct Crowd {
    door: Arc<Door>,
    numbers: AtomicU64,
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

/// Where others call to the loop.
struct Door {
    calls: Mutex<Calls>,
    bell: Bell,
}

#[derive(Default)]
struct Calls {
    come: Vec<(u64, Box<dyn Member>)>,
    gone: Vec<u64>,
    shut: bool,
}

/// A member's place; dropping it is leaving.
pub(super) struct Place {
    door: Option<Arc<Door>>,
    number: u64,
}

impl Crowd {
    /// A loop that serves nobody yet, until this is dropped.
    pub(super) fn start(hub: &Arc<Hub>) -> io::Result<Arc<Self>> {
        let door = Arc::new(Door { calls: Mutex::default(), bell: Bell::new()? });
        let mut round = Round::new(Arc::clone(&door), Arc::clone(hub))?;
        thread::Builder::new().name("crowd".into()).spawn(move || while round.go() {})?;
        Ok(Arc::new(Self { door, numbers: AtomicU64::new(0) }))
    }

    /// One more.
    pub(super) fn enter(&self, member: Box<dyn Member>) -> Place {
        let number = self.numbers.fetch_add(1, Relaxed);
        self.door.call(|calls| calls.come.push((number, member)));
        Place { door: Some(Arc::clone(&self.door)), number }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.door.call(|calls| calls.shut = true);
    }
}

impl Place {
    /// Its member has left.
    pub(super) fn leave(mut self) {
        self.door = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(door) = self.door.take() {
            door.call(|calls| calls.gone.push(self.number));
        }
    }
}

impl Door {
    fn call(&self, what: impl FnOnce(&mut Calls)) {
        what(&mut self.lock());
        self.bell.ring();
    }

    /// Nothing that is done under the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
