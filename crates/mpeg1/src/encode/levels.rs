//! A block's levels, and which of them are worth their bits.
//!
//! Quantisation finds for each coefficient the nearest level. Here each is looked at once, in the order of sending, and
//! sent, sent one nearer to 0, or left out, whichever makes distortion + λ × bits least; then the block ends where that
//! sum was least. Distortion is the square of what a coefficient is off; the DCT is orthonormal, so that is the samples',
//! too.
//!
//! The best path through all of them (a trellis, as FFmpeg and x264 have it) was here before: it took twice the time and
//! more where there are many levels, and needed 0.6 % fewer bits on one clip and 2 % more on two others.
//!
//! Here belongs: the list of levels and the choice. Not here: transforms, how levels become bits.

use crate::syntax::block::code_len;
use crate::tables::ZIGZAG;
use crate::transform::dct::FRACTION_BITS;
use crate::transform::quantise::{dequantise_intra, dequantise_predicted};

/// A level that is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// Its place in the order of sending, 0 to 63.
    pub at: u8,
    pub level: i16,
    /// The dequantised coefficient.
    pub coefficient: i16,
}

/// The levels of a block that are not 0, in the order of sending; of an intra block without the DC.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    list: [Level; 64],
    len: usize,
}

/// By what levels of a block are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub intra: bool,
    pub scale: u8,
    pub matrix: &'a [u8; 64],
}

/// λ for a quantiser scale of 1, in units of distortion, which has twice [`FRACTION_BITS`] fraction bits: of intra and
/// of predicted blocks. At the usual optimum λ is 0.85 times the square of half a step, and half a step is the scale.
/// What a predicted block gets is often noise, of use to no other picture: it is to cost less.
const LAMBDA: [i32; 2] = [54, 66];
/// Bits of end_of_block.
const END_BITS: i32 = 2;
/// A level may cost so many times λ more than it gains: it makes the run before the next one shorter, and later pictures
/// gain by it, too.
const GRACE: i32 = 2;

impl Default for Levels {
    fn default() -> Self {
        Self { list: [Level::default(); 64], len: 0 }
    }
}

impl Levels {
    /// The levels that are not 0.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Level> {
        self.list[..self.len].iter()
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Leaves none.
    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Chooses among the `nearest` levels, of which `nonzero` has a bit for each that is not 0, of `coefficients`; all
    /// row by row. Gives by how much what is sent is better than nothing, in units of λ × bit: end_of_block counted,
    /// what the macroblock pays besides not.
    pub(super) fn choose(
        &mut self,
        judge: Judge<'_>,
        nearest: &[i16; 64],
        nonzero: u64,
        coefficients: &[i16; 64],
    ) -> i32 {
        let start = u8::from(judge.intra);
        let mut sent = in_order_of_sending(nonzero) >> start << start;
        let lambda = judge.lambda();
        let (mut cost, mut len, mut next) = (0, 0, start);
        let mut least = (0, 0);
        while sent != 0 {
            let at = sent.trailing_zeros() as u8 & 63;
            sent &= sent - 1;
            let place = usize::from(ZIGZAG[usize::from(at)]);
            let run = at - next;
            let (more, level) = judge.best(lambda, (at, run), nearest[place], coefficients[place]);
            if more <= GRACE * lambda {
                self.list[len & 63] = level;
                (cost, len, next) = (cost + more, len + 1, at + 1);
                least = if cost < least.0 { (cost, len) } else { least };
            }
        }
        let (cost, len) = (least.0 + lambda * END_BITS, least.1);
        // An intra block pays for its end in any case.
        self.len = if judge.intra || cost < 0 { len } else { 0 };
        -cost / lambda
    }
}

impl Judge<'_> {
    #[inline(always)]
    fn dequantise(self, level: i16, weight: i32) -> i16 {
        if self.intra { dequantise_intra(level, weight) } else { dequantise_predicted(level, weight) }
    }

    fn lambda(self) -> i32 {
        LAMBDA[usize::from(!self.intra)] * i32::from(self.scale) * i32::from(self.scale)
    }

    /// The better of a coefficient's nearest level and the one below, behind a `run` of zeros: what it costs more than
    /// to send none.
    #[inline(always)]
    fn best(self, lambda: i32, (at, run): (u8, u8), nearest: i16, wanted: i16) -> (i32, Level) {
        let weight = i32::from(self.scale) * i32::from(self.matrix[usize::from(ZIGZAG[usize::from(at)])]);
        let wanted = i32::from(wanted.unsigned_abs());
        let first = at == 0 && !self.intra;
        // Of magnitudes: a level has its coefficient's sign.
        let send = |level: i16| {
            let coefficient = self.dequantise(level, weight);
            let sent = i32::from(coefficient) << FRACTION_BITS;
            // (wanted − sent)² − wanted²
            let more = sent * (sent - 2 * wanted) + lambda * code_len(first, run, level);
            (more, Level { at, level, coefficient })
        };
        let magnitude = nearest.abs();
        let (more, mut best) = if magnitude == 1 {
            send(1)
        } else {
            let (upper, lower) = (send(magnitude), send(magnitude - 1));
            if lower.0 < upper.0 { lower } else { upper }
        };
        if nearest < 0 {
            best.level = -best.level;
            // The bounds are not symmetric: there it is worked out anew.
            let bounded = best.coefficient == i16::MAX >> 4;
            best.coefficient = if bounded { self.dequantise(best.level, weight) } else { -best.coefficient };
        }
        (more, best)
    }
}

/// The mask of places row by row as a mask of places in the order of sending.
#[inline]
fn in_order_of_sending(mut places: u64) -> u64 {
    let mut sent = 0;
    while places != 0 {
        sent |= 1 << ORDER[places.trailing_zeros() as usize & 63];
        places &= places - 1;
    }
    sent
}

/// The order of sending by place: the inverse of [`ZIGZAG`].
const ORDER: [u8; 64] = {
    let mut order = [0; 64];
    let mut n = 0;
    while n < 64 {
        order[ZIGZAG[n] as usize] = n as u8;
        n += 1;
    }
    order
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::NON_INTRA_MATRIX;
    use alloc::vec::Vec;

    const fn square(value: i32) -> i32 {
        value * value
    }

    const JUDGE: Judge<'_> = Judge { intra: false, scale: 4, matrix: &NON_INTRA_MATRIX };

    /// Cost of sending `levels`, by place in the order of sending, without end_of_block and what is not sent.
    fn cost(levels: &[(u8, i16)], coefficients: &[i16; 64]) -> i32 {
        let lambda = JUDGE.lambda();
        let mut next = 0;
        let mut sum = 0;
        for &(at, level) in levels {
            let wanted = i32::from(coefficients[usize::from(ZIGZAG[usize::from(at)])]);
            let coefficient = i32::from(dequantise_predicted(level, 64)) << FRACTION_BITS;
            sum += square(wanted - coefficient) - square(wanted);
            sum += lambda * code_len(next == 0, at - next, level);
            next = at + 1;
        }
        sum
    }

    /// The least cost of all ways to send these coefficients, end_of_block included; they are at most six.
    fn least_cost(places: &[(u8, i16)], coefficients: &[i16; 64]) -> i32 {
        let ways = 3usize.pow(places.len() as u32);
        let costs = (1..ways).map(|way| {
            let sent: Vec<_> = (places.iter().enumerate())
                .filter_map(|(n, &(at, level))| {
                    let lower = (way / 3usize.pow(n as u32) % 3) as i16;
                    let level = level - level.signum() * lower.min(1);
                    (lower < 2 && level != 0).then_some((at, level))
                })
                .collect();
            let end = if sent.is_empty() { 0 } else { JUDGE.lambda() * END_BITS };
            cost(&sent, coefficients) + end
        });
        costs.min().unwrap_or(0).min(0)
    }

    #[test]
    fn is_hardly_worse_than_the_best_way_on_average() {
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut ours, mut least) = (0i64, 0i64);
        for _ in 0..2000 {
            let (mut coefficients, mut nearest, mut nonzero) = ([0; 64], [0; 64], 0);
            let mut places = Vec::new();
            let mut at = random(6);
            while at < 64 && places.len() < 6 {
                let place = usize::from(ZIGZAG[at as usize]);
                let value = random(500) as i16 - 250;
                coefficients[place] = value;
                nearest[place] = value / 64;
                nonzero |= u64::from(value / 64 != 0) << place;
                places.push((at as u8, value / 64));
                at += 1 + random(9);
            }
            let mut levels = Levels::default();
            levels.choose(JUDGE, &nearest, nonzero, &coefficients);
            let sent: Vec<_> = levels.iter().map(|level| (level.at, level.level)).collect();
            let end = if sent.is_empty() { 0 } else { JUDGE.lambda() * END_BITS };
            ours += i64::from(cost(&sent, &coefficients) + end);
            least += i64::from(least_cost(&places, &coefficients));
        }
        assert!(least < 0 && ours * 100 < least * 97, "{ours} for {least}");
    }

    #[test]
    fn what_is_worth_nothing_is_not_sent() {
        let mut levels = Levels::default();
        let (mut coefficients, mut nearest) = ([0; 64], [0; 64]);
        (coefficients[63], nearest[63]) = (65, 1);
        assert!(levels.choose(JUDGE, &nearest, 1 << 63, &coefficients) < 0 && levels.is_empty());
        (coefficients[0], nearest[0]) = (640, 10);
        assert!(levels.choose(JUDGE, &nearest, 1 << 63 | 1, &coefficients) > 0);
        assert_eq!(levels.iter().map(|level| level.at).collect::<Vec<_>>(), [0]);
    }
}
