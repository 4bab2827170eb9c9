//! A row of a block in a vector, or the same row of two blocks side by side: a transform is written once for both.
//!
//! Where vectors have 256 bits two blocks take the time of one. What moves between lanes stays within a block; the
//! operations that do so cost AVX2 nothing more, whereas those over the whole vector would.
//!
//! Here belongs: what such vectors can do. Not here: what is done with them.

use core::ops::{Add, Shr};

use fearless_simd::{Simd, SimdBase, SimdInt, i16x8, i16x16, i32x4, i32x8, prelude::*, u8x16, u16x8};

use super::lanes;

/// Eight 16-bit values of each block.
pub(crate) trait Row<S: Simd>: SimdInt<S, Element = i16> {
    /// How many blocks there are.
    const BLOCKS: usize;
    /// Sums of products.
    type Sums: Copy + Add<Output = Self::Sums> + Shr<u32, Output = Self::Sums>;

    /// The same value in all lanes of sums.
    fn splat_sums(simd: S, value: i32) -> Self::Sums;
    /// The same eight values for each block.
    fn each(simd: S, values: &[i16; 8]) -> Self;
    /// Samples of two blocks side by side, or of the `nth` of them alone.
    fn widen(simd: S, samples: &[u8; 16], nth: usize) -> Self;
    /// Lane by lane in turns with another, within each block: the first half of them and the second one.
    fn in_turns(self, simd: S, other: Self) -> (Self, Self);
    /// Products of lanes, two neighbours' summed.
    fn dot(self, simd: S, other: Self) -> Self::Sums;
    /// Sums of the first half of each block and of the second half, in 16 bits.
    fn narrow(simd: S, first: Self::Sums, second: Self::Sums) -> Self;
    /// The upper 16 bits of products.
    fn upper_product(self, simd: S, other: Self) -> Self;
    /// The blocks one by one; if there is one, it comes twice.
    fn split(self, simd: S) -> [i16x8<S>; 2];
}

impl<S: Simd> Row<S> for i16x8<S> {
    const BLOCKS: usize = 1;
    type Sums = i32x4<S>;

    #[inline(always)]
    fn splat_sums(simd: S, value: i32) -> Self::Sums {
        simd.splat_i32x4(value)
    }

    #[inline(always)]
    fn each(simd: S, values: &[i16; 8]) -> Self {
        Self::load_array_ref(simd, values)
    }

    #[inline(always)]
    fn widen(simd: S, samples: &[u8; 16], nth: usize) -> Self {
        lanes::widen(simd, &samples.as_chunks().0[nth])
    }

    #[inline(always)]
    fn in_turns(self, simd: S, other: Self) -> (Self, Self) {
        simd.interleave_i16x8(self, other)
    }

    #[inline(always)]
    fn dot(self, simd: S, other: Self) -> Self::Sums {
        simd.pairwise_dot_product_i16x8(self, other)
    }

    #[inline(always)]
    fn narrow(simd: S, first: Self::Sums, second: Self::Sums) -> Self {
        simd.saturating_narrow_i32x4(first, second)
    }

    #[inline(always)]
    fn upper_product(self, simd: S, other: Self) -> Self {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(sse2) = simd.level().as_sse2() {
            return x86::upper_product(sse2, self.into(), other.into()).simd_into(simd);
        }
        let (low, high) = simd.widening_mul_i16x8(self, other);
        simd.saturating_narrow_i32x4(low >> 16, high >> 16)
    }

    #[inline(always)]
    fn split(self, _: S) -> [i16x8<S>; 2] {
        [self; 2]
    }
}

impl<S: Simd> Row<S> for i16x16<S> {
    const BLOCKS: usize = 2;
    type Sums = i32x8<S>;

    #[inline(always)]
    fn splat_sums(simd: S, value: i32) -> Self::Sums {
        simd.splat_i32x8(value)
    }

    #[inline(always)]
    fn each(simd: S, values: &[i16; 8]) -> Self {
        Self::block_splat(i16x8::load_array_ref(simd, values))
    }

    #[inline(always)]
    fn widen(simd: S, samples: &[u8; 16], _: usize) -> Self {
        let samples = u8x16::load_array_ref(simd, samples);
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = simd.level().as_avx2() {
            return x86::widen(avx2, samples.into()).simd_into(simd);
        }
        let (first, second): (u16x8<S>, u16x8<S>) = simd.widen_u8x16(samples);
        simd.combine_i16x8(lanes::as_signed(first), lanes::as_signed(second))
    }

    #[inline(always)]
    fn in_turns(self, simd: S, other: Self) -> (Self, Self) {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = simd.level().as_avx2() {
            return (
                x86::interleave_first(avx2, self.into(), other.into()).simd_into(simd),
                x86::interleave_second(avx2, self.into(), other.into()).simd_into(simd),
            );
        }
        let [(a, b), (c, d)] = [simd.split_i16x16(self), simd.split_i16x16(other)];
        let [(a, c), (b, d)] = [simd.interleave_i16x8(a, c), simd.interleave_i16x8(b, d)];
        (simd.combine_i16x8(a, b), simd.combine_i16x8(c, d))
    }

    #[inline(always)]
    fn dot(self, simd: S, other: Self) -> Self::Sums {
        simd.pairwise_dot_product_i16x16(self, other)
    }

    #[inline(always)]
    fn narrow(simd: S, first: Self::Sums, second: Self::Sums) -> Self {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = simd.level().as_avx2() {
            return x86::narrow(avx2, first.into(), second.into()).simd_into(simd);
        }
        let [(a, b), (c, d)] = [simd.split_i32x8(first), simd.split_i32x8(second)];
        simd.combine_i16x8(simd.saturating_narrow_i32x4(a, c), simd.saturating_narrow_i32x4(b, d))
    }

    #[inline(always)]
    fn upper_product(self, simd: S, other: Self) -> Self {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(avx2) = simd.level().as_avx2() {
            return x86::upper_product_of_two(avx2, self.into(), other.into()).simd_into(simd);
        }
        let [(a, b), (c, d)] = [simd.split_i16x16(self), simd.split_i16x16(other)];
        simd.combine_i16x8(a.upper_product(simd, c), b.upper_product(simd, d))
    }

    #[inline(always)]
    fn split(self, simd: S) -> [i16x8<S>; 2] {
        simd.split_i16x16(self).into()
    }
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
        pub(super) fn upper_product(sse2: Sse2, a: __m128i, b: __m128i) -> __m128i {
            _mm_mulhi_epi16(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn upper_product_of_two(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_mulhi_epi16(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn widen(avx2: Avx2, samples: __m128i) -> __m256i {
            _mm256_cvtepu8_epi16(samples)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn interleave_first(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_unpacklo_epi16(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn interleave_second(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_unpackhi_epi16(a, b)
        }
    );

    fearless_simd::kernel!(
        #[inline(always)]
        pub(super) fn narrow(avx2: Avx2, a: __m256i, b: __m256i) -> __m256i {
            _mm256_packs_epi32(a, b)
        }
    );
}

/// Rows become columns, in each block: each round shuffles the first half of the vectors with the second, lane by lane,
/// and three rounds of that put every value at its mirrored place.
#[inline(always)]
pub(crate) fn transpose<S: Simd, R: Row<S>>(simd: S, rows: [R; 8]) -> [R; 8] {
    let mut rows = rows;
    for _ in 0..3 {
        let before = rows;
        for i in 0..4 {
            (rows[2 * i], rows[2 * i + 1]) = before[i].in_turns(simd, before[i + 4]);
        }
    }
    rows
}

/// For each block a bit for each place, row by row, whose value, unsigned, is `least` or more, if that is a power of
/// two.
#[inline(always)]
pub(crate) fn at_least<S: Simd, R: Row<S>>(simd: S, rows: &[R; 8], least: u16) -> [u64; 2] {
    let (mut masks, above) = ([0; 2], R::splat(simd, least.wrapping_neg() as i16));
    for (y, &row) in rows.iter().enumerate() {
        let zero = (row & above).simd_eq(R::splat(simd, 0));
        let mask = !zero.to_bitmask();
        masks[0] |= (mask & 0xff) << (8 * y);
        masks[1] |= (mask >> 8 & 0xff) << (8 * y);
    }
    masks
}

/// Puts row `y`, unsigned, into its blocks.
#[inline(always)]
pub(crate) fn store<S: Simd, R: Row<S>>(simd: S, row: R, blocks: &mut [[u16; 64]; 2], y: usize) {
    let rows = row.split(simd);
    for (block, row) in blocks.iter_mut().zip(rows).take(R::BLOCKS) {
        let row: u16x8<S> = row.bitcast();
        row.store_slice(&mut block[8 * y..][..8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use fearless_simd::dispatch;

    /// Blocks row by row.
    fn load<S: Simd, R: Row<S>>(simd: S, blocks: &[[i16; 64]; 2]) -> [R; 8] {
        core::array::from_fn(|y| {
            let mut row = R::splat(simd, 0);
            for (n, block) in blocks.iter().enumerate().take(R::BLOCKS) {
                (0..8).for_each(|x| row[8 * n + x] = block[8 * y + x]);
            }
            row
        })
    }

    fn signed<S: Simd, R: Row<S>>(simd: S, rows: [R; 8]) -> [[i16; 64]; 2] {
        let mut blocks = [[0; 64]; 2];
        for (y, row) in rows.into_iter().enumerate() {
            for (block, row) in blocks.iter_mut().zip(row.split(simd)) {
                row.store_slice(&mut block[8 * y..][..8]);
            }
        }
        blocks
    }

    fn check<S: Simd, R: Row<S>>(simd: S) {
        let blocks = [
            core::array::from_fn(|i| (i as i16).wrapping_mul(1013)),
            core::array::from_fn(|i| (i as i16).wrapping_mul(-997) + 3),
        ];
        let wanted = |of: &dyn Fn(&[i16; 64]) -> [i16; 64]| {
            let of = blocks.map(|block| of(&block));
            if R::BLOCKS == 2 { of } else { [of[0]; 2] }
        };
        let rows = load::<S, R>(simd, &blocks);
        let mirrored = wanted(&|block| core::array::from_fn(|i| block[i % 8 * 8 + i / 8]));
        assert_eq!(signed(simd, transpose(simd, rows)), mirrored);
        let masks = at_least(simd, &rows, 128);
        for (mask, block) in masks.into_iter().zip(&blocks).take(R::BLOCKS) {
            assert!((0..64).all(|i| (mask >> i & 1 == 1) == (block[i] as u16 >= 128)));
        }
        let upper = rows.map(|row| row.upper_product(simd, rows[1]));
        let product = |a: i16, b: i16| ((i32::from(a) * i32::from(b)) >> 16) as i16;
        let products = wanted(&|block| core::array::from_fn(|i| product(block[i], block[8 + i % 8])));
        assert_eq!(signed(simd, upper), products);
        let each = R::each(simd, &[1, 2, 3, 4, 5, 6, 7, 8]);
        // Sums of two neighbours' products, twice, in the two halves.
        let sums = rows.map(|row| {
            let sums = (row >> 4).dot(simd, each) >> 2;
            R::narrow(simd, sums, sums)
        });
        let dot = |block: &[i16; 64], i: usize| -> i16 {
            let at = i / 8 * 8 + i % 4 * 2;
            let weigh = |n: usize| i32::from(block[at + n] >> 4) * (at % 8 + n + 1) as i32;
            ((weigh(0) + weigh(1)) >> 2).clamp(i16::MIN.into(), i16::MAX.into()) as i16
        };
        assert_eq!(signed(simd, sums), wanted(&|block| core::array::from_fn(|i| dot(block, i))));
        let samples = [0, 255, 128, 127, 1, 2, 254, 77, 9, 8, 7, 6, 255, 4, 3, 200];
        let widened = |nth| R::widen(simd, &samples, nth).split(simd).map(<[i16; 8]>::from);
        let wanted: [[i16; 8]; 2] =
            [0, 1].map(|nth: usize| core::array::from_fn(|x| samples[8 * nth + x].into()));
        assert_eq!(widened(0), if R::BLOCKS == 2 { wanted } else { [wanted[0]; 2] });
        assert!(R::BLOCKS == 2 || widened(1) == [wanted[1]; 2]);
    }

    #[test]
    fn one_block_and_two_are_treated_alike_on_every_level() {
        for level in level::all() {
            dispatch!(level, simd => check::<_, i16x8<_>>(simd));
            dispatch!(level, simd => check::<_, i16x16<_>>(simd));
        }
    }
}
