//! Mirroring a picture in its own buffer.
//!
//! Here belongs: left-right and top-bottom. Not here: rotation by a quarter (it changes the size).

use fearless_simd::{Simd, SimdBase, dispatch, u8x16};
use mpeg1::level::Level;

use crate::frame::FrameSize;

/// Which sides change places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flip {
    /// Left and right.
    pub horizontal: bool,
    /// Top and bottom.
    pub vertical: bool,
}

/// Samples in a vector.
const SQUARE: usize = 16;

impl Flip {
    /// Whether nothing is to be done.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// This and `other`, of which each takes the other back.
    pub(super) const fn xor(self, other: Self) -> Self {
        Self { horizontal: self.horizontal != other.horizontal, vertical: self.vertical != other.vertical }
    }

    /// Mirrors the I420 `samples` of a picture of `size`.
    pub fn apply(self, level: Level, samples: &mut [u8], size: FrameSize) {
        let (chroma_width, chroma_height) = size.chroma();
        let (luma, chroma) = samples.split_at_mut(size.width() * size.height());
        dispatch!(level, simd => {
            self.apply_to_plane(simd, luma, size.width());
            for plane in chroma.chunks_exact_mut(chroma_width * chroma_height) {
                self.apply_to_plane(simd, plane, chroma_width);
            }
        });
    }

    #[inline(always)]
    fn apply_to_plane<S: Simd>(self, simd: S, plane: &mut [u8], width: usize) {
        let rows = plane.len() / width;
        if !self.vertical {
            if self.horizontal {
                for row in plane.chunks_exact_mut(width) {
                    reverse(simd, row);
                }
            }
            return;
        }
        let (top, rest) = plane.split_at_mut(rows / 2 * width);
        let (middle, bottom) = rest.split_at_mut(rows % 2 * width);
        for (upper, lower) in top.chunks_exact_mut(width).zip(bottom.chunks_exact_mut(width).rev()) {
            if self.horizontal { swap_reversed(simd, upper, lower) } else { upper.swap_with_slice(lower) }
        }
        if self.horizontal {
            reverse(simd, middle);
        }
    }
}

/// Turns a row round.
#[inline(always)]
fn reverse<S: Simd>(simd: S, row: &mut [u8]) {
    // The two ends change places; what is left in the middle is less than two vectors.
    let (left, rest) = row.split_at_mut(row.len() / 2 / SQUARE * SQUARE);
    let (middle, right) = rest.split_at_mut(rest.len() - left.len());
    swap_reversed(simd, left, right);
    middle.reverse();
}

/// Two rows of the same length change places, each turned round.
#[inline(always)]
fn swap_reversed<S: Simd>(simd: S, one: &mut [u8], other: &mut [u8]) {
    let whole = one.len() / SQUARE * SQUARE;
    let (heads, tail) = one.split_at_mut(whole);
    let (start, ends) = other.split_at_mut(other.len() - whole);
    for (one, other) in heads.chunks_exact_mut(SQUARE).zip(ends.rchunks_exact_mut(SQUARE)) {
        let (left, right) = (u8x16::from_slice(simd, one), u8x16::from_slice(simd, other));
        simd.reverse_u8x16(right).store_slice(one);
        simd.reverse_u8x16(left).store_slice(other);
    }
    for (one, other) in tail.iter_mut().zip(start.iter_mut().rev()) {
        std::mem::swap(one, other);
    }
}

#[cfg(test)]
mod tests {
    use mpeg1::level;

    use super::*;

    #[test]
    fn each_sample_goes_where_its_mirror_image_was() {
        for (width, height) in [(17, 19), (64, 32), (99, 33), (16, 16)] {
            let size = FrameSize::new(width, height).unwrap();
            let (chroma_width, chroma_height) = size.chroma();
            let luma = size.width() * size.height();
            let planes = [
                (0, size.width(), size.height()),
                (luma, chroma_width, chroma_height),
                (luma + chroma_width * chroma_height, chroma_width, chroma_height),
            ];
            let original: Vec<u8> = (0..size.i420_len()).map(|index| (index * 7 % 251) as u8).collect();
            for (horizontal, vertical) in [(false, false), (true, false), (false, true), (true, true)] {
                for level in [level::best(), Level::baseline(), Level::fallback()] {
                    let mut flipped = original.clone();
                    Flip { horizontal, vertical }.apply(level, &mut flipped, size);
                    for (start, width, height) in planes {
                        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                            let from_x = if horizontal { width - 1 - x } else { x };
                            let from_y = if vertical { height - 1 - y } else { y };
                            let expected = original[start + from_y * width + from_x];
                            assert_eq!(flipped[start + y * width + x], expected);
                        }
                    }
                }
            }
        }
    }
}
