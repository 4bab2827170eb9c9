//! One slice: rows of macroblocks, coded without regard to other slices, so that they can be coded side by side and
//! what is damaged or lost of one stays in it.
//!
//! Here belongs: the order of macroblocks in a slice, and which are skipped. Not here: a macroblock's inside, how many
//! rows a slice has.

use alloc::vec::Vec;

use fearless_simd::Level;

use super::macroblock::{Coder, Place};
use super::mode::Mode;
use crate::bits::BitWriter;
use crate::picture::{Picture, PictureView};
use crate::syntax::macroblock::{write_address_increment, write_stuffing};
use crate::syntax::picture::{MotionScale, PictureKind};
use crate::syntax::slice::SliceHeader;
use crate::transform::quantise::Quantiser;

/// What all rows of a picture share.
#[derive(Debug)]
pub(super) struct PictureContext<'a> {
    pub kind: PictureKind,
    /// The picture to code: whole macroblocks.
    pub source: PictureView<'a>,
    pub reference: &'a Picture,
    pub quantiser: &'a Quantiser,
    /// Code no differences: the picture repeats its reference.
    pub skip_all: bool,
    pub level: Level,
    pub motion: MotionScale,
}

/// Rows of macroblocks that become a slice.
pub(super) struct Slice<'a> {
    /// The first row.
    pub row: usize,
    /// Where its reconstruction goes: for each row 16 rows of luma, 8 of each chroma.
    pub planes: [&'a mut [u8]; 3],
    /// Row by row.
    pub modes: &'a [Mode],
    /// Gets the slice, in place of what stands there.
    pub out: &'a mut Vec<u8>,
}

/// Codes a slice.
pub(super) fn code(context: &PictureContext<'_>, slice: Slice<'_>) {
    let Slice { row: first_row, planes, modes, out } = slice;
    out.clear();
    let mut bits = BitWriter::new(out);
    SliceHeader { mb_row: first_row as u8, quantiser: context.quantiser.scale() }.write(&mut bits);
    let mut coder = Coder::new(context, first_row, planes);
    let (mb_width, last) = (context.reference.mb_width, modes.len() - 1);
    let mut increment = 1;
    for (n, mode) in modes.iter().enumerate() {
        coder.prepare(Place { column: n % mb_width, row: first_row + n / mb_width }, *mode);
        // The first and the last macroblock of a slice cannot be skipped (2.4.4.4).
        if coder.is_empty() && n != 0 && n != last {
            coder.skip();
            increment += 1;
            continue;
        }
        if n == last && increment == 1 && coder.is_short() && matches!(bits.bits_in_last_byte(), 1 | 2) {
            // JSMpeg, old and new, takes a slice for ended when a start code follows the byte that it stands in: it
            // would miss a last macroblock whose six bits all fit into that byte, and show an older one.
            write_stuffing(&mut bits);
        }
        write_address_increment(&mut bits, increment);
        coder.write(&mut bits);
        increment = 1;
    }
    bits.align();
}
