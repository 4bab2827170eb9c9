//! Sums of absolute differences of 16×16 luma blocks, at half-pel places too: what motion search asks most.
//!
//! Here belongs: the measure. Not here: where to look.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u8x32, u32x4, u32x8};

use super::HalfPel;
use crate::picture::Plane;

/// A macroblock's luma, row by row.
pub type Luma = [[u8; 16]; 16];

/// The macroblock whose upper left pixel is `x`, `y`.
///
/// # Panics
/// If it does not lie inside the plane.
#[inline]
#[must_use]
pub fn luma_at(plane: Plane<'_>, (x, y): (usize, usize)) -> Luma {
    let mut luma = [[0; 16]; 16];
    copy_rows::<16>(&mut luma, 0, &plane.samples[y * plane.stride + x..], plane.stride);
    luma
}

/// Fills N samples of each row, the `nth` N, with what lies at the front of `from` and one `stride` after the other behind
/// it.
///
/// Taking off a whole row at a time needs one check each, where an index needs two and a multiplication, and iterating
/// over chunks a division; behind the last row a whole one may not be left.
#[inline(always)]
pub(crate) fn copy_rows<const N: usize>(rows: &mut [[u8; 16]], nth: usize, from: &[u8], stride: usize) {
    assert!(stride >= N, "a row is not longer than the plane is wide");
    let Some((last, rows)) = rows.split_last_mut() else { return };
    let mut from = from;
    for row in rows {
        let (front, rest) = from.split_at(stride);
        (row.as_chunks_mut().0[nth], from) = (*first_of::<N>(front), rest);
    }
    last.as_chunks_mut().0[nth] = *first_of::<N>(from);
}

/// Sums of a macroblock's four blocks, in their order.
pub type Quarters = [u16; 4];

/// The sums over a macroblock's blocks: `source` against `reference`'s at `at`. The mean of four neighbours is taken as
/// the mean of means, which may be one too high: to choose a vector that is good enough.
///
/// # Panics
/// If it does not lie inside the plane.
#[must_use]
pub fn sad_16x16(level: Level, source: &Luma, reference: Plane<'_>, at: HalfPel) -> Quarters {
    dispatch!(level, simd => sad(simd, source, reference, at, u32::MAX).quarters())
}

/// A sum over a macroblock in vectors: over its upper and over its lower half.
#[derive(Clone, Copy)]
pub(crate) struct Sum<S: Simd> {
    halves: [u32x4<S>; 2],
    /// All of it, or twice that of the upper half where that alone was at the limit.
    pub total: u32,
}

impl<S: Simd> Sum<S> {
    /// Of which the total alone is known.
    #[inline(always)]
    pub fn of_total(simd: S, total: u32) -> Self {
        Self { halves: [simd.splat_u32x4(0); 2], total }
    }

    /// Block by block.
    #[inline(always)]
    pub fn quarters(self) -> Quarters {
        let [[a, b, c, d], [e, f, g, h]]: [[u32; 4]; 2] = [self.halves[0].into(), self.halves[1].into()];
        [(a + b) as u16, (c + d) as u16, (e + f) as u16, (g + h) as u16]
    }
}

/// [`sad_16x16`] in vectors. It ends half-way if it is at `limit` by then. To end at two thirds of it saves 3 % of all
/// instructions and takes 0.5 % more bits.
#[inline(always)]
pub(crate) fn sad<S: Simd>(simd: S, source: &Luma, reference: Plane<'_>, at: HalfPel, limit: u32) -> Sum<S> {
    let stride = reference.stride;
    let from = Plane { samples: &reference.samples[(at.y >> 1) * stride + (at.x >> 1)..], stride };
    match (at.x & 1, at.y & 1) {
        (0, 0) => sad_between::<S, false, false>(simd, source, from, limit),
        (1, 0) => sad_between::<S, true, false>(simd, source, from, limit),
        (0, _) => sad_between::<S, false, true>(simd, source, from, limit),
        _ => sad_between::<S, true, true>(simd, source, from, limit),
    }
}

/// The sum to the front of `from`, each sample the mean with the one to the `RIGHT`, and with the one `BELOW`.
#[inline(always)]
fn sad_between<S: Simd, const RIGHT: bool, const BELOW: bool>(
    simd: S,
    source: &Luma,
    Plane { samples, stride }: Plane<'_>,
    limit: u32,
) -> Sum<S> {
    let (upper, lower) = source.split_at(8);
    let upper = sum_between::<S, RIGHT, BELOW>(simd, upper, samples, stride);
    let half = simd.reduce_sum_u32x4(upper);
    if half >= limit {
        return Sum { halves: [upper; 2], total: 2 * half };
    }
    let lower = sum_between::<S, RIGHT, BELOW>(simd, lower, &samples[8 * stride..], stride);
    Sum { halves: [upper, lower], total: half + simd.reduce_sum_u32x4(lower) }
}

/// The same of an even number of rows.
#[inline(always)]
fn sum_between<S: Simd, const RIGHT: bool, const BELOW: bool>(
    simd: S,
    source: &[[u8; 16]],
    from: &[u8],
    stride: usize,
) -> u32x4<S> {
    assert!(stride >= 16 + usize::from(RIGHT), "the block lies inside the plane");
    let mut sum = simd.splat_u32x8(0);
    let (mut above, from) = if BELOW {
        let (first, from) = from.split_at(stride);
        (row_of::<S, RIGHT>(simd, first), from)
    } else {
        (simd.splat_u8x16(0), from)
    };
    let Some((last, source)) = source.as_chunks::<2>().0.split_last() else { return simd.splat_u32x4(0) };
    let mut from = from;
    for wanted in source {
        let (first, rest) = from.split_at(stride);
        let (second, rest) = rest.split_at(stride);
        let rows = simd.combine_u8x16(row_of::<S, RIGHT>(simd, first), row_of::<S, RIGHT>(simd, second));
        sum += differences(simd, two_rows(simd, wanted), predicted::<S, BELOW>(simd, &mut above, rows));
        from = rest;
    }
    let (first, second) = from.split_at(stride);
    let rows = simd.combine_u8x16(row_of::<S, RIGHT>(simd, first), row_of::<S, RIGHT>(simd, second));
    sum += differences(simd, two_rows(simd, last), predicted::<S, BELOW>(simd, &mut above, rows));
    both(simd, sum)
}

/// Two rows, or if so wanted their means with those `above` each of them.
#[inline(always)]
fn predicted<S: Simd, const BELOW: bool>(simd: S, above: &mut u8x16<S>, rows: u8x32<S>) -> u8x32<S> {
    if !BELOW {
        return rows;
    }
    let (first, second) = simd.split_u8x32(rows);
    let shifted = simd.combine_u8x16(*above, first);
    *above = second;
    mean_of_two_rows(simd, shifted, rows)
}

/// Sums of absolute differences of the left eight and of the right eight samples of all rows, an even number.
#[inline(always)]
pub(crate) fn sad_of_halves<S: Simd>(simd: S, a: &[[u8; 16]], b: &[[u8; 16]]) -> [u32; 2] {
    let mut sum = simd.splat_u32x8(0);
    for (a, b) in a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0) {
        sum += differences(simd, two_rows(simd, a), two_rows(simd, b));
    }
    let [a, b, c, d]: [u32; 4] = both(simd, sum).into();
    [a + b, c + d]
}

#[inline(always)]
fn two_rows<S: Simd>(simd: S, [first, second]: &[[u8; 16]; 2]) -> u8x32<S> {
    simd.combine_u8x16(u8x16::load_array_ref(simd, first), u8x16::load_array_ref(simd, second))
}

/// The sums of one row and those of the other.
#[inline(always)]
fn both<S: Simd>(simd: S, sums: u32x8<S>) -> u32x4<S> {
    let (first, second) = simd.split_u32x8(sums);
    first + second
}

#[inline(always)]
fn row_of<S: Simd, const RIGHT: bool>(simd: S, samples: &[u8]) -> u8x16<S> {
    let row = u8x16::load_array_ref(simd, first_of(samples));
    if RIGHT { mean(simd, row, u8x16::load_array_ref(simd, first_of(&samples[1..]))) } else { row }
}

#[inline(always)]
fn first_of<const N: usize>(samples: &[u8]) -> &[u8; N] {
    samples.first_chunk().expect("the block lies inside the plane")
}

/// The rounded-up mean: what both have, and half of what only one has, rounded up.
#[inline(always)]
fn mean<S: Simd>(simd: S, a: u8x16<S>, b: u8x16<S>) -> u8x16<S> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(sse2) = simd.level().as_sse2() {
        return x86::mean(sse2, a.into(), b.into()).simd_into(simd);
    }
    simd.or_u8x16(a, b) - simd.shr_u8x16(simd.xor_u8x16(a, b), 1)
}

#[inline(always)]
fn mean_of_two_rows<S: Simd>(simd: S, a: u8x32<S>, b: u8x32<S>) -> u8x32<S> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = simd.level().as_avx2() {
        return x86::mean_of_two_rows(avx2, a.into(), b.into()).simd_into(simd);
    }
    let [(a, b), (c, d)] = [simd.split_u8x32(a), simd.split_u8x32(b)];
    simd.combine_u8x16(mean(simd, a, c), mean(simd, b, d))
}

/// Sums of absolute differences of two rows: for each of them of the left eight samples in two lanes, of the right eight in
/// the next two.
#[inline(always)]
fn differences<S: Simd>(simd: S, a: u8x32<S>, b: u8x32<S>) -> u32x8<S> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = simd.level().as_avx2() {
        return x86::sad_of_two_rows(avx2, a.into(), b.into()).simd_into(simd);
    }
    let [(a, b), (c, d)] = [simd.split_u8x32(a), simd.split_u8x32(b)];
    simd.combine_u32x4(differences_of_row(simd, a, c), differences_of_row(simd, b, d))
}

#[inline(always)]
fn differences_of_row<S: Simd>(simd: S, a: u8x16<S>, b: u8x16<S>) -> u32x4<S> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(sse2) = simd.level().as_sse2() {
        return x86::sad(sse2, a.into(), b.into()).simd_into(simd);
    }
    let difference = simd.max_u8x16(a, b) - simd.min_u8x16(a, b);
    simd.pairwise_widening_add_u16x8(simd.pairwise_widening_add_u8x16(difference))
}

/// What the portable operations lack.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86 {
    #[cfg(target_arch = "x86")]
    use core::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use core::arch::x86_64::*;

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn sad(sse2: Sse2, a: __m128i, b: __m128i) -> __m128i {
            _mm_sad_epu8(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn mean(sse2: Sse2, a: __m128i, b: __m128i) -> __m128i {
            _mm_avg_epu8(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn sad_of_two_rows(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_sad_epu8(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn mean_of_two_rows(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_avg_epu8(a, b)
        }
    );
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
            let mut slow = [0; 4];
            for (x, y) in (0..256).map(|i| (i % 16, i / 16)) {
                let mean = reference::half_pel(other, at.0 + 2 * x, at.1 + 2 * y);
                slow[y / 8 * 2 + x / 8] += u16::from(source.samples[(place.1 + y) * 32 + place.0 + x].abs_diff(mean));
            }
            let both = at.0 % 2 == 1 && at.1 % 2 == 1;
            for level in level::all() {
                let luma = luma_at(source, place);
                let fast = sad_16x16(level, &luma, other, HalfPel { x: at.0, y: at.1 });
                for (fast, slow) in fast.into_iter().zip(slow) {
                    prop_assert!(fast.abs_diff(slow) <= if both { 64 } else { 0 }, "{fast} for {slow}");
                }
                let wanted = luma_at(other, (at.0 / 2, at.1 / 2));
                let halves: [u32; 2] = core::array::from_fn(|half| (0..256).filter(|i| i % 16 / 8 == half).map(|i| {
                    u32::from(luma[i / 16][i % 16].abs_diff(wanted[i / 16][i % 16]))
                }).sum());
                prop_assert_eq!(dispatch!(level, simd => sad_of_halves(simd, &luma, &wanted)), halves);
            }
        }
    }
}
