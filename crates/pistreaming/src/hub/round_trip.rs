//! The least round trip of one viewer's link: what the way alone takes, without what waits on it.
//!
//! Here belongs: learning it, and forgetting it when it may have changed. **Sans-IO: all times are arguments.** Not here: what
//! is on its way (`window`), what the link carries (`rate`).

use std::time::Duration;

use super::flights::Flight;
use super::rate::{JITTER, takes};
use crate::time::Timestamp;

/// It may have changed after this long. Then the link is left to run dry once.
pub(super) const LEAST_KEPT: Duration = Duration::from_secs(10);

/// A link's round trip.
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    least: Option<Least>,
    /// What is known to be the way alone.
    base: Duration,
}

/// The least one of late.
#[derive(Clone, Copy, Debug)]
struct Least {
    round_trip: Duration,
    at: Timestamp,
    /// It is that of a message that itself took long on the link: perhaps far more than the way.
    rough: bool,
}

impl RoundTrip {
    /// Nothing is known of it.
    pub(super) const fn new() -> Self {
        Self { least: None, base: Duration::ZERO }
    }

    /// The least one of late.
    pub(super) fn least(&self) -> Option<Duration> {
        self.least.map(|least| least.round_trip)
    }

    /// What is known to be the way alone.
    pub(super) const fn base(&self) -> Duration {
        self.base
    }

    /// Whether nothing is to be sent until nothing waits on the link, so that the least one is found. `is_measured`: what was
    /// sent on an idle link is on its way. Where it is perhaps far less than what is known, nothing is sent behind that.
    pub(super) fn wants_idle_link(&self, now: Timestamp, is_measured: bool) -> bool {
        let is_old = |least: Least| now.since(least.at) > LEAST_KEPT;
        self.least.is_some_and(|least| least.rough || is_old(least) && !is_measured)
    }

    /// The least time that anything takes to the viewer and back, as the kernel has measured it.
    pub(super) const fn told(&mut self, base: Duration) {
        self.base = base;
    }

    /// There is no other than what the kernel has measured.
    pub(super) const fn take_told(&mut self, now: Timestamp) {
        self.least = Some(Least { round_trip: self.base, at: now, rough: false });
    }

    /// It is to be learned anew, from messages.
    pub(super) const fn forget(&mut self) {
        self.least = None;
    }

    /// A message has arrived whole, on a link of this rate.
    pub(super) fn returned(&mut self, flight: Flight, now: Timestamp, rate: Option<f64>) {
        let round_trip = now.since(flight.at);
        let known = self.least.filter(|least| now.since(least.at) <= LEAST_KEPT * 2);
        let better = known.is_none_or(|least| {
            round_trip <= least.round_trip || flight.alone && now.since(least.at) > LEAST_KEPT
        });
        if better {
            // A large message takes long by itself. Once the way was known that time is no part of it; and a way that became
            // longer is believed step by step.
            let own = rate.map_or(Duration::ZERO, |rate| takes(flight.bytes, rate));
            let way = known.map_or(round_trip, |least| {
                let own = if least.rough { Duration::ZERO } else { own };
                let least = least.round_trip;
                round_trip.saturating_sub(own).max(least.min(round_trip)).min(least * 2 + JITTER)
            });
            let news = |least: Least| least.rough && least.round_trip.abs_diff(round_trip) > JITTER;
            let rough = known.is_none_or(news) && own > JITTER;
            self.least = Some(Least { round_trip: way, at: now, rough });
        } else if let Some(least) = self.least.as_mut().filter(|_| flight.alone) {
            least.rough = false; // a smaller one would have been quicker
        }
    }
}
