//! One block: its coefficients, dequantised while they are read, and how they become samples (ISO/IEC 11172-2,
//! 2.4.2.8, 2.4.4.1, 2.4.4.2).

use fearless_simd::{Simd, dispatch};

use crate::bits::BitReader;
use crate::level::Level;
use crate::syntax::block::{Next, read_dc_difference, read_first, read_next};
use crate::syntax::sequence::SequenceHeader;
use crate::tables::ZIGZAG;
use crate::transform::quantise::{dequantise_dc, dequantise_intra, dequantise_predicted};
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

/// The dequantised coefficients of one block, row by row. Filled by reading, all 0 again when they were put or added;
/// after a damaged block they are of no more use.
pub(super) struct Coefficients {
    values: [i16; 64],
    /// How far the last one that was sent lies behind the DC, in the order of sending.
    last: usize,
    level: Level,
}

impl Coefficients {
    /// All 0.
    pub(super) const fn new(level: Level) -> Self {
        Self { values: [0; 64], last: 0, level }
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
        self.values[0] = dequantise_dc(*dc);
        self.last = 0;
        let weight = |at| i32::from(quantiser) * i32::from(weights[at]);
        self.read_until_end(bits, 1, |level, at| dequantise_intra(level, weight(at)))
    }

    /// Reads a block of differences to the prediction. `None` if it is damaged.
    #[inline]
    pub(super) fn read_predicted(
        &mut self,
        bits: &mut BitReader<'_>,
        weights: &[u8; 64],
        quantiser: u8,
    ) -> Option<()> {
        let weight = |at| i32::from(quantiser) * i32::from(weights[at]);
        let dequantise = |level, at| dequantise_predicted(level, weight(at));
        let Next::Coefficient { run, level } = read_first(bits) else { return None };
        let first = usize::from(run);
        self.set(first, dequantise(level, first));
        self.read_until_end(bits, first + 1, dequantise)
    }

    /// Reads coefficients up to end_of_block, the next one at `at` or behind.
    #[inline(always)]
    fn read_until_end(
        &mut self,
        bits: &mut BitReader<'_>,
        mut at: usize,
        dequantise: impl Fn(i16, usize) -> i16,
    ) -> Option<()> {
        loop {
            match read_next(bits) {
                Next::Coefficient { run, level } => {
                    at += usize::from(run);
                    if at > 63 {
                        return None;
                    }
                    self.set(at, dequantise(level, at));
                    at += 1;
                }
                Next::End => return Some(()),
                Next::Invalid => return None,
            }
        }
    }

    #[inline(always)]
    fn set(&mut self, at: usize, value: i16) {
        self.values[usize::from(ZIGZAG[at] & 63)] = value;
        self.last = at;
    }

    /// Makes samples of the block, at the front of `out`, whose rows are `stride` apart.
    #[inline]
    pub(super) fn put(&mut self, out: &mut [u8], stride: usize) {
        if self.last == 0 {
            let sample = idct::inverse_dc(self.take_dc()).clamp(0, 255) as u8;
            for y in 0..8 {
                *row(out, y * stride) = [sample; 8];
            }
        } else {
            dispatch!(self.level, simd => self.put_inverse(simd, out, stride));
        }
    }

    /// Adds the block to the samples at the front of `out`.
    #[inline]
    pub(super) fn add(&mut self, out: &mut [u8], stride: usize) {
        if self.last == 0 {
            let difference = idct::inverse_dc(self.take_dc());
            for y in 0..8 {
                add_row(row(out, y * stride), &[difference; 8]);
            }
        } else {
            dispatch!(self.level, simd => self.add_inverse(simd, out, stride));
        }
    }

    fn take_dc(&mut self) -> i16 {
        core::mem::take(&mut self.values[0])
    }

    #[inline(always)]
    fn put_inverse<S: Simd>(&mut self, simd: S, out: &mut [u8], stride: usize) {
        let samples = idct::inverse_rows(simd, lanes::load(simd, &self.values));
        for (y, samples) in samples.into_iter().enumerate() {
            *row(out, y * stride) = lanes::clamp_to_samples(simd, samples);
        }
        self.values = [0; 64];
    }

    #[inline(always)]
    fn add_inverse<S: Simd>(&mut self, simd: S, out: &mut [u8], stride: usize) {
        let differences = idct::inverse_rows(simd, lanes::load(simd, &self.values));
        for (y, differences) in differences.into_iter().enumerate() {
            let row = row(out, y * stride);
            *row = lanes::clamp_to_samples(simd, lanes::widen(simd, row) + differences);
        }
        self.values = [0; 64];
    }
}

#[inline(always)]
fn row(out: &mut [u8], at: usize) -> &mut [u8; 8] {
    out[at..].first_chunk_mut().expect("a block lies inside its plane")
}

#[inline(always)]
fn add_row(samples: &mut [u8; 8], differences: &[i16; 8]) {
    for (sample, difference) in samples.iter_mut().zip(differences) {
        *sample = (i16::from(*sample) + difference).clamp(0, 255) as u8;
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
        assert_eq!((read, dc, block.last), (Some(()), 100, 63));
        let sent: Vec<_> =
            (0..64).filter(|&at| block.values[at] != 0).map(|at| (at, block.values[at])).collect();
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
        for last in [0, 63] {
            let mut block = Coefficients::new(level::best());
            let mut samples = [100; 8 * 9];
            for (dc, expected) in [(400, 150), (2040, 255), (-2040, 0)] {
                block.values[0] = dc;
                block.last = last;
                block.add(&mut samples, 9);
                assert_eq!((samples[0], samples[7 * 9 + 7], samples[8]), (expected, expected, 100));
                assert_eq!(block.values, [0; 64]);
            }
            block.values[0] = 800;
            block.last = last;
            block.put(&mut samples, 9);
            assert_eq!((samples[0], samples[7 * 9 + 7], samples[8]), (100, 100, 100));
        }
    }
}
