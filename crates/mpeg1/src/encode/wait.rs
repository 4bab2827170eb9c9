//! Which macroblocks wait where there are not bits for all: those first in which least has changed, but none for long.
//!
//! Here belongs: the order. Not here: how many bits there are (`rate`, `budget`).

use super::budget::LEAST_INTRA_BITS;
use super::cost::Costs;
use super::mode::Mode;

/// For how many pictures a macroblock waits before it goes before others, and at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub long: u16,
    pub most: u16,
}

/// In which order macroblocks are given bits: the higher first.
const CLASSES: usize = 67;
const DUE: usize = CLASSES - 1;
const LONGEST: usize = CLASSES - 2;
const LONG: usize = CLASSES - 3;

impl Patience {
    /// Waits as long as it takes.
    pub const ENDLESS: Self = Self { long: u16::MAX, most: u16::MAX };

    fn class(self, mode: &Mode, waited: u16) -> usize {
        if mode.due {
            DUE
        } else if waited >= self.most {
            LONGEST
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

/// Makes macroblocks wait until the others fit into `most_bits` with `scale`: where least changed first.
pub(super) fn make_wait(
    (costs, scale, most_bits): (Costs, u8, f32),
    patience: Patience,
    modes: &mut [Mode],
    waiting: &[u16],
) {
    let bits = |mode: &Mode, class| {
        let bits = costs.bits(mode, scale);
        if class == LONGEST { bits.min(LEAST_INTRA_BITS) } else { bits }
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
        if class == LONGEST && lowest >= LONG && !mode.waits {
            *mode = mode.least(false);
        }
    }
}
