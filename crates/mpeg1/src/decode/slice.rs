//! One slice: which macroblocks it has, and what is carried from one to the next (ISO/IEC 11172-2, 2.4.2.6, 2.4.4.2).

use super::block::Matrices;
use super::conceal::Coverage;
use super::macroblock::{self, Carried};
use crate::bits::BitReader;
use crate::level::Level;
use crate::picture::Picture;
use crate::syntax::macroblock::read_address_increment;
use crate::syntax::picture::{MotionScale, PictureKind};
use crate::syntax::slice::SliceHeader;

/// The picture that slices are decoded into, and what they need to know of it.
pub(super) struct Target<'a> {
    pub(super) kind: PictureKind,
    pub(super) motion: MotionScale,
    pub(super) matrices: &'a Matrices,
    pub(super) reference: &'a Picture,
    pub(super) current: &'a mut Picture,
    pub(super) coverage: &'a mut Coverage,
    pub(super) level: Level,
}

/// Decodes the slice behind a start code of `code`. Where it is damaged it ends: what it did not cover is concealed
/// with the rest of the picture.
pub(super) fn decode(target: &mut Target<'_>, code: u8, payload: &[u8]) {
    let mut bits = BitReader::new(payload);
    if let Some(header) = SliceHeader::read(code, &mut bits) {
        // The address of the first macroblock is an increment, too: to that of the one before the row's first.
        let start = usize::from(header.mb_row) * target.current.mb_width;
        macroblocks(target, &mut bits, start, header.quantiser);
    }
}

/// Decodes macroblocks up to the slice's end. `None` if it is damaged.
fn macroblocks(target: &mut Target<'_>, bits: &mut BitReader<'_>, start: usize, quantiser: u8) -> Option<()> {
    let mut carried = Carried::new(quantiser, target.level);
    let mut next = start;
    loop {
        let skipped = read_address_increment(bits)? as usize - 1;
        let address = next + skipped;
        if address >= target.coverage.macroblocks() {
            return None;
        }
        if skipped > 0 {
            carried.reset();
        }
        let sound = macroblock::decode(target, bits, &mut carried, address)?;
        if bits.overrun() {
            return None;
        }
        target.coverage.mark(address, sound);
        // Only now: an increment is believed when a macroblock follows it. Macroblocks before the slice's first one are
        // other slices'.
        if next > start {
            skip(target, next..address);
        }
        next = address + 1;
        if bits.at_end() {
            return Some(());
        }
    }
}

/// Skipped macroblocks are as they were in the reference (2.4.4.2). In I pictures there are none: there it is damage.
fn skip(target: &mut Target<'_>, addresses: core::ops::Range<usize>) {
    if target.kind == PictureKind::Predicted {
        for address in addresses {
            target.coverage.repeat(address, target.reference, target.current);
            target.coverage.mark(address, true);
        }
    }
}
