//! Which pictures the server is told of.
//!
//! Here belongs: whether one is. Not here: what it is told (`live`).

use wire::{Pace, UnitFlags, UnitHeader};

/// A picture that took so much longer than the last of which the server was told has met a queue, or a slower link.
const LATE_US: i64 = 30_000;

/// What the server wants to be told, and what it was told.
pub(crate) struct Acknowledged {
    pace: Pace,
    /// From capture to arrival by two clocks, of the newest picture and the last of which the server was told: only
    /// differences mean something.
    transit_us: i64,
    told_us: Option<i64>,
    is_due: bool,
}

impl Default for Acknowledged {
    /// On a new connection each is to be told.
    fn default() -> Self {
        Self { pace: Pace::EACH, transit_us: 0, told_us: None, is_due: false }
    }
}

impl Acknowledged {
    /// The server wants this from now on.
    pub(crate) const fn set(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Whether the server is told of each.
    pub(crate) const fn is_each(&self) -> bool {
        self.pace.is_each()
    }

    /// A picture came whole.
    pub(crate) fn came(&mut self, header: &UnitHeader, now_us: u64) {
        self.transit_us = now_us.wrapping_sub(header.captured_us) as i64;
        let is_late = self.told_us.is_none_or(|told| self.transit_us.wrapping_sub(told) > LATE_US);
        let is_asked = self.pace.has(header.sequence, header.flags.has(UnitFlags::START));
        self.is_due |= is_asked || is_late;
    }

    /// Whether the server is to be told of what came.
    pub(crate) const fn is_due(&self) -> bool {
        self.is_due
    }

    /// It is told now.
    pub(crate) const fn told(&mut self) {
        self.told_us = Some(self.transit_us);
        self.is_due = false;
    }
}
