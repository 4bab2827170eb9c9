//! What a link carries, in bytes a second: learned from what has arrived, and from what the kernel says.
//!
//! The rate is what arrived in a time in which the link was at work on it: since the news before, or since the first byte of
//! it reached the link. While there is a queue that is the rate within bounds, which the rate is kept to. Else it is a lower
//! bound: it raises the rate, and lowers it only where something came later by more than jitter explains. So that we
//! sent little says nothing: it neither lowers the rate nor holds it down.
//!
//! Here belongs: the rate. **Sans-IO: all times and bytes are arguments.** Not here: what is on its way and what may be
//! (`window`), how long the way is (`round_trip`).

use std::time::Duration;

use super::flights::Flight;
use crate::time::Timestamp;

/// Less than this tells nothing of a rate, and does not count as being on its way.
pub(super) const TELLING_BYTES: u64 = 1000;
/// Later than foretold by less than this is jitter.
pub(super) const JITTER: Duration = Duration::from_millis(30);
/// What a queue delivers is a sample after this long: shorter ones are jitter of acknowledgements.
const RUN: Duration = Duration::from_millis(100);
const SHORT_RUN: Duration = Duration::from_millis(25);
/// After this long the rate is what it has delivered; before, what it has delivered at least and at most.
const LONG_RUN: Duration = Duration::from_millis(400);
/// For so long what is known is a guess from a few small messages, and each mean is better.
const GUESSED: Duration = Duration::from_secs(1);
/// What delivers so many times as much or as little as was known has become another link.
const CHANGED: f64 = 1.15;
/// By how much the news of one end of that may be late, and not that of the other.
const UNEVEN: Duration = Duration::from_millis(20);

/// A link's rate.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    /// Bytes a second.
    known: Option<f64>,
    /// When something came first.
    since: Option<Timestamp>,
    /// What the kernel said last.
    told: f64,
    /// What the link carried at most by the last news that was heard, if all that jitter explains was jitter.
    shown: f64,
    /// What it would be by the last that was late, until more is known.
    doubt: Option<f64>,
    /// When a queue has shown it last.
    full_at: Timestamp,
    /// The last part of what a queue delivers, and as much of it as came by one rate.
    run: Run,
    long_run: Run,
    burst: Option<Burst>,
}

/// How long, and with how many bytes, a queue has been delivering.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    time: Duration,
    bytes: u64,
    /// The largest message of it.
    largest: u64,
}

/// Small messages that were sent one soon after the other: a single one of them tells nothing.
#[derive(Clone, Copy, Debug)]
struct Burst {
    /// When the first was sent.
    at: Timestamp,
    /// All that was sent before it.
    from: u64,
}

/// News that something has arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    /// The first message of it.
    pub(super) first: Flight,
    /// When it came.
    pub(super) now: Timestamp,
    /// How much it is.
    pub(super) bytes: u64,
    /// All that had arrived before.
    pub(super) before: u64,
    /// When the news before came.
    pub(super) before_at: Timestamp,
    /// When it had not come yet, where it was found out by looking; none: nobody had looked before.
    pub(super) looked: Option<Option<Timestamp>>,
    /// The least round trip of late.
    pub(super) least: Option<Duration>,
    /// What is known to be the way alone.
    pub(super) base: Duration,
}

impl News {
    /// From when on the link was at work on it.
    fn begun(&self) -> Timestamp {
        self.before_at.max(self.first.at.after(self.base))
    }

    /// Whether something was before it on the link all the time.
    fn is_queued(&self) -> bool {
        self.before_at.since(self.first.at) >= self.least.unwrap_or(Duration::MAX)
    }
}

impl Rate {
    /// Nothing is known of it.
    pub(super) const fn new() -> Self {
        Self {
            known: None,
            since: None,
            told: 0.0,
            shown: f64::INFINITY,
            doubt: None,
            full_at: Timestamp::from_micros(0),
            run: Run::NONE,
            long_run: Run::NONE,
            burst: None,
        }
    }

    /// Bytes a second, as far as is known.
    pub(super) const fn known(&self) -> Option<f64> {
        self.known
    }

    /// What it would be if the last that was late was no accident, but the first that a slower link shows: until it is known which no
    /// more is to be sent than that allows.
    pub(super) const fn doubt(&self) -> Option<f64> {
        self.doubt
    }

    /// When it was known exactly, the last time.
    pub(super) const fn full_at(&self) -> Timestamp {
        self.full_at
    }

    /// The kernel's own estimate, in bytes a second. `limited`: it saw less sent than the link takes. It keeps the highest such
    /// one until it has seen more sent (linux net/ipv4/tcp_rate.c): what was heard before is no news. And it takes each packet for
    /// a full one, so that by a few small ones it knows of many times what a link carries: no more is believed than what was heard
    /// allows.
    pub(super) fn told(&mut self, bytes_per_second: f64, limited: bool) {
        let before = std::mem::replace(&mut self.told, bytes_per_second);
        let is_news = before.to_bits() != bytes_per_second.to_bits() && bytes_per_second > 0.0;
        let sample = if limited { bytes_per_second.min(self.shown) } else { bytes_per_second };
        if is_news && (!limited || self.known < Some(sample)) {
            self.learn(sample, 0.5);
        }
    }

    /// What has come says so much of it.
    pub(super) fn learn_from(&mut self, news: &News) {
        if news.first.unfinished {
            return; // it waited to be heard of, nobody knows for how long
        }
        let queued = news.is_queued();
        self.since.get_or_insert(news.now);
        self.run_on(news, queued);
        self.at_least(news);
        // What is seen by looking came at some time since the look before.
        let came = news.looked.unwrap_or(Some(news.now));
        if let Some(came) = came.filter(|_| !queued) {
            self.at_most(news, came.since(news.begun()));
        }
    }

    /// A queue has delivered: the longer it did the more exactly that is known.
    fn run_on(&mut self, news: &News, queued: bool) {
        if queued {
            self.run.add(news);
            self.long_run.add(news);
        }
        let tells = self.run.bytes >= TELLING_BYTES;
        if tells && self.run.time >= if queued { RUN } else { SHORT_RUN } {
            self.see_run(news);
            self.full_at = news.now;
        }
        if !queued {
            (self.run, self.long_run) = (Run::default(), Run::default());
        }
    }

    fn see_run(&mut self, news: &News) {
        self.doubt = None;
        let run = std::mem::take(&mut self.run);
        let is_guess = news.now.since(self.since.unwrap_or(news.now)) < GUESSED;
        let Some(rate) = self.known.filter(|_| !is_guess) else {
            return self.learn(run.rate(), (run.time.as_secs_f64() / (2.0 * RUN.as_secs_f64())).min(1.0));
        };
        let looked = news.looked.is_some();
        let (least, most) = run.bounds(looked);
        // What comes at once behind a lost packet shows no quicker link.
        let least = if run.time < RUN { 0.0 } else { least };
        self.learn(rate.clamp(least, most), (run.time.as_secs_f64() / RUN.as_secs_f64()).min(1.0));
        if rate > most * CHANGED || rate * CHANGED < least {
            self.long_run = run; // what came by the rate of before says nothing of this one
        }
        let (least, most) = self.long_run.bounds(looked);
        if self.long_run.time >= LONG_RUN {
            let run = std::mem::take(&mut self.long_run);
            self.learn(run.rate(), 0.5);
        } else if self.long_run.time >= RUN * 2 {
            self.known = self.known.map(|rate| rate.clamp(least, most));
        }
    }

    /// With this all has come that was sent since the first of it, or since some messages before: so much the link carries at
    /// least, whatever made some of it wait.
    fn at_least(&mut self, news: &News) {
        let first = news.first;
        let own = Burst { at: first.at, from: first.end - first.bytes };
        let burst = self.burst.filter(|burst| first.at.since(burst.at) < RUN).unwrap_or(own);
        let surely = (news.before + news.bytes).saturating_sub(burst.from);
        let took = news.now.since(burst.at.after(news.base));
        let sample = surely as f64 / took.as_secs_f64().max(1e-4);
        if self.known.is_none() && news.looked.is_none() {
            self.known = Some(sample);
        }
        let tells = surely >= TELLING_BYTES;
        if tells && news.looked.is_none() {
            self.shown = surely as f64 / took.saturating_sub(JITTER).as_secs_f64();
        }
        self.burst = (!tells).then_some(burst);
        if tells && Some(sample) > self.known {
            self.learn(sample, 0.5);
        }
    }

    /// What met no queue took so long: was that longer than foretold?
    fn at_most(&mut self, news: &News, took: Duration) {
        let foretold = takes(news.bytes, self.known.unwrap_or(f64::INFINITY));
        if !news.first.alone || news.bytes < TELLING_BYTES {
            return;
        }
        self.doubt = None;
        if took > foretold + JITTER {
            // The longer it took the less it was an accident.
            let weight = (took - foretold).as_secs_f64().clamp(0.25, 1.0);
            let sample = news.bytes as f64 / took.as_secs_f64();
            self.learn(sample, weight);
            self.doubt = Some(sample);
        }
    }

    fn learn(&mut self, sample: f64, weight: f64) {
        self.known = Some(self.known.map_or(sample, |rate| rate + (sample - rate) * weight));
    }
}

impl Run {
    const NONE: Self = Self { time: Duration::ZERO, bytes: 0, largest: 0 };

    /// Bytes a second.
    fn rate(&self) -> f64 {
        self.bytes as f64 / self.time.as_secs_f64()
    }

    fn add(&mut self, news: &News) {
        self.time += news.now.since(news.begun());
        self.bytes += news.bytes;
        self.largest = self.largest.max(news.first.bytes);
    }

    /// Bytes a second that the link carries at least and at most. `looked`: of a message that was on its way at the time of a look
    /// nobody knows how much had come; else its news may have come late.
    fn bounds(&self, looked: bool) -> (f64, f64) {
        let (bytes, time) = (self.bytes as f64, self.time.as_secs_f64());
        let (more, late) = if looked { (self.largest as f64, 0.0) } else { (0.0, UNEVEN.as_secs_f64()) };
        (((bytes - more) / (time + late)).max(1.0), (bytes + more) / (time - late))
    }
}

/// How long so many bytes take on a link of this rate.
pub(super) fn takes(bytes: u64, rate: f64) -> Duration {
    Duration::from_secs_f64((bytes as f64 / rate.max(1.0)).min(60.0))
}
