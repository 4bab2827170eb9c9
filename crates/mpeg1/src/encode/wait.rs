//! Which macroblocks wait where there are not bits for all: those first in which least has changed, but none for long.
//!
//! Here belongs: the order, and for how long one waits. Not here: how many bits there are (`rate`, `budget`).

use super::budget::LEAST_INTRA_BITS;
use super::cost::Costs;
use super::mode::Mode;

/// Seconds that a macroblock waits before it goes before those that changed more.
const LONG_WAIT_SECONDS: f32 = 0.5;
/// The same before it is coded in any case, if need be with nothing but its DCs: the sooner the more of them wait, so that the
/// last one has its turn by then as foretold. A third of a second is left for forecasts that are wrong.
const LAST_TURN_SECONDS: f32 = 0.65;
const LEAST_WAIT_SECONDS: f32 = 0.15;
/// Longer waits are one to the order of those that have waited for too long.
const LONGEST_WAIT_PICTURES: usize = 255;

/// For how many pictures a macroblock waits before it goes before others, and at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub long: u16,
    pub most: u16,
}

/// In which order macroblocks are given bits: the higher first.
const CLASSES: usize = 68;
const DUE: usize = CLASSES - 1;
/// Has waited for longer than is allowed, and for just as long.
const LONGER: usize = CLASSES - 2;
const LONGEST: usize = CLASSES - 3;
const LONG: usize = CLASSES - 4;

impl Patience {
    /// Waits as long as it takes.
    pub const ENDLESS: Self = Self { long: u16::MAX, most: u16::MAX };

    fn class(self, mode: &Mode, waited: u16) -> usize {
        if mode.due {
            DUE
        } else if waited >= self.most {
            if waited > self.most { LONGER } else { LONGEST }
        } else if waited >= self.long {
            LONG
        } else {
            // Four classes from one power of two of the change to the next.
            let change = mode.change.max(4);
            let log = change.ilog2();
            ((log - 2) * 4 + (change >> (log - 2) & 3)) as usize
        }
    }
}

/// How many macroblocks have waited for how long, in a stream of so many pictures a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    frames_per_second: f32,
    /// By pictures that they have waited for.
    waited: [u16; LONGEST_WAIT_PICTURES + 1],
}

impl Turns {
    /// Each of `waiting` is for how many pictures one has waited.
    pub fn of(waiting: &[u16], frames_per_second: f32) -> Self {
        let mut waited = [0; LONGEST_WAIT_PICTURES + 1];
        for &pictures in waiting {
            waited[usize::from(pictures).min(LONGEST_WAIT_PICTURES)] += 1;
        }
        Self { frames_per_second, waited }
    }

    /// Whether one has waited.
    pub fn any(&self) -> bool {
        self.waited[1..].iter().any(|&count| count > 0)
    }

    /// What all that wait take with nothing but their DCs.
    fn all_bits(&self) -> f32 {
        self.waited[1..].iter().map(|&count| f32::from(count)).sum::<f32>() * LEAST_INTRA_BITS
    }

    /// What each picture must leave them so that all have their turn in time.
    pub fn bits(&self) -> f32 {
        self.all_bits() / (self.frames_per_second * (LAST_TURN_SECONDS - LEAST_WAIT_SECONDS))
    }

    /// Where pictures have `bits` for them. Who has waited longest comes first: where there are not bits for all who have
    /// waited too long, those that come first in the picture would have every turn.
    pub fn patience(&self, bits: f32) -> Patience {
        let turn_seconds = self.all_bits() / bits.max(1.0) / self.frames_per_second;
        let most_seconds = (LAST_TURN_SECONDS - turn_seconds).max(LEAST_WAIT_SECONDS);
        let fit = (bits / LEAST_INTRA_BITS) as usize;
        let mut sum = 0;
        let oldest = self.waited.iter().rposition(|&count| {
            sum += usize::from(count);
            sum > fit
        });
        let pictures = |seconds: f32| (self.frames_per_second * seconds) as u16;
        let most = pictures(most_seconds).max(oldest.unwrap_or(0) as u16).max(1);
        Patience { long: pictures(LONG_WAIT_SECONDS).min(most), most }
    }
}

/// Makes macroblocks wait until the others fit into `most_bits` with `scale`: where least changed first.
pub(super) fn make_wait(
    (costs, scale, most_bits): (Costs, u8, f32),
    patience: Patience,
    modes: &mut [Mode],
    waiting: &[u16],
) {
    let bits = |mode: &Mode, class| {
        let bits = costs.bits(mode, scale);
        if matches!(class, LONGEST | LONGER) { bits.min(LEAST_INTRA_BITS) } else { bits }
    };
    let mut sums = [0.0; CLASSES];
    for (mode, &waited) in modes.iter().zip(waiting) {
        let class = patience.class(mode, waited);
        sums[class] += bits(mode, class);
    }
    let (mut left, mut lowest) = (most_bits.max(0.0), CLASSES);
    while lowest > 0 && left >= 0.0 {
        lowest -= 1;
        left -= sums[lowest];
    }
    // Of the class that fits in part, the first ones; one in any case, for nothing is learned of what is never tried.
    left += sums[lowest];
    let mut tried = (lowest + 1..DUE).any(|class| sums[class] > 0.0);
    for (mode, &waited) in modes.iter_mut().zip(waiting).filter(|(mode, _)| !mode.waits) {
        let class = patience.class(mode, waited);
        let takes = bits(mode, class);
        left -= if class == lowest { takes } else { 0.0 };
        // What takes nothing does not wait for anything.
        mode.waits = takes > 0.0 && class < DUE && (class < lowest || class == lowest && left < 0.0 && tried);
        tried |= class == lowest && takes > 0.0;
        // Nor is what stays gone over once more while others want for bits.
        mode.waits |= mode.settled_scale > 0 && class < LONG && lowest > 0;
        if matches!(class, LONGEST | LONGER) && lowest >= LONG && !mode.waits {
            *mode = Mode { bare: true, ..mode.least(false) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_wait_the_sooner_each_has_its_turn_and_the_oldest_first() {
        let patience = |waiting: &[u16]| Turns::of(waiting, 20.0).patience(10.0 * LEAST_INTRA_BITS).most;
        assert_eq!(patience(&[0; 300]), 13, "nobody waits");
        assert_eq!(patience(&[1; 100]), 3, "ten pictures have bits for all");
        let mut waiting = [1; 300];
        waiting[292..].fill(20);
        waiting[280..292].fill(8);
        assert_eq!(
            patience(&waiting),
            8,
            "there are bits for all that have waited longer, and for some of these"
        );
    }
}
