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

type Curve = [f32; 11];

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

/// The macroblock's activity at the picture's `scale`, as far as it is not settled.
#[inline(always)]
pub(super) fn typical(mode: &Mode, scale: u8) -> Typical {
    let scale = mode.scale(scale);
    let part = unsettled(mode.settled_scale, scale);
    let curve = if mode.intra { &INTRA } else { &PREDICTED };
    // How many times it can be halved says between which two points it lies.
    let units = mode.activity as f32 * UNITS[usize::from(scale % 32)];
    let n = ((units as u32).checked_ilog2().map_or(0, |log| log as usize + 1)).min(curve.len() - 2);
    let (from, width) =
        if n == 0 { (0.0, 1.0) } else { ((1u32 << (n - 1)) as f32, (1u32 << (n - 1)) as f32) };
    let bits = curve[n] + (curve[n + 1] - curve[n]) * ((units - from) / width).min(1.0);
    let amount = |units, bits| Amount { units: units * part, bits: bits * part };
    let little = (units.min(LITTLE_UNITS), bits.min(curve[LITTLE_POINT]));
    Typical { little: amount(little.0, little.1), much: amount(units - little.0, bits - little.1) }
}

/// Whether there is nothing to code with `scale`.
#[inline(always)]
pub(super) fn is_settled(mode: &Mode, scale: u8) -> bool {
    mode.settled_scale > 0 && mode.settled_scale <= mode.scale(scale)
}

/// What part of a macroblock there is to code with `scale`: nothing with a scale with which nothing remained, and all with one
/// that is finer by [`UNSETTLED`].
#[inline(always)]
fn unsettled(settled: u8, scale: u8) -> f32 {
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
