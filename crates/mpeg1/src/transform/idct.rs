//! The inverse DCT (ISO/IEC 11172-2, annex A), in integers: one definition for encoder and decoder, bit by bit.
//!
//! Sums of products of 16-bit values, kept in 32 bits, with one rounding after the rows and one after the columns, so
//! that a machine's multiply-and-add of pairs does it. It meets IEEE Std 1180-1990 (tested). Weights and roundings are
//! those of the decoder that is most in use, FFmpeg's: what both decode from one stream does not drift apart.

/// `round(√2·cos(k·π/16)·2¹⁴)` for k = 1 to 7; that of k = 4 is one less, which keeps 8 times the largest coefficient
/// within 16 bits behind the rows.
const W1: i32 = 22_725;
const W2: i32 = 21_407;
const W3: i32 = 19_266;
const W4: i32 = 16_383;
const W5: i32 = 12_873;
const W6: i32 = 8_867;
const W7: i32 = 4_520;

/// Bits dropped after the rows: 3 fraction bits are kept.
const ROW_SHIFT: u32 = 11;
/// Bits dropped after the columns.
const COLUMN_SHIFT: u32 = 20;
/// Half a unit of the column's result, in units of its DC input.
const COLUMN_ROUND: i32 = (1 << (COLUMN_SHIFT - 1)) / W4;

/// Turns dequantised coefficients, −2048 to 2047, into samples or differences, in place. What leaves 16 bits between
/// the passes wraps: only streams with impossible coefficients do that, and all levels of hardware agree on it.
pub fn inverse(block: &mut [i16; 64]) {
    for row in block.chunks_exact_mut(8) {
        inverse_row(row);
    }
    for x in 0..8 {
        inverse_column(block, x);
    }
}

/// What [`inverse`] gives for each sample of a block that has no coefficient but the DC `dc`.
#[must_use]
#[inline]
pub const fn inverse_dc(dc: i16) -> i16 {
    ((W4 * ((dc as i32) * 8 + COLUMN_ROUND)) >> COLUMN_SHIFT) as i16
}

#[inline]
fn inverse_row(row: &mut [i16]) {
    // A row of DC alone is scaled exactly, where the weights would be off by one in 2¹⁴.
    if row[1..].iter().all(|&coefficient| coefficient == 0) {
        return row.fill(row[0].wrapping_mul(8));
    }
    let input = core::array::from_fn(|n| i32::from(row[n]));
    let output = one_dimension(input, W4 * input[0] + (1 << (ROW_SHIFT - 1)));
    for (to, from) in row.iter_mut().zip(output) {
        *to = (from >> ROW_SHIFT) as i16;
    }
}

#[inline]
fn inverse_column(block: &mut [i16; 64], x: usize) {
    let input = core::array::from_fn(|n| i32::from(block[n * 8 + x]));
    let output = one_dimension(input, W4 * (input[0] + COLUMN_ROUND));
    for (n, from) in output.into_iter().enumerate() {
        block[n * 8 + x] = (from >> COLUMN_SHIFT) as i16;
    }
}

/// Eight outputs by even and odd part; `dc` is the weighted first input, rounding included.
#[inline(always)]
fn one_dimension(i: [i32; 8], dc: i32) -> [i32; 8] {
    let sum = |terms: [i32; 4]| terms.into_iter().fold(0, i32::wrapping_add);
    let even = [
        sum([dc, W2 * i[2], W4 * i[4], W6 * i[6]]),
        sum([dc, W6 * i[2], -W4 * i[4], -W2 * i[6]]),
        sum([dc, -W6 * i[2], -W4 * i[4], W2 * i[6]]),
        sum([dc, -W2 * i[2], W4 * i[4], -W6 * i[6]]),
    ];
    let odd = [
        sum([W1 * i[1], W3 * i[3], W5 * i[5], W7 * i[7]]),
        sum([W3 * i[1], -W7 * i[3], -W1 * i[5], -W5 * i[7]]),
        sum([W5 * i[1], -W1 * i[3], W7 * i[5], W3 * i[7]]),
        sum([W7 * i[1], -W5 * i[3], W3 * i[5], -W1 * i[7]]),
    ];
    core::array::from_fn(|n| {
        if n < 4 { even[n].wrapping_add(odd[n]) } else { even[7 - n].wrapping_sub(odd[7 - n]) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
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

    /// Sums of error and squared error at each place, and the largest error.
    fn statistics(low: i64, high: i64, sign: i64) -> ([f64; 64], [f64; 64], f64) {
        let mut generator = Generator(1);
        let (mut errors, mut squares, mut peak) = ([0.0; 64], [0.0; 64], 0f64);
        for _ in 0..BLOCKS {
            let samples: [f64; 64] = core::array::from_fn(|_| (sign * generator.next(low, high)) as f64);
            let coefficients = reference::forward_dct(&samples).map(|c| c.round().clamp(-2048.0, 2047.0));
            let exact = reference::inverse_dct(&coefficients).map(|s| s.round().clamp(-256.0, 255.0));
            let mut block = coefficients.map(|c| c as i16);
            inverse(&mut block);
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
        inverse(&mut zero);
        assert_eq!(zero, [0; 64]);
    }

    #[test]
    fn dc_alone_is_the_same_by_both_ways() {
        for dc in -2048..=2047 {
            let mut block = [0; 64];
            block[0] = dc;
            inverse(&mut block);
            assert_eq!(block, [inverse_dc(dc); 64]);
        }
    }

    proptest! {
        #[test]
        fn impossible_coefficients_do_not_panic(block in prop::array::uniform32(any::<i16>())) {
            let mut whole = [0; 64];
            whole[..32].copy_from_slice(&block);
            whole[32..].copy_from_slice(&block);
            inverse(&mut whole);
        }
    }
}
