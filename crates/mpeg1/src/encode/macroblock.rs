//! One macroblock: six blocks to levels, levels to bits, and the reconstruction that a decoder will have.
//!
//! Here belongs: what a macroblock consists of. Not here: how it was decided on, its neighbours save the DC before.

use fearless_simd::{Simd, dispatch, i16x8, i16x16};

use super::better::LAMBDA;
use super::budget::Effort;
use super::levels::{Levels, Wanted, least_steps};
use super::mode::Mode;
use super::preset::Tuning;
use super::remains::Remains;
use super::samples::{Samples, take_prediction};
use super::slice::PictureContext;
use crate::bits::BitWriter;
use crate::motion::sad::{Quarters, sad_of_halves};
use crate::motion::{HalfPel, chroma_vector, predict};
use crate::picture::Plane;
use crate::syntax::block::{write_coefficient, write_dc_difference, write_end};
use crate::syntax::macroblock::{MacroblockType, MotionVector, write_block_pattern};
use crate::transform::lanes;
use crate::transform::quantise::{self, Quantiser};
use crate::transform::row::{self, Row};
use crate::transform::{dct, idct};

/// A DC of mid grey: what the first intra macroblock's DCs are predicted from (2.4.4.1), as a level.
pub(super) const DC_RESET: i16 = 128;
/// A mean is wrong if the differences' sum is so large, in units of the scale: the DC, an eighth of it, is then at
/// the first step.
const WRONG_MEAN: u32 = 16;

/// What the levels of a macroblock must be better than none for it to be sent though it could be skipped, in bits. Its
/// type, pattern and the address of the next one take 6; but what is sent is of use to the pictures that follow, too.
const LEAST_GAIN: i64 = 3;

/// Where a macroblock lies, counted in macroblocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub column: usize,
    pub row: usize,
}

/// What a macroblock's coding depends on of those before it in the slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    dc: [i16; 3],
    vector: MotionVector,
    scale: u8,
}

/// Codes a slice's macroblocks one after the other: `prepare`, then `write` or `skip`.
pub(super) struct Coder<'a> {
    context: &'a PictureContext<'a>,
    source: [Plane<'a>; 3],
    reference: [Plane<'a>; 3],
    /// The macroblock to code.
    wanted: Samples,
    /// The macroblock's prediction, and then what a decoder makes of it.
    samples: Samples,
    /// Both have their luma: where there is nothing to code it is not looked at.
    has_luma: bool,
    /// The slice's rows of it.
    reconstruction: [&'a mut [u8]; 3],
    /// For each of the slice's macroblocks, whether it is in the reconstruction what it is in the reference.
    repeats: &'a mut [bool],
    first_row: usize,
    dc_before: [i16; 3],
    vector_before: MotionVector,
    /// The quantizer_scale that the decoder has.
    scale_before: u8,
    place: Place,
    quantiser: &'a Quantiser,
    intra: bool,
    vector: MotionVector,
    levels: [Levels; 6],
    dc: [i16; 6],
    /// What sending the levels is worse than sending none, in [`LAMBDA`]'s units.
    cost: i64,
    /// coded_block_pattern: bit 5 for block 0.
    pattern: u8,
    /// What remains of it, if it was coded.
    remains: Option<Remains>,
}

impl<'a> Coder<'a> {
    pub fn new(
        context: &'a PictureContext<'a>,
        first_row: usize,
        reconstruction: [&'a mut [u8]; 3],
        repeats: &'a mut [bool],
    ) -> Self {
        let [y, cb, cr] = &context.reference.planes;
        Self {
            context,
            source: [context.source.y, context.source.cb, context.source.cr],
            reference: [y.view(), cb.view(), cr.view()],
            wanted: Samples::default(),
            samples: Samples::default(),
            has_luma: false,
            reconstruction,
            repeats,
            first_row,
            dc_before: [DC_RESET; 3],
            vector_before: MotionVector::ZERO,
            scale_before: context.scale,
            quantiser: context.quantiser(context.scale),
            vector: MotionVector::ZERO,
            place: Place { column: 0, row: 0 },
            intra: false,
            levels: Default::default(),
            dc: [0; 6],
            cost: 0,
            pattern: 0,
            remains: None,
        }
    }

    /// What the next macroblock depends on, to come back to it.
    pub const fn state(&self) -> State {
        State { dc: self.dc_before, vector: self.vector_before, scale: self.scale_before }
    }

    /// Comes back to a state.
    pub const fn restore(&mut self, state: State) {
        (self.dc_before, self.vector_before, self.scale_before) = (state.dc, state.vector, state.scale);
    }

    /// Works out prediction and levels of the macroblock at `place`.
    pub fn prepare(&mut self, place: Place, mode: Mode, effort: Effort) {
        (self.place, self.intra, self.vector, self.pattern) = (place, mode.intra, mode.vector, 0);
        (self.has_luma, self.remains) = (false, None);
        let Effort::Scale(scale) = effort else {
            return self.prepare_least();
        };
        self.quantiser = self.context.quantiser(mode.scale(scale));
        self.cost = 0;
        dispatch!(self.context.level, simd => self.prepare_blocks(simd, mode.quarters));
        if self.cost > -LEAST_GAIN * LAMBDA[1] && self.vector == MotionVector::ZERO {
            self.pattern = 0;
        }
    }

    /// As few bits as there can be: nothing but the prediction, or the DCs.
    fn prepare_least(&mut self) {
        if self.intra {
            // Without levels any scale is as good: the one that the decoder has costs nothing.
            self.quantiser = self.context.quantiser(self.scale_before);
            dispatch!(self.context.level, simd => self.prepare_blocks(simd, [0; 4]));
            self.levels.iter_mut().for_each(Levels::clear);
        }
    }

    #[inline(always)]
    fn prepare_blocks<S: Simd>(&mut self, simd: S, quarters: Quarters) {
        self.wanted.take_chroma(&self.source, self.place);
        if self.intra {
            self.wanted.take_luma(&self.source, self.place);
            return self.prepare_those::<S, true>(simd, 0b11_1111);
        }
        self.predict_chroma();
        let worth = self.worth_a_look(simd, quarters);
        self.prepare_those::<S, false>(simd, worth);
    }

    /// Prepares blocks, of which `worth` has a bit for each: by two, if the CPU has vectors for that.
    #[inline(always)]
    fn prepare_those<S: Simd, const INTRA: bool>(&mut self, simd: S, mut worth: u8) {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let by_two = simd.level().as_avx2().is_some();
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let by_two = false;
        while worth != 0 {
            let first = worth.trailing_zeros() as usize;
            worth &= worth - 1;
            if by_two {
                // A last one is taken twice.
                let second = if worth == 0 { first } else { worth.trailing_zeros() as usize };
                worth &= worth.wrapping_sub(1);
                self.prepare_rows::<S, i16x16<S>, INTRA>(simd, [first, second]);
            } else {
                self.prepare_rows::<S, i16x8<S>, INTRA>(simd, [first; 2]);
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

    /// Takes the luma to code and that of its prediction.
    fn take_luma(&mut self) {
        self.wanted.take_luma(&self.source, self.place);
        let at = self.predicted_from::<16>();
        take_prediction(&mut self.samples.luma, self.reference[0], at);
        self.has_luma = true;
    }

    /// Whether nothing of it need be sent: it repeats the picture before.
    pub fn is_empty(&self) -> bool {
        !self.intra && self.pattern == 0 && self.vector == MotionVector::ZERO
    }

    /// Whether it takes the fewest bits of all, six with the shortest address increment: nothing but a vector that is
    /// that of the macroblock before.
    pub fn is_short(&self) -> bool {
        !self.intra && self.pattern == 0 && self.vector == self.vector_before
    }

    /// What remains of the macroblock, if anything of it but a vector was coded.
    pub const fn remains(&self) -> Option<Remains> {
        self.remains
    }

    /// Leaves the macroblock out.
    pub fn skip(&mut self) {
        self.dc_before = [DC_RESET; 3];
        self.vector_before = MotionVector::ZERO;
        self.store_prediction();
    }

    /// Makes the prediction what a decoder has.
    fn store_prediction(&mut self) {
        let (still, at, repeats) = (self.vector == MotionVector::ZERO, self.place_in_slice(), self.repeats());
        if still && core::mem::replace(repeats, still) {
            return;
        }
        *repeats = still;
        let (luma, chroma) = (self.predicted_from::<16>(), self.predicted_from::<8>());
        let [y, cb, cr] = &mut self.reconstruction;
        let start = |plane: Plane<'_>, size: usize| at.row * size * plane.stride + at.column * size;
        let [from_y, from_cb, from_cr] = self.reference;
        predict::<16>(from_y, luma, &mut y[start(from_y, 16)..], from_y.stride);
        predict::<8>(from_cb, chroma, &mut cb[start(from_cb, 8)..], from_cb.stride);
        predict::<8>(from_cr, chroma, &mut cr[start(from_cr, 8)..], from_cr.stride);
    }

    /// Makes the samples what a decoder has.
    fn store(&mut self) {
        *self.repeats() = false;
        let strides = self.reference.map(|plane| plane.stride);
        let at = self.place_in_slice();
        self.samples.store(&mut self.reconstruction, strides, at);
    }

    const fn place_in_slice(&self) -> Place {
        Place { row: self.place.row - self.first_row, ..self.place }
    }

    fn repeats(&mut self) -> &mut bool {
        let Place { column, row } = self.place_in_slice();
        &mut self.repeats[row * self.context.reference.mb_width + column]
    }

    /// Writes everything behind the address increment.
    pub fn write(&mut self, bits: &mut BitWriter<'_>) {
        let coded = self.pattern != 0 && !self.intra;
        // A macroblock that is coded though it is empty needs a vector: "no motion, nothing coded" has no code.
        let motion = !self.intra && (self.vector != MotionVector::ZERO || !coded);
        let scale = self.quantiser.scale();
        let quantiser = scale != self.scale_before && (coded || self.intra);
        let kind = MacroblockType { quantiser, motion, pattern: coded, intra: self.intra };
        kind.write(bits, self.context.kind);
        if quantiser {
            bits.put(scale.into(), 5);
            self.scale_before = scale;
        }
        if motion {
            self.vector.write(bits, self.context.motion, self.vector_before);
        }
        self.vector_before = if motion { self.vector } else { MotionVector::ZERO };
        if coded {
            write_block_pattern(bits, self.pattern);
        }
        if self.intra {
            (0..6).for_each(|block| self.write_intra(bits, block));
        } else {
            self.dc_before = [DC_RESET; 3];
            (0..6).for_each(|block| self.write_predicted(bits, block));
        }
        if !self.intra && !coded {
            return self.store_prediction();
        }
        if !self.intra && !self.has_luma {
            self.take_luma();
        }
        dispatch!(self.context.level, simd => self.reconstruct(simd));
        self.store();
    }

    /// Where blocks of `SIZE` samples are predicted from: luma's have 16, chroma's 8.
    fn predicted_from<const SIZE: usize>(&self) -> HalfPel {
        let Place { column, row } = self.place;
        let vector = if SIZE == 16 { self.vector } else { chroma_vector(self.vector) };
        HalfPel {
            x: (column * SIZE * 2).wrapping_add_signed(vector.x.into()),
            y: (row * SIZE * 2).wrapping_add_signed(vector.y.into()),
        }
    }

    fn predict_chroma(&mut self) {
        let at = self.predicted_from::<8>();
        for (block, from) in self.samples.chroma.iter_mut().zip(&self.reference[1..]) {
            take_prediction(block, *from, at);
        }
    }

    /// Prepares one block, or two.
    #[inline(always)]
    fn prepare_rows<S: Simd, R: Row<S>, const INTRA: bool>(&mut self, simd: S, blocks: [usize; 2]) {
        let [first, second] = blocks;
        let mut rows = [R::splat(simd, 0); 8];
        for (y, row) in rows.iter_mut().enumerate() {
            *row = R::widen(simd, self.wanted.row(first, y), self.wanted.row(second, y));
            if !INTRA {
                *row -= R::widen(simd, self.samples.row(first, y), self.samples.row(second, y));
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
        for n in 0..if first == second { 1 } else { R::BLOCKS } {
            if INTRA {
                self.dc[blocks[n]] = Quantiser::dc(coefficients[0][8 * n]);
            }
            self.choose::<INTRA>(blocks[n], Wanted { steps: &in_steps[n], nonzero: nonzero[n] });
        }
    }

    /// Chooses a block's levels.
    #[inline(always)]
    fn choose<const INTRA: bool>(&mut self, block: usize, wanted: Wanted<'_>) {
        let levels = &mut self.levels[block];
        levels.clear();
        if wanted.nonzero == 0 {
            return;
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

    fn write_intra(&mut self, bits: &mut BitWriter<'_>, block: usize) {
        let plane = block.saturating_sub(3);
        let dc = self.dc[block];
        write_dc_difference(bits, plane == 0, dc - self.dc_before[plane]);
        self.dc_before[plane] = dc;
        self.write_levels(bits, block);
    }

    fn write_predicted(&self, bits: &mut BitWriter<'_>, block: usize) {
        if self.pattern & (32 >> block) != 0 {
            self.write_levels(bits, block);
        }
    }

    fn write_levels(&self, bits: &mut BitWriter<'_>, block: usize) {
        for level in self.levels[block].as_slice() {
            write_coefficient(bits, level.code);
        }
        write_end(bits);
    }

    /// Makes what a decoder makes of the blocks' coefficients and the prediction.
    #[inline(always)]
    fn reconstruct<S: Simd>(&mut self, simd: S) {
        for block in 0..6 {
            if !self.intra && self.pattern & (32 >> block) == 0 {
                continue;
            }
            let mut coefficients = idct::Block::new();
            for level in self.levels[block].as_slice() {
                coefficients.set(level.at.into(), level.coefficient);
            }
            if self.intra {
                coefficients.set(0, quantise::dequantise_dc(self.dc[block]));
            }
            let rows = coefficients.inverse(simd);
            for (y, row) in rows.into_iter().enumerate() {
                let intra = self.intra;
                let samples = self.samples.row_mut(block, y);
                let row = if intra { row } else { lanes::widen(simd, samples) + row };
                *samples = lanes::clamp_to_samples(simd, row);
            }
        }
        if self.context.remembers {
            let [left, right] = sad_of_halves(simd, &self.wanted.luma, &self.samples.luma);
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
