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
//! Where time counts for more than bits, a predicted block's nearest levels are taken as they are, but for small ones that
//! stand alone at the end.
//!
//! Here belongs: the list of levels and the way through a block. Not here: one level's worth (`better`), transforms, how
//! levels become bits.

use super::better::{Better, LAMBDA, SCALES, better_intra, better_predicted, nearest_predicted};
use crate::tables::ZIGZAG;
use crate::tables::coefficients::{FIRST_ROW, WholeCode};
use crate::transform::idct;
use crate::transform::quantise::LEVEL_FRACTION_BITS;

/// The levels of a block that are not 0; of an intra block without the DC.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// What is written for them, in the order of sending.
    codes: [WholeCode; 64],
    len: usize,
    /// What a decoder makes of them.
    coefficients: idct::Block,
}

/// What a block wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// How many of the quantiser's steps there are in its coefficients, row by row, as [`Quantiser`] gives them.
    ///
    /// [`Quantiser`]: crate::transform::quantise::Quantiser
    pub steps: &'a [u16; 64],
    /// A bit for each whose nearest level is not 0.
    pub nonzero: u64,
}

/// From how many steps on, with their fraction bits, a level is not 0.
pub(super) const fn least_steps(intra: bool) -> u16 {
    if intra { 1 << (LEVEL_FRACTION_BITS - 1) } else { 1 << LEVEL_FRACTION_BITS }
}

/// Bits of end_of_block.
const END_BITS: i64 = 2;
/// A level may cost so many times λ more than it gains: it makes the run before the next one shorter, and later pictures
/// gain by it, too. With 2 a static camera's noise takes 1 % fewer bits, and what moves more.
const GRACE: i64 = 3;
impl Default for Levels {
    fn default() -> Self {
        Self { codes: [WholeCode::default(); 64], len: 0, coefficients: idct::Block::new() }
    }
}

impl Levels {
    /// What is written for them, in the order of sending.
    #[inline(always)]
    pub(super) fn codes(&self) -> &[WholeCode] {
        &self.codes[..self.len]
    }

    /// The dequantised coefficients.
    pub(super) const fn coefficients(&mut self) -> &mut idct::Block {
        &mut self.coefficients
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Leaves none.
    pub(super) const fn clear(&mut self) {
        (self.len, self.coefficients) = (0, idct::Block::new());
    }

    /// Chooses levels of an intra or a predicted block with a quantiser scale. Gives by how much what is sent is worse
    /// than nothing, in [`LAMBDA`]'s units, with λ for each bit: end_of_block counted, what the macroblock pays besides
    /// not.
    #[inline(never)]
    pub(super) fn choose<const INTRA: bool>(&mut self, scale: u8, wanted: Wanted<'_>) -> i64 {
        let lambda = LAMBDA[usize::from(!INTRA)];
        let mut places = in_order_of_sending(wanted.nonzero) & if INTRA { !1 } else { !0 };
        let mut next = first_run::<INTRA>(places);
        let scale = &SCALES[usize::from(scale % 32)];
        self.clear();
        let (mut sent, mut len, mut cost) = (0, 0, 0);
        let mut least = (0, 0);
        while places != 0 {
            let at = places.trailing_zeros() as usize & 63;
            places &= places - 1;
            let place = usize::from(ZIGZAG[at] & 63);
            let (steps, row) = (wanted.steps[place], (at as isize - next) as usize);
            let Better { more, code, coefficient } = if INTRA {
                better_intra(scale, place, row, steps)
            } else {
                better_predicted(scale, row, steps)
            };
            // What stands in the place of the first code is always worth its bits.
            if more <= GRACE * lambda {
                self.codes[len & 63] = code;
                self.coefficients.put(at, coefficient);
                (cost, sent, len, next) = (cost + more, sent | 1 << at, len + 1, at as isize + 1);
                least = if cost < least.0 { (cost, sent) } else { least };
            }
        }
        let cost = least.0 + lambda * END_BITS;
        // An intra block pays for its end in any case.
        self.hold(if INTRA || cost < 0 { least.1 } else { 0 }, sent);
        cost
    }

    /// Takes the nearest levels of a predicted block with a quantiser scale, or none if they are not worth their bits
    /// together. Gives the same as [`Self::choose`].
    pub(super) fn take_nearest(&mut self, scale: u8, wanted: Wanted<'_>) -> i64 {
        let sent = without_lonely_end(in_order_of_sending(wanted.nonzero), wanted.steps);
        let (mut places, mut next) = (sent, first_run::<false>(sent));
        let scale = &SCALES[usize::from(scale % 32)];
        self.clear();
        let (mut cost, mut len) = (LAMBDA[1] * END_BITS, 0);
        while places != 0 {
            let at = places.trailing_zeros() as usize & 63;
            places &= places - 1;
            let steps = wanted.steps[usize::from(ZIGZAG[at] & 63)];
            let row = (at as isize - next) as usize;
            let Better { more, code, coefficient } = nearest_predicted(scale, row, steps);
            self.codes[len & 63] = code;
            self.coefficients.put(at, coefficient);
            (cost, len, next) = (cost + more, len + 1, at as isize + 1);
        }
        self.hold(if cost < 0 { sent } else { 0 }, sent);
        cost
    }

    /// Leaves the first levels of those that were `put`, a bit for each.
    #[inline(always)]
    fn hold(&mut self, held: u64, put: u64) {
        self.len = held.count_ones() as usize;
        self.coefficients.hold(held, put & !held);
    }
}

/// Where the first run begins: so far back that the first code has a row of its own.
#[inline(always)]
const fn first_run<const INTRA: bool>(sent: u64) -> isize {
    match (INTRA, sent & 1) {
        (true, _) => 1,
        (false, 0) => 0,
        (false, _) => -(FIRST_ROW as isize),
    }
}

/// What is to be sent without last levels of less than so many steps that come behind a run of so many zeros or more: with
/// their long codes they cost more than they gain.
const LONELY_STEPS: u16 = 3 << (LEVEL_FRACTION_BITS - 1);
const LONELY_RUN: usize = 8;

/// The places in the order of sending without lonely ones at the end.
#[inline(always)]
fn without_lonely_end(mut sent: u64, steps: &[u16; 64]) -> u64 {
    let last = |sent: u64| 63 - (sent | 1).leading_zeros() as usize;
    loop {
        let end = last(sent);
        let rest = sent & !(1 << end);
        let lonely = end - last(rest) > LONELY_RUN && steps[usize::from(ZIGZAG[end] & 63)] < LONELY_STEPS;
        if rest == 0 || !lonely {
            return sent;
        }
        sent = rest;
    }
}

/// The mask of places row by row as a mask of places in the order of sending.
#[inline]
fn in_order_of_sending(places: u64) -> u64 {
    let rows = places.to_le_bytes();
    let mut sent = 0;
    for (row, sent_by_row) in rows.into_iter().zip(&SENT) {
        sent |= sent_by_row[usize::from(row)];
    }
    sent
}

/// For each row of a block, the places of its eight coefficients in the order of sending as a mask.
static SENT: [[u64; 256]; 8] = {
    let mut sent = [[0; 256]; 8];
    let mut n = 0;
    while n < 64 {
        let (row, bit) = (ZIGZAG[n] as usize / 8, ZIGZAG[n] % 8);
        let mut places = 0;
        while places < 256 {
            if places >> bit & 1 == 1 {
                sent[row][places] |= 1 << n;
            }
            places += 1;
        }
        n += 1;
    }
    sent
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::{BitReader, BitWriter};
    use crate::syntax::block::{Next, read_first, read_next, write_coefficient, write_end};
    use crate::tables::INTRA_MATRIX;
    use crate::transform::quantise::{dequantise_intra, dequantise_predicted};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const SCALE: u8 = 4;

    /// Cost of sending `levels`, by place in the order of sending, without end_of_block and what is not sent.
    fn cost(levels: &[(u8, i16)], steps: &[u16; 64]) -> i64 {
        let mut next = 0;
        let mut sum = 0;
        for &(at, level) in levels {
            let wanted = i64::from(steps[usize::from(ZIGZAG[usize::from(at)])]);
            // A coefficient's unit is an eighth of the step with this scale.
            let sent = i64::from(dequantise_predicted(level.abs(), 64)) * 32;
            sum += (wanted - sent).pow(2) - wanted.pow(2);
            sum += LAMBDA[1] * i64::from(WholeCode::of(next == 0, at - next, level).len());
            next = at + 1;
        }
        sum
    }

    /// The least cost of all ways to send these coefficients, end_of_block included; they are at most six.
    fn least_cost(places: &[(u8, i16)], steps: &[u16; 64]) -> i64 {
        let ways = 3usize.pow(places.len() as u32);
        let costs = (1..ways).map(|way| {
            let sent: Vec<_> = (places.iter().enumerate())
                .filter_map(|(n, &(at, level))| {
                    let lower = (way / 3usize.pow(n as u32) % 3) as i16;
                    let level = level - level.signum() * lower.min(1);
                    (lower < 2 && level != 0).then_some((at, level))
                })
                .collect();
            let end = if sent.is_empty() { 0 } else { LAMBDA[1] * END_BITS };
            cost(&sent, steps) + end
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
            let (mut steps, mut nonzero) = ([0; 64], 0);
            let mut places = Vec::new();
            let mut at = random(6);
            while at < 64 && places.len() < 6 {
                let place = usize::from(ZIGZAG[at as usize]);
                let value = random(500) as i16 - 250;
                steps[place] = (value.unsigned_abs() * 4) | u16::from(value < 0);
                nonzero |= u64::from(value / 64 != 0) << place;
                places.push((at as u8, value / 64));
                at += 1 + random(9);
            }
            let mut levels = Levels::default();
            let wanted = Wanted { steps: &steps, nonzero };
            let said = levels.choose::<false>(SCALE, wanted);
            let sent: Vec<_> = places_of(&levels)
                .into_iter()
                .map(|at| (at, level_of(levels.coefficients.get(at.into()))))
                .collect();
            let end = if sent.is_empty() { 0 } else { LAMBDA[1] * END_BITS };
            let cost = cost(&sent, &steps) + end;
            assert!(said == cost || sent.is_empty() && said >= 0);
            ours += cost;
            least += least_cost(&places, &steps);
        }
        assert!(least < 0 && ours * 100 < least * 97, "{ours} for {least}");
    }

    /// The places of those that are not 0, in the order of sending.
    fn places_of(levels: &Levels) -> Vec<u8> {
        (0..64).filter(|&at| levels.coefficients.get(at.into()) != 0).collect()
    }

    /// The level behind a coefficient of a predicted block.
    fn level_of(coefficient: i16) -> i16 {
        let levels = (-255..=255).filter(|&level| level != 0);
        let mut found =
            levels.filter(|&level| dequantise_predicted(level, 16 * i32::from(SCALE)) == coefficient);
        found.next().expect("a decoder has such a coefficient")
    }

    #[test]
    fn what_is_worth_nothing_is_not_sent() {
        let mut levels = Levels::default();
        let mut steps = [0; 64];
        steps[63] = 260;
        let wanted = Wanted { steps: &steps, nonzero: 1 << 63 };
        assert!(levels.choose::<false>(SCALE, wanted) > 0 && levels.is_empty());
        steps[0] = 2560;
        let wanted = Wanted { steps: &steps, nonzero: 1 << 63 | 1 };
        assert!(levels.choose::<false>(SCALE, wanted) < 0);
        assert_eq!(places_of(&levels), [0]);
    }

    #[test]
    fn the_nearest_levels_are_taken_without_a_lonely_end() {
        let mut levels = Levels::default();
        let mut steps = [0; 64];
        let place = |at: usize| usize::from(ZIGZAG[at]);
        (steps[place(0)], steps[place(3)], steps[place(20)], steps[place(40)]) = (2560, 700, 360, 380);
        let nonzero = [0, 3, 20, 40].map(|at| 1 << place(at)).into_iter().sum();
        assert!(levels.take_nearest(SCALE, Wanted { steps: &steps, nonzero }) < 0);
        assert_eq!(places_of(&levels), [0, 3]);
        steps[place(40)] = 900;
        assert!(levels.take_nearest(SCALE, Wanted { steps: &steps, nonzero }) < 0);
        assert_eq!(places_of(&levels), [0, 3, 20, 40], "what is large is sent, and what stands before it");
        let alone = Wanted { steps: &steps, nonzero: 1 << place(20) };
        assert!(levels.take_nearest(SCALE, alone) > 0 && levels.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_stands_for_the_coefficients(
            intra: bool, scale in 1u8..=31, seed: u64, sizes in prop::collection::vec(any::<u16>(), 64), places: u64,
        ) {
            let (mut steps, mut nonzero) = ([0; 64], 0);
            for place in (0..64).filter(|place| places & seed >> place & 1 == 1) {
                steps[place] = (sizes[place] >> (seed % 9)).min(0xff00);
                nonzero |= u64::from(steps[place] >= least_steps(intra)) << place;
            }
            let mut levels = Levels::default();
            let wanted = Wanted { steps: &steps, nonzero };
            if intra { levels.choose::<true>(scale, wanted) } else { levels.choose::<false>(scale, wanted) };
            check(&levels, intra, scale)?;
            if !intra {
                levels.take_nearest(scale, wanted);
                check(&levels, intra, scale)?;
            }
        }

        #[test]
        fn the_order_of_sending_is_the_zigzag(places: u64) {
            let sent = in_order_of_sending(places);
            for (at, place) in ZIGZAG.into_iter().enumerate() {
                prop_assert_eq!(sent >> at & 1, places >> place & 1);
            }
        }
    }

    /// Reads what would be written and dequantises it.
    fn check(levels: &Levels, intra: bool, scale: u8) -> Result<(), TestCaseError> {
        let mut out = Vec::new();
        let mut bits = BitWriter::new(&mut out);
        levels.codes().iter().for_each(|&code| write_coefficient(&mut bits, code));
        write_end(&mut bits);
        bits.align();
        let mut bits = BitReader::new(&out);
        let mut next = u8::from(intra);
        for (n, at) in places_of(levels).into_iter().enumerate() {
            let read = if n == 0 && !intra { read_first(&mut bits) } else { read_next(&mut bits) };
            let Next::Coefficient { run, level } = read else { panic!("{read:?}") };
            prop_assert_eq!(next + run, at);
            next += run + 1;
            let place = usize::from(ZIGZAG[usize::from(at)]);
            let coefficient = if intra {
                dequantise_intra(level, i32::from(scale) * i32::from(INTRA_MATRIX[place]))
            } else {
                dequantise_predicted(level, i32::from(scale) * 16)
            };
            prop_assert_eq!(coefficient, levels.coefficients.get(at.into()));
        }
        prop_assert_eq!(read_next(&mut bits), Next::End);
        prop_assert_eq!(places_of(levels).len(), levels.codes().len());
        Ok(())
    }
}
