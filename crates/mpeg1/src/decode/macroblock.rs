//! One macroblock: its header, its prediction, its six blocks (ISO/IEC 11172-2, 2.4.2.7, 2.4.4).

use super::block::Coefficients;
use super::slice::Target;
use crate::bits::BitReader;
use crate::level::Level;
use crate::motion::{in_half_pels, predict_macroblock};
use crate::picture::Picture;
use crate::syntax::macroblock::{MacroblockType, MotionVector, read_block_pattern};

/// What is carried from one macroblock of a slice to the next.
pub(super) struct Carried {
    quantiser: u8,
    /// The vector before, in the unit of the picture's vectors.
    vector: MotionVector,
    /// Levels of the DC before, of Y, Cb and Cr.
    dc: [i16; 3],
    /// Not carried: a block's coefficients, all 0 between blocks.
    coefficients: Coefficients,
}

/// The DC level at the start of a slice: middle grey.
const DC_RESET: [i16; 3] = [128; 3];

impl Carried {
    /// At the start of a slice.
    pub(super) const fn new(quantiser: u8, level: Level) -> Self {
        let coefficients = Coefficients::new(level);
        Self { quantiser, vector: MotionVector::ZERO, dc: DC_RESET, coefficients }
    }

    /// Behind skipped macroblocks.
    pub(super) const fn reset(&mut self) {
        self.vector = MotionVector::ZERO;
        self.dc = DC_RESET;
    }
}

/// Decodes the macroblock at `address`, from its type on. `None` if it is damaged; false if its vector leads out of the
/// picture, which is forbidden.
pub(super) fn decode(
    target: &mut Target<'_>,
    bits: &mut BitReader<'_>,
    carried: &mut Carried,
    address: usize,
) -> Option<bool> {
    let place = target.coverage.place(address);
    let parts = MacroblockType::read(bits, target.kind)?;
    if parts.quantiser {
        carried.quantiser = bits.read(5) as u8;
        if carried.quantiser == 0 {
            return None;
        }
    }
    if parts.intra {
        carried.vector = MotionVector::ZERO;
        target.coverage.changes(address);
        intra_blocks(target, bits, carried, place)?;
        return Some(true);
    }
    carried.dc = DC_RESET;
    carried.vector = if parts.motion {
        MotionVector::read(bits, target.motion, carried.vector)?
    } else {
        MotionVector::ZERO
    };
    let vector = in_half_pels(carried.vector, target.motion);
    let inside = if vector == MotionVector::ZERO {
        target.coverage.repeat(address, target.reference, target.current);
        true
    } else {
        target.coverage.changes(address);
        predict_macroblock(target.reference, target.current, place, vector)
    };
    if parts.pattern {
        target.coverage.changes(address);
        differences(target, bits, carried, place)?;
    }
    Some(inside)
}

fn intra_blocks(
    target: &mut Target<'_>,
    bits: &mut BitReader<'_>,
    carried: &mut Carried,
    place: (usize, usize),
) -> Option<()> {
    let weights = target.matrices.intra();
    for n in 0..6 {
        let dc = &mut carried.dc[plane_of(n)];
        carried.coefficients.read_intra(bits, n < 4, dc, weights, carried.quantiser)?;
        let (samples, stride) = block_of(target.current, n, place);
        carried.coefficients.put(samples, stride);
    }
    Some(())
}

fn differences(
    target: &mut Target<'_>,
    bits: &mut BitReader<'_>,
    carried: &mut Carried,
    place: (usize, usize),
) -> Option<()> {
    let pattern = read_block_pattern(bits)?;
    let weights = target.matrices.predicted();
    for n in (0..6).filter(|n| pattern & (0x20 >> n) != 0) {
        carried.coefficients.read_predicted(bits, weights, carried.quantiser)?;
        let (samples, stride) = block_of(target.current, n, place);
        carried.coefficients.add(samples, stride);
    }
    Some(())
}

/// The plane of block `n`: four of Y, one of Cb, one of Cr.
const fn plane_of(n: usize) -> usize {
    n.saturating_sub(3)
}

/// The samples from the first of block `n` of a macroblock on, and the distance of rows.
fn block_of(picture: &mut Picture, n: usize, (mb_x, mb_y): (usize, usize)) -> (&mut [u8], usize) {
    let plane = &mut picture.planes[plane_of(n)];
    let stride = plane.stride;
    let (x, y) = if n < 4 { (mb_x * 16 + n % 2 * 8, mb_y * 16 + n / 2 * 8) } else { (mb_x * 8, mb_y * 8) };
    (&mut plane.samples[y * stride + x..], stride)
}
