//! A macroblock's samples in one place, whatever the picture's strides: no index into them needs to be checked.
//!
//! Here belongs: taking them out of planes and putting them back. Not here: what is done with them.

use super::macroblock::Place;
use crate::motion::sad::{Luma, luma_at, sad_of_halves};
use crate::picture::Plane;
use fearless_simd::Simd;

/// Four blocks of luma, one of each chroma.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Samples {
    pub luma: Luma,
    pub chroma: [[[u8; 8]; 8]; 2],
}

impl Samples {
    /// The macroblock at `place` of a picture.
    #[inline]
    pub fn at(planes: [Plane<'_>; 3], place: Place) -> Self {
        let luma = luma_at(planes[0], (place.column * 16, place.row * 16));
        let mut chroma = [[[0; 8]; 8]; 2];
        for (block, plane) in chroma.iter_mut().zip(&planes[1..]) {
            for (n, row) in block.iter_mut().enumerate() {
                let start = (place.row * 8 + n) * plane.stride + place.column * 8;
                *row = *plane.samples[start..].first_chunk().expect("the picture consists of whole blocks");
            }
        }
        Self { luma, chroma }
    }

    /// Puts them at `place`, counted in macroblocks, of planes with these strides.
    #[inline]
    pub fn store(&self, planes: &mut [&mut [u8]; 3], strides: [usize; 3], place: Place) {
        let [y, cb, cr] = planes;
        for (n, row) in self.luma.iter().enumerate() {
            let start = (place.row * 16 + n) * strides[0] + place.column * 16;
            y[start..start + 16].copy_from_slice(row);
        }
        for (block, (plane, stride)) in self.chroma.iter().zip([(cb, strides[1]), (cr, strides[2])]) {
            for (n, row) in block.iter().enumerate() {
                let start = (place.row * 8 + n) * stride + place.column * 8;
                plane[start..start + 8].copy_from_slice(row);
            }
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

    /// Each block's sum of absolute differences to `other`.
    #[inline(always)]
    pub fn differences<S: Simd>(&self, simd: S, other: &Self) -> [u32; 6] {
        let [a, b] = sad_of_halves(simd, &self.luma[..8], &other.luma[..8]);
        let [c, d] = sad_of_halves(simd, &self.luma[8..], &other.luma[8..]);
        let mut sums = [a, b, c, d, 0, 0];
        for n in 0..2 {
            let (mine, theirs) = (self.chroma[n].as_flattened(), other.chroma[n].as_flattened());
            let [left, right] = sad_of_halves(simd, mine.as_chunks().0, theirs.as_chunks().0);
            sums[4 + n] = left + right;
        }
        sums
    }
}
