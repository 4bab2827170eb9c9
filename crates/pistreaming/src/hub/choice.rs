//! What one viewer could be given just now: the renditions that there are, and which of them his link carries.
//!
//! Here belongs: what each needs, by what is known. Not here: which one he is given (`climb`), what a link carries (`rate`).

use std::time::Duration;

use super::fit::Link;
use super::ladder::Rendition;

/// What a link must carry of a rendition's rate for it to be given, when going down and when going up. Over two seconds the
/// encoder takes 1.05 times the rate at most.
const DOWN_NEEDS: f64 = 1.05;
const UP_NEEDS: f64 = 1.15;
/// Where little happens less is needed, but a part of the rate always.
const LEAST_USED: f64 = 0.15;

/// Bytes a second that one must be able to get for this rendition to be given to him, where the full one has `rate` bits.
pub(super) fn needs_to_go_up(one: Rendition, rate: u32) -> f64 {
    f64::from(one.bits_per_second(rate)) / 8.0 * UP_NEEDS * 1.001 // not to fail by a rounding
}

/// How it goes with what he has.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub link: Link,
    /// By how much what he is given next comes late.
    pub late: Duration,
    /// How late is too late.
    pub bound: Duration,
    /// He was skipped ahead.
    pub skipped: bool,
    /// What was decided last he has not been given yet.
    pub pending: bool,
    /// The part of its rate that what he has took of late.
    pub used: f64,
    /// How long a start of it is on its way.
    pub start_takes: Duration,
    /// Bytes a second that he may be sent, whatever his link carries: his share of what all may be sent, if that is limited.
    pub share: f64,
}

/// The renditions that he can be given, and how it goes. They are meant by their places, 0 is the full one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// Those that there are, from the full one down.
    pub open: &'a [Rendition],
    /// The full one's bits a second.
    pub rate: u32,
    pub state: State,
}

impl Choice<'_> {
    /// The last one's place.
    pub(super) const fn last(&self) -> usize {
        self.open.len() - 1
    }

    /// The first one that is this or a lower one.
    pub(super) fn place(&self, one: Rendition) -> usize {
        self.open.iter().position(|&other| other >= one).unwrap_or(self.last())
    }

    /// Bytes a second of it.
    pub(super) fn needs(&self, n: usize) -> f64 {
        f64::from(self.open[n].bits_per_second(self.rate)) / 8.0
    }

    /// Whether the link carries it so many times, as far as is known.
    pub(super) fn carries(&self, n: usize, times: f64) -> bool {
        self.state.link.rate.is_none_or(|rate| rate >= self.needs(n) * times)
    }

    /// The best from `at` down that the link carries, or else the last.
    pub(super) fn fits(&self, at: usize) -> usize {
        (at..self.open.len()).find(|&n| self.carries(n, DOWN_NEEDS)).unwrap_or(self.last())
    }

    /// The best above `at` that the link was seen to carry, if he may have it.
    pub(super) fn shown_above(&self, at: usize) -> Option<usize> {
        let shown = |n: usize| self.state.link.rate.is_some() && self.carries(n, UP_NEEDS * self.used());
        (0..at).find(|&n| shown(n) && self.may(n))
    }

    /// The best above `at` and below what was `too_much` that the link carries, if he may have it: of those it is not known that
    /// they are too much, too.
    pub(super) fn passed_over(&self, at: usize, too_much: Rendition) -> Option<usize> {
        let carried = |n: usize| self.state.link.rate.is_some() && self.carries(n, DOWN_NEEDS);
        (0..at).find(|&n| self.open[n] > too_much && carried(n) && self.may(n))
    }

    /// Whether he may be sent as much.
    pub(super) fn may(&self, n: usize) -> bool {
        self.state.share >= self.needs(n) * UP_NEEDS
    }

    /// The part of its rate that a rendition needs.
    pub(super) const fn used(&self) -> f64 {
        self.state.used.clamp(LEAST_USED, 1.0)
    }
}
