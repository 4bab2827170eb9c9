//! A macroblock's samples in one place, whatever the picture's strides: no index into them needs to be checked.
//!
//! Here belongs: taking them out of planes and putting them back. Not here: what is done with them.

use super::macroblock::Place;
use crate::motion::sad::{Luma, copy_rows, sad_of_halves};
use crate::motion::{HalfPel, predict};
use crate::picture::Plane;
use fearless_simd::Simd;

/// Four blocks of luma, one of each chroma.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samples {
    pub luma: Luma,
    pub chroma: [[[u8; 8]; 8]; 2],
}

impl Samples {
    /// Takes the luma at `place` of a picture.
    #[inline(always)]
    pub fn take_luma(&mut self, planes: &[Plane<'_>; 3], place: Place) {
        let Plane { samples, stride } = planes[0];
        copy_rows(&mut self.luma, &samples[place.row * 16 * stride + place.column * 16..], stride);
    }

    /// Takes the chroma at `place` of a picture.
    #[inline(always)]
    pub fn take_chroma(&mut self, planes: &[Plane<'_>; 3], place: Place) {
        for (block, &Plane { samples, stride }) in self.chroma.iter_mut().zip(&planes[1..]) {
            copy_rows(block, &samples[place.row * 8 * stride + place.column * 8..], stride);
        }
    }

    /// Puts them at `place`, counted in macroblocks, of planes with these strides.
    #[inline]
    pub fn store(&self, planes: &mut [&mut [u8]; 3], strides: [usize; 3], place: Place) {
        let [y, cb, cr] = planes;
        let start = place.row * 16 * strides[0] + place.column * 16;
        store_rows(&self.luma, &mut y[start..], strides[0]);
        for (block, (plane, stride)) in self.chroma.iter().zip([(cb, strides[1]), (cr, strides[2])]) {
            let start = place.row * 8 * stride + place.column * 8;
            store_rows(block, &mut plane[start..], stride);
        }
    }

    /// Row `y` of a block.
    #[inline(always)]
    pub fn row(&self, block: usize, y: usize) -> &[u8; 8] {
        match block {
            0..4 => &self.luma[block / 2 * 8 + y].as_chunks().0[block % 2],
            _ => &self.chroma[block - 4][y],
        }
    }

    /// Row `y` of a block, to be overwritten.
    #[inline(always)]
    pub fn row_mut(&mut self, block: usize, y: usize) -> &mut [u8; 8] {
        match block {
            0..4 => &mut self.luma[block / 2 * 8 + y].as_chunks_mut().0[block % 2],
            _ => &mut self.chroma[block - 4][y],
        }
    }

    /// Each luma block's sum of samples.
    #[inline(always)]
    pub fn luma_sums<S: Simd>(&self, simd: S) -> [u32; 4] {
        let [a, b] = sad_of_halves(simd, &self.luma[..8], &[[0; 16]; 8]);
        let [c, d] = sad_of_halves(simd, &self.luma[8..], &[[0; 16]; 8]);
        [a, b, c, d]
    }

    /// Each chroma block's sum of samples.
    #[inline(always)]
    pub fn chroma_sums<S: Simd>(&self, simd: S) -> [u32; 2] {
        self.chroma_differences(simd, &Self::default())
    }

    /// Each chroma block's sum of absolute differences to `other`.
    #[inline(always)]
    pub fn chroma_differences<S: Simd>(&self, simd: S, other: &Self) -> [u32; 2] {
        let mut sums = [0; 2];
        for (sum, (mine, theirs)) in sums.iter_mut().zip(self.chroma.iter().zip(&other.chroma)) {
            let (mine, theirs) = (mine.as_flattened().as_chunks(), theirs.as_flattened().as_chunks());
            let [left, right] = sad_of_halves(simd, mine.0, theirs.0);
            *sum = left + right;
        }
        sums
    }
}

/// Takes a block's prediction from `at` of `reference`.
#[inline(always)]
pub(super) fn take_prediction<const N: usize>(block: &mut [[u8; N]; N], reference: Plane<'_>, at: HalfPel) {
    // Most are whole pels, and those need not go the way of all.
    if (at.x | at.y).is_multiple_of(2) {
        let start = at.y / 2 * reference.stride + at.x / 2;
        copy_rows(block, &reference.samples[start..], reference.stride);
    } else {
        predict::<N>(reference, at, block.as_flattened_mut(), N);
    }
}

/// Puts rows to the front of `to` and one `stride` after the other behind it: `copy_rows` the other way.
#[inline(always)]
fn store_rows<const N: usize>(rows: &[[u8; N]], to: &mut [u8], stride: usize) {
    assert!(stride >= N, "a row is not longer than the plane is wide");
    let Some((last, rows)) = rows.split_last() else { return };
    let mut to = to;
    for row in rows {
        let (front, rest) = to.split_at_mut(stride);
        front[..N].copy_from_slice(row);
        to = rest;
    }
    to[..N].copy_from_slice(last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::picture::{Picture, PictureView};
    use alloc::vec;
    use alloc::vec::Vec;
    use fearless_simd::dispatch;

    #[test]
    fn what_is_taken_out_and_put_back_is_the_same_and_is_summed_block_by_block() {
        let random = |seed: u32| -> Vec<u8> {
            (0..48 * 32 * 3 / 2)
                .map(|i: u32| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 23) as u8)
                .collect()
        };
        let (first, second) = (random(0), random(99));
        let (first, second) =
            (PictureView::from_i420(&first, 48, 32), PictureView::from_i420(&second, 48, 32));
        let mut copy = Picture::new(48, 32);
        for (column, row) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
            let place = Place { column, row };
            let [a, b] = [first, second].map(|view| {
                let (mut samples, planes) = (Samples::default(), [view.y, view.cb, view.cr]);
                samples.take_luma(&planes, place);
                samples.take_chroma(&planes, place);
                samples
            });
            for level in level::all() {
                let (differences, luma, chroma) = dispatch!(level, simd => {
                    (a.chroma_differences(simd, &b), a.luma_sums(simd), a.chroma_sums(simd))
                });
                for block in 0..6 {
                    let rows = |of: Samples| -> Vec<u8> { (0..8).flat_map(|y| *of.row(block, y)).collect() };
                    let pairs = rows(a).into_iter().zip(rows(b));
                    let difference = pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>();
                    assert!(block < 4 || differences[block - 4] == difference);
                    let sum = rows(a).into_iter().map(u32::from).sum::<u32>();
                    assert_eq!(luma.into_iter().chain(chroma).nth(block), Some(sum));
                }
            }
            let [y, cb, cr] = &mut copy.planes;
            let strides = [y.stride, cb.stride, cr.stride];
            a.store(&mut [&mut y.samples, &mut cb.samples, &mut cr.samples], strides, place);
        }
        let mut whole = vec![];
        copy.view(48, 32).write_i420(&mut whole);
        let mut wanted = vec![];
        first.write_i420(&mut wanted);
        assert_eq!(whole, wanted);
    }
}
