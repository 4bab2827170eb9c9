//! Blocks: samples to levels, and coefficients back to samples.
//!
//! Here belongs: which blocks are looked at, transforms and quantisation. Not here: the choice of levels (`levels`), what is
//! written of a block (`write`).

use fearless_simd::{Simd, i16x8, i16x16};

use super::Coder;
use crate::encode::levels::{Wanted, least_steps};
use crate::encode::preset::Tuning;
use crate::encode::remains::Remains;
use crate::motion::sad::{Quarters, sad_of_halves};
use crate::transform::quantise::{self, Quantiser};
use crate::transform::row::{self, Row};
use crate::transform::{dct, lanes};

/// A mean is wrong if the differences' sum is so large, in units of the scale: the DC, an eighth of it, is then at
/// the first step.
const WRONG_MEAN: u32 = 16;

impl Coder<'_> {
    #[inline(always)]
    pub(super) fn prepare_blocks<S: Simd>(&mut self, simd: S, quarters: Quarters) {
        self.wanted.take_chroma(&self.source, self.place);
        if self.intra {
            self.wanted.take_luma(&self.source, self.place);
            return self.prepare_those::<S, true>(simd, 0b11_1111);
        }
        self.predict_chroma();
        let worth = self.worth_a_look(simd, quarters);
        self.prepare_those::<S, false>(simd, worth);
    }

    /// Prepares blocks, of which `worth` has a bit for each: two side by side at once, if the CPU has vectors for that.
    #[inline(always)]
    fn prepare_those<S: Simd, const INTRA: bool>(&mut self, simd: S, worth: u8) {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let by_two = simd.level().as_avx2().is_some();
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let by_two = false;
        for pair in 0..3 {
            let worth = worth >> (2 * pair) & 3;
            if by_two && worth != 0 {
                self.prepare_rows::<S, i16x16<S>, INTRA>(simd, (pair, 0), worth);
            } else if worth != 0 {
                for nth in (0..2).filter(|nth| worth >> nth & 1 != 0) {
                    self.prepare_rows::<S, i16x8<S>, INTRA>(simd, (pair, nth), 1 << nth);
                }
            }
        }
    }

    /// The predicted blocks that may have levels worth their bits, a bit for each; of luma the sums of absolute
    /// differences are known.
    #[inline(always)]
    fn worth_a_look<S: Simd>(&mut self, simd: S, quarters: Quarters) -> u8 {
        let scale = u32::from(self.quantiser.scale());
        let tuning = self.context.tuning;
        let (mut luma, unsure_luma) = worth(tuning, scale, quarters.map(u32::from));
        if unsure_luma != 0 {
            self.take_luma();
        }
        if luma != unsure_luma {
            let (wanted, predicted) = (self.wanted.luma_sums(simd), self.samples.luma_sums(simd));
            luma |= unsure_luma & wrong_means(scale, wanted, predicted);
        }
        let (mut chroma, unsure) = worth(tuning, scale, self.wanted.chroma_differences(simd, &self.samples));
        if chroma != unsure {
            let (wanted, predicted) = (self.wanted.chroma_sums(simd), self.samples.chroma_sums(simd));
            chroma |= unsure & wrong_means(scale, wanted, predicted);
        }
        luma | chroma << 4
    }

    /// Prepares the `nth` block of a pair, or both; which of them is worth it has its bit.
    #[inline(always)]
    fn prepare_rows<S: Simd, R: Row<S>, const INTRA: bool>(
        &mut self,
        simd: S,
        (pair, nth): (usize, usize),
        worth: u8,
    ) {
        let mut rows = [R::splat(simd, 0); 8];
        let (wanted, predicted) = (self.wanted.pair(pair), self.samples.pair(pair));
        for (row, (wanted, predicted)) in rows.iter_mut().zip(wanted.iter().zip(predicted)) {
            *row = R::widen(simd, wanted, nth);
            if !INTRA {
                *row -= R::widen(simd, predicted, nth);
            }
        }
        let coefficients = dct::forward_rows(simd, rows);
        let steps = if INTRA {
            self.quantiser.intra(simd, coefficients)
        } else {
            self.quantiser.predicted(simd, coefficients)
        };
        let nonzero = if self.context.tuning.nearest && !INTRA {
            let beyond = beyond_dead_zone(simd, &steps);
            row::at_least(simd, &beyond, least_steps(INTRA))
        } else {
            row::at_least(simd, &steps, least_steps(INTRA))
        };
        let mut in_steps = [[0; 64]; 2];
        for (y, row) in steps.into_iter().enumerate() {
            row::store(simd, row, &mut in_steps, y);
        }
        for n in (0..R::BLOCKS).filter(|n| worth >> (nth + n) & 1 != 0) {
            let block = 2 * pair + nth + n;
            if INTRA {
                self.dc[block] = Quantiser::dc(coefficients[0][8 * n]);
            }
            self.choose::<INTRA>(block, Wanted { steps: &in_steps[n], nonzero: nonzero[n] });
        }
    }

    /// Chooses a block's levels.
    #[inline(always)]
    fn choose<const INTRA: bool>(&mut self, block: usize, wanted: Wanted<'_>) {
        let levels = &mut self.levels[block];
        if wanted.nonzero == 0 {
            // Of a predicted one the pattern says so.
            return if INTRA {
                levels.clear()
            };
        }
        let scale = self.quantiser.scale();
        let cost = if self.context.tuning.nearest && !INTRA {
            levels.take_nearest(scale, wanted)
        } else {
            levels.choose::<INTRA>(scale, wanted)
        };
        if !levels.is_empty() && !INTRA {
            self.cost += cost;
            self.pattern |= 32 >> block;
        }
    }

    /// Makes what a decoder makes of the blocks' coefficients and the prediction.
    #[inline(always)]
    pub(super) fn reconstruct<S: Simd>(&mut self, simd: S) {
        for block in 0..6 {
            if !self.intra && self.pattern & (32 >> block) == 0 {
                continue;
            }
            let coefficients = self.levels[block].coefficients();
            if self.intra {
                coefficients.set(0, quantise::dequantise_dc(self.dc[block]));
            }
            let rows = coefficients.inverse(simd);
            let (samples, nth) = self.samples.block_mut(block);
            for (row, samples) in rows.into_iter().zip(samples) {
                let samples = &mut samples.as_chunks_mut().0[nth];
                let row = if self.intra { row } else { lanes::widen(simd, samples) + row };
                *samples = lanes::clamp_to_samples(simd, row);
            }
        }
        if self.context.remembers {
            let [left, right] = sad_of_halves(simd, self.wanted.luma(), self.samples.luma());
            self.remains = Some(Remains::coded(left + right, self.quantiser.scale()));
        }
    }
}

/// Three quarters of each: what is not a whole step then is not sent, though it is a third more than one. A quantiser that
/// sends the nearest levels wants such a dead zone, for small levels cost more than they gain.
#[inline(always)]
fn beyond_dead_zone<S: Simd, R: Row<S>>(simd: S, steps: &[R; 8]) -> [R; 8] {
    let mut beyond = *steps;
    for steps in &mut beyond {
        // They are unsigned, and the shift is not.
        *steps -= (*steps >> 2) & R::splat(simd, 0x3fff);
    }
    beyond
}

/// Which blocks of such sums of absolute differences have levels worth their bits, and which do if their mean is wrong: a
/// bit for each.
#[inline(always)]
fn worth<const BLOCKS: usize>(tuning: &Tuning, scale: u32, differences: [u32; BLOCKS]) -> (u8, u8) {
    let (mut worth, mut unsure) = (0, 0);
    let (noise, no_level) = (tuning.noise.at(scale), tuning.no_level.at(scale));
    for (block, difference) in differences.into_iter().enumerate() {
        worth |= u8::from(difference >= noise) << block;
        unsure |= u8::from(difference >= no_level) << block;
    }
    (worth, unsure)
}

/// The blocks whose sums of samples say that their mean is wrong: a bit for each.
#[inline(always)]
fn wrong_means<const BLOCKS: usize>(scale: u32, wanted: [u32; BLOCKS], predicted: [u32; BLOCKS]) -> u8 {
    let mut wrong = 0;
    for (block, (wanted, predicted)) in wanted.into_iter().zip(predicted).enumerate() {
        wrong |= u8::from(wanted.abs_diff(predicted) >= WRONG_MEAN * scale) << block;
    }
    wrong
}
