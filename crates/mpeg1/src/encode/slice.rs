//! One row of macroblocks, coded as one slice: what is damaged or lost of it stays in its row.
//!
//! Here belongs: the order of macroblocks in a slice, and which are skipped. Not here: a macroblock's inside.

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

/// A row of macroblocks.
pub(super) struct Row<'a> {
    pub index: usize,
    /// Where its reconstruction goes: 16 rows of luma, 8 of each chroma.
    pub planes: [&'a mut [u8]; 3],
    pub modes: &'a [Mode],
    /// Gets the slice, in place of what stands there.
    pub out: &'a mut Vec<u8>,
}

/// Codes a row.
pub(super) fn code(context: &PictureContext<'_>, row: Row<'_>) {
    let Row { index, planes, modes, out } = row;
    out.clear();
    let mut bits = BitWriter::new(out);
    SliceHeader { mb_row: index as u8, quantiser: context.quantiser.scale() }.write(&mut bits);
    let mut coder = Coder::new(context, planes);
    let last = modes.len() - 1;
    let mut increment = 1;
    for (column, mode) in modes.iter().enumerate() {
        coder.prepare(Place { column, row: index }, *mode);
        // The first and the last macroblock of a slice cannot be skipped (2.4.4.4).
        if coder.is_empty() && column != 0 && column != last {
            coder.skip();
            increment += 1;
        } else {
            if column == last
                && increment == 1
                && coder.is_short()
                && matches!(bits.bits_in_last_byte(), 1 | 2)
            {
                // JSMpeg, old and new, takes a slice for ended when a start code follows the byte that it stands in:
                // it would miss a last macroblock whose six bits all fit into that byte, and show an older one.
                write_stuffing(&mut bits);
            }
            write_address_increment(&mut bits, increment);
            coder.write(&mut bits);
            increment = 1;
        }
    }
    bits.align();
}
