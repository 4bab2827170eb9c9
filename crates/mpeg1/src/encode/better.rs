//! One coefficient: the nearest level or the one below, whichever makes distortion + λ × bits least, and what that is.
//!
//! At fine scales there are a hundred thousand of them in a picture, so that all there is to be known of a level stands side
//! by side in tables.
//!
//! Here belongs: a level's worth, code and coefficient. Not here: which levels a block is sent with (`levels`).

use core::hint::select_unpredictable;

use crate::tables::INTRA_MATRIX;
use crate::tables::coefficients::{FIRST_ROW, WHOLE_CODES, WHOLE_LEVELS, WholeCode, whole_codes};
use crate::transform::quantise::LEVEL_FRACTION_BITS;

/// λ, in units of the square of the step that a predicted block has, with twice [`LEVEL_FRACTION_BITS`] fraction bits: of
/// intra and of predicted blocks. At the usual optimum λ is 0.85 times the square of half a step.
/// What a predicted block gets is often noise, of use to no other picture: it is to cost less.
pub(super) const LAMBDA: [i64; 2] = [54 << 8, 66 << 8];
/// The largest magnitude of a coefficient that is positive.
const MOST: i32 = 2047;

/// What is best sent of a coefficient that is not 0.
pub(super) struct Better {
    /// By how much it makes distortion + λ × bits more than 0 instead of it does.
    pub more: i64,
    /// Its code.
    pub code: WholeCode,
    /// What a decoder makes of it.
    pub coefficient: i16,
}

/// A quantiser scale, and what follows from it for all levels.
pub(super) struct Scale {
    scale: u32,
    /// How much a predicted coefficient is short of the middle of its step: all elements of the matrix are 16, so only
    /// an even scale makes it even, and then it is one nearer to 0.
    short: u32,
    /// The positive and the negative coefficient that a predicted block's levels stand for, by their magnitudes.
    coefficients: [[i16; 2]; WHOLE_LEVELS],
}

impl Scale {
    const fn new(scale: u32) -> Self {
        let short = if scale > 0 && scale.is_multiple_of(2) { 128 / scale } else { 0 };
        let mut coefficients = [[0; 2]; WHOLE_LEVELS];
        let mut magnitude = 1;
        while magnitude < WHOLE_LEVELS {
            let steps = sent_steps(magnitude as u32, short);
            coefficients[magnitude] =
                [predicted_coefficient(steps, scale, 0), predicted_coefficient(steps, scale, -1)];
            magnitude += 1;
        }
        Self { scale, short, coefficients }
    }
}

/// All of them, by the scale.
pub(super) static SCALES: [Scale; 32] = {
    let mut scales = [const { Scale::new(0) }; 32];
    let mut scale = 1;
    while scale < 32 {
        scales[scale] = Scale::new(scale as u32);
        scale += 1;
    }
    scales
};

/// How many steps, with their fraction bits, a predicted block's level of this magnitude stands for: m + ½.
#[inline(always)]
const fn sent_steps(magnitude: u32, short: u32) -> u32 {
    (magnitude << LEVEL_FRACTION_BITS) + 128 - short
}

/// The coefficient of so many steps, with its sign.
#[inline(always)]
const fn predicted_coefficient(sent: u32, scale: u32, sign: i32) -> i16 {
    let magnitude = ((sent * scale) >> 7) as i32;
    with_sign(magnitude, sign)
}

/// A coefficient of this magnitude, bounded; `sign` is −1 if it is negative.
#[inline(always)]
const fn with_sign(magnitude: i32, sign: i32) -> i16 {
    let most = MOST - sign;
    let magnitude = if magnitude > most { most } else { magnitude };
    ((magnitude ^ sign) - sign) as i16
}

/// Of a predicted block's coefficient: the nearest level or the one below, whichever makes distortion + λ × bits least.
///
/// Which one that is depends on the row, and so on the level before; and it is a matter of chance: both are reckoned, and
/// none is jumped to.
#[inline(always)]
pub(super) fn better_predicted(scale: &Scale, row: usize, steps: u16) -> Better {
    if usize::from(steps >> LEVEL_FRACTION_BITS) >= WHOLE_LEVELS {
        return large_predicted(scale, row, steps);
    }
    let nearest = nearest_index(row, steps);
    let below = nearest.wrapping_sub(1 << ROW_BITS) % PRICES.len();
    // With the step as the unit the two distortions differ by twice the way from a level to the coefficient, whatever the
    // scale.
    let fraction = u32::from(steps) & ((1 << LEVEL_FRACTION_BITS) - 1);
    let (price, price_below) = (PRICES[nearest], PRICES[below] + ((fraction + scale.short) << 9));
    let index = select_unpredictable(price <= price_below, nearest, below);
    predicted(scale, index, (steps, price.min(price_below)))
}

/// Of a predicted block's coefficient: the nearest level.
#[inline(always)]
pub(super) fn nearest_predicted(scale: &Scale, row: usize, steps: u16) -> Better {
    if usize::from(steps >> LEVEL_FRACTION_BITS) >= WHOLE_LEVELS {
        return large_predicted(scale, row, steps);
    }
    let index = nearest_index(row, steps);
    predicted(scale, index, (steps, PRICES[index]))
}

/// The place of the nearest level in [`PRICES`].
#[inline(always)]
fn nearest_index(row: usize, steps: u16) -> usize {
    ((usize::from(steps >> LEVEL_FRACTION_BITS) << ROW_BITS) + row) % PRICES.len()
}

/// What is to be known of this level; `price` is its own and by what its distortion is more than the nearest one's.
#[inline(always)]
fn predicted(scale: &Scale, index: usize, (steps, price): (u16, u32)) -> Better {
    let negative = usize::from(steps & 1);
    let off = i64::from(steps & ((1 << LEVEL_FRACTION_BITS) - 1)) - i64::from(128 - scale.short);
    Better {
        more: off * off - i64::from(steps) * i64::from(steps) + i64::from(price),
        code: CODES[index][negative],
        coefficient: scale.coefficients[index >> ROW_BITS][negative],
    }
}

/// The same of a level that has no code but an escape: then the nearest one is the better one.
#[cold]
#[inline(never)]
fn large_predicted(scale: &Scale, row: usize, steps: u16) -> Better {
    let (magnitude, sign) = (steps >> LEVEL_FRACTION_BITS, -i32::from(steps & 1));
    let sent = sent_steps(magnitude.into(), scale.short);
    let price = PRICES[(WHOLE_LEVELS - 1) << ROW_BITS | row];
    Better {
        more: i64::from(sent) * (i64::from(sent) - 2 * i64::from(steps)) + i64::from(price),
        code: signed_code(row, magnitude, sign),
        coefficient: predicted_coefficient(sent, scale.scale, sign),
    }
}

/// The code of a level in a row of [`WHOLE_CODES`].
const fn signed_code(row: usize, magnitude: u16, sign: i32) -> WholeCode {
    let level = ((magnitude as i32 ^ sign) - sign) as i16;
    WholeCode::of(row == FIRST_ROW, if row == FIRST_ROW { 0 } else { row as u8 }, level)
}

/// Bits of a row's number.
const ROW_BITS: u32 = (FIRST_ROW as u32).ilog2() + 1;

/// λ × bits of a predicted block's levels: for each magnitude what stands in each row of [`WHOLE_CODES`], so that small ones,
/// of which there are most, lie side by side. There is none below 1: to send nothing is another question.
static PRICES: [u32; WHOLE_LEVELS << ROW_BITS] = {
    let codes = whole_codes();
    let mut prices = [u32::MAX >> 1; WHOLE_LEVELS << ROW_BITS];
    let mut n = 0;
    while n < codes.len() {
        let (row, magnitude) = (n / WHOLE_LEVELS, n % WHOLE_LEVELS);
        if magnitude > 0 {
            prices[magnitude << ROW_BITS | row] = LAMBDA[1] as u32 * codes[n].len();
        }
        n += 1;
    }
    prices
};

/// In the same order the codes of the positive and of the negative level.
static CODES: [[WholeCode; 2]; WHOLE_LEVELS << ROW_BITS] = {
    let codes = whole_codes();
    let mut table = [[codes[0]; 2]; WHOLE_LEVELS << ROW_BITS];
    let mut n = 0;
    while n < codes.len() {
        let (row, magnitude) = (n / WHOLE_LEVELS, n % WHOLE_LEVELS);
        if magnitude > 0 {
            table[magnitude << ROW_BITS | row] = [codes[n], signed_code(row, magnitude as u16, -1)];
        }
        n += 1;
    }
    table
};

/// The same of an intra block's coefficient.
#[inline(always)]
pub(super) fn better_intra(scale: &Scale, place: usize, row: usize, steps: u16) -> Better {
    let weight = scale.scale as i32 * i32::from(INTRA_MATRIX[place]);
    let codes = row * WHOLE_LEVELS;
    let nearest = (steps + (1 << (LEVEL_FRACTION_BITS - 1))) >> LEVEL_FRACTION_BITS;
    let to_predicted = i64::from(INTRA_MATRIX[place]) * i64::from(INTRA_MATRIX[place]);
    let send = |magnitude: u16| {
        // As `dequantise_intra` has it, but not bounded.
        let sent = (((i32::from(magnitude) * weight) >> 3) - 1) | 1;
        let in_steps = i64::from(sent * (8 << LEVEL_FRACTION_BITS) / weight);
        let distortion = (in_steps * (in_steps - 2 * i64::from(steps)) * to_predicted) >> 8;
        let code = WHOLE_CODES[codes + usize::from(magnitude).min(WHOLE_LEVELS - 1)];
        (distortion + LAMBDA[0] * i64::from(code.len()), code, magnitude, sent)
    };
    let (upper, lower) = (send(nearest), send(nearest - 1));
    let (more, code, magnitude, sent) = if nearest > 1 && lower.0 < upper.0 { lower } else { upper };
    let sign = -i32::from(steps & 1);
    let code = if code.is_escaped() { signed_code(row, magnitude, sign) } else { code.with_sign(sign < 0) };
    Better { more, code, coefficient: with_sign(sent, sign) }
}
