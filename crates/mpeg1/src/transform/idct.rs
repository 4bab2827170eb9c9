//! The inverse DCT (ISO/IEC 11172-2, annex A), in integers: one definition for encoder and decoder, bit by bit.
//!
//! Sums of products of 16-bit values, kept in 32 bits, with one rounding after the rows and one after the columns, so
//! that a machine's multiply-and-add of pairs does it. It meets IEEE Std 1180-1990 (tested). Weights and roundings are
//! those of the decoder that is most in use, FFmpeg's: what both decode from one stream does not drift apart.

use fearless_simd::{Bytes, Simd, i16x8, i32x4, prelude::*};

use super::lanes::{self, Rows};
use crate::tables::ZIGZAG;

/// `round(√2·cos(k·π/16)·2¹⁴)` for k = 1 to 7; that of k = 4 is one less, which keeps 8 times the largest coefficient
/// within 16 bits behind the rows.
const W1: i16 = 22_725;
const W2: i16 = 21_407;
const W3: i16 = 19_266;
const W4: i16 = 16_383;
const W5: i16 = 12_873;
const W6: i16 = 8_867;
const W7: i16 = 4_520;

/// Weights of inputs 0 to 7 in outputs 0 to 3. In output 7 − n those of odd inputs have the other sign.
const WEIGHTS: [[i16; 8]; 4] = [
    [W4, W1, W2, W3, W4, W5, W6, W7],
    [W4, W3, W6, -W7, -W4, -W1, -W2, -W5],
    [W4, W5, -W6, -W1, -W4, W7, W2, W3],
    [W4, W7, -W2, -W5, W4, W3, -W6, -W1],
];

/// Bits dropped after the rows: 3 fraction bits are kept.
const ROW_SHIFT: u32 = 11;
/// Bits dropped after the columns.
const COLUMN_SHIFT: u32 = 20;
/// What is added before bits are dropped.
const ROW_ROUND: i32 = 1 << (ROW_SHIFT - 1);
/// Half a unit of the result, cut to a multiple of the DC's weight.
const COLUMN_ROUND: i32 = (1 << (COLUMN_SHIFT - 1)) / W4 as i32 * W4 as i32;

/// A lane of each column: the order in which rows are held. Columns that are multiplied and added together lie side by
/// side, so that only pairs need to be moved, and those of the right half lie in odd lanes.
const LANES: [u8; 8] = [0, 4, 2, 6, 1, 5, 3, 7];
/// The place in a [`Block`] of the n-th coefficient sent.
const PLACES: [u8; 64] = places();

const fn places() -> [u8; 64] {
    let mut lane_of = [0; 8];
    let mut lane = 0;
    while lane < 8 {
        lane_of[LANES[lane] as usize] = lane as u8;
        lane += 1;
    }
    let mut places = [0; 64];
    let mut n = 0;
    while n < 64 {
        places[n] = ZIGZAG[n] & !7 | lane_of[(ZIGZAG[n] & 7) as usize];
        n += 1;
    }
    places
}

/// In a place: it lies in the right or in the lower half.
const OUTSIDE_CORNER: u8 = 1 | 4 << 3;
/// Those coefficients in the order of sending: a bit for each.
#[cfg(feature = "encode")]
const SENT_OUTSIDE_CORNER: u64 = {
    let (mut outside, mut n) = (0, 0);
    while n < 64 {
        outside |= ((PLACES[n] & OUTSIDE_CORNER != 0) as u64) << n;
        n += 1;
    }
    outside
};

/// The dequantised coefficients of a block, and which of them there are: what is known to be 0 needs no work.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    values: [i16; 64],
    /// The places of all that were set, or-ed.
    places: u8,
}

impl Block {
    /// All 0.
    pub(crate) const fn new() -> Self {
        Self { values: [0; 64], places: 0 }
    }

    /// Sets the coefficient that is the `at`-th sent; 0 is the DC.
    #[inline(always)]
    pub(crate) fn set(&mut self, at: usize, coefficient: i16) {
        let place = PLACES[at];
        self.values[usize::from(place & 63)] = coefficient;
        self.places |= place;
    }

    /// Sets it without noting that there is one: what follows is [`Self::hold`].
    #[inline(always)]
    #[cfg(feature = "encode")]
    pub(crate) fn put(&mut self, at: usize, coefficient: i16) {
        self.values[usize::from(PLACES[at] & 63)] = coefficient;
    }

    /// Notes which coefficients were put and are to stay, a bit for each in the order of sending; those of `others` are made
    /// 0 again.
    #[inline(always)]
    #[cfg(feature = "encode")]
    pub(crate) fn hold(&mut self, held: u64, mut others: u64) {
        self.places = if held & !1 == 0 { 0 } else { OUTSIDE_CORNER | 2 };
        if held & SENT_OUTSIDE_CORNER == 0 {
            self.places &= !OUTSIDE_CORNER;
        }
        while others != 0 {
            self.put(others.trailing_zeros() as usize & 63, 0);
            others &= others - 1;
        }
    }

    /// The coefficient that is the `at`-th sent.
    #[cfg(test)]
    pub(crate) fn get(&self, at: usize) -> i16 {
        self.values[usize::from(PLACES[at])]
    }

    /// Turns coefficients, −2048 to 2047, into samples or differences; the coefficients are all 0 then. What leaves 16
    /// bits between the passes saturates: only streams with impossible coefficients do that.
    #[inline(always)]
    pub(crate) fn inverse<S: Simd>(&mut self, simd: S) -> Rows<S> {
        let rows = if self.places == 0 {
            let sample = inverse_dc(self.values[0]);
            self.values[0] = 0;
            [simd.splat_i16x8(sample); 8]
        } else if self.places & OUTSIDE_CORNER == 0 {
            let (upper, _) = self.values.split_at_mut(32);
            inverse_corner(simd, lanes::take(simd, upper))
        } else {
            inverse_all(simd, lanes::take(simd, &mut self.values))
        };
        self.places = 0;
        rows
    }
}

/// What the inverse DCT gives for each sample of a block that has no coefficient but the DC `dc`.
#[must_use]
#[inline]
pub const fn inverse_dc(dc: i16) -> i16 {
    ((W4 as i32 * dc as i32 * 8 + COLUMN_ROUND) >> COLUMN_SHIFT) as i16
}

/// Of all coefficients.
#[inline(always)]
fn inverse_all<S: Simd>(simd: S, rows: Rows<S>) -> Rows<S> {
    let upper = transpose_pairs(simd, [rows[0], rows[4], rows[2], rows[6]]);
    let lower = transpose_pairs(simd, [rows[1], rows[5], rows[3], rows[7]]);
    let scaled = simd.saturating_narrow_i32x4(scaled_dc(upper[0]), scaled_dc(lower[0]));
    let dc_alone = simd.saturating_narrow_i32x4(others(simd, upper), others(simd, lower));
    let dc_alone = simd.simd_eq_i16x8(dc_alone, simd.splat_i16x8(0));
    let upper = outputs::<S, ROW_SHIFT>(simd, upper, ROW_ROUND);
    let lower = outputs::<S, ROW_SHIFT>(simd, lower, ROW_ROUND);
    let mut columns = rows;
    for (x, column) in columns.iter_mut().enumerate() {
        let weighed = simd.saturating_narrow_i32x4(upper[x], lower[x]);
        *column = simd.select_i16x8(dc_alone, scaled, weighed);
    }
    let [a, b, c, d, e, f, g, h] = columns;
    let left = outputs::<S, COLUMN_SHIFT>(simd, transpose_pairs(simd, [a, b, c, d]), COLUMN_ROUND);
    let right = outputs::<S, COLUMN_SHIFT>(simd, transpose_pairs(simd, [e, f, g, h]), COLUMN_ROUND);
    side_by_side(simd, left, right)
}

/// Of the four rows of a block that has coefficients in their left half only: half of the work, and the same bits, for
/// what is left out is 0.
#[inline(always)]
fn inverse_corner<S: Simd>(simd: S, rows: [i16x8<S>; 4]) -> Rows<S> {
    let upper = simd.unzip_low_i16x8(rows[0], rows[2]);
    let lower = simd.unzip_low_i16x8(rows[1], rows[3]);
    let (even, odd) = deinterleave_pairs(simd, upper, lower);
    // Four rows in the order 0, 2, 1, 3.
    let inputs: i32x4<S> = even.bitcast();
    let others = simd.or_i32x4(odd.bitcast(), inputs >> 16);
    let others = simd.saturating_narrow_i32x4(others, others);
    let dc_alone = simd.simd_eq_i16x8(others, simd.splat_i16x8(0));
    let scaled = simd.saturating_narrow_i32x4(scaled_dc(even), scaled_dc(even));
    let weighed = corner_outputs::<S, ROW_SHIFT>(simd, even, odd, ROW_ROUND);
    let mut columns = rows;
    for (n, two) in columns.iter_mut().enumerate() {
        let weighed = simd.saturating_narrow_i32x4(weighed[2 * n], weighed[2 * n + 1]);
        *two = simd.select_i16x8(dc_alone, scaled, weighed);
    }
    let (even, odd) = deinterleave_pairs(simd, columns[0], columns[1]);
    let left = corner_outputs::<S, COLUMN_SHIFT>(simd, even, odd, COLUMN_ROUND);
    let (even, odd) = deinterleave_pairs(simd, columns[2], columns[3]);
    let right = corner_outputs::<S, COLUMN_SHIFT>(simd, even, odd, COLUMN_ROUND);
    side_by_side(simd, left, right)
}

/// Four outputs of eight lanes from their left and right lanes.
#[inline(always)]
fn side_by_side<S: Simd>(simd: S, left: [i32x4<S>; 8], right: [i32x4<S>; 8]) -> Rows<S> {
    let mut rows = [simd.splat_i16x8(0); 8];
    for (y, row) in rows.iter_mut().enumerate() {
        *row = simd.saturating_narrow_i32x4(left[y], right[y]);
    }
    rows
}

/// A row of DC alone is scaled exactly, where the weights would be off by one in 2¹⁴: its outputs, from the pair with
/// the DC.
#[inline(always)]
fn scaled_dc<S: Simd>(pair: i16x8<S>) -> i32x4<S> {
    let pair: i32x4<S> = pair.bitcast();
    (pair << 16) >> 13
}

/// What is not 0 where a row has more than a DC.
#[inline(always)]
fn others<S: Simd>(simd: S, [first, second, third, fourth]: [i16x8<S>; 4]) -> i32x4<S> {
    let first: i32x4<S> = first.bitcast();
    let others: i32x4<S> = simd.or_i16x8(simd.or_i16x8(second, third), fourth).bitcast();
    simd.or_i32x4(first >> 16, others)
}

/// Four vectors of four pairs of 16-bit lanes each, mirrored.
#[inline(always)]
fn transpose_pairs<S: Simd>(simd: S, [a, b, c, d]: [i16x8<S>; 4]) -> [i16x8<S>; 4] {
    let (first_of_two, second_of_two) = simd.interleave_i32x4(a.bitcast(), c.bitcast());
    let (first_of_others, second_of_others) = simd.interleave_i32x4(b.bitcast(), d.bitcast());
    let (first, second) = simd.interleave_i32x4(first_of_two, first_of_others);
    let (third, fourth) = simd.interleave_i32x4(second_of_two, second_of_others);
    [first.bitcast(), second.bitcast(), third.bitcast(), fourth.bitcast()]
}

/// The even and the odd ones of eight pairs of 16-bit lanes.
#[inline(always)]
fn deinterleave_pairs<S: Simd>(simd: S, a: i16x8<S>, b: i16x8<S>) -> (i16x8<S>, i16x8<S>) {
    let (even, odd) = simd.deinterleave_i32x4(a.bitcast(), b.bitcast());
    (even.bitcast(), odd.bitcast())
}

/// Eight outputs from pairs of inputs: 0 and 4, 2 and 6, 1 and 5, 3 and 7.
#[inline(always)]
fn outputs<S: Simd, const SHIFT: u32>(simd: S, pairs: [i16x8<S>; 4], round: i32) -> [i32x4<S>; 8] {
    let [p04, p26, p15, p37] = pairs;
    let round = simd.splat_i32x4(round);
    let sum = weigh::<S, 0, 0, 4>(simd, p04) + round;
    let difference = weigh::<S, 1, 0, 4>(simd, p04) + round;
    let outer = weigh::<S, 0, 2, 6>(simd, p26);
    let inner = weigh::<S, 1, 2, 6>(simd, p26);
    butterflies::<S, SHIFT>(
        [sum + outer, difference + inner, difference - inner, sum - outer],
        [
            weigh::<S, 0, 1, 5>(simd, p15) + weigh::<S, 0, 3, 7>(simd, p37),
            weigh::<S, 1, 1, 5>(simd, p15) + weigh::<S, 1, 3, 7>(simd, p37),
            weigh::<S, 2, 1, 5>(simd, p15) + weigh::<S, 2, 3, 7>(simd, p37),
            weigh::<S, 3, 1, 5>(simd, p15) + weigh::<S, 3, 3, 7>(simd, p37),
        ],
    )
}

/// Eight outputs from inputs 0 and 2, and 1 and 3; the others are 0.
#[inline(always)]
fn corner_outputs<S: Simd, const SHIFT: u32>(
    simd: S,
    even: i16x8<S>,
    odd: i16x8<S>,
    round: i32,
) -> [i32x4<S>; 8] {
    let round = simd.splat_i32x4(round);
    butterflies::<S, SHIFT>(
        [
            weigh::<S, 0, 0, 2>(simd, even) + round,
            weigh::<S, 1, 0, 2>(simd, even) + round,
            weigh::<S, 2, 0, 2>(simd, even) + round,
            weigh::<S, 3, 0, 2>(simd, even) + round,
        ],
        [
            weigh::<S, 0, 1, 3>(simd, odd),
            weigh::<S, 1, 1, 3>(simd, odd),
            weigh::<S, 2, 1, 3>(simd, odd),
            weigh::<S, 3, 1, 3>(simd, odd),
        ],
    )
}

/// Outputs 0 to 7 from the sums over even and over odd inputs.
#[inline(always)]
fn butterflies<S: Simd, const SHIFT: u32>(even: [i32x4<S>; 4], odd: [i32x4<S>; 4]) -> [i32x4<S>; 8] {
    let mut outputs = [even[0]; 8];
    for n in 0..4 {
        outputs[n] = (even[n] + odd[n]) >> SHIFT;
        outputs[7 - n] = (even[n] - odd[n]) >> SHIFT;
    }
    outputs
}

/// Pairs of inputs A and B times their weights in output N, summed. The numbers are parameters of the type, so that the
/// weights are constants however the compiler treats the loops around.
#[inline(always)]
fn weigh<S: Simd, const N: usize, const A: usize, const B: usize>(simd: S, pairs: i16x8<S>) -> i32x4<S> {
    let (a, b) = const { (WEIGHTS[N][A], WEIGHTS[N][B]) };
    simd.pairwise_dot_product_i16x8(pairs, i16x8::load_array(simd, [a, b, a, b, a, b, a, b]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::{level, reference};
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    /// Of a block row by row.
    fn inverse(level: Level, block: &mut [i16; 64]) {
        let mut coefficients = Block::new();
        for (at, place) in ZIGZAG.into_iter().enumerate() {
            if block[usize::from(place)] != 0 {
                coefficients.set(at, block[usize::from(place)]);
            }
        }
        dispatch!(level, simd => lanes::store(coefficients.inverse(simd), block));
        assert_eq!(coefficients.values, [0; 64], "all 0 again");
    }

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
                let (weights, sign) = if n < 4 { (WEIGHTS[n], 1) } else { (WEIGHTS[7 - n], -1) };
                let sum = |inputs: [usize; 4]| -> i32 {
                    inputs
                        .iter()
                        .fold(0i32, |sum, &at| sum.wrapping_add(i32::from(weights[at]) * i32::from(i[at])))
                };
                let even = sum([0, 2, 4, 6]).wrapping_add(round);
                let all = even.wrapping_add(sum([1, 3, 5, 7]).wrapping_mul(sign));
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
        fn a_corner_alone_gives_the_same_bits(coefficients in prop::collection::vec((0usize..4, 0usize..4, -2048i16..2048), 0..16)) {
            let mut block = [0; 64];
            for (x, y, coefficient) in coefficients {
                block[y * 8 + x] = coefficient;
            }
            let mut expected = block;
            inverse_slowly(&mut expected);
            for level in level::all() {
                let mut block = block;
                inverse(level, &mut block);
                prop_assert_eq!(block, expected);
            }
        }

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
