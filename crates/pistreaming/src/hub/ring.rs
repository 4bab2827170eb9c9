//! The newest pictures, bounded in number and bytes, with the place of the newest start among them.
//!
//! Here belongs: what is kept and what is let go. Not here: who has got how far (`cursor`), what is asked of the
//! encoder (`demand`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::cursor::Rules;
use super::item::Item;
use crate::time::Timestamp;

/// How many pictures and bytes a ring holds at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Pictures.
    pub units: usize,
    /// Bytes of coded pictures. A picture larger than this is held alone.
    pub bytes: usize,
}

impl Default for Limits {
    /// Ten seconds at 60 pictures/s, and 5 s at 12 Mbit/s: far more than the time between two starts takes by default.
    fn default() -> Self {
        Self { units: 600, bytes: 8 << 20 }
    }
}

/// Pictures that are kept however old they are: with a slow camera who joins takes up a start this far back, and who
/// has not got the last two yet is not behind.
const KEEP: usize = 4;

/// The newest pictures. Each has a position: it counts all that were ever put in, over all streams.
#[derive(Debug)]
pub(super) struct Ring {
    items: VecDeque<Arc<Item>>,
    /// Position of `items[0]`.
    first: u64,
    newest_start: Option<u64>,
    bytes: usize,
    limits: Limits,
    rules: Rules,
}

impl Ring {
    /// An empty ring.
    #[must_use]
    pub(super) const fn new(limits: Limits, rules: Rules) -> Self {
        Self { items: VecDeque::new(), first: 0, newest_start: None, bytes: 0, limits, rules }
    }

    /// Puts in the newest picture and lets go of what nobody can need.
    pub(super) fn push(&mut self, item: Arc<Item>) {
        if item.unit.start {
            self.newest_start = Some(self.end());
        }
        self.bytes += item.unit.bytes.len();
        self.items.push_back(item);
        while self.front_can_go() {
            self.pop();
        }
        self.check_invariants();
    }

    /// Lets go of all. Positions go on.
    pub(super) fn clear(&mut self) {
        self.first = self.end();
        self.items.clear();
        self.bytes = 0;
        self.newest_start = None;
    }

    /// The picture at `position`, if it is (still) here.
    #[must_use]
    pub(super) fn get(&self, position: u64) -> Option<&Arc<Item>> {
        self.items.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }

    /// The newest picture.
    #[must_use]
    pub(super) fn newest(&self) -> Option<&Arc<Item>> {
        self.items.back()
    }

    /// Position of the newest picture at which decoding can begin.
    #[must_use]
    pub(super) const fn newest_start(&self) -> Option<u64> {
        self.newest_start
    }

    /// Position that the next picture will have.
    #[must_use]
    pub(super) fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Bytes of coded pictures held.
    #[must_use]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn front_can_go(&self) -> bool {
        let count = self.items.len();
        let over = count > self.limits.units || self.bytes > self.limits.bytes;
        let old = count > KEEP && self.age(self.first) > self.rules.bound;
        // Where a start can be had by asking nobody goes back to an old one.
        let useless = old && (self.rules.can_ask || self.newest_start > Some(self.first));
        count > 1 && (over || useless)
    }

    /// How much older the picture at `position` is than the newest.
    pub(super) fn age(&self, position: u64) -> Duration {
        let captured = |item: &Arc<Item>| item.unit.captured;
        let newest = self.newest().map_or(Timestamp::default(), captured);
        self.get(position).map_or(Duration::MAX, |item| newest.since(captured(item)))
    }

    fn pop(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.unit.bytes.len();
            self.newest_start = self.newest_start.filter(|&start| start > self.first);
            self.first += 1;
        }
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.bytes, self.items.iter().map(|item| item.unit.bytes.len()).sum::<usize>());
        debug_assert!(self.items.len() <= self.limits.units.max(1));
        debug_assert!(self.bytes <= self.limits.bytes || self.items.len() == 1);
        debug_assert!(self.newest_start.is_none_or(|at| self.get(at).is_some_and(|item| item.unit.start)));
    }
}
