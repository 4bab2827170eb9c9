//! A macroblock's samples in one place, whatever the picture's strides: no index into them needs to be checked.
//!
//! Here belongs: taking them out of planes and putting them back. Not here: what is done with them.

use super::macroblock::Place;
use crate::motion::sad::{copy_rows, sad_of_halves};
use crate::motion::{HalfPel, predict};
use crate::picture::Plane;
use fearless_simd::Simd;

/// Blocks by two, side by side: the upper two of luma, the lower two, and both of chroma.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samples([[[u8; 16]; 8]; 3]);

impl Samples {
    /// Takes the luma at `place` of a picture.
    #[inline(always)]
    pub fn take_luma(&mut self, planes: &[Plane<'_>; 3], place: Place) {
        let Plane { samples, stride } = planes[0];
        let from = &samples[place.row * 16 * stride + place.column * 16..];
        copy_rows::<16>(self.0[..2].as_flattened_mut(), 0, from, stride);
    }

    /// Takes the chroma at `place` of a picture.
    #[inline(always)]
    pub fn take_chroma(&mut self, planes: &[Plane<'_>; 3], place: Place) {
        for (nth, &Plane { samples, stride }) in planes[1..].iter().enumerate() {
            let from = &samples[place.row * 8 * stride + place.column * 8..];
            copy_rows::<8>(&mut self.0[2], nth, from, stride);
        }
    }

    /// Takes the luma's prediction from `at` of its plane.
    #[inline(always)]
    pub fn predict_luma(&mut self, reference: Plane<'_>, at: HalfPel) {
        take_prediction::<16>(self.0[..2].as_flattened_mut(), 0, reference, at);
    }

    /// Takes the prediction of both chromas from `at` of their planes.
    #[inline(always)]
    pub fn predict_chroma(&mut self, references: [Plane<'_>; 2], at: HalfPel) {
        for (nth, reference) in references.into_iter().enumerate() {
            take_prediction::<8>(&mut self.0[2], nth, reference, at);
        }
    }

    /// Puts them at `place`, counted in macroblocks, of planes with these strides.
    #[inline]
    pub fn store(&self, planes: &mut [&mut [u8]; 3], strides: [usize; 3], place: Place) {
        let start = |plane: usize, size: usize| place.row * size * strides[plane] + place.column * size;
        store_rows::<16>(self.luma(), 0, &mut planes[0][start(0, 16)..], strides[0]);
        for nth in 0..2 {
            let plane = nth + 1;
            store_rows::<8>(&self.0[2], nth, &mut planes[plane][start(plane, 8)..], strides[plane]);
        }
    }

    /// Luma's rows.
    #[inline(always)]
    pub const fn luma(&self) -> &[[u8; 16]] {
        let [upper_and_lower @ .., _] = &self.0;
        upper_and_lower.as_flattened()
    }

    /// The rows of two blocks side by side, 0 to 2.
    #[inline(always)]
    pub const fn pair(&self, pair: usize) -> &[[u8; 16]; 8] {
        &self.0[pair]
    }

    /// The rows of a block with its neighbour, and which half of them is its own; to be overwritten.
    #[inline(always)]
    pub const fn block_mut(&mut self, block: usize) -> (&mut [[u8; 16]; 8], usize) {
        (&mut self.0[block / 2], block % 2)
    }

    /// Each luma block's sum of samples.
    #[inline(always)]
    pub fn luma_sums<S: Simd>(&self, simd: S) -> [u32; 4] {
        let [a, b] = sad_of_halves(simd, &self.0[0], &[[0; 16]; 8]);
        let [c, d] = sad_of_halves(simd, &self.0[1], &[[0; 16]; 8]);
        [a, b, c, d]
    }

    /// Each chroma block's sum of samples.
    #[inline(always)]
    pub fn chroma_sums<S: Simd>(&self, simd: S) -> [u32; 2] {
        sad_of_halves(simd, &self.0[2], &[[0; 16]; 8])
    }

    /// Each chroma block's sum of absolute differences to `other`.
    #[inline(always)]
    pub fn chroma_differences<S: Simd>(&self, simd: S, other: &Self) -> [u32; 2] {
        sad_of_halves(simd, &self.0[2], &other.0[2])
    }
}

/// Takes a prediction of N × N samples, the `nth` N of each row, from `at` of `reference`.
#[inline(always)]
fn take_prediction<const N: usize>(rows: &mut [[u8; 16]], nth: usize, reference: Plane<'_>, at: HalfPel) {
    // Most are whole pels, and those need not go the way of all.
    if (at.x | at.y).is_multiple_of(2) {
        let start = at.y / 2 * reference.stride + at.x / 2;
        copy_rows::<N>(rows, nth, &reference.samples[start..], reference.stride);
    } else {
        predict::<N>(reference, at, &mut rows.as_flattened_mut()[nth * N..], 16);
    }
}

/// Puts N samples of each row to the front of `to` and one `stride` after the other behind it: `copy_rows` the other way.
#[inline(always)]
fn store_rows<const N: usize>(rows: &[[u8; 16]], nth: usize, to: &mut [u8], stride: usize) {
    assert!(stride >= N, "a row is not longer than the plane is wide");
    let Some((last, rows)) = rows.split_last() else { return };
    let mut to = to;
    for row in rows {
        let (front, rest) = to.split_at_mut(stride);
        front[..N].copy_from_slice(&row.as_chunks::<N>().0[nth]);
        to = rest;
    }
    to[..N].copy_from_slice(&last.as_chunks::<N>().0[nth]);
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
                    let rows = |of: Samples| -> Vec<u8> {
                        let rows = of.pair(block / 2).iter();
                        rows.flat_map(|row| row.as_chunks::<8>().0[block % 2]).collect()
                    };
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
