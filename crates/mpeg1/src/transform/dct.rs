//! The forward DCT, in integers of the same kind as the inverse: sums of products of 16-bit values.

use core::f64::consts::FRAC_1_SQRT_2;

/// Fraction bits of the coefficients that [`forward`] gives.
pub const FRACTION_BITS: u32 = 3;
/// Fraction bits kept between the passes: the most for which the largest value stays within 16 bits.
const MIDDLE_BITS: u32 = 4;
/// Fraction bits of the weights.
const WEIGHT_BITS: u32 = 15;

/// `WEIGHTS[k][n]`, n = 0 to 3: the weight of sample n in coefficient k; sample 7 − n has the same for an even k, its
/// negative for an odd one.
const WEIGHTS: [[i32; 4]; 8] = weights();

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

const fn weights() -> [[i32; 4]; 8] {
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
            weights[k][n] = if weight < 0.0 { (weight - 0.5) as i32 } else { (weight + 0.5) as i32 };
            n += 1;
        }
        k += 1;
    }
    weights
}

/// Turns samples or differences, −255 to 255, into coefficients with [`FRACTION_BITS`] fraction bits, in place.
pub fn forward(block: &mut [i16; 64]) {
    let middle = pass::<{ WEIGHT_BITS - MIDDLE_BITS }>(block);
    *block = pass::<{ WEIGHT_BITS + MIDDLE_BITS - FRACTION_BITS }>(&middle);
}

/// Transforms each row and transposes: two of it make the whole, the right way up.
#[inline]
fn pass<const SHIFT: u32>(input: &[i16; 64]) -> [i16; 64] {
    let mut output = [0; 64];
    for (y, row) in input.chunks_exact(8).enumerate() {
        let at = |n: usize| i32::from(row[n]);
        let even: [i32; 4] = core::array::from_fn(|n| at(n) + at(7 - n));
        let odd: [i32; 4] = core::array::from_fn(|n| at(n) - at(7 - n));
        for (k, weights) in WEIGHTS.iter().enumerate() {
            let terms = if k % 2 == 0 { &even } else { &odd };
            let sum: i32 = weights.iter().zip(terms).map(|(weight, term)| weight * term).sum();
            output[k * 8 + y] = ((sum + (1 << (SHIFT - 1))) >> SHIFT) as i16;
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
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
            forward(&mut block);
            for (coefficient, exact) in block.iter().zip(exact) {
                let error = f64::from(*coefficient) / f64::from(1 << FRACTION_BITS) - exact;
                prop_assert!(error.abs() < 0.2, "{coefficient} for {exact}");
            }
        }
    }

    #[test]
    fn extremes_stay_within_16_bits() {
        let mut block = [255; 64];
        forward(&mut block);
        assert_eq!(block[0], 2040 << FRACTION_BITS);
        let mut block: [i16; 64] = core::array::from_fn(|n| if n % 2 == 0 { 255 } else { -255 });
        let exact = reference::forward_dct(&block.map(f64::from));
        forward(&mut block);
        assert!((f64::from(block[7]) / 8.0 - exact[7]).abs() < 0.5);
    }
}
