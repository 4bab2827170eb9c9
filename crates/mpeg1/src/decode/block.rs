//! One block: its coefficients, dequantised while they are read, and how they become samples (ISO/IEC 11172-2,
//! 2.4.2.8, 2.4.4.1, 2.4.4.2).

use fearless_simd::{Simd, dispatch};

use crate::bits::BitReader;
use crate::level::Level;
use crate::syntax::block::{Next, read_dc_difference, read_first, read_next};
use crate::syntax::sequence::SequenceHeader;
use crate::tables::ZIGZAG;
use crate::transform::quantise::{dequantise, dequantise_dc};
use crate::transform::{idct, lanes};

/// The quantiser matrices of a sequence, in the order in which coefficients are sent.
#[derive(Debug)]
pub(super) struct Matrices {
    intra: [u8; 64],
    predicted: [u8; 64],
}

impl Matrices {
    /// Those of a sequence header.
    pub(super) fn new(header: &SequenceHeader) -> Self {
        let as_sent = |matrix: &[u8; 64]| ZIGZAG.map(|place| matrix[usize::from(place)]);
        Self { intra: as_sent(&header.intra_matrix), predicted: as_sent(&header.non_intra_matrix) }
    }

    pub(super) const fn intra(&self) -> &[u8; 64] {
        &self.intra
    }

    pub(super) const fn predicted(&self) -> &[u8; 64] {
        &self.predicted
    }
}

/// How coefficients become numbers: the matrix in the order of sending, quantizer_scale, and what [`dequantise`] adds.
struct Scale<'a> {
    weights: &'a [u8; 64],
    quantiser: u8,
    more: i32,
}

impl Scale<'_> {
    #[inline(always)]
    fn dequantise(&self, level: i16, at: usize) -> i16 {
        dequantise(level, self.more, i32::from(self.quantiser) * i32::from(self.weights[at]))
    }
}

/// One block: filled by reading, all 0 again when it was put or added; after damage it is of no more use.
pub(super) struct Coefficients {
    block: idct::Block,
    level: Level,
}

impl Coefficients {
    /// All 0.
    pub(super) const fn new(level: Level) -> Self {
        Self { block: idct::Block::new(), level }
    }

    /// Reads an intra block; `dc` is the level of the DC before, then of this one. `None` if it is damaged.
    #[inline]
    pub(super) fn read_intra(
        &mut self,
        bits: &mut BitReader<'_>,
        luma: bool,
        dc: &mut i16,
        weights: &[u8; 64],
        quantiser: u8,
    ) -> Option<()> {
        *dc += read_dc_difference(bits, luma)?;
        if !(0..=255).contains(dc) {
            return None;
        }
        self.block.set(0, dequantise_dc(*dc));
        self.read_until_end(bits, 1, &Scale { weights, quantiser, more: 0 })
    }

    /// Reads a block of differences to the prediction. `None` if it is damaged.
    #[inline]
    pub(super) fn read_predicted(
        &mut self,
        bits: &mut BitReader<'_>,
        weights: &[u8; 64],
        quantiser: u8,
    ) -> Option<()> {
        let scale = Scale { weights, quantiser, more: 1 };
        let Next::Coefficient { run, level } = read_first(bits) else { return None };
        let first = usize::from(run);
        self.block.set(first, scale.dequantise(level, first));
        self.read_until_end(bits, first + 1, &scale)
    }

    /// Reads coefficients up to end_of_block, the next one at `at` or behind.
    #[inline(never)]
    fn read_until_end(&mut self, bits: &mut BitReader<'_>, mut at: usize, scale: &Scale<'_>) -> Option<()> {
        // A reader of its own stays in registers.
        let mut reader = bits.clone();
        loop {
            match read_next(&mut reader) {
                Next::Coefficient { run, level } => {
                    at += usize::from(run);
                    if at > 63 {
                        return None;
                    }
                    self.block.set(at, scale.dequantise(level, at));
                    at += 1;
                }
                Next::End => {
                    *bits = reader;
                    return Some(());
                }
                Next::Invalid => return None,
            }
        }
    }

    /// Makes samples of the block, at the front of `out`, whose rows are `stride` apart.
    #[inline]
    pub(super) fn put(&mut self, out: &mut [u8], stride: usize) {
        self.output(out, stride, false);
    }

    /// Adds the block to the samples at the front of `out`.
    #[inline]
    pub(super) fn add(&mut self, out: &mut [u8], stride: usize) {
        self.output(out, stride, true);
    }

    /// One copy of the transform serves both ways: half of the decoder's size.
    #[inline(never)]
    fn output(&mut self, out: &mut [u8], stride: usize, to_samples: bool) {
        dispatch!(self.level, simd => self.inverse(simd, out, stride, to_samples));
    }

    /// Adds the block to the samples of `out`, or to nothing.
    #[inline(always)]
    fn inverse<S: Simd>(&mut self, simd: S, out: &mut [u8], stride: usize, to_samples: bool) {
        let differences = self.block.inverse(simd);
        let kept = simd.splat_i16x8(if to_samples { -1 } else { 0 });
        let rows = out.as_chunks_mut().0;
        for (y, differences) in differences.into_iter().enumerate() {
            let row = &mut rows[y * (stride / 8)];
            *row = lanes::clamp_to_samples(simd, (lanes::widen(simd, row) & kept) + differences);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;
    use crate::level;
    use crate::syntax::block::{write_dc_difference, write_end, write_first, write_next};
    use alloc::vec::Vec;

    fn written(write: impl FnOnce(&mut BitWriter<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut bits = BitWriter::new(&mut out);
        write(&mut bits);
        bits.align();
        out
    }

    #[test]
    fn coefficients_come_to_their_places() {
        let matrices = Matrices::new(&SequenceHeader::new(16, 16, 3));
        let out = written(|bits| {
            write_dc_difference(bits, true, -28);
            write_next(bits, 0, 3); // at 1: row 0, column 1
            write_next(bits, 61, -7); // at 63
            write_end(bits);
        });
        let (mut block, mut dc) = (Coefficients::new(level::best()), 128);
        let read = block.read_intra(&mut BitReader::new(&out), true, &mut dc, matrices.intra(), 4);
        assert_eq!((read, dc), (Some(()), 100));
        let sent: Vec<_> = (0..64)
            .map(|at| (at, block.block.get(at)))
            .filter(|(_, coefficient)| *coefficient != 0)
            .collect();
        assert_eq!(sent, [(0, 800), (1, 23), (63, -289)]);
    }

    #[test]
    fn a_run_over_the_end_is_damage() {
        let weights = [16; 64];
        let out = written(|bits| {
            write_first(bits, 40, 1);
            write_next(bits, 23, 1);
            write_end(bits);
        });
        assert_eq!(
            Coefficients::new(level::best()).read_predicted(&mut BitReader::new(&out), &weights, 1),
            None
        );
    }

    #[test]
    fn putting_and_adding_clamp_and_leave_zeros() {
        for level in level::all() {
            let mut block = Coefficients::new(level);
            let mut samples = [100; 8 * 16];
            for (dc, expected) in [(400, 150), (2040, 255), (-2040, 0)] {
                block.block.set(0, dc);
                block.add(&mut samples, 16);
                assert_eq!((samples[0], samples[7 * 16 + 7], samples[8]), (expected, expected, 100));
            }
            for (dc, expected) in [(800, 100), (-800, 0)] {
                block.block.set(0, dc);
                block.put(&mut samples, 16);
                assert_eq!((samples[0], samples[7 * 16 + 7], samples[8]), (expected, expected, 100));
            }
            block.add(&mut samples, 16);
            assert_eq!(samples[0], 0, "nothing was left to add");
        }
    }
}
