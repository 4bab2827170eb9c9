//! Messages that are on their way to one viewer, the oldest at hand.
//!
//! Here belongs: the row of them, bounded. Not here: what their arrival says (`window`, `rate`, `round_trip`).

use std::collections::VecDeque;

use crate::time::Timestamp;

/// Messages on their way that are told apart; more are taken for one.
pub(super) const MOST_FLIGHTS: usize = 128;

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// Bytes that were ever sent, up to its end.
    pub(super) end: u64,
    pub(super) at: Timestamp,
    /// Its own.
    pub(super) bytes: u64,
    /// Hardly anything else was on its way.
    pub(super) alone: bool,
    /// More of the picture comes behind it: nothing is heard of it alone.
    pub(super) unfinished: bool,
}

/// All that are on their way.
#[derive(Clone, Debug)]
pub(super) struct Flights {
    /// The oldest. It is looked at before each picture, of thousands of viewers: it lies where the rest of the window does.
    first: Option<Flight>,
    rest: VecDeque<Flight>,
}

impl Flights {
    /// None.
    pub(super) const fn new() -> Self {
        Self { first: None, rest: VecDeque::new() }
    }

    /// The oldest.
    pub(super) const fn first(&self) -> Option<Flight> {
        self.first
    }

    /// All, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Flight> {
        self.first.iter().chain(&self.rest).copied()
    }

    /// One more. If there are too many the last is taken for a part of it.
    pub(super) fn push(&mut self, flight: Flight) {
        if self.first.is_none() {
            self.first = Some(flight);
        } else if self.rest.len() + 1 < MOST_FLIGHTS {
            self.rest.push_back(flight);
        } else if let Some(last) = self.rest.back_mut() {
            last.bytes += flight.end - last.end;
            last.end = flight.end;
        }
    }

    /// One that was taken out is on its way still.
    pub(super) fn put_back(&mut self, flight: Flight) {
        if let Some(first) = self.first.replace(flight) {
            self.rest.push_front(first);
        }
    }

    /// Takes out the oldest.
    pub(super) fn pop(&mut self) -> Option<Flight> {
        std::mem::replace(&mut self.first, self.rest.pop_front())
    }

    /// The newest.
    pub(super) fn last(&self) -> Option<Flight> {
        self.rest.back().copied().or(self.first)
    }

    /// Takes out the newest.
    pub(super) fn pop_last(&mut self) -> Option<Flight> {
        self.rest.pop_back().or_else(|| self.first.take())
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.first = None;
        self.rest.clear();
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}
