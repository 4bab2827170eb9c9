//! Half-pel compensation of square blocks (ISO/IEC 11172-2, 2.4.4.2): a copy, or the rounded-up mean of two or four
//! neighbours. Eight samples at a time in one number, which every CPU can do, and of which compilers make vectors where
//! there are any: sample by sample they made none of a chroma block.

use crate::picture::Plane;
use crate::syntax::macroblock::MotionVector;

/// A place in a plane, in half samples from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfPel {
    /// To the right.
    pub x: usize,
    /// Downwards.
    pub y: usize,
}

impl HalfPel {
    /// Where the block at `column` and `row` of a plane of `columns` × `rows` blocks, each of N × N samples, is
    /// predicted from; and whether the vector, in half samples, leads to there or had to be cut to stay in the plane.
    #[inline]
    #[must_use]
    pub fn clamped<const N: usize>(
        (column, row): (usize, usize),
        (columns, rows): (usize, usize),
        vector: MotionVector,
    ) -> (Self, bool) {
        let clamp = |block: usize, blocks: usize, by: i16| {
            let wanted = (2 * N * block) as i32 + i32::from(by);
            let allowed = wanted.clamp(0, (2 * N * (blocks - 1)) as i32);
            (allowed as usize, allowed == wanted)
        };
        let (x, x_inside) = clamp(column, columns, vector.x);
        let (y, y_inside) = clamp(row, rows, vector.y);
        (Self { x, y }, x_inside && y_inside)
    }
}

/// Writes the N × N block that is predicted from `at` of `reference` to the front of `out`, whose rows are `stride`
/// apart. N is 8 or 16.
///
/// # Panics
/// If the block does not lie inside the plane, or `out` is too short.
#[inline]
pub fn predict<const N: usize>(reference: Plane<'_>, at: HalfPel, out: &mut [u8], stride: usize) {
    let from_stride = reference.stride;
    let from = &reference.samples[(at.y >> 1) * from_stride + (at.x >> 1)..];
    let from = Plane { samples: from, stride: from_stride };
    match (at.x & 1, at.y & 1) {
        (0, 0) => copy::<N>(from, out, stride),
        (1, 0) => mean_of_two::<N>(from, 1, out, stride),
        (0, _) => mean_of_two::<N>(from, from_stride, out, stride),
        _ => mean_of_four::<N>(from, out, stride),
    }
}

/// N samples from `at`.
#[inline(always)]
fn row<const N: usize>(samples: &[u8], at: usize) -> &[u8; N] {
    samples[at..].first_chunk().expect("the block lies inside the plane")
}

#[inline(always)]
fn row_mut<const N: usize>(samples: &mut [u8], at: usize) -> &mut [u8; N] {
    samples[at..].first_chunk_mut().expect("there is room for the block")
}

/// Eight of a row's samples, from the `eighth` eight on, in one number.
#[inline(always)]
fn eight<const N: usize>(row: &[u8; N], eighth: usize) -> u64 {
    u64::from_ne_bytes(row.as_chunks().0[eighth])
}

#[inline]
fn copy<const N: usize>(from: Plane<'_>, out: &mut [u8], stride: usize) {
    for y in 0..N {
        *row_mut::<N>(out, y * stride) = *row(from.samples, y * from.stride);
    }
}

/// The mean with the sample that lies `beside` behind.
#[inline]
fn mean_of_two<const N: usize>(from: Plane<'_>, beside: usize, out: &mut [u8], stride: usize) {
    for y in 0..N {
        let a: &[u8; N] = row(from.samples, y * from.stride);
        let b: &[u8; N] = row(from.samples, y * from.stride + beside);
        let out: &mut [u8; N] = row_mut(out, y * stride);
        for (n, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
            *out = mean(eight(a, n), eight(b, n)).to_ne_bytes();
        }
    }
}

/// The mean of the means of two rows is the mean of the four or one more: one more where it was rounded up itself, as the
/// two means' last bits differ, and one of the two had been rounded up before.
#[inline]
fn mean_of_four<const N: usize>(from: Plane<'_>, out: &mut [u8], stride: usize) {
    let beside = |y: usize| -> [(u64, u64); 2] {
        let a: &[u8; N] = row(from.samples, y * from.stride);
        let b: &[u8; N] = row(from.samples, y * from.stride + 1);
        let mut means = [(0, 0); 2];
        for (n, mean_and_rounding) in means.iter_mut().take(N / 8).enumerate() {
            let (a, b) = (eight(a, n), eight(b, n));
            *mean_and_rounding = (mean(a, b), a ^ b);
        }
        means
    };
    let mut above = beside(0);
    for y in 0..N {
        let below = beside(y + 1);
        let out: &mut [u8; N] = row_mut(out, y * stride);
        for (n, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
            let ((a, a_rounded), (b, b_rounded)) = (above[n], below[n]);
            let too_much = (a_rounded | b_rounded) & (a ^ b) & ONES;
            *out = (mean(a, b) - too_much).to_ne_bytes();
        }
        above = below;
    }
}

/// 1 in each byte.
const ONES: u64 = u64::MAX / 255;

/// The means of eight pairs of bytes, rounded up: a + b is twice what both have, and what one of them has.
#[inline(always)]
const fn mean(a: u64, b: u64) -> u64 {
    (a | b) - (((a ^ b) >> 1) & (ONES * 127))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn check<const N: usize>(samples: &[u8], width: usize, at: HalfPel) -> Result<(), TestCaseError> {
        let plane = Plane { samples, stride: width };
        let mut out = [0xaa; 20 * 16];
        predict::<N>(plane, at, &mut out, 20);
        for y in 0..N {
            for x in 0..N {
                let slow = reference::half_pel(plane, at.x + 2 * x, at.y + 2 * y);
                prop_assert_eq!(out[y * 20 + x], slow);
            }
            prop_assert!(out[y * 20 + N..(y + 1) * 20].iter().all(|&sample| sample == 0xaa));
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn is_the_definition(seed: u32, x in 0usize..=32, y in 0usize..=16) {
            let mut state = seed;
            let samples: Vec<u8> = (0..32 * 24).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }).collect();
            check::<16>(&samples, 32, HalfPel { x, y })?;
            check::<8>(&samples, 32, HalfPel { x: x + 16, y: y + 16 })?;
        }

        #[test]
        fn clamped_places_lie_inside(column in 0usize..5, row in 0usize..3, x: i16, y: i16) {
            let (at, inside) = HalfPel::clamped::<8>((column, row), (5, 3), MotionVector { x, y });
            prop_assert!(at.x <= 2 * 32 && at.y <= 2 * 16);
            let wanted = (column as i32 * 16 + i32::from(x), row as i32 * 16 + i32::from(y));
            prop_assert_eq!(inside, wanted == (at.x as i32, at.y as i32));
        }
    }

    #[test]
    fn the_last_block_is_reached_and_read_to_its_last_sample() {
        let samples: Vec<u8> = (0..24 * 16).map(|i| i as u8).collect();
        for (x, y) in [(32, 16), (31, 16), (32, 15), (31, 15)] {
            check::<8>(&samples, 24, HalfPel { x, y }).expect("equal to the definition");
        }
    }
}
