//! What was shown, lost, and how fast.
//!
//! Here belongs: counters and rates for people. Not here: what the server is told.

/// Length of a slot in µs, and how many whole ones a rate is taken over: 4 s, so that a steady rate reads steadily.
const SLOT_US: u64 = 250_000;
const SLOTS: usize = 16;

/// An amount per second over the last few seconds.
///
/// It is what came after the first event of that time, divided by the time since that event: intervals are counted,
/// not the posts of the fence, so that a steady rate is read exactly from the second event on.
#[derive(Default)]
pub struct Rate {
    /// What came in time slot n, at n modulo the length; one more than the whole ones, being filled.
    slots: [Slot; SLOTS + 1],
    newest: u64,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    events: u64,
    amount: u64,
    first_amount: u64,
    first_us: u64,
    last_us: u64,
}

impl Rate {
    /// Counts `amount` at `now_us`.
    pub fn add(&mut self, amount: u64, now_us: u64) {
        self.advance(now_us);
        let slot = &mut self.slots[self.newest as usize % (SLOTS + 1)];
        if slot.events == 0 {
            (slot.first_us, slot.first_amount) = (now_us, amount);
        }
        slot.events += 1;
        slot.amount += amount;
        slot.last_us = slot.last_us.max(now_us);
    }

    /// The amount per second, 0 before the second event. It sinks once a silence is longer than the mean interval.
    pub fn per_second(&mut self, now_us: u64) -> f64 {
        self.advance(now_us);
        let oldest_first = (1..=SLOTS + 1).map(|on| &self.slots[(self.newest as usize + on) % (SLOTS + 1)]);
        let mut all = Slot::default();
        for slot in oldest_first.filter(|slot| slot.events > 0) {
            if all.events == 0 {
                (all.first_us, all.first_amount) = (slot.first_us, slot.first_amount);
            }
            all.events += slot.events;
            all.amount += slot.amount;
            all.last_us = slot.last_us;
        }
        let span_us = all.last_us.saturating_sub(all.first_us);
        if all.events < 2 || span_us == 0 {
            return 0.0;
        }
        let silence_us = now_us.saturating_sub(all.last_us).saturating_sub(span_us / (all.events - 1));
        (all.amount - all.first_amount) as f64 * 1e6 / (span_us + silence_us) as f64
    }

    fn advance(&mut self, now_us: u64) {
        let slot = now_us / SLOT_US;
        for empty in (self.newest + 1..=slot).rev().take(self.slots.len()) {
            self.slots[empty as usize % (SLOTS + 1)] = Slot::default();
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
    /// Running mean of the same over the last 16 pictures or so.
    pub mean_decode_us: f64,
    /// Pictures in that mean, as far as it needs to be known.
    averaged: u8,
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
        self.averaged = (self.averaged + 1).min(16);
        self.mean_decode_us += (f64::from(decode_us) - self.mean_decode_us) / f64::from(self.averaged);
    }

    /// Another stream begins: what its pictures take has nothing to do with those before.
    pub(crate) fn average_anew(&mut self) {
        self.averaged = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_read_exactly_from_the_second_event_on_and_ends() {
        for (interval_us, per_second) in [(41_667, 24.0), (33_333, 30.0), (200_000, 5.0), (1_000_000, 1.0)] {
            let mut pictures = Rate::default();
            let mut bits = Rate::default();
            let mut now = 5_000_000_000;
            assert_eq!(pictures.per_second(now), 0.0);
            for n in 0..300 {
                pictures.add(1, now);
                bits.add(33_333, now);
                for look in [0, interval_us / 2, interval_us - 1] {
                    let read = [pictures.per_second(now + look), bits.per_second(now + look) / 33_333.0];
                    let expected = if n == 0 { 0.0 } else { per_second };
                    assert!(read.iter().all(|read| (read - expected).abs() < 0.001), "{n}: {read:?}");
                }
                now += interval_us;
            }
            let silent = pictures.per_second(now + 2_000_000);
            assert!(silent > 0.0 && silent < 0.7 * per_second, "{silent} after 2 s of silence");
            assert_eq!(pictures.per_second(now + 10_000_000), 0.0, "nothing came for 10 s");
            assert_eq!(pictures.per_second(now + 3_600_000_000_000), 0.0);
        }
    }

    #[test]
    fn decoding_is_averaged_from_the_first_picture_of_a_stream_on() {
        let mut statistics = Statistics::default();
        [3_000, 5_000].iter().for_each(|&us| statistics.painted(us, 0));
        assert_eq!((statistics.decode_us, statistics.mean_decode_us), (5_000, 4_000.0));
        statistics.average_anew();
        (0..100).for_each(|_| statistics.painted(9_000, 0));
        assert_eq!(statistics.mean_decode_us, 9_000.0);
    }

    #[test]
    fn time_that_runs_back_does_no_harm() {
        let mut rate = Rate::default();
        rate.add(8, 10_000_000);
        rate.add(8, 1_000);
        assert!(rate.per_second(11_000_000) >= 0.0);
    }
}
