//! The server's clock, compared with the viewer's own.
//!
//! Here belongs: what probes and their replies say about the two clocks. Not here: when to probe.
//!
//! A reply says that the server's clock read `server` at some moment between the probe's departure and the reply's
//! arrival. Half of the round trip is the most that the middle of the two can be off, so the sample with the least
//! round trip says most; but two clocks drift apart, so a sample becomes less sure as it grows older. The surest of
//! the last minute's samples is taken. (A straight line through all of them was rejected: on a link full of video
//! most samples have waited in a queue, and the line follows the queue.)
//!
//! A machine that slept has a clock that stood still meanwhile: then old and new samples cannot both be true.

/// How fast two clocks may drift apart: crystals are good for 50 ppm each.
const DRIFT_PPM: u64 = 100;
/// A sample older than this says nothing.
const OLDEST_US: u64 = 60_000_000;
const SAMPLES: usize = 64;

#[derive(Clone, Copy, Default)]
struct Sample {
    at_us: u64,
    offset_us: i64,
    error_us: u64,
}

/// What the samples say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What to add to the viewer's clock to get the server's.
    pub offset_us: i64,
    /// The most that `offset_us` can be off.
    pub error_us: u64,
}

impl Estimate {
    /// The server's clock when the viewer's reads `viewer_us`.
    #[must_use]
    pub const fn server_us(&self, viewer_us: u64) -> u64 {
        viewer_us.saturating_add_signed(self.offset_us)
    }
}

/// Compares two clocks.
pub struct Comparison {
    samples: [Sample; SAMPLES],
    taken: usize,
}

impl Default for Comparison {
    fn default() -> Self {
        Self { samples: [Sample::default(); SAMPLES], taken: 0 }
    }
}

impl Comparison {
    /// Takes in a reply that came at `now_us`: `probe_us` is the viewer's clock at the probe's departure, `server_us`
    /// the server's at the answer. A probe from the future is nobody's and is left out.
    pub fn reply(&mut self, probe_us: u64, server_us: u64, now_us: u64) {
        let Some(round_trip_us) = now_us.checked_sub(probe_us) else { return };
        let middle_us = probe_us + round_trip_us / 2;
        let offset_us = server_us.wrapping_sub(middle_us).cast_signed();
        let error_us = round_trip_us.div_ceil(2);
        let contradicts = |before: Estimate| {
            offset_us.abs_diff(before.offset_us) > error_us.saturating_add(before.error_us)
        };
        if self.estimate(now_us).is_some_and(contradicts) {
            self.taken = 0;
        }
        self.samples[self.taken % SAMPLES] = Sample { at_us: now_us, offset_us, error_us };
        self.taken += 1;
    }

    /// How many replies came since the clocks last went on together.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// The surest sample, unless all are too old.
    #[must_use]
    pub fn estimate(&self, now_us: u64) -> Option<Estimate> {
        let aged = self.samples[..self.taken.min(SAMPLES)].iter().filter_map(|sample| {
            let age_us = now_us.saturating_sub(sample.at_us);
            let error_us = sample.error_us + age_us * DRIFT_PPM / 1_000_000;
            (age_us <= OLDEST_US).then_some(Estimate { offset_us: sample.offset_us, error_us })
        });
        aged.min_by_key(|estimate| estimate.error_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_least_round_trip_counts_until_it_is_old() {
        let mut clocks = Comparison::default();
        assert_eq!(clocks.estimate(0), None);
        clocks.reply(1_000, 501_500, 2_000);
        let sure = Estimate { offset_us: 500_000, error_us: 500 };
        assert_eq!(clocks.estimate(2_000), Some(sure));
        clocks.reply(10_000, 530_000, 30_000);
        assert_eq!(clocks.estimate(30_000).unwrap().offset_us, 500_000, "a slower one does not replace it");
        assert_eq!(clocks.estimate(30_000).unwrap().server_us(40_000), 540_000);
        assert_eq!(clocks.estimate(2_000 + OLDEST_US).unwrap().offset_us, 500_000);
        assert_eq!(clocks.estimate(2_001 + OLDEST_US).unwrap().offset_us, 510_000, "a minute later it does");
        assert_eq!(clocks.estimate(31_000 + OLDEST_US), None);
    }

    #[test]
    fn a_newer_sample_wins_over_a_drifted_one() {
        let mut clocks = Comparison::default();
        clocks.reply(0, 500, 1_000);
        clocks.reply(20_000_000, 20_002_500, 20_002_000);
        assert_eq!(clocks.estimate(20_002_000), Some(Estimate { offset_us: 1_500, error_us: 1_000 }));
    }

    #[test]
    fn a_clock_that_stood_still_is_compared_anew() {
        let mut clocks = Comparison::default();
        (0..9).for_each(|n| clocks.reply(n * 1000, n * 1000 + 7_000_100, n * 1000 + 200));
        assert_eq!((clocks.estimate(9_000).unwrap().offset_us, clocks.taken()), (7_000_000, 9));
        // The viewer's machine slept for 40 s; the first answer comes late.
        clocks.reply(10_000, 47_025_000, 40_000);
        let anew = Estimate { offset_us: 47_000_000, error_us: 15_000 };
        assert_eq!((clocks.estimate(40_000), clocks.taken()), (Some(anew), 1));
        // The server's for 30 s.
        clocks.reply(50_000, 17_050_100, 50_200);
        assert_eq!((clocks.estimate(50_200).unwrap().offset_us, clocks.taken()), (17_000_000, 1));
        // Later and slower, but no contradiction.
        clocks.reply(60_000, 17_090_000, 90_000);
        assert_eq!((clocks.estimate(90_000).unwrap().offset_us, clocks.taken()), (17_000_000, 2));
    }

    proptest! {
        /// Whatever way the delays fall on the two directions, and whatever the drift within its bound, the truth lies
        /// within the error that is given.
        #[test]
        fn the_true_offset_is_within_the_error(
            true_offset in -1_000_000_000i64..1_000_000_000_000,
            ppm in -99i64..99,
            trips in prop::collection::vec((0u64..300_000, 0u64..300_000, 1u64..2_000_000), 1..100),
        ) {
            let mut clocks = Comparison::default();
            let mut now = 2_000_000_000u64;
            let truth = |at: u64| true_offset + (at as i64 - 2_000_000_000) * ppm / 1_000_000;
            for (there, back, pause) in trips {
                let probe = now;
                now += there;
                let server = now.checked_add_signed(truth(now)).unwrap();
                now += back;
                clocks.reply(probe, server, now);
                now += pause;
                let estimate = clocks.estimate(now).unwrap();
                let off = estimate.offset_us.abs_diff(truth(now));
                prop_assert!(off <= estimate.error_us + 100, "{off} µs off, {} claimed", estimate.error_us);
            }
        }
    }
}
