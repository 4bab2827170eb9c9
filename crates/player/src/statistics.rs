//! What was shown, lost, and how fast.
//!
//! Here belongs: counters and rates for people. Not here: what the server is told.

/// Length of a slot in µs, and how many whole ones a rate is taken over: 4 s, so that a steady rate reads steadily.
const SLOT_US: u64 = 250_000;
const SLOTS: usize = 16;

/// An amount per second over the last few seconds.
#[derive(Default)]
pub struct Rate {
    /// Amounts in the slots, that of time slot n at n modulo the length; one more than is summed, being filled.
    slots: [u64; SLOTS + 1],
    first: Option<u64>,
    newest: u64,
}

impl Rate {
    /// Counts `amount` at `now_us`.
    pub fn add(&mut self, amount: u64, now_us: u64) {
        self.advance(now_us);
        self.slots[self.newest as usize % self.slots.len()] += amount;
    }

    /// The amount per second, 0 before the first whole slot.
    pub fn per_second(&mut self, now_us: u64) -> f64 {
        self.advance(now_us);
        let first = self.first.unwrap_or(self.newest);
        // The first slot is as little whole as the one being filled.
        let whole = self.newest.saturating_sub(first + 1).min(SLOTS as u64);
        let sum: u64 =
            (1..=whole).map(|back| self.slots[(self.newest - back) as usize % self.slots.len()]).sum();
        if whole == 0 { 0.0 } else { sum as f64 * 1e6 / (whole * SLOT_US) as f64 }
    }

    fn advance(&mut self, now_us: u64) {
        let slot = now_us / SLOT_US;
        let first = *self.first.get_or_insert(slot);
        self.newest = self.newest.max(first);
        for empty in (self.newest + 1..=slot).rev().take(self.slots.len()) {
            self.slots[empty as usize % self.slots.len()] = 0;
        }
        self.newest = self.newest.max(slot);
    }
}

/// Everything that the overlay shows.
#[derive(Default)]
pub struct Statistics {
    /// Pictures painted.
    pub shown: Rate,
    /// Bits received, all messages.
    pub bits: Rate,
    /// Pictures that the server left out, or that could not be decoded.
    pub missed: u64,
    /// Macroblocks that had to be concealed.
    pub concealed: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// What the last picture's decoding took, µs.
    pub decode_us: u32,
    /// Running mean of the same.
    pub mean_decode_us: f64,
    /// From capture to painted, µs; `None` before clocks were compared.
    pub delay_us: Option<u64>,
    /// The most that `delay_us` can be off by the comparison of clocks.
    pub delay_error_us: u64,
}

impl Statistics {
    /// Notes a painted picture.
    pub fn painted(&mut self, decode_us: u32, now_us: u64) {
        self.shown.add(1, now_us);
        self.decode_us = decode_us;
        self.mean_decode_us += (f64::from(decode_us) - self.mean_decode_us) / 16.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_reads_steadily_and_ends() {
        let mut rate = Rate::default();
        let mut now = 5_000_000_000;
        assert_eq!(rate.per_second(now), 0.0);
        for n in 0..24 * 60 {
            rate.add(1, now);
            now += 41_667;
            if n > 24 {
                let read = rate.per_second(now);
                assert!((read - 24.0).abs() <= 2.1, "after {n}: {read}");
            }
            if n > 24 * 5 {
                let read = rate.per_second(now);
                assert!((read - 24.0).abs() <= 0.3, "after {n}: {read}");
            }
        }
        assert_eq!(rate.per_second(now + 10_000_000), 0.0, "nothing came for 10 s");
        assert_eq!(rate.per_second(now + 3_600_000_000_000), 0.0);
    }

    #[test]
    fn time_that_runs_back_does_no_harm() {
        let mut rate = Rate::default();
        rate.add(8, 10_000_000);
        rate.add(8, 1_000);
        assert!(rate.per_second(11_000_000) >= 0.0);
    }
}
