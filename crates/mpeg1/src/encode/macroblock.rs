//! One macroblock: six blocks to levels, levels to bits, and the reconstruction that a decoder will have.
//!
//! Here belongs: what a macroblock consists of. Not here: how it was decided on, its neighbours save the DC before.

use fearless_simd::{Simd, dispatch};

use super::slice::PictureContext;
use crate::bits::BitWriter;
use crate::picture::Plane;
use crate::syntax::block::{write_dc_difference, write_end, write_first, write_next};
use crate::syntax::macroblock::{MacroblockType, MotionVector, write_block_pattern};
use crate::syntax::picture::MotionScale;
use crate::tables::{INTRA_MATRIX, NON_INTRA_MATRIX, ZIGZAG};
use crate::transform::quantise::{self, Quantiser};
use crate::transform::{dct, idct, lanes};

/// A DC of mid grey: what the first intra macroblock's DCs are predicted from (2.4.4.1), as a level.
const DC_RESET: i16 = 128;
/// What a level of one of a predicted block's coefficients takes at least: its sum of absolute differences, times the
/// largest weight of the DCT (cos²(π/16)/4, below ¼), must reach the first step of 16·scale/8.
const fn least_difference(scale: u8) -> i16 {
    8 * scale as i16
}

/// Where a macroblock lies, counted in macroblocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub column: usize,
    pub row: usize,
}

/// A block's plane and its upper left sample: in the plane, and in the row of macroblocks.
#[derive(Clone, Copy)]
struct BlockPlace {
    plane: usize,
    x: usize,
    y: usize,
    y_in_row: usize,
}

/// Codes a row's macroblocks one after the other: `prepare`, then `write` or `skip`.
pub(super) struct Coder<'a> {
    context: &'a PictureContext<'a>,
    source: [Plane<'a>; 3],
    reference: [Plane<'a>; 3],
    reconstruction: [&'a mut [u8]; 3],
    dc_before: [i16; 3],
    place: Place,
    intra: bool,
    levels: [[i16; 64]; 6],
    /// coded_block_pattern: bit 5 for block 0.
    pattern: u8,
}

impl<'a> Coder<'a> {
    pub fn new(context: &'a PictureContext<'a>, reconstruction: [&'a mut [u8]; 3]) -> Self {
        let [y, cb, cr] = &context.reference.planes;
        Self {
            context,
            source: [context.source.y, context.source.cb, context.source.cr],
            reference: [y.view(), cb.view(), cr.view()],
            reconstruction,
            dc_before: [DC_RESET; 3],
            place: Place { column: 0, row: 0 },
            intra: false,
            levels: [[0; 64]; 6],
            pattern: 0,
        }
    }

    /// Works out the levels of the macroblock at `place`.
    pub fn prepare(&mut self, place: Place, intra: bool) {
        (self.place, self.intra, self.pattern) = (place, intra, 0);
        if self.context.skip_all {
            return;
        }
        dispatch!(self.context.level, simd => self.prepare_blocks(simd));
    }

    #[inline(always)]
    fn prepare_blocks<S: Simd>(&mut self, simd: S) {
        for block in 0..6 {
            let at = self.place.block(block);
            if self.intra {
                self.prepare_intra(simd, block, at);
            } else {
                let coded = self.prepare_predicted(simd, block, at);
                self.pattern |= u8::from(coded) << (5 - block);
            }
        }
    }

    /// Whether nothing of it need be sent: it repeats the picture before.
    pub const fn is_empty(&self) -> bool {
        !self.intra && self.pattern == 0
    }

    /// Leaves the macroblock out.
    pub fn skip(&mut self) {
        self.dc_before = [DC_RESET; 3];
        for block in 0..6 {
            self.copy(self.place.block(block));
        }
    }

    /// Writes everything behind the address increment.
    pub fn write(&mut self, bits: &mut BitWriter<'_>) {
        let kind = MacroblockType {
            quantiser: false,
            // A macroblock that is coded though it is empty needs a vector: "no motion, nothing coded" has no code.
            motion: self.is_empty(),
            pattern: self.pattern != 0 && !self.intra,
            intra: self.intra,
        };
        kind.write(bits, self.context.kind);
        if self.intra {
            (0..6).for_each(|block| self.write_intra(bits, block));
        } else {
            self.dc_before = [DC_RESET; 3];
            if kind.motion {
                MotionVector::ZERO.write(bits, MotionScale::LEAST, MotionVector::ZERO);
            } else {
                write_block_pattern(bits, self.pattern);
            }
            (0..6).for_each(|block| self.write_predicted(bits, block));
        }
        dispatch!(self.context.level, simd => self.reconstruct(simd));
    }

    #[inline(always)]
    fn prepare_intra<S: Simd>(&mut self, simd: S, block: usize, at: BlockPlace) {
        let source = self.source[at.plane];
        let mut samples = lanes::zero(simd);
        for (y, row) in samples.iter_mut().enumerate() {
            *row = lanes::widen(simd, eight(source, at, y));
        }
        let coefficients = dct::forward_rows(simd, samples);
        let levels = &mut self.levels[block];
        lanes::store(self.context.quantiser.intra(simd, coefficients), levels);
        levels[0] = Quantiser::dc(coefficients[0][0]);
    }

    #[inline(always)]
    fn prepare_predicted<S: Simd>(&mut self, simd: S, block: usize, at: BlockPlace) -> bool {
        let (source, reference) = (self.source[at.plane], self.reference[at.plane]);
        let mut differences = lanes::zero(simd);
        // At most 8 × 255 in each lane, 64 × 255 in all: within 16 bits.
        let mut sum = simd.splat_i16x8(0);
        for (y, row) in differences.iter_mut().enumerate() {
            *row = lanes::widen(simd, eight(source, at, y)) - lanes::widen(simd, eight(reference, at, y));
            sum += simd.abs_i16x8(*row);
        }
        if simd.reduce_sum_i16x8(sum) < least_difference(self.context.quantiser.scale()) {
            return false;
        }
        let coefficients = dct::forward_rows(simd, differences);
        let (levels, any) = self.context.quantiser.predicted(simd, coefficients);
        lanes::store(levels, &mut self.levels[block]);
        any
    }

    fn write_intra(&mut self, bits: &mut BitWriter<'_>, block: usize) {
        let plane = self.place.block(block).plane;
        let levels = &mut self.levels[block];
        let dc = levels[0];
        write_dc_difference(bits, plane == 0, dc - self.dc_before[plane]);
        self.dc_before[plane] = dc;
        let scale = self.context.quantiser.scale().into();
        write_coefficients(bits, levels, 1, &INTRA_MATRIX, scale, quantise::dequantise_intra);
        levels[0] = quantise::dequantise_dc(dc);
    }

    fn write_predicted(&mut self, bits: &mut BitWriter<'_>, block: usize) {
        if self.pattern & (32 >> block) != 0 {
            let scale = self.context.quantiser.scale().into();
            let levels = &mut self.levels[block];
            write_coefficients(bits, levels, 0, &NON_INTRA_MATRIX, scale, quantise::dequantise_predicted);
        }
    }

    /// Makes what a decoder makes of the blocks' coefficients and the reference.
    #[inline(always)]
    fn reconstruct<S: Simd>(&mut self, simd: S) {
        for block in 0..6 {
            let at = self.place.block(block);
            if self.intra {
                let samples = idct::inverse_rows(simd, lanes::load(simd, &self.levels[block]));
                for (y, row) in samples.into_iter().enumerate() {
                    *self.eight_mut(at, y) = lanes::clamp_to_samples(simd, row);
                }
            } else if self.pattern & (32 >> block) != 0 {
                let differences = idct::inverse_rows(simd, lanes::load(simd, &self.levels[block]));
                for (y, row) in differences.into_iter().enumerate() {
                    let prediction = lanes::widen(simd, eight(self.reference[at.plane], at, y));
                    *self.eight_mut(at, y) = lanes::clamp_to_samples(simd, prediction + row);
                }
            } else {
                self.copy(at);
            }
        }
    }

    /// Reconstructs a block as what stands at its place in the reference.
    #[inline(always)]
    fn copy(&mut self, at: BlockPlace) {
        for y in 0..8 {
            *self.eight_mut(at, y) = *eight(self.reference[at.plane], at, y);
        }
    }

    /// Row `y` of a block's reconstruction.
    #[inline(always)]
    fn eight_mut(&mut self, at: BlockPlace, y: usize) -> &mut [u8; 8] {
        let start = (at.y_in_row + y) * self.reference[at.plane].stride + at.x;
        self.reconstruction[at.plane][start..].first_chunk_mut().expect("a row consists of whole blocks")
    }
}

impl Place {
    fn block(self, block: usize) -> BlockPlace {
        let plane = block.saturating_sub(3);
        let (x, y) = if plane == 0 { (block % 2 * 8, block / 2 * 8) } else { (0, 0) };
        let size = if plane == 0 { 16 } else { 8 };
        BlockPlace { plane, x: self.column * size + x, y: self.row * size + y, y_in_row: y }
    }
}

/// Row `y` of a block.
#[inline(always)]
fn eight(plane: Plane<'_>, at: BlockPlace, y: usize) -> &[u8; 8] {
    let start = (at.y + y) * plane.stride + at.x;
    plane.samples[start..].first_chunk().expect("the picture consists of whole blocks")
}

/// Writes a block's levels from the `first` on, and puts in their place what a decoder makes of them.
#[inline]
fn write_coefficients(
    bits: &mut BitWriter<'_>,
    levels: &mut [i16; 64],
    first: usize,
    matrix: &[u8; 64],
    scale: i32,
    dequantise: impl Fn(i16, i32) -> i16,
) {
    let mut run = 0;
    let mut write = if first == 0 { write_first } else { write_next };
    for &place in &ZIGZAG[first..] {
        let place = usize::from(place);
        let level = levels[place];
        if level == 0 {
            run += 1;
            continue;
        }
        write(bits, run, level);
        write = write_next;
        run = 0;
        levels[place] = dequantise(level, scale * i32::from(matrix[place]));
    }
    write_end(bits);
}
