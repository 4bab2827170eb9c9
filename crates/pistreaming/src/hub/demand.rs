//! What the viewers ask of the encoder: the one narrow seam by which control flows back up the river.
//!
//! Here belongs: how many watch, who waits for a start, how often that is granted. Not here: waking the encode thread
//! (`mod`), making a start.

use std::time::Duration;

use super::cursor::Asker;
use crate::time::Timestamp;

/// Starts for those who fell behind come at most this often, for all of them together: a start costs everybody a large
/// picture, and a slow viewer must not cost the others.
const LAGGARDS_INTERVAL: Duration = Duration::from_secs(1);

/// What the encoder is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    /// Whether anybody watches. If not, an encoder that can rest does.
    pub watched: bool,
    /// Whether the next picture is to be a start.
    pub start: bool,
}

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Demand {
    watching: usize,
    joiner_waits: bool,
    laggard_waits: bool,
    last_start: Option<Timestamp>,
}

impl Demand {
    /// One more watches.
    pub(super) const fn enter(&mut self) {
        self.watching += 1;
    }

    /// One less watches.
    pub(super) const fn leave(&mut self) {
        self.watching -= 1;
        if self.watching == 0 {
            self.joiner_waits = false;
            self.laggard_waits = false;
        }
    }

    /// How many watch.
    #[must_use]
    pub(super) const fn watching(&self) -> usize {
        self.watching
    }

    /// Notes that `asker` waits for a start. Returns whether the encode thread should be woken for it: a joiner's
    /// first asking. A laggard's wish can wait for the next frame.
    pub(super) const fn ask(&mut self, asker: Asker) -> bool {
        match asker {
            Asker::Joiner => !std::mem::replace(&mut self.joiner_waits, true),
            Asker::Laggard => {
                self.laggard_waits = true;
                false
            }
        }
    }

    /// What the encoder is to do at `now`.
    #[must_use]
    pub(super) fn orders(&self, now: Timestamp) -> Orders {
        let rested = self.last_start.is_none_or(|last| now.since(last) >= LAGGARDS_INTERVAL);
        let start = self.joiner_waits || self.laggard_waits && rested;
        Orders { watched: self.watching > 0, start }
    }

    /// A start was published at `now`: all who waited have it.
    pub(super) const fn started(&mut self, now: Timestamp) {
        self.joiner_waits = false;
        self.laggard_waits = false;
        self.last_start = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_micros(ms * 1000)
    }

    #[test]
    fn joiners_are_served_at_once_and_share_a_start() {
        let mut demand = Demand::default();
        assert_eq!(demand.orders(at(0)), Orders { watched: false, start: false });
        demand.enter();
        demand.enter();
        assert!(demand.ask(Asker::Joiner), "the first wakes the encoder");
        assert!(!demand.ask(Asker::Joiner), "the second waits with him");
        assert_eq!(demand.orders(at(0)), Orders { watched: true, start: true });
        demand.started(at(5));
        assert_eq!(demand.orders(at(6)), Orders { watched: true, start: false });
        assert!(demand.ask(Asker::Joiner));
        assert!(demand.orders(at(7)).start, "a joiner is not made to wait for the second to pass");
    }

    #[test]
    fn laggards_get_one_start_a_second_together() {
        let mut demand = Demand::default();
        demand.enter();
        demand.ask(Asker::Laggard);
        assert!(demand.orders(at(0)).start, "none was made yet");
        demand.started(at(0));
        demand.ask(Asker::Laggard);
        assert!(!demand.orders(at(999)).start);
        assert!(demand.orders(at(1000)).start);
        demand.leave();
        assert_eq!(demand.orders(at(2000)), Orders { watched: false, start: false });
    }
}
