//! What a macroblock takes on average, by its activity and the quantiser scale.
//!
//! Here belongs: the figures, measured over the clips of `cargo xtask bench encode`. Not here: by how much this content
//! differs from them (`cost`).

use super::mode::Mode;

/// What an intra macroblock takes besides its coefficients: its type, its DCs, the ends of its blocks. The first figure
/// holds among others of its kind; the second one where it stands alone, for there no DC is like the one before.
const INTRA_HEAD: f32 = 36.0;
const LONE_INTRA_HEAD: f32 = 80.0;
/// Bits for an activity of 0, 32, 64, 128 … times the scale: means over the clips of `cargo xtask bench encode` at
/// scales 2 to 31. Between them lines.
const INTRA: Curve = [0.0, 4.0, 9.0, 26.0, 79.0, 190.0, 365.0, 600.0, 860.0, 1060.0, 1260.0];
const PREDICTED: Curve = [0.0, 2.0, 6.0, 22.0, 155.0, 450.0, 820.0, 1250.0, 1700.0, 2100.0, 2500.0];
/// Up to so many times 32 × scale of activity there is little to code. What that takes is a matter of noise and colour: it
/// says nothing of what the rest takes, nor the other way round.
const LITTLE_UNITS: f32 = 2.0;
const LITTLE_POINT: usize = (LITTLE_UNITS as u32).ilog2() as usize + 1;
/// What a macroblock with motion takes besides its vector and coefficients: its address and type.
const MOVED_BITS: f32 = 4.0;

/// By what part a scale is finer with which all of what remained is to be coded.
const UNSETTLED: f32 = 0.4;

const POINTS: usize = 11;
type Curve = [f32; POINTS];
static INTRA_LINES: Lines = lines(INTRA);
static PREDICTED_LINES: Lines = lines(PREDICTED);

/// What an activity is multiplied by to be in units of 32 times the scale, by the scale.
const UNITS: [f32; 32] = {
    let (mut units, mut scale) = ([0.0; 32], 1);
    while scale < 32 {
        units[scale] = 1.0 / (32.0 * scale as f32);
        scale += 1;
    }
    units
};

/// What an intra macroblock takes besides its coefficients, in bits.
pub(super) const fn intra_head(mode: &Mode) -> f32 {
    if mode.due || mode.behind_intra { INTRA_HEAD } else { LONE_INTRA_HEAD }
}

/// What a predicted one takes besides them, in bits.
pub(super) fn predicted_head(mode: &Mode) -> f32 {
    if mode.vector_bits == 0 { 0.0 } else { f32::from(mode.vector_bits) + MOVED_BITS }
}

/// Activity at a scale.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    /// In units of 32 × scale.
    pub units: f32,
    /// What such macroblocks take on average for it, besides their heads.
    pub bits: f32,
}

/// A macroblock's activity at a scale: up to [`LITTLE_UNITS`], and above.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Typical {
    pub little: Amount,
    pub much: Amount,
}

impl Typical {
    pub fn add(&mut self, other: Self) {
        for (sum, other) in [(&mut self.little, other.little), (&mut self.much, other.much)] {
            sum.units += other.units;
            sum.bits += other.bits;
        }
    }
}

/// Between two points of a curve, or from the last one on: bits where there is no activity, and for each 32 × scale of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub bits: f32,
    pub each: f32,
}

/// A curve's lines, from each of its points on.
pub(super) type Lines = [Line; POINTS];

/// What so many units of activity take.
#[inline(always)]
pub(super) fn bits(lines: &Lines, units: f32) -> f32 {
    // How many times it can be halved says between which two points it lies.
    let n = (units as u32).checked_ilog2().map_or(0, |log| log as usize + 1).min(POINTS - 1);
    lines[n].bits + lines[n].each * units
}

const fn lines(curve: Curve) -> Lines {
    let (mut lines, mut n, mut from, mut width) = ([Line { bits: 0.0, each: 0.0 }; POINTS], 0, 0.0, 1.0);
    while n < POINTS {
        let each = if n + 1 < POINTS { (curve[n + 1] - curve[n]) / width } else { 0.0 };
        lines[n] = Line { bits: curve[n] - each * from, each };
        (from, width) = (from + width, if n == 0 { 1.0 } else { width * 2.0 });
        n += 1;
    }
    lines
}

/// What macroblocks take besides their heads where it is so many `times` what is usual and so much `more` for each unit: of
/// what there is little of, and of what is above.
pub(super) const fn lines_of(intra: bool, [little, much]: [(f32, f32); 2]) -> Lines {
    let (mut lines, mut n) = (if intra { INTRA_LINES } else { PREDICTED_LINES }, 0);
    let at_point = (if intra { INTRA } else { PREDICTED })[LITTLE_POINT];
    let most_little = little.0 * at_point + little.1 * LITTLE_UNITS;
    while n < POINTS {
        let Line { bits, each } = lines[n];
        lines[n] = if n < LITTLE_POINT {
            Line { bits: little.0 * bits, each: little.0 * each + little.1 }
        } else {
            let above = much.0 * (bits - at_point) - much.1 * LITTLE_UNITS;
            Line { bits: most_little + above, each: much.0 * each + much.1 }
        };
        n += 1;
    }
    lines
}

/// The macroblock's activity with a quantizer_scale of its own.
#[inline(always)]
pub(super) fn units(mode: &Mode, own_scale: u8) -> f32 {
    mode.activity as f32 * UNITS[usize::from(own_scale % 32)]
}

/// The macroblock's activity at the picture's `scale`, as far as it is not settled.
#[inline(always)]
pub(super) fn typical(mode: &Mode, scale: u8) -> Typical {
    let scale = mode.scale(scale);
    let part = unsettled(mode.settled_scale, scale);
    let (curve, lines) = if mode.intra { (&INTRA, &INTRA_LINES) } else { (&PREDICTED, &PREDICTED_LINES) };
    let units = units(mode, scale);
    let bits = bits(lines, units);
    let amount = |units, bits| Amount { units: units * part, bits: bits * part };
    let little = (units.min(LITTLE_UNITS), bits.min(curve[LITTLE_POINT]));
    Typical { little: amount(little.0, little.1), much: amount(units - little.0, bits - little.1) }
}

/// Whether there is nothing to code with a quantizer_scale of its own.
#[inline(always)]
pub(super) const fn is_settled(mode: &Mode, own_scale: u8) -> bool {
    mode.settled_scale > 0 && mode.settled_scale <= own_scale
}

/// What part of a macroblock there is to code with `scale`: nothing with a scale with which nothing remained, and all with one
/// that is finer by [`UNSETTLED`].
#[inline(always)]
pub(super) fn unsettled(settled: u8, scale: u8) -> f32 {
    match settled {
        0 => 1.0,
        _ if settled <= scale => 0.0,
        _ => (f32::from(settled - scale) / (UNSETTLED * f32::from(settled))).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_paid_for_and_dcs_behind_others_are_cheap() {
        let mode = Mode::default();
        assert_eq!(predicted_head(&mode), 0.0);
        assert_eq!(predicted_head(&Mode { vector_bits: 12, ..mode }), 12.0 + MOVED_BITS);
        assert_eq!(intra_head(&mode), LONE_INTRA_HEAD);
        assert_eq!(intra_head(&Mode { behind_intra: true, ..mode }), INTRA_HEAD);
    }

    #[test]
    fn little_and_much_are_the_whole_curve() {
        for (activity, bits) in [(0, 0.0), (256, 2.0), (512, 6.0), (1024, 22.0), (1536, 88.5), (2048, 155.0)]
        {
            let Typical { little, much } = typical(&Mode { activity, ..Mode::default() }, 8);
            assert_eq!(little.bits + much.bits, bits);
            assert_eq!(little.units + much.units, activity as f32 / 256.0);
            assert!(little.units <= LITTLE_UNITS && (much.units == 0.0) == (activity <= 512));
        }
    }
}
