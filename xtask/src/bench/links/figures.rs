//! What a phase of a scenario comes to: ages, pictures a second, how soon all was well after a change.
//!
//! Here belongs: reckoning, aims, what is a fault. Not here: measuring (`run`), printing (`output`).

use super::sights::Sight;
use crate::bench::summary::Values;

/// Ages are reckoned at so many points of time a second.
const POINTS_PER_SECOND: f64 = 200.0;
/// All is well once the age keeps within the limit for so long, 19 times in 20.
const WELL_FOR_MS: f64 = 1000.0;
/// An age whose median is higher by this in a phase's last third than in its first grows.
const GROWTH_MS: f64 = 1000.0;

/// What is wanted of a phase.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aims {
    /// The 95th percentile of the age, in ms.
    pub(super) age: Option<f64>,
    /// Pictures a second.
    pub(super) rate: Option<f64>,
    /// From the phase's beginning until the age keeps within its limit, in ms.
    pub(super) back: Option<f64>,
}

/// What was measured in a phase.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) scenario: &'static str,
    pub(super) phase: &'static str,
    pub(super) aims: Aims,
    pub(super) age: Values,
    /// How much higher its median is in the last third than in the first.
    pub(super) growth: f64,
    /// From stamp to screen, one value a picture.
    pub(super) latency: Values,
    pub(super) pictures_per_second: f64,
    /// Until all was well, in ms; none: never, or it is not asked.
    pub(super) back: Option<f64>,
    /// Kilobits a second that the program says it sent, without what the connection adds.
    pub(super) kbit: Option<f64>,
    /// Pictures that the program says it left out.
    pub(super) skipped: Option<f64>,
    /// What the page says of its own delay, in ms.
    pub(super) overlay: Option<f64>,
    /// The size that the page shows.
    pub(super) size: String,
    /// Kilobits a second at most of the rendition that the program sends.
    pub(super) rendition: Option<f64>,
    /// From stamp to arrival for a good viewer beside it.
    pub(super) beside: Values,
}

impl Row {
    /// Reckons from the sights what can be, for the time from `from` to `to`; the age from `settled` on.
    pub(super) fn see(&mut self, sights: &[Sight], (from, settled, to): (f64, f64, f64)) {
        self.age = ages(sights, settled, to);
        let third = (to - settled) / 3.0;
        let median = |from| ages(sights, from, from + third).percentile(50.0);
        self.growth = median(to - third) - median(settled);
        let shown: Vec<_> = sights.iter().filter(|sight| (settled..to).contains(&sight.at)).collect();
        shown.iter().for_each(|sight| self.latency.push(sight.at - sight.stamped));
        self.pictures_per_second = shown.len() as f64 * 1000.0 / (to - settled);
        if let Some(limit) = self.aims.age.filter(|_| self.aims.back.is_some()) {
            self.back = back(sights, from, to, limit);
        }
    }

    /// Whether each aim that there is was reached: age, rate, back.
    pub(super) fn reached(&self) -> [Option<bool>; 3] {
        let Aims { age, rate, back } = self.aims;
        [
            age.filter(|_| back.is_none()).map(|limit| self.age.percentile(95.0) <= limit),
            rate.map(|least| self.pictures_per_second >= least),
            back.map(|limit| self.back.is_some_and(|took| took <= limit)),
        ]
    }

    /// What is wrong whatever else the machine is doing: nothing was shown, or the age grows.
    pub(super) fn fault(&self) -> Option<String> {
        self.aims.age?;
        let what = match self.pictures_per_second > 0.0 {
            false => "no picture was shown".into(),
            true if self.growth > GROWTH_MS => format!("the age has grown by {:.0} ms", self.growth),
            true => return None,
        };
        Some(format!("{}, {}: {what}", self.scenario, self.phase))
    }
}

/// How old the picture on the screen is, at points of time from `from` to `to`.
pub(super) fn ages(sights: &[Sight], from: f64, to: f64) -> Values {
    let mut ages = Values::default();
    let mut next = 0;
    let mut last: Option<&Sight> = None;
    let mut at = from;
    while at < to {
        while sights.get(next).is_some_and(|sight| sight.at <= at) {
            last = sights.get(next);
            next += 1;
        }
        if let Some(shown) = last {
            ages.push(at - shown.stamped);
        }
        at += 1000.0 / POINTS_PER_SECOND;
    }
    ages
}

/// How long after `from` the age begins to keep within `limit`.
fn back(sights: &[Sight], from: f64, to: f64, limit: f64) -> Option<f64> {
    let well = |&at: &f64| ages(sights, at, at + WELL_FOR_MS).percentile(95.0) <= limit;
    // Only a sight makes the picture younger.
    let mut starts = std::iter::once(from).chain(sights.iter().map(|sight| sight.at));
    let end = to - WELL_FOR_MS;
    starts.find(|at| (from..=end).contains(at) && well(at)).map(|at| at - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sights(times: impl IntoIterator<Item = (f64, f64)>) -> Vec<Sight> {
        times.into_iter().map(|(at, stamped)| Sight { at, stamped }).collect()
    }

    #[test]
    fn the_age_grows_until_the_next_picture() {
        let seen = sights([(100.0, 50.0), (200.0, 190.0)]);
        let ages = ages(&seen, 100.0, 300.0);
        assert_eq!((ages.percentile(0.0), ages.max()), (10.0, 145.0));
        assert_eq!(ages.len(), 40);
    }

    #[test]
    fn who_is_late_for_a_while_is_back_when_it_is_over() {
        let on_time = |n: i32| (f64::from(n) * 40.0, f64::from(n) * 40.0 - 20.0);
        let late = |n: i32| (f64::from(n) * 40.0, f64::from(n) * 40.0 - 900.0);
        let seen = sights((0..50).map(on_time).chain((50..100).map(late)).chain((100..200).map(on_time)));
        assert_eq!(back(&seen, 0.0, 2000.0, 100.0), Some(0.0));
        // One picture in twenty may be late.
        assert_eq!(back(&seen, 2000.0, 8000.0, 100.0), Some(1960.0));
        assert_eq!(back(&seen, 2000.0, 4000.0, 100.0), None);
    }
}
