//! One macroblock: six blocks to levels, levels to bits, and the reconstruction that a decoder will have.
//!
//! Here belongs: what a macroblock consists of. Not here: how it was decided on, its neighbours save the DC before.

mod blocks;
mod write;

use fearless_simd::dispatch;

use super::better::LAMBDA;
use super::budget::Effort;
use super::levels::Levels;
use super::mode::Mode;
use super::remains::Remains;
use super::samples::Samples;
use super::slice::PictureContext;
use crate::motion::{HalfPel, chroma_vector, predict};
use crate::picture::Plane;
use crate::syntax::macroblock::MotionVector;
use crate::transform::quantise::Quantiser;

/// A DC of mid grey: what the first intra macroblock's DCs are predicted from (2.4.4.1), as a level.
pub(super) const DC_RESET: i16 = 128;

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
    pub fn prepare(&mut self, place: Place, mode: &Mode, effort: Effort) {
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

    /// Takes the luma to code and that of its prediction.
    fn take_luma(&mut self) {
        self.wanted.take_luma(&self.source, self.place);
        let at = self.predicted_from::<16>();
        self.samples.predict_luma(self.reference[0], at);
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
        let [_, cb, cr] = self.reference;
        self.samples.predict_chroma([cb, cr], at);
    }
}
