//! The forward DCT, in integers of the same kind as the inverse: sums of products of 16-bit values.

use core::f64::consts::FRAC_1_SQRT_2;

use fearless_simd::{Level, Simd, dispatch};

use super::lanes;
use super::row::{Row, transpose};

/// Fraction bits of the coefficients that [`forward`] gives.
pub const FRACTION_BITS: u32 = 3;
/// Fraction bits kept between the passes: the most for which the largest value stays within 16 bits.
const MIDDLE_BITS: u32 = 4;
/// Fraction bits of the weights.
const WEIGHT_BITS: u32 = 15;

/// `WEIGHTS[k][n]`, n = 0 to 3: the weight of sample n in coefficient k; sample 7 − n has the same for an even k, its
/// negative for an odd one.
const WEIGHTS: [[i16; 4]; 8] = weights();

/// cos(k·π/16).
const COSINES: [f64; 8] = [
    1.0,
    0.980_785_280_403_230_4,
    0.923_879_532_511_286_7,
    0.831_469_612_302_545_2,
    FRAC_1_SQRT_2,
    0.555_570_233_019_602_2,
    0.382_683_432_365_089_8,
    0.195_090_322_016_128_3,
];

const fn weights() -> [[i16; 4]; 8] {
    let mut weights = [[0; 4]; 8];
    let mut k = 0;
    while k < 8 {
        let mut n = 0;
        while n < 4 {
            let angle = (2 * n + 1) * k % 32;
            let angle = if angle > 16 { 32 - angle } else { angle };
            let cosine = if angle < 8 {
                COSINES[angle]
            } else if angle == 8 {
                0.0
            } else {
                -COSINES[16 - angle]
            };
            let scale = if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
            let weight = cosine * scale * 0.5 * (1u32 << WEIGHT_BITS) as f64;
            weights[k][n] = if weight < 0.0 { (weight - 0.5) as i16 } else { (weight + 0.5) as i16 };
            n += 1;
        }
        k += 1;
    }
    weights
}

/// Turns samples or differences, −255 to 255, into coefficients with [`FRACTION_BITS`] fraction bits, in place.
pub fn forward(level: Level, block: &mut [i16; 64]) {
    dispatch!(level, simd => {
        let rows = forward_rows(simd, lanes::load(simd, block));
        lanes::store(rows, block);
    });
}

/// [`forward`] in vectors, of one block or of two: columns first, then rows.
#[inline(always)]
pub(crate) fn forward_rows<S: Simd, R: Row<S>>(simd: S, block: [R; 8]) -> [R; 8] {
    let middle = one_dimension::<S, R, { WEIGHT_BITS - MIDDLE_BITS }, true>(simd, block);
    let rows = transpose(simd, middle);
    let rows = one_dimension::<S, R, { WEIGHT_BITS + MIDDLE_BITS - FRACTION_BITS }, false>(simd, rows);
    transpose(simd, rows)
}

/// Eight coefficients of eight inputs, of eight lanes side by side. If the inputs are `SMALL`, four of them in 16 bits,
/// the even ones take half the products: their weights are symmetric once more.
#[inline(always)]
fn one_dimension<S: Simd, R: Row<S>, const SHIFT: u32, const SMALL: bool>(simd: S, i: [R; 8]) -> [R; 8] {
    let sums = [i[0] + i[7], i[1] + i[6], i[2] + i[5], i[3] + i[4]];
    let even = pairs(simd, sums);
    let odd = pairs(simd, [i[0] - i[7], i[1] - i[6], i[2] - i[5], i[3] - i[4]]);
    let evenly_even = (sums[0] + sums[3]).in_turns(simd, sums[1] + sums[2]);
    let oddly_even = (sums[0] - sums[3]).in_turns(simd, sums[1] - sums[2]);
    let round = R::splat_sums(simd, 1 << (SHIFT - 1));
    let mut output = i;
    for k in 0..8 {
        let [a, b, c, d] = WEIGHTS[k];
        let first = R::each(simd, &[a, b, a, b, a, b, a, b]);
        let second = R::each(simd, &[c, d, c, d, c, d, c, d]);
        let (low, high) = if SMALL && k % 2 == 0 {
            let (low, high) = if k % 4 == 0 { evenly_even } else { oddly_even };
            (low.dot(simd, first), high.dot(simd, first))
        } else {
            let [(low, high), (low_2, high_2)] = if k % 2 == 0 { even } else { odd };
            (low.dot(simd, first) + low_2.dot(simd, second), high.dot(simd, first) + high_2.dot(simd, second))
        };
        output[k] = R::narrow(simd, (low + round) >> SHIFT, (high + round) >> SHIFT);
    }
    output
}

/// Inputs 0 and 1, and 2 and 3, side by side.
#[inline(always)]
fn pairs<S: Simd, R: Row<S>>(simd: S, of: [R; 4]) -> [(R, R); 2] {
    [of[0].in_turns(simd, of[1]), of[2].in_turns(simd, of[3])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{level, reference};
    use fearless_simd::i16x16;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_near_the_exact_one(seed: u64, range in 1i16..=255) {
            let mut state = seed | 1;
            let mut block: [i16; 64] = core::array::from_fn(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 33) % (2 * range as u64 + 1)) as i16 - range
            });
            let exact = reference::forward_dct(&block.map(f64::from));
            let samples = block;
            forward(level::best(), &mut block);
            for level in level::all() {
                let mut again = samples;
                forward(level, &mut again);
                prop_assert_eq!(again, block);
                let negative = samples.map(|sample| -sample);
                let mut alone = negative;
                forward(level, &mut alone);
                let two = dispatch!(level, simd => {
                    let blocks = [lanes::load(simd, &samples), lanes::load(simd, &negative)];
                    let both = core::array::from_fn(|y| simd.combine_i16x8(blocks[0][y], blocks[1][y]));
                    let rows: [i16x16<_>; 8] = forward_rows(simd, both);
                    let mut two = [[0; 64]; 2];
                    for (n, block) in two.iter_mut().enumerate() {
                        lanes::store(rows.map(|row| row.split(simd)[n]), block);
                    }
                    two
                });
                prop_assert_eq!(two, [block, alone]);
            }
            for (coefficient, exact) in block.iter().zip(exact) {
                let error = f64::from(*coefficient) / f64::from(1 << FRACTION_BITS) - exact;
                prop_assert!(error.abs() < 0.2, "{coefficient} for {exact}");
            }
        }
    }

    #[test]
    fn extremes_stay_within_16_bits() {
        let mut block = [255; 64];
        forward(level::best(), &mut block);
        assert_eq!(block[0], 2040 << FRACTION_BITS);
        let mut block: [i16; 64] = core::array::from_fn(|n| if n % 2 == 0 { 255 } else { -255 });
        let exact = reference::forward_dct(&block.map(f64::from));
        forward(level::best(), &mut block);
        assert!((f64::from(block[7]) / 8.0 - exact[7]).abs() < 0.5);
    }
}
