//! A link: a bottleneck with a router's queue in front of it, whose rate changes with time, a delay, and loss that TCP
//! mends, at the price of a round trip in which nothing behind it is handed on.
//!
//! Here belongs: when a message arrives, and when that is known. Not here: what is sent.

use super::Chance;

/// Bytes of a packet.
const PACKET: f64 = 1400.0;
/// What the kernel waits before it tries a link again, at most, as a part of the time for which it was dead.
const RETRY_PART: f64 = 0.5;

/// A link.
#[derive(Clone, Debug)]
pub struct Path {
    /// From when (µs) it carries how many bytes a second; the first is from the start, times rise. 0: it is dead.
    pub rates: Vec<(u64, f64)>,
    /// One way, µs.
    pub delay_us: u64,
    /// Part of the packets that is lost.
    pub loss: f64,
    /// By how much an acknowledgement may come later, µs.
    pub jitter_us: u64,
    /// When the bottleneck has carried all.
    free_us: f64,
    arrived_us: u64,
}

impl Path {
    /// A link of `rate` bytes a second.
    pub fn new(rate: f64, delay_us: u64) -> Self {
        Self { rates: vec![(0, rate)], delay_us, loss: 0.0, jitter_us: 0, free_us: 0.0, arrived_us: 0 }
    }

    /// The same, with its times counted from `now_us`.
    pub fn from(mut self, now_us: u64) -> Self {
        self.rates.iter_mut().skip(1).for_each(|(at, _)| *at += now_us);
        self
    }

    /// From `at_us` on it carries so many bytes a second.
    pub fn change(&mut self, at_us: u64, rate: f64) {
        self.rates.push((at_us, rate));
    }

    /// Bytes a second that it carries at `at_us`.
    pub fn rate(&self, at_us: u64) -> f64 {
        self.rates.iter().rev().find(|(from, _)| *from <= at_us).map_or(0.0, |(_, rate)| *rate)
    }

    /// When it changed last before `at_us`, and by which rate it went before. A link that was dead is there again when the
    /// kernel has found it out, and was dead until then.
    pub fn changed(&self, at_us: u64) -> (u64, f64) {
        let n = self.rates.iter().rposition(|(from, _)| *from <= at_us).unwrap_or(0);
        let ends = self.rates.windows(2).filter(|pair| pair[0].1 == 0.0 && pair[1].0 <= at_us);
        let found = ends.map(|pair| pair[1].0 + ((pair[1].0 - pair[0].0) as f64 * RETRY_PART) as u64);
        let found = found.max().unwrap_or(0).min(at_us);
        let (set, before) = (self.rates[n].0, self.rates[n.saturating_sub(1)].1);
        if found > set { (found, 0.0) } else { (set, before) }
    }

    /// Sends a message; when it arrives, µs.
    pub fn send(&mut self, now_us: u64, bytes: usize, chance: &mut Chance) -> u64 {
        self.free_us = self.carried(self.free_us.max(now_us as f64), bytes as f64);
        let mut at = self.free_us as u64 + self.delay_us;
        let packets = (bytes as f64 / PACKET).ceil();
        if chance.part() < 1.0 - (1.0 - self.loss).powf(packets) {
            at += 2 * self.delay_us + 1000;
        }
        self.arrived_us = self.arrived_us.max(at);
        self.arrived_us
    }

    /// When bytes that reach the bottleneck at `from` have passed it.
    fn carried(&self, from: f64, mut bytes: f64) -> f64 {
        let mut at = from;
        loop {
            let n = self.rates.iter().rposition(|(start, _)| *start as f64 <= at).unwrap_or(0);
            let (start, rate) = self.rates[n];
            let end = self.rates.get(n + 1).map_or(f64::INFINITY, |(end, _)| *end as f64);
            if rate > 0.0 && at + bytes / rate * 1e6 <= end {
                return at + bytes / rate * 1e6;
            }
            if end == f64::INFINITY {
                return 1e15; // a link that is dead for ever
            }
            bytes -= rate * (end - at) / 1e6;
            // Only at its next try the kernel finds out that a dead link is there again.
            at = if rate > 0.0 { end } else { end + (end - start as f64) * RETRY_PART };
        }
    }
}
