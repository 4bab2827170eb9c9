//! Places for connections: how many there are, and what is done when most of those who had one are gone.
//!
//! glibc keeps what was given back to it where anything that is still used lies behind it, and after a crowd something
//! always does: of the 36 MB that 3,000 viewers took, all were kept when they had gone, and 30 of them for nothing. So once
//! the most of a crowd has left the system is given what is free. It takes some milliseconds, in which nobody else is given
//! memory from the same part: it is done when few are left to notice, and seldom.
//!
//! Here belongs: counting connections, memory that is free. Not here: who is admitted (`connection`), viewers (`viewers`).
#![allow(unsafe_code)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

/// Of a crowd of so many or more it is worth it.
const CROWD: usize = 64;
/// It is given back once no more than one in so many of them is left.
const LEFT: usize = 4;
/// Then the others may leave, too.
const AFTER: Duration = Duration::from_secs(1);

/// All places.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    taken: Mutex<Taken>,
    is_low: Notify,
}

/// How many are taken.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    now: usize,
    /// The most since memory was given back last.
    peak: usize,
}

impl Taken {
    const fn comes(&mut self) {
        self.now += 1;
        if self.now > self.peak {
            self.peak = self.now;
        }
    }

    /// Whether the most of a crowd is gone now.
    const fn goes(&mut self) -> bool {
        self.now -= 1;
        self.is_low()
    }

    const fn is_low(self) -> bool {
        self.peak >= CROWD && self.now <= self.peak / LEFT
    }

    /// What the others had is given back. Whether there is anything.
    const fn give_back(&mut self) -> bool {
        let is_low = self.is_low();
        if is_low {
            self.peak = self.now;
        }
        is_low
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    /// So many, all of them free.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default(), is_low: Notify::new() })
    }

    /// A place, if there is one.
    pub(super) fn take(self: &Arc<Self>) -> Option<Slot> {
        let mut taken = self.lock();
        (taken.now < self.most).then(|| {
            taken.comes();
            Slot(Arc::clone(self))
        })
    }

    /// Gives memory back whenever it is worth it, for ever.
    pub(super) async fn give_back_memory(&self) {
        loop {
            self.is_low.notified().await;
            sleep(AFTER).await;
            if self.lock().give_back() {
                // Fails only where the program ends.
                let _ = tokio::task::spawn_blocking(give_back).await;
            }
        }
    }

    /// Nothing that is done under the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.0.lock().goes() {
            self.0.is_low.notify_one();
        }
    }
}

/// Gives the system all memory that is free. Other C libraries than glibc do so by themselves.
fn give_back() {
    // SAFETY: it has no conditions, and may be called on any thread at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_and_again_when_one_is_free() {
        let slots = Slots::new(2);
        let (first, second) = (slots.take().unwrap(), slots.take().unwrap());
        assert!(slots.take().is_none());
        drop(first);
        let third = slots.take().unwrap();
        assert!(slots.take().is_none());
        drop((second, third));
        assert_eq!(slots.lock().now, 0);
    }

    #[test]
    fn memory_is_given_back_once_when_most_of_a_crowd_are_gone() {
        let mut taken = Taken::default();
        let mut of = |come: usize, go: usize| {
            (0..come).for_each(|_| taken.comes());
            let low = (0..go).filter(|_| taken.goes()).count();
            (low > 0, taken.give_back())
        };
        assert_eq!(of(63, 63), (false, false), "no crowd");
        assert_eq!(of(100, 74), (false, false), "26 are left");
        assert_eq!(of(0, 1), (true, true));
        assert_eq!(of(0, 20), (false, false), "the others are no crowd");
        assert_eq!(of(60, 50), (true, true), "of 65");
        assert_eq!(of(5, 0), (false, false));
    }
}
