//! Sums of absolute differences of 16×16 luma blocks, at half-pel places too: what motion search asks most.
//!
//! Here belongs: the measure. Not here: where to look.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u32x4};

use super::HalfPel;
use crate::picture::Plane;

#[cfg(target_arch = "x86")]
use core::arch::x86::{__m128i, _mm_sad_epu8};
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::{__m128i, _mm_sad_epu8};

fearless_simd::kernel!(
    #[inline(always)]
    fn sad_sse2(sse2: Sse2, a: __m128i, b: __m128i) -> __m128i {
        _mm_sad_epu8(a, b)
    }
);

/// The sum over a macroblock: `source`'s at pixel `x`, `y` against `reference`'s at `at`. The mean of four neighbours is
/// taken as the mean of means, which may be one too high: to choose a vector that is good enough.
///
/// # Panics
/// If one of the two does not lie inside its plane.
#[must_use]
pub fn sad_16x16(
    level: Level,
    source: Plane<'_>,
    (x, y): (usize, usize),
    reference: Plane<'_>,
    at: HalfPel,
) -> u32 {
    let source = Plane { samples: &source.samples[y * source.stride + x..], stride: source.stride };
    dispatch!(level, simd => sad(simd, source, reference, at, u32::MAX))
}

/// [`sad_16x16`] of the block at the front of `source`, in vectors. It ends half-way if it is at `limit` by then.
#[inline(always)]
pub(crate) fn sad<S: Simd>(simd: S, source: Plane<'_>, reference: Plane<'_>, at: HalfPel, limit: u32) -> u32 {
    let from = &reference.samples[(at.y >> 1) * reference.stride + (at.x >> 1)..];
    let right = at.x & 1;
    let below = (at.y & 1) * reference.stride;
    let mut sum = simd.splat_u32x4(0);
    for row in 0..16 {
        let wanted = sixteen(simd, source.samples, row * source.stride);
        let start = row * reference.stride;
        let mut found = sixteen(simd, from, start);
        if right != 0 {
            found = mean(simd, found, sixteen(simd, from, start + 1));
        }
        if below != 0 {
            let mut under = sixteen(simd, from, start + below);
            if right != 0 {
                under = mean(simd, under, sixteen(simd, from, start + below + 1));
            }
            found = mean(simd, found, under);
        }
        sum += differences(simd, wanted, found);
        if row == 7 {
            let half = simd.reduce_sum_u32x4(sum);
            if half >= limit {
                return half;
            }
        }
    }
    simd.reduce_sum_u32x4(sum)
}

#[inline(always)]
fn sixteen<S: Simd>(simd: S, samples: &[u8], at: usize) -> u8x16<S> {
    u8x16::load_array_ref(simd, samples[at..].first_chunk().expect("the block lies inside the plane"))
}

/// The rounded-up mean: what both have, and half of what only one has, rounded up.
#[inline(always)]
fn mean<S: Simd>(simd: S, a: u8x16<S>, b: u8x16<S>) -> u8x16<S> {
    simd.or_u8x16(a, b) - simd.shr_u8x16(simd.xor_u8x16(a, b), 1)
}

/// Sums of absolute differences, spread over four lanes.
#[inline(always)]
fn differences<S: Simd>(simd: S, a: u8x16<S>, b: u8x16<S>) -> u32x4<S> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(sse2) = simd.level().as_sse2() {
        return sad_sse2(sse2, a.into(), b.into()).simd_into(simd);
    }
    let difference = simd.max_u8x16(a, b) - simd.min_u8x16(a, b);
    simd.pairwise_widening_add_u16x8(simd.pairwise_widening_add_u8x16(difference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{level, reference};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_level_gives_the_sum(seed: u32, place in (0usize..=16, 0usize..=8), at in (0usize..=32, 0usize..=16)) {
            let mut state = seed;
            let mut plane = || -> Vec<u8> {
                (0..32 * 24).map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                }).collect()
            };
            let (source, other) = (plane(), plane());
            let (source, other) = (Plane { samples: &source, stride: 32 }, Plane { samples: &other, stride: 32 });
            let slow: u32 = (0..256).map(|i| {
                let (x, y) = (i % 16, i / 16);
                let mean = reference::half_pel(other, at.0 + 2 * x, at.1 + 2 * y);
                u32::from(source.samples[(place.1 + y) * 32 + place.0 + x].abs_diff(mean))
            }).sum();
            let both = at.0 % 2 == 1 && at.1 % 2 == 1;
            for level in level::all() {
                let fast = sad_16x16(level, source, place, other, HalfPel { x: at.0, y: at.1 });
                prop_assert!(fast.abs_diff(slow) <= if both { 256 } else { 0 }, "{fast} for {slow}");
            }
        }
    }
}
