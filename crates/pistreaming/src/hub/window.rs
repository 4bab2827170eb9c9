//! How much may be on its way to one viewer, by what his link carries: learned from what he has acknowledged.
//!
//! What lies in a router's queue can no longer be thrown away, and is seen by nobody but by the time that it takes. So
//! little is sent at once: by default what the link carries in its least round trip and a quarter of the bound, never
//! more than in its round trip and the bound, and little until the first acknowledgement.
//!
//! Here belongs: what is on its way, and what may be; in `pace`, which pictures are to be acknowledged. **Sans-IO: all times and
//! bytes are arguments.** Not here: the rate and the round trip (`rate`, `round_trip`), where acknowledgements come from
//! (`server/link.rs`), what is sent in the room that there is (`cursor`).

mod pace;

use std::time::Duration;

use super::fit::Link;
use super::flights::{Flight, Flights};
use super::item::Part;
use super::rate::{JITTER, News, Rate, TELLING_BYTES, takes};
use super::round_trip::RoundTrip;
use crate::time::Timestamp;

/// What may be on its way before anything was acknowledged: a first start, which fits into TCP's first flight, and little
/// behind it.
const FIRST_BYTES: usize = 16_000;
/// Queued on the way in the middle, as part of the bound: enough that a link is never idle between two looks, and so
/// little that a rate that drops to a tenth is noticed within the bound.
const HEADROOM: f64 = 0.25;

/// One viewer's window.
#[derive(Clone, Debug)]
pub struct Window {
    bound: Duration,
    sent: u64,
    arrived: u64,
    /// All that was sent before the last picture.
    picture_from: u64,
    /// Bytes sent last that will not be acknowledged by themselves.
    untold: u64,
    /// When the last news of arrivals came.
    news_at: Timestamp,
    /// When it was looked last, where news comes by looking only.
    looked_at: Option<Timestamp>,
    /// When it was looked before that: what is news now had not come then.
    looked_before: Option<Timestamp>,
    flights: Flights,
    /// What seemed to have arrived last.
    seeming: Option<Flight>,
    round_trip: RoundTrip,
    rate: Rate,
    /// When the link has carried away all that was sent, by that rate.
    free_at: Timestamp,
    /// When it was seen last to hold something up.
    filled_at: Option<Timestamp>,
}

impl Window {
    /// A window for one who may be `bound` behind his link's least round trip.
    #[must_use]
    pub const fn new(bound: Duration) -> Self {
        Self {
            bound,
            sent: 0,
            arrived: 0,
            picture_from: 0,
            untold: 0,
            news_at: Timestamp::from_micros(0),
            looked_at: None,
            looked_before: None,
            flights: Flights::new(),
            seeming: None,
            round_trip: RoundTrip::new(),
            rate: Rate::new(),
            free_at: Timestamp::from_micros(0),
            filled_at: None,
        }
    }

    /// A message of `bytes` was sent.
    pub fn sent(&mut self, now: Timestamp, bytes: usize) {
        self.begin(now, bytes, false);
    }

    /// A message begins. `unfinished`: nothing will be heard of it until more of it was sent.
    fn begin(&mut self, now: Timestamp, bytes: usize, unfinished: bool) {
        let (bytes, alone) = (bytes as u64, self.is_quiet());
        self.sent += bytes;
        if alone {
            self.flights.clear();
        }
        let flight = Flight { end: self.sent, at: now, bytes, alone, unfinished };
        self.fly(flight, now, bytes);
    }

    /// A part of a picture, of `bytes`, was sent. A picture is acknowledged when it is whole: nothing is to be heard of its
    /// first parts. Where the link had nothing to do while the last one was being coded, that one's time counts.
    pub fn sent_part(&mut self, now: Timestamp, bytes: usize, part: Part) {
        if part.first {
            self.picture_from = self.sent;
            self.begin(now, bytes, !part.last);
            return;
        }
        let bytes = bytes as u64;
        // Small messages between the parts have flights of their own.
        let mut begun = None;
        while let Some(flight) = self.flights.last().filter(|flight| flight.end > self.picture_from) {
            begun = Some(flight);
            self.flights.pop_last();
        }
        let alone = begun.map_or_else(|| self.is_quiet(), |flight| flight.alone);
        let last = Flight { end: 0, at: now, bytes: 0, alone, unfinished: false };
        let flight = begun.filter(|_| self.free_at > now).unwrap_or(last);
        self.sent += bytes;
        let bytes_of_it = flight.bytes + bytes;
        let flight = Flight { end: self.sent, bytes: bytes_of_it, unfinished: !part.last, ..flight };
        self.fly(flight, now, bytes);
    }

    /// A picture, or a part of one, of `bytes` was sent that will be acknowledged with the next only that is told of: to be
    /// done where the link is far from full ([`Self::pace`]), for nothing is learned from it until then.
    pub fn sent_untold(&mut self, now: Timestamp, bytes: usize, part: Part) {
        if part.first {
            self.picture_from = self.sent;
        }
        self.sent_aside(now, bytes);
    }

    /// The same of a small message that is no part of a picture.
    pub fn sent_aside(&mut self, now: Timestamp, bytes: usize) {
        self.sent += bytes as u64;
        self.untold += bytes as u64;
        self.occupy(now, bytes as u64);
    }

    /// These bytes are on their way, and will be told of with all before them; with a picture's last part those of the
    /// others, too, and never if the encoder gives it up.
    fn fly(&mut self, flight: Flight, now: Timestamp, bytes: u64) {
        self.untold = if flight.unfinished { self.untold + bytes } else { 0 };
        self.flights.push(flight);
        self.occupy(now, bytes);
    }

    fn occupy(&mut self, now: Timestamp, bytes: u64) {
        if let Some(rate) = self.rate() {
            self.free_at = self.free_at.max(now).after(takes(bytes, rate));
        }
    }

    /// In all, `total` bytes of what was sent have arrived, as was heard now. What cannot be is taken for what can.
    pub fn arrived(&mut self, now: Timestamp, total: u64) {
        self.hear(now, total);
    }

    /// The same of what was not heard, but is to be expected by now.
    pub fn seems_arrived(&mut self, now: Timestamp, total: u64) {
        self.seeming = self.hear(now, total);
    }

    /// The last message that is whole with this.
    fn hear(&mut self, now: Timestamp, total: u64) -> Option<Flight> {
        if self.looked_at.take().is_some() {
            self.forget_looks();
        }
        let mut last = None;
        while let Some(flight) = self.advance(now, total) {
            if !flight.unfinished {
                self.round_trip.returned(flight, now, self.rate());
            }
            last = Some(flight);
        }
        last
    }

    /// What seemed to have arrived has not: no more than `total` bytes had by then.
    pub fn has_not_arrived(&mut self, now: Timestamp, total: u64) {
        if let Some(flight) = self.seeming.take().filter(|flight| total < flight.end) {
            self.arrived = self.arrived.min(total);
            self.flights.put_back(flight);
            self.filled_at = Some(now);
        }
    }

    /// The same of what was found out by looking, perhaps long after: it says nothing of round trips, of which the kernel's
    /// least is known.
    pub fn looked(&mut self, now: Timestamp, total: u64) {
        self.looked_before = self.looked_at.replace(now);
        while self.advance(now, total).is_some() {}
        self.round_trip.take_told(now);
    }

    /// From a page's first word on nothing is looked for: what it does not say has not come by now, not by the time of the last
    /// look. And the way that was found by looking is the kernel's, without the page's own time, perhaps to a proxy only.
    const fn forget_looks(&mut self) {
        self.looked_before = None;
        self.round_trip.forget();
    }

    /// The least time that anything takes to the viewer and back, as the kernel has measured it.
    pub const fn told_round_trip(&mut self, base: Duration) {
        self.round_trip.told(base);
    }

    /// Takes note of `total` bytes and returns the next message that is whole with them.
    fn advance(&mut self, now: Timestamp, total: u64) -> Option<Flight> {
        let total = total.min(self.sent);
        let first = self.flights.first();
        if total > self.arrived {
            if let Some(first) = first {
                self.learn_from(first, now, total - self.arrived);
            }
            (self.arrived, self.news_at) = (total, now);
            self.untold = self.untold.min(self.sent - total);
        }
        if self.unacknowledged() == 0 {
            self.free_at = now;
        }
        (first?.end <= self.arrived).then(|| self.flights.pop()).flatten()
    }

    /// The kernel's own estimate of the rate, in bytes a second. `limited`: it saw less sent than the link takes.
    pub fn told(&mut self, bytes_per_second: f64, limited: bool) {
        self.rate.told(bytes_per_second, limited);
    }

    /// All bytes that were ever sent.
    #[must_use]
    pub const fn total_sent(&self) -> u64 {
        self.sent
    }

    /// Whether so little is on its way that its silence says nothing: what comes behind the last picture may be acknowledged
    /// with the next one only.
    const fn is_quiet(&self) -> bool {
        self.to_be_told() < TELLING_BYTES
    }

    /// Bytes of which there will be news without anything more being sent.
    const fn to_be_told(&self) -> u64 {
        self.sent - self.arrived - self.untold
    }

    /// Bytes of which nothing was heard yet.
    #[must_use]
    pub const fn unacknowledged(&self) -> usize {
        (self.sent - self.arrived) as usize
    }

    /// Bytes a second that the link carries, as far as is known.
    #[must_use]
    pub const fn rate(&self) -> Option<f64> {
        self.rate.known()
    }

    /// The least round trip of late.
    #[must_use]
    pub fn least_round_trip(&self) -> Option<Duration> {
        self.round_trip.least()
    }

    /// Whether it is worth to ask the kernel what has arrived: what is known allows no more, or is old.
    #[must_use]
    pub fn wants_look(&self, now: Timestamp) -> bool {
        let waited = self.flights.first().map_or(Duration::ZERO, |flight| now.since(flight.at));
        let half = self.allowed(self.rate(), HEADROOM) / 2;
        let little =
            self.least_round_trip().is_some() && self.unacknowledged() < half && waited <= self.bound;
        self.unacknowledged() > 0 && !little
    }

    /// How long until the link has carried away all that was sent, as far as can be foretold: on a long way it does
    /// so well before all is acknowledged.
    #[must_use]
    pub fn idle_in(&self, now: Timestamp) -> Option<Duration> {
        if self.unacknowledged() == 0 {
            return Some(Duration::ZERO);
        }
        let on_time = self.queue(now).is_zero();
        self.rate().filter(|_| on_time).map(|_| self.free_at.since(now))
    }

    /// The link as it is now.
    #[must_use]
    pub fn link(&self, now: Timestamp) -> Link {
        Link {
            now,
            room: self.room(now),
            idle: self.idle_in(now).is_some_and(|wait| wait.is_zero()),
            rate: self.rate_now(now),
            full_at: self.rate.full_at(),
            queue: self.queue(now),
        }
    }

    /// Bytes that may be sent without looking again before there is news: with them no queue is longer than it is meant to be.
    #[must_use]
    pub fn spare(&self, now: Timestamp) -> usize {
        let all = self.allowed(self.rate_now(now), HEADROOM);
        self.room(now).min(all.saturating_sub(self.unacknowledged()))
    }

    /// Bytes that may be sent now. On an idle link any message may, however large: it could never be sent otherwise; and on one that
    /// is not known, and has only small messages on it.
    fn room(&self, now: Timestamp) -> usize {
        let unacknowledged = self.unacknowledged();
        // A page asks for the clock before its first picture, which is larger than what may be sent to somebody unknown: it waited
        // 0.3 s for those answers, of which that page says nothing before it has a picture.
        let is_untried = self.rate().is_none() && (unacknowledged as u64) < TELLING_BYTES;
        if unacknowledged == 0 || is_untried {
            return usize::MAX;
        }
        let Some(least) = self.least_round_trip() else {
            return FIRST_BYTES.saturating_sub(unacknowledged);
        };
        // What comes behind a message that went on an idle link does not delay it.
        let is_measured = self.flights.first().is_some_and(|flight| flight.alone);
        let to_run_dry = self.round_trip.wants_idle_link(now, is_measured);
        let heard = self.looked_at.unwrap_or(now);
        let waited = self.waiting().map(|flight| heard.since(flight.at));
        let late = waited > Some(least + self.bound);
        let rate = self.rate_now(now).map(|rate| rate.min(self.rate.doubt().unwrap_or(rate)));
        let shut = to_run_dry || late || unacknowledged >= self.allowed(rate, HEADROOM);
        if shut && !self.is_quiet() {
            return 0;
        }
        // Who is asked for no news must not be waited for: not every page tells of what came before it was asked to.
        let least = if self.flights.first().is_none() { FIRST_BYTES } else { 0 };
        self.allowed(rate, 1.0).saturating_sub(unacknowledged).max(least)
    }

    /// The first message of which something should be heard: not one that was begun and, perhaps, given up.
    fn waiting(&self) -> Option<Flight> {
        self.flights.iter().find(|flight| !flight.unfinished)
    }

    /// Bytes that a link of this rate carries in its least round trip and a part of the bound.
    fn allowed(&self, rate: Option<f64>, part: f64) -> usize {
        let (Some(rate), Some(least)) = (rate, self.least_round_trip()) else { return FIRST_BYTES };
        (rate * (least + self.bound.mul_f64(part)).as_secs_f64()) as usize
    }

    /// How long what is on its way keeps what is sent now from arriving.
    fn queue(&self, now: Timestamp) -> Duration {
        let (Some(rate), Some(least)) = (self.rate_now(now), self.least_round_trip()) else {
            return Duration::ZERO;
        };
        takes(self.to_be_told(), rate).saturating_sub(least)
    }

    /// The rate as it is now: what should have come and has not shows a lower one before anything comes.
    fn rate_now(&self, now: Timestamp) -> Option<f64> {
        let rate = self.rate()?.max(1.0);
        let (Some(flight), Some(least)) = (self.waiting(), self.least_round_trip()) else {
            return Some(rate);
        };
        if self.is_quiet() {
            return Some(rate);
        }
        // With what was sent before it, and is told of with it only.
        let left = flight.end - self.arrived;
        let heard = self.looked_at.unwrap_or(now);
        let waited = heard.since(flight.at).saturating_sub(least).min(heard.since(self.news_at));
        let is_late = waited > JITTER + takes(left, rate);
        Some(if is_late { (left as f64 / waited.as_secs_f64()).max(1.0) } else { rate })
    }

    /// So many `bytes` came since the last news, `first` the first of them.
    fn learn_from(&mut self, first: Flight, now: Timestamp, bytes: u64) {
        self.rate.learn_from(&News {
            first,
            now,
            bytes,
            before: self.arrived,
            before_at: self.news_at,
            looked: self.looked_at.map(|_| self.looked_before),
            least: self.least_round_trip(),
            base: self.round_trip.base(),
        });
    }
}

#[cfg(test)]
mod tests;
