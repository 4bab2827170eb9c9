//! The fewest bits that a slice takes: of what cannot wait its DCs, known before anything is coded.
//!
//! Here belongs: what cannot be done without. Not here: what there is besides it (`cost`, `budget`).

use core::ops::Range;

use fearless_simd::{Level, dispatch};

use super::macroblock::{DC_RESET, Place};
use super::mode::Mode;
use super::samples::Samples;
use crate::picture::Plane;
use crate::syntax::picture::PictureKind;
use crate::tables::coefficients::{DC_SIZE_CHROMA_CODES, DC_SIZE_LUMA_CODES};

/// The ends of a macroblock's six blocks.
const ENDS_BITS: f32 = 12.0;
/// Address increment and type: of an I picture, of a P picture.
const TYPE_BITS: [f32; 2] = [2.0, 6.0];
/// A mean that lies half-way between two DCs may become the other one: its size is a bit longer at most, here and in the
/// difference that follows.
const ROUNDING_BITS: f32 = 0.5;
/// The first macroblock of a slice and its last, which cannot be skipped, its vector back to 0, and a stuffing code.
const ENDS_OF_SLICE_BITS: f32 = 54.0;
/// macroblock_escape, and how many macroblocks it passes.
const ESCAPE: (f32, usize) = (11.0, 33);

/// What a slice takes though so many macroblocks of it, those to come, are skipped.
pub(super) fn skipped_bits(macroblocks: usize) -> f32 {
    ENDS_OF_SLICE_BITS + (macroblocks / ESCAPE.1) as f32 * ESCAPE.0
}

/// Works out what intra macroblocks take with nothing but their DCs, one after the other.
#[derive(Debug)]
pub(super) struct LeastIntra<'a> {
    level: Level,
    source: [Plane<'a>; 3],
    type_bits: f32,
    /// The DCs of the macroblock before.
    before: [i16; 3],
}

impl<'a> LeastIntra<'a> {
    /// At the beginning of a slice.
    pub const fn new(level: Level, source: [Plane<'a>; 3], kind: PictureKind) -> Self {
        let type_bits = match kind {
            PictureKind::Intra => TYPE_BITS[0],
            PictureKind::Predicted => TYPE_BITS[1],
        };
        Self { level, source, type_bits, before: [DC_RESET; 3] }
    }

    /// What the next macroblock takes at least; none if it can wait.
    pub fn next(&mut self, mode: &Mode, place: Place) -> f32 {
        if mode.due {
            return self.intra(place);
        }
        self.before = [DC_RESET; 3];
        0.0
    }

    fn intra(&mut self, place: Place) -> f32 {
        let mut source = Samples::default();
        source.take_luma(&self.source, place);
        source.take_chroma(&self.source, place);
        let (luma, chroma) =
            dispatch!(self.level, simd => (source.luma_sums(simd), source.chroma_sums(simd)));
        let mut bits = 0;
        for (block, sum) in luma.into_iter().chain(chroma).enumerate() {
            let plane = block.saturating_sub(3);
            let dc = ((sum + 32) / 64) as i16;
            bits += difference_bits(plane == 0, dc - self.before[plane]);
            self.before[plane] = dc;
        }
        bits as f32 + self.type_bits + ENDS_BITS + ROUNDING_BITS
    }

    /// What all of these take, the first of which lies at the beginning of row `row` and `mb_width` of which are a row.
    pub fn sum(mut self, modes: &[Mode], row: usize, mb_width: usize) -> f32 {
        let place = |n: usize| Place { column: n % mb_width, row: row + n / mb_width };
        modes.iter().enumerate().map(|(n, mode)| self.next(mode, place(n))).sum()
    }

    /// What rows of `mb_width` macroblocks take that are intra as a whole.
    pub fn rows(mut self, rows: Range<usize>, mb_width: usize) -> f32 {
        let places = rows.flat_map(|row| (0..mb_width).map(move |column| Place { column, row }));
        places.map(|place| self.intra(place)).sum()
    }
}

/// What the difference of a block's DC to the one before takes.
const fn difference_bits(luma: bool, difference: i16) -> u32 {
    let size = u16::BITS - difference.unsigned_abs().leading_zeros();
    let codes = if luma { &DC_SIZE_LUMA_CODES } else { &DC_SIZE_CHROMA_CODES };
    codes[size as usize].len as u32 + size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;
    use crate::syntax::block::write_dc_difference;

    #[test]
    fn differences_take_what_they_are_written_with() {
        for luma in [false, true] {
            for difference in -255..=255 {
                let mut bytes = alloc::vec::Vec::new();
                let mut bits = BitWriter::new(&mut bytes);
                write_dc_difference(&mut bits, luma, difference);
                assert_eq!(bits.written(), difference_bits(luma, difference));
            }
        }
    }
}
