//! How much may be on its way to one viewer, and what his link carries: learned from what he has acknowledged.
//!
//! What lies in a router's queue can no longer be thrown away, and is seen by nobody but by the time that it takes. So
//! little is sent at once: by default what the link carries in its least round trip and a quarter of the bound, never
//! more than in its round trip and the bound, and little until the first acknowledgement.
//!
//! The rate is what arrived in a time in which the link was at work on it: since the news before, or since the first byte of
//! it reached the link. While there is a queue that is exact, and the rate follows it up and down. Else it is a lower
//! bound: it raises the rate, and lowers it only where something came later by more than jitter explains. So that we
//! sent little says nothing: it neither lowers the rate nor holds it down.
//!
//! Here belongs: bytes, times and what follows from them. **Sans-IO: all times and bytes are arguments.** Not here: where
//! acknowledgements come from (`server/link.rs`), what is sent in the room that there is (`cursor`).

use std::time::Duration;

use wire::Pace;

use super::fit::Link;
use super::flights::{Flight, Flights};
use super::item::{Part, Stream};
use crate::time::Timestamp;

/// What may be on its way before anything was acknowledged: a first start, which fits into TCP's first flight, and little
/// behind it.
const FIRST_BYTES: usize = 16_000;
/// Queued on the way in the middle, as part of the bound: enough that a link is never idle between two looks, and so
/// little that a rate that drops to a tenth is noticed within the bound.
const HEADROOM: f64 = 0.25;
/// The least round trip may have changed after this long. Then the link is left to run dry once.
const LEAST_KEPT: Duration = Duration::from_secs(10);
/// Less than this tells nothing of a rate, and does not count as being on its way.
const TELLING_BYTES: u64 = 1000;
/// What a queue delivers is a sample after this long: shorter ones are jitter of acknowledgements.
const RUN: Duration = Duration::from_millis(100);
const SHORT_RUN: Duration = Duration::from_millis(25);
/// Where the link carries so many times the stream not each picture need be acknowledged; nor for as long as it carries that
/// many.
const WIDE: f64 = 6.0;
const WIDE_STILL: f64 = 4.0;
/// Of the pictures in this time one is, then: should the link break down, so much is on its way before it is noticed.
const TELL_AFTER: Duration = Duration::from_millis(170);
/// Later than foretold by less than this is jitter.
const JITTER: Duration = Duration::from_millis(30);

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
    least: Option<Least>,
    /// Of the least round trip what is known to be the way alone.
    base: Duration,
    /// Bytes a second.
    rate: Option<f64>,
    run: Run,
    burst: Option<Burst>,
    /// When the link has carried away all that was sent, by that rate.
    free_at: Timestamp,
}

/// The least round trip of late.
#[derive(Clone, Copy, Debug)]
struct Least {
    round_trip: Duration,
    at: Timestamp,
    /// It is that of a message that itself took long on the link: perhaps far more than the way.
    rough: bool,
}

/// How long, and with how many bytes, a queue has been delivering.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    time: Duration,
    bytes: u64,
}

/// Small messages that were sent one soon after the other: a single one of them tells nothing.
#[derive(Clone, Copy, Debug)]
struct Burst {
    /// When the first was sent.
    at: Timestamp,
    /// All that was sent before it.
    from: u64,
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
            least: None,
            base: Duration::ZERO,
            rate: None,
            run: Run { time: Duration::ZERO, bytes: 0 },
            burst: None,
            free_at: Timestamp::from_micros(0),
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
        if let Some(rate) = self.rate {
            self.free_at = self.free_at.max(now).after(takes(bytes, rate));
        }
    }

    /// In all, `total` bytes of what was sent have arrived, as was heard now. What cannot be is taken for what can.
    pub fn arrived(&mut self, now: Timestamp, total: u64) {
        while let Some(flight) = self.advance(now, total) {
            if !flight.unfinished {
                self.returned(flight, now);
            }
        }
    }

    /// The same of what was found out by looking, perhaps long after: it says nothing of round trips, of which the kernel's
    /// least is known.
    pub fn looked(&mut self, now: Timestamp, total: u64) {
        self.looked_before = self.looked_at.replace(now);
        while self.advance(now, total).is_some() {}
        self.least = Some(Least { round_trip: self.base, at: now, rough: false });
    }

    /// The least time that anything takes to the viewer and back, as the kernel has measured it.
    pub const fn told_round_trip(&mut self, base: Duration) {
        self.base = base;
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
        if bytes_per_second > 0.0 && (!limited || self.rate < Some(bytes_per_second)) {
            self.learn(bytes_per_second, 0.5);
        }
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

    /// Which pictures of this stream are to be acknowledged from now on, where they were at `pace` until now.
    #[must_use]
    pub fn pace(&self, now: Timestamp, pace: Pace, stream: &Stream) -> Pace {
        let times = if pace == Pace::EACH { WIDE } else { WIDE_STILL };
        let needed = f64::from(stream.bits_per_second) / 8.0 * times;
        let is_near = self.least.is_some_and(|least| least.round_trip <= self.bound / 3);
        if !is_near || self.rate_now(now) < Some(needed) || self.queue(now) > JITTER {
            return Pace::EACH;
        }
        let pictures = f64::from(stream.rate.0) / f64::from(stream.rate.1) * TELL_AFTER.as_secs_f64();
        Pace { every: (pictures as u16).max(1) }
    }

    /// Bytes of which nothing was heard yet.
    #[must_use]
    pub const fn unacknowledged(&self) -> usize {
        (self.sent - self.arrived) as usize
    }

    /// Bytes a second that the link carries, as far as is known.
    #[must_use]
    pub const fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The least round trip of late.
    #[must_use]
    pub fn least_round_trip(&self) -> Option<Duration> {
        self.least.map(|least| least.round_trip)
    }

    /// Whether it is worth to ask the kernel what has arrived: what is known allows no more, or is old.
    #[must_use]
    pub fn wants_look(&self, now: Timestamp) -> bool {
        let waited = self.flights.first().map_or(Duration::ZERO, |flight| now.since(flight.at));
        let half = self.allowed(self.rate, HEADROOM) / 2;
        let little = self.least.is_some() && self.unacknowledged() < half && waited <= self.bound;
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
        self.rate.filter(|_| on_time).map(|_| self.free_at.since(now))
    }

    /// The link as it is now.
    #[must_use]
    pub fn link(&self, now: Timestamp) -> Link {
        Link {
            now,
            room: self.room(now),
            idle: self.idle_in(now).is_some_and(|wait| wait.is_zero()),
            rate: self.rate_now(now),
            queue: self.queue(now),
        }
    }

    /// Bytes that may be sent now. On an idle link any message may, however large: it could never be sent otherwise.
    fn room(&self, now: Timestamp) -> usize {
        let unacknowledged = self.unacknowledged();
        if unacknowledged == 0 {
            return usize::MAX;
        }
        let Some(least) = self.least else {
            return FIRST_BYTES.saturating_sub(unacknowledged);
        };
        let to_run_dry = least.rough || now.since(least.at) > LEAST_KEPT;
        let heard = self.looked_at.unwrap_or(now);
        let waited = self.waiting().map(|flight| heard.since(flight.at));
        let late = waited > Some(least.round_trip + self.bound);
        let rate = self.rate_now(now);
        let shut = to_run_dry || late || unacknowledged >= self.allowed(rate, HEADROOM);
        if shut && !self.is_quiet() {
            return 0;
        }
        self.allowed(rate, 1.0).saturating_sub(unacknowledged)
    }

    /// The first message of which something should be heard: not one that was begun and, perhaps, given up.
    fn waiting(&self) -> Option<Flight> {
        self.flights.iter().find(|flight| !flight.unfinished)
    }

    /// Bytes that a link of this rate carries in its least round trip and a part of the bound.
    fn allowed(&self, rate: Option<f64>, part: f64) -> usize {
        let (Some(rate), Some(least)) = (rate, self.least) else { return FIRST_BYTES };
        (rate * (least.round_trip + self.bound.mul_f64(part)).as_secs_f64()) as usize
    }

    /// How long what is on its way keeps what is sent now from arriving.
    fn queue(&self, now: Timestamp) -> Duration {
        let (Some(rate), Some(least)) = (self.rate_now(now), self.least) else { return Duration::ZERO };
        takes(self.to_be_told(), rate).saturating_sub(least.round_trip)
    }

    /// The rate as it is now: what should have come and has not shows a lower one before anything comes.
    fn rate_now(&self, now: Timestamp) -> Option<f64> {
        let rate = self.rate?.max(1.0);
        let (Some(flight), Some(least)) = (self.waiting(), self.least) else { return Some(rate) };
        if self.is_quiet() {
            return Some(rate);
        }
        let left = (flight.end - self.arrived).min(flight.bytes);
        let heard = self.looked_at.unwrap_or(now);
        let waited = heard.since(flight.at).saturating_sub(least.round_trip).min(heard.since(self.news_at));
        let is_late = waited > JITTER + takes(left, rate);
        Some(if is_late { (left as f64 / waited.as_secs_f64()).max(1.0) } else { rate })
    }

    /// So many `bytes` came since the last news, `first` the first of them. The link was at work on them since that news, or
    /// since they reached it.
    fn learn_from(&mut self, first: Flight, now: Timestamp, bytes: u64) {
        if first.unfinished {
            return; // it waited to be heard of, nobody knows for how long
        }
        let reached = first.at.after(self.base);
        let took = now.since(self.news_at.max(reached));
        let least = self.least.map_or(Duration::MAX, |least| least.round_trip);
        let queued = self.news_at.since(first.at) >= least;
        if queued {
            self.run = Run { time: self.run.time + took, bytes: self.run.bytes + bytes };
        }
        let tells = self.run.bytes >= TELLING_BYTES;
        if tells && self.run.time >= if queued { RUN } else { SHORT_RUN } {
            let weight = (self.run.time.as_secs_f64() / (2.0 * RUN.as_secs_f64())).min(1.0);
            self.learn(self.run.bytes as f64 / self.run.time.as_secs_f64(), weight);
            self.run = Run::default();
        }
        if !queued {
            self.run = Run::default();
        }
        // What is seen by looking came at some time since the look before: that tells what the link carries at most only.
        if self.looked_at.is_none() {
            self.at_least(first, now, bytes);
        }
        let came = if self.looked_at.is_none() { Some(now) } else { self.looked_before };
        if let Some(came) = came.filter(|_| !queued) {
            self.at_most(first, came.since(self.news_at.max(reached)), bytes);
        }
    }

    /// With `bytes` more all has come that was sent since the first of them, or since some messages before: so much the link
    /// carries at least, whatever made some of it wait.
    fn at_least(&mut self, first: Flight, now: Timestamp, bytes: u64) {
        let own = Burst { at: first.at, from: first.end - first.bytes };
        let burst = self.burst.filter(|burst| first.at.since(burst.at) < RUN).unwrap_or(own);
        let surely = (self.arrived + bytes).saturating_sub(burst.from);
        let took = now.since(burst.at.after(self.base));
        let sample = surely as f64 / took.as_secs_f64().max(1e-4);
        if self.rate.is_none() {
            self.rate = Some(sample);
        }
        let tells = surely >= TELLING_BYTES;
        self.burst = (!tells).then_some(burst);
        if tells && Some(sample) > self.rate {
            self.learn(sample, 0.5);
        }
    }

    /// A message met no queue, and `bytes` took so long: was that longer than foretold?
    fn at_most(&mut self, first: Flight, took: Duration, bytes: u64) {
        let foretold = takes(bytes, self.rate.unwrap_or(f64::INFINITY));
        if first.alone && bytes >= TELLING_BYTES && took > foretold + JITTER {
            // The longer it took the less it was an accident.
            let weight = (took - foretold).as_secs_f64().clamp(0.25, 1.0);
            self.learn(bytes as f64 / took.as_secs_f64(), weight);
        }
    }

    /// A message has arrived whole.
    fn returned(&mut self, flight: Flight, now: Timestamp) {
        let round_trip = now.since(flight.at);
        let known = self.least.filter(|least| now.since(least.at) <= LEAST_KEPT * 2);
        let better = known.is_none_or(|least| {
            round_trip <= least.round_trip || flight.alone && now.since(least.at) > LEAST_KEPT
        });
        if better {
            // A large message takes long by itself; a way that became longer is believed step by step.
            let most = known.map_or(round_trip, |least| least.round_trip * 2 + JITTER);
            let news = known.is_none_or(|least| least.round_trip.abs_diff(round_trip) > JITTER);
            let rough = news && self.rate.is_some_and(|rate| takes(flight.bytes, rate) > JITTER);
            self.least = Some(Least { round_trip: round_trip.min(most), at: now, rough });
        } else if let Some(least) = self.least.as_mut().filter(|_| flight.alone) {
            least.rough = false; // a smaller one would have been quicker
        }
    }

    fn learn(&mut self, sample: f64, weight: f64) {
        self.rate = Some(self.rate.map_or(sample, |rate| rate + (sample - rate) * weight));
    }
}

/// How long so many bytes take on a link of this rate.
fn takes(bytes: u64, rate: f64) -> Duration {
    Duration::from_secs_f64((bytes as f64 / rate.max(1.0)).min(60.0))
}

#[cfg(test)]
mod tests;
