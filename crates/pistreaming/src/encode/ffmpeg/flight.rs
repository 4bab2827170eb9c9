//! Which frames are in FFmpeg.
//!
//! Here belongs: their capture times, and the sign that one has become a picture. Not here: how many there may be, waiting.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

use crate::time::Timestamp;
use crate::unit::TimeMeaning;

/// The capture times of the frames in FFmpeg, the oldest first: it neither drops nor doubles nor changes the order.
#[derive(Debug)]
pub(super) struct Flight {
    times: Mutex<VecDeque<(Timestamp, TimeMeaning)>>,
    /// Readable once a picture has come.
    landed: OwnedFd,
}

impl Flight {
    pub(super) fn new() -> io::Result<Self> {
        let landed = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { times: Mutex::default(), landed })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// One more.
    pub(super) fn start(&self, captured: Timestamp, meaning: TimeMeaning) {
        self.lock().push_back((captured, meaning));
    }

    /// A picture has come: the times of its frame, if there is one.
    pub(super) fn land(&self) -> Option<(Timestamp, TimeMeaning)> {
        let time = self.lock().pop_front();
        let _ = rustix::io::write(&self.landed, &1_u64.to_ne_bytes());
        time
    }

    /// From now on only what lands then is a sign.
    pub(super) fn clear_landed(&self) {
        // Fails if nothing has landed since.
        let _ = rustix::io::read(&self.landed, &mut [0; 8]);
    }

    /// A panic of another holder leaves the times whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(Timestamp, TimeMeaning)>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Flight {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.landed.as_fd()
    }
}
