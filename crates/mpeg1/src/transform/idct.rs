//! The inverse DCT (ISO/IEC 11172-2, annex A), in integers: one definition for encoder and decoder, bit by bit.
//!
//! Sums of products of 16-bit values, kept in 32 bits, with one rounding after the rows and one after the columns, so
//! that a machine's multiply-and-add of pairs does it. It meets IEEE Std 1180-1990 (tested). Weights and roundings are
//! those of the decoder that is most in use, FFmpeg's: what both decode from one stream does not drift apart.

use fearless_simd::{Level, Simd, dispatch, i16x8, i32x4, prelude::*};

use super::lanes::{self, Rows};

/// `round(√2·cos(k·π/16)·2¹⁴)` for k = 1 to 7; that of k = 4 is one less, which keeps 8 times the largest coefficient
/// within 16 bits behind the rows.
const W1: i16 = 22_725;
const W2: i16 = 21_407;
const W3: i16 = 19_266;
const W4: i16 = 16_383;
const W5: i16 = 12_873;
const W6: i16 = 8_867;
const W7: i16 = 4_520;

/// Weights of inputs 0, 2 and 4, 6 in the even part of outputs 0 to 3.
const EVEN: [[(i16, i16); 2]; 4] =
    [[(W4, W2), (W4, W6)], [(W4, W6), (-W4, -W2)], [(W4, -W6), (-W4, W2)], [(W4, -W2), (W4, -W6)]];
/// Weights of inputs 1, 3 and 5, 7 in the odd part of outputs 0 to 3.
const ODD: [[(i16, i16); 2]; 4] =
    [[(W1, W3), (W5, W7)], [(W3, -W7), (-W1, -W5)], [(W5, -W1), (W7, W3)], [(W7, -W5), (W3, -W1)]];

/// Bits dropped after the rows: 3 fraction bits are kept.
const ROW_SHIFT: u32 = 11;
/// Bits dropped after the columns.
const COLUMN_SHIFT: u32 = 20;
/// What is added before bits are dropped.
const ROW_ROUND: i32 = 1 << (ROW_SHIFT - 1);
/// Half a unit of the result, cut to a multiple of the DC's weight.
const COLUMN_ROUND: i32 = (1 << (COLUMN_SHIFT - 1)) / W4 as i32 * W4 as i32;

/// Turns dequantised coefficients, −2048 to 2047, into samples or differences, in place. What leaves 16 bits between
/// the passes saturates: only streams with impossible coefficients do that.
pub fn inverse(level: Level, block: &mut [i16; 64]) {
    dispatch!(level, simd => {
        let rows = inverse_rows(simd, lanes::load(simd, block));
        lanes::store(rows, block);
    });
}

/// What [`inverse`] gives for each sample of a block that has no coefficient but the DC `dc`.
#[must_use]
#[inline]
pub const fn inverse_dc(dc: i16) -> i16 {
    ((W4 as i32 * dc as i32 * 8 + COLUMN_ROUND) >> COLUMN_SHIFT) as i16
}

/// [`inverse`] in vectors.
#[inline(always)]
pub(crate) fn inverse_rows<S: Simd>(simd: S, block: Rows<S>) -> Rows<S> {
    let columns = lanes::transpose(simd, block);
    let middle = one_dimension::<S, ROW_SHIFT>(simd, columns, ROW_ROUND);
    // A row of DC alone is scaled exactly, where the weights would be off by one in 2¹⁴.
    let mut others = columns[1];
    for &column in &columns[2..] {
        others = simd.or_i16x8(others, column);
    }
    let dc_alone = simd.simd_eq_i16x8(others, simd.splat_i16x8(0));
    let scaled = simd.shl_i16x8(columns[0], 3);
    let mut middle = middle;
    for column in &mut middle {
        *column = simd.select_i16x8(dc_alone, scaled, *column);
    }
    one_dimension::<S, COLUMN_SHIFT>(simd, lanes::transpose(simd, middle), COLUMN_ROUND)
}

/// Eight outputs by even and odd part, of eight lanes side by side.
#[inline(always)]
fn one_dimension<S: Simd, const SHIFT: u32>(simd: S, i: Rows<S>, round: i32) -> Rows<S> {
    let even = [simd.interleave_i16x8(i[0], i[2]), simd.interleave_i16x8(i[4], i[6])];
    let odd = [simd.interleave_i16x8(i[1], i[3]), simd.interleave_i16x8(i[5], i[7])];
    let round = simd.splat_i32x4(round);
    let mut output = i;
    for n in 0..4 {
        let (even_low, even_high) = weigh(simd, even, EVEN[n]);
        let (odd_low, odd_high) = weigh(simd, odd, ODD[n]);
        let (even_low, even_high) = (even_low + round, even_high + round);
        output[n] = narrow::<S, SHIFT>(simd, even_low + odd_low, even_high + odd_high);
        output[7 - n] = narrow::<S, SHIFT>(simd, even_low - odd_low, even_high - odd_high);
    }
    output
}

#[inline(always)]
fn narrow<S: Simd, const SHIFT: u32>(simd: S, low: i32x4<S>, high: i32x4<S>) -> i16x8<S> {
    simd.saturating_narrow_i32x4(low >> SHIFT, high >> SHIFT)
}

/// Two interleaved pairs of inputs times two pairs of weights, summed: low lanes and high lanes.
#[inline(always)]
fn weigh<S: Simd>(
    simd: S,
    pairs: [(i16x8<S>, i16x8<S>); 2],
    weights: [(i16, i16); 2],
) -> (i32x4<S>, i32x4<S>) {
    let [(a, b), (c, d)] = weights;
    let first = i16x8::load_array(simd, [a, b, a, b, a, b, a, b]);
    let second = i16x8::load_array(simd, [c, d, c, d, c, d, c, d]);
    let low = simd.pairwise_dot_product_i16x8(pairs[0].0, first)
        + simd.pairwise_dot_product_i16x8(pairs[1].0, second);
    let high = simd.pairwise_dot_product_i16x8(pairs[0].1, first)
        + simd.pairwise_dot_product_i16x8(pairs[1].1, second);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{level, reference};
    use proptest::prelude::*;

    /// The standard's generator of IEEE 1180, 3.2: numbers from −low to high.
    struct Generator(i64);

    impl Generator {
        fn next(&mut self, low: i64, high: i64) -> i64 {
            self.0 = (self.0.wrapping_mul(1_103_515_245) + 12_345) & 0xffff_ffff;
            let i = self.0 & 0x7fff_fffe;
            (i as f64 / f64::from(0x7fff_ffff) * (low + high + 1) as f64) as i64 - low
        }
    }

    /// By its definition, one value after the other.
    fn inverse_slowly(block: &mut [i16; 64]) {
        let one_dimension = |i: [i16; 8], round: i32, shift: u32| -> [i16; 8] {
            core::array::from_fn(|n| {
                let (at, sign) = if n < 4 { (n, 1) } else { (7 - n, -1) };
                let sum = |weights: [(i16, i16); 2], first: usize| -> i32 {
                    let term = |(a, b): (i16, i16), at: usize| {
                        i32::from(a) * i32::from(i[at]) + i32::from(b) * i32::from(i[at + 2])
                    };
                    term(weights[0], first).wrapping_add(term(weights[1], first + 4))
                };
                let even = sum(EVEN[at], 0).wrapping_add(round);
                let all = even.wrapping_add(sum(ODD[at], 1).wrapping_mul(sign));
                (all >> shift).clamp(i16::MIN.into(), i16::MAX.into()) as i16
            })
        };
        for row in block.as_chunks_mut::<8>().0 {
            let dc_alone = row[1..].iter().all(|&coefficient| coefficient == 0);
            *row = if dc_alone { [row[0] << 3; 8] } else { one_dimension(*row, ROW_ROUND, ROW_SHIFT) };
        }
        for x in 0..8 {
            let column =
                one_dimension(core::array::from_fn(|y| block[y * 8 + x]), COLUMN_ROUND, COLUMN_SHIFT);
            (0..8).for_each(|y| block[y * 8 + x] = column[y]);
        }
    }

    /// Sums of error and squared error at each place, and the largest error.
    fn statistics(low: i64, high: i64, sign: i64) -> ([f64; 64], [f64; 64], f64) {
        let mut generator = Generator(1);
        let (mut errors, mut squares, mut peak) = ([0.0; 64], [0.0; 64], 0f64);
        for _ in 0..BLOCKS {
            let samples: [f64; 64] = core::array::from_fn(|_| (sign * generator.next(low, high)) as f64);
            let coefficients = reference::forward_dct(&samples).map(|c| c.round().clamp(-2048.0, 2047.0));
            let exact = reference::inverse_dct(&coefficients).map(|s| s.round().clamp(-256.0, 255.0));
            let mut block = coefficients.map(|c| c as i16);
            inverse(level::best(), &mut block);
            for n in 0..64 {
                let error = f64::from(block[n].clamp(-256, 255)) - exact[n];
                errors[n] += error;
                squares[n] += error * error;
                peak = peak.max(error.abs());
            }
        }
        (errors, squares, peak)
    }

    const BLOCKS: u32 = 10_000;

    #[test]
    fn meets_ieee_1180() {
        let blocks = f64::from(BLOCKS);
        for (low, high) in [(256, 255), (5, 5), (300, 300)] {
            for sign in [1, -1] {
                let (errors, squares, peak) = statistics(low, high, sign);
                let worst =
                    |sums: [f64; 64]| sums.iter().fold(0f64, |worst, sum| worst.max(sum.abs() / blocks));
                assert!(peak <= 1.0, "peak error {peak}");
                assert!(worst(squares) <= 0.06, "worst mean square error {}", worst(squares));
                assert!(worst(errors) <= 0.015, "worst mean error {}", worst(errors));
                let overall_square = squares.iter().sum::<f64>() / (64.0 * blocks);
                let overall_mean = (errors.iter().sum::<f64>() / (64.0 * blocks)).abs();
                assert!(overall_square <= 0.02, "overall mean square error {overall_square}");
                assert!(overall_mean <= 0.0015, "overall mean error {overall_mean}");
            }
        }
        let mut zero = [0; 64];
        inverse(level::best(), &mut zero);
        assert_eq!(zero, [0; 64]);
    }

    #[test]
    fn dc_alone_is_the_same_by_both_ways() {
        for dc in -2048..=2047 {
            let mut block = [0; 64];
            block[0] = dc;
            inverse(level::best(), &mut block);
            assert_eq!(block, [inverse_dc(dc); 64]);
        }
    }

    proptest! {
        #[test]
        fn every_level_gives_the_same_bits(
            coefficients in prop::collection::vec((0usize..64, -2048i16..2048), 0..64), dense: bool, seed in -2048i16..2048,
        ) {
            let mut block = if dense { core::array::from_fn(|i| seed.wrapping_mul(i as i16 | 1) % 2048) } else { [0; 64] };
            for (place, coefficient) in coefficients {
                block[place] = coefficient;
            }
            let mut expected = block;
            inverse_slowly(&mut expected);
            for level in level::all() {
                let mut block = block;
                inverse(level, &mut block);
                prop_assert_eq!(block, expected);
            }
        }
    }
}
