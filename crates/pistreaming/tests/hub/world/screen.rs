//! One viewer's screen: how old what he sees may be.
//!
//! Here belongs: **what is checked at all times: the picture on his screen is no older than the bound allows for longer than it
//! takes to skip.** Not here: whether it can be decoded (`order`).

use std::ops::Range;

use pistreaming::hub::{BOUND, Stream, Window};

use super::path::Path;

/// For so long after nothing is left on it of what was sent before a changed link may still be a new one to the sender.
const CHANGED_US: u64 = 5_000_000;
/// A message of so many bytes takes long enough to show what its link carries.
const TELLING_BYTES: usize = 1000;

/// A picture that has come.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    pub captured_us: u64,
    pub arrived_us: u64,
    pub bytes: usize,
}

/// His link, as far as it decides what may be on his screen.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub path: &'a Path,
    /// Bytes a second that he gets at least of what all may be sent.
    pub share: f64,
    /// The stream of what he was given last.
    pub stream: Option<&'a Stream>,
    /// What the program knows of the link.
    pub window: &'a Window,
}

impl Means<'_> {
    /// Bytes a second.
    fn rate(&self, at_us: u64) -> f64 {
        self.path.rate(at_us).min(self.share)
    }
}

/// What is on it.
#[derive(Debug, Default)]
pub struct Screen {
    shown: Option<Sight>,
    /// From when to when (µs) he looked away last: what his link did meanwhile nobody could see.
    away_us: Range<u64>,
    stale: Stale,
    /// How many pictures the encoder gave up since the one that is shown.
    given_up: u64,
}

/// What was sent before it could be known that the link had changed: it takes much longer by a slower one, and small pictures
/// show nothing of that.
#[derive(Clone, Copy, Debug, Default)]
struct Stale {
    /// When the link changed last, as of what was sent last.
    changed_us: u64,
    /// When something was sent since then that shows it.
    showed_us: Option<u64>,
    /// When the last of what was sent without knowing arrives.
    arrives_us: u64,
}

impl Stale {
    fn sent(&mut self, changed_us: u64, now_us: u64, bytes: usize, arrives_us: u64, news_us: u64) {
        if changed_us > self.changed_us {
            (self.changed_us, self.showed_us) = (changed_us, None);
        }
        if self.showed_us.is_none_or(|showed_us| now_us < showed_us + news_us) {
            self.arrives_us = arrives_us;
        }
        if bytes >= TELLING_BYTES {
            self.showed_us = self.showed_us.or(Some(now_us));
        }
    }

    /// Until when what was sent so arrives, where the link changed at `changed_us`.
    fn until_us(&self, changed_us: u64) -> u64 {
        self.arrives_us.max(changed_us)
    }
}

impl Screen {
    /// He looks away.
    pub fn look_away(&mut self, now_us: u64) {
        self.away_us = now_us..u64::MAX;
    }

    /// He looks again.
    pub fn look(&mut self, now_us: u64) {
        self.away_us.end = now_us;
    }

    /// Nothing is on it any more.
    pub fn clear(&mut self) {
        self.shown = None;
    }

    /// The encoder gave up a picture that it had begun.
    pub fn gave_up(&mut self) {
        self.given_up += 1;
    }

    /// A message was sent, and will arrive.
    pub fn sent(&mut self, path: &Path, now_us: u64, bytes: usize, arrives_us: u64) {
        let news_us = 2 * path.delay_us + BOUND.as_micros() as u64;
        self.stale.sent(path.changed(now_us).0, now_us, bytes, arrives_us, news_us);
    }

    /// A picture has come: was what was shown until then too old for too long?
    pub fn check(&self, next: Sight, means: Means) {
        let Some(shown) = self.shown else { return };
        let at_us = next.arrived_us;
        let (changed, before) = self.changed(means.path, at_us);
        let rate = means.rate(at_us);
        if rate == 0.0 || changed > 0 && at_us.saturating_sub(self.stale.until_us(changed)) < CHANGED_US {
            return check_changed(rate, before, means, at_us - changed.max(shown.captured_us));
        }
        let round_trip = 2 * means.path.delay_us;
        // What is on its way, a start and the picture behind it, as many shares of the rate at fewer than 10 pictures/s as
        // these are at 10; or, if they are more, these two pictures themselves (the first one is sent before anything is known
        // of the link) and what may be on its way between them. Lost packets come again, and what is behind them waits.
        let carry = |bytes: f64| (bytes / rate * 1e6) as u64;
        let start = 4.5 * means.stream.map_or(0.0, share);
        let between = rate * (BOUND.as_micros() as u64 + round_trip) as f64 / 1e6;
        let both = (shown.bytes + next.bytes) as f64 + between;
        let skip = carry(start.max(45_000.0).max(both)) + 2 * round_trip + 150_000;
        let mend = if means.path.loss > 0.0 { 8 * round_trip + 200_000 } else { 0 };
        // What was never coded could not be shown.
        let given_up = self.given_up * means.stream.map_or(0, interval_us);
        let most = BOUND.as_micros() as u64 + round_trip + skip + mend + given_up;
        let age = at_us - shown.captured_us;
        assert!(
            age <= most,
            "a picture of {} ms, shown for {} ms, on a link of {rate} B/s, {round_trip} µs; skipping takes {} ms; {:?}",
            age / 1000,
            (at_us - shown.arrived_us) / 1000,
            skip / 1000,
            means.window,
        );
    }

    /// It is shown.
    pub fn show(&mut self, sight: Sight) {
        (self.shown, self.given_up) = (Some(sight), 0);
    }

    /// When the link changed last in a way that could be seen, and the rate that was known before.
    fn changed(&self, path: &Path, at_us: u64) -> (u64, f64) {
        let (changed, before) = path.changed(at_us);
        let meanwhile = changed > 0 && self.away_us.contains(&changed) && self.away_us.end <= at_us;
        if meanwhile { (self.away_us.end, path.rate(self.away_us.start)) } else { (changed, before) }
    }
}

/// The same across a change of the link, since which what was shown has become so old: what was on its way by the rate of
/// before takes longer by the new one.
fn check_changed(rate: f64, before: f64, means: Means, age_us: u64) {
    if rate == 0.0 || before == 0.0 {
        return; // dead: nothing can be said
    }
    let round_trip = 2.0 * means.path.delay_us as f64;
    let on_the_way = before * (round_trip + BOUND.as_micros() as f64 * 1.5) / 1e6 + 60_000.0;
    let most = on_the_way / rate * 1e6 + 4.0 * round_trip + 600_000.0;
    let age = age_us as f64;
    assert!(age <= most, "{} ms after a change from {before} to {rate} B/s", age / 1e3);
}

fn interval_us(stream: &Stream) -> u64 {
    1_000_000 * u64::from(stream.rate.1) / u64::from(stream.rate.0)
}

/// A picture's share of the rate in bytes.
fn share(stream: &Stream) -> f64 {
    f64::from(stream.bits_per_second) / 8.0 * f64::from(stream.rate.1) / f64::from(stream.rate.0)
}
