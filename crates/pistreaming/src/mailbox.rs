//! One slot between two threads in which the newest item wins: the one place in the river where raw frames die.
//!
//! Here belongs: the slot and its counters. Not here: queues (there are none), what is carried, who wants it.
//!
//! A std mutex, because it is held for a move of a few words and both ends are threads that may block.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A slot for the newest `T`.
#[derive(Debug)]
pub struct Mailbox<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    item: Option<T>,
    cleared: bool,
    nudged: bool,
    closed: bool,
    put: u64,
    overwritten: u64,
}

/// Why a [`Mailbox::wait`] ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Wake<T> {
    /// Somebody called [`Mailbox::clear`]: what was taken before is of no use any more.
    Cleared,
    /// The newest item, now the caller's.
    Item(T),
    /// Somebody called [`Mailbox::nudge`]; there was no item.
    Nudged,
    /// The deadline passed with neither.
    TimedOut,
    /// The mailbox was closed and is empty.
    Closed,
}

/// What went through a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items put in.
    pub put: u64,
    /// Items that a newer one replaced before anybody took them.
    pub overwritten: u64,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Mailbox<T> {
    /// An empty mailbox.
    #[must_use]
    pub const fn new() -> Self {
        let state =
            State { item: None, cleared: false, nudged: false, closed: false, put: 0, overwritten: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Puts in the newest item; one that still lies there is dropped and counted. Never waits.
    pub fn put(&self, item: T) {
        let mut state = self.lock();
        state.put += 1;
        let old = state.item.replace(item);
        state.overwritten += u64::from(old.is_some());
        drop(state);
        self.changed.notify_one();
    }

    /// Wakes the taker though there is no item.
    pub fn nudge(&self) {
        self.lock().nudged = true;
        self.changed.notify_one();
    }

    /// Takes back what lies there, and tells the taker to forget what he took: it would be too old for who comes later.
    pub fn clear(&self) {
        let mut state = self.lock();
        (state.item, state.cleared) = (None, true);
        drop(state);
        self.changed.notify_one();
    }

    /// Ends it: an item that lies there can still be taken, then every wait returns [`Wake::Closed`].
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for a clearing, an item, a nudge, the end, or `deadline` (`None`: without limit), in this order of precedence.
    pub fn wait(&self, deadline: Option<Instant>) -> Wake<T> {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.cleared) {
                return Wake::Cleared;
            }
            if let Some(item) = state.item.take() {
                return Wake::Item(item);
            }
            if std::mem::take(&mut state.nudged) {
                return Wake::Nudged;
            }
            if state.closed {
                return Wake::Closed;
            }
            state = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Wake::TimedOut,
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// What went through so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { put: state.put, overwritten: state.overwritten }
    }

    /// A panic of another holder leaves the state whole: nothing in a critical section can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_newest_wins_and_the_rest_is_counted() {
        let mailbox = Mailbox::new();
        for n in 0..5 {
            mailbox.put(n);
        }
        assert_eq!(mailbox.wait(None), Wake::Item(4));
        assert_eq!(mailbox.counts(), Counts { put: 5, overwritten: 4 });
        assert_eq!(mailbox.wait(Some(Instant::now())), Wake::TimedOut);
    }

    #[test]
    fn a_nudge_wakes_once_and_an_item_goes_first() {
        let mailbox = Mailbox::new();
        mailbox.nudge();
        mailbox.put(1);
        assert_eq!(mailbox.wait(None), Wake::Item(1));
        assert_eq!(mailbox.wait(None), Wake::Nudged);
        assert_eq!(mailbox.wait(Some(Instant::now() + Duration::from_millis(1))), Wake::TimedOut);
    }

    #[test]
    fn clearing_goes_before_what_is_put_behind_it() {
        let mailbox = Mailbox::new();
        mailbox.put(1);
        mailbox.clear();
        mailbox.put(2);
        assert_eq!((mailbox.wait(None), mailbox.wait(None)), (Wake::Cleared, Wake::Item(2)));
        mailbox.clear();
        mailbox.close();
        assert_eq!((mailbox.wait(None), mailbox.wait(None)), (Wake::Cleared, Wake::Closed));
    }

    #[test]
    fn closing_wakes_who_waits_and_leaves_the_last_item() {
        let mailbox = Arc::new(Mailbox::new());
        let waiter = std::thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || mailbox.wait(None)
        });
        mailbox.close();
        assert_eq!(waiter.join().unwrap(), Wake::<u8>::Closed);
        mailbox.put(9);
        assert_eq!(mailbox.wait(None), Wake::Item(9));
        assert_eq!(mailbox.wait(None), Wake::Closed);
    }
}
