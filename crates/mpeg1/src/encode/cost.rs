//! What a macroblock will take: foretold from its activity and the quantiser scale, by what others took before it.
//!
//! Bits follow activity ÷ scale along nearly the same curve at every scale and in every clip that was measured; what
//! differs between contents is learned as one factor for each kind of macroblock.
//!
//! Here belongs: the estimate and what it learns. Not here: what follows from it (`rate`, `budget`).

use super::mode::Mode;

/// What an intra macroblock takes besides its coefficients: its type, its DCs, the ends of its blocks. The first figure
/// holds among others of its kind; the second one where it stands alone, for there no DC is like the one before.
const INTRA_HEAD: f32 = 36.0;
const LONE_INTRA_HEAD: f32 = 80.0;
/// Bits for an activity of 0, 32, 64, 128 … times the scale: means over the clips of `cargo xtask bench encode` at
/// scales 2 to 31. Between them lines.
const INTRA: Curve = [0.0, 4.0, 9.0, 26.0, 79.0, 190.0, 365.0, 600.0, 860.0, 1060.0, 1260.0];
const PREDICTED: Curve = [0.0, 2.0, 6.0, 22.0, 155.0, 450.0, 820.0, 1250.0, 1700.0, 2100.0, 2500.0];
/// How quickly it is learned that things cost more, and that they cost less: too fine a quantiser is paid with delay.
const LEARN_MORE: f32 = 0.6;
const LEARN_LESS: f32 = 0.25;
/// Macroblocks that were to take less together teach nothing: it may have been luck.
const TELLING_BITS: f32 = 200.0;

/// How many times as much as usual, and as little, may be so at any scale.
const MOST_TIMES: f32 = 2.0;
const LEAST_TIMES: f32 = 0.1;
/// By what part a scale is finer with which all of what remained is to be coded.
const UNSETTLED: f32 = 0.4;

type Curve = [f32; 11];

/// What macroblocks take in terms of what they take on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    intra: Cost,
    predicted: Cost,
}

/// The same of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    /// So many times what is usual, up to [`MOST_TIMES`].
    times: f32,
    /// What is more than that follows another curve. It is hard edges that take so much: their levels are large at any
    /// scale, and there are as many of them as there is activity. So these are bits for each 32 × scale of activity.
    more: f32,
}

impl Cost {
    const TYPICAL: Self = Self { times: 1.0, more: 0.0 };

    #[inline]
    fn bits(self, typical: Typical) -> f32 {
        self.times * typical.bits + self.more * typical.units
    }

    fn times(self, factor: f32) -> Self {
        Self { times: self.times * factor, more: self.more * factor }
    }

    fn learn(&mut self, Sum { typical: Typical { bits: typical, units }, bits }: Sum) {
        if typical < TELLING_BITS {
            return;
        }
        learn(&mut self.times, (bits / typical).clamp(LEAST_TIMES, MOST_TIMES));
        learn(&mut self.more, (bits - MOST_TIMES * typical).max(0.0) / units);
    }
}

fn learn(cost: &mut f32, seen: f32) {
    *cost += (seen - *cost) * if seen > *cost { LEARN_MORE } else { LEARN_LESS };
}

impl Costs {
    /// Of natural pictures.
    pub const TYPICAL: Self = Self { intra: Cost::TYPICAL, predicted: Cost::TYPICAL };

    /// The same for what takes so many times as much.
    pub fn times(self, factor: f32) -> Self {
        Self { intra: self.intra.times(factor), predicted: self.predicted.times(factor) }
    }

    /// About how many bits the macroblock takes with `scale`; none if it waits.
    #[inline]
    pub fn bits(&self, mode: &Mode, scale: u8) -> f32 {
        match mode {
            Mode { waits: true, .. } => 0.0,
            Mode { intra: true, .. } => intra_head(mode) + self.intra.bits(typical(mode, scale)),
            _ => self.predicted.bits(typical(mode, scale)),
        }
    }

    /// Learns from what macroblocks took.
    pub fn learn(&mut self, tally: Tally) {
        self.intra.learn(tally.intra);
        self.predicted.learn(tally.predicted);
    }
}

/// What an activity is multiplied by to be in units of 32 times the scale, by the scale.
const UNITS: [f32; 32] = {
    let (mut units, mut scale) = ([0.0; 32], 1);
    while scale < 32 {
        units[scale] = 1.0 / (32.0 * scale as f32);
        scale += 1;
    }
    units
};

const fn intra_head(mode: &Mode) -> f32 {
    if mode.due { INTRA_HEAD } else { LONE_INTRA_HEAD }
}

/// What a macroblock's activity is at a scale.
#[derive(Clone, Copy, Debug, Default)]
struct Typical {
    /// In units of 32 × scale.
    units: f32,
    /// What such macroblocks take on average, intra ones besides their heads.
    bits: f32,
}

#[inline]
fn typical(mode: &Mode, scale: u8) -> Typical {
    let scale = mode.scale(scale);
    let part = unsettled(mode.settled_scale, scale);
    // Where little moves that is most of all there is.
    if part == 0.0 {
        return Typical::default();
    }
    let curve = if mode.intra { &INTRA } else { &PREDICTED };
    // How many times it can be halved says between which two points it lies.
    let units = mode.activity as f32 * UNITS[usize::from(scale % 32)];
    let n = ((units as u32).checked_ilog2().map_or(0, |log| log as usize + 1)).min(curve.len() - 2);
    let (from, width) =
        if n == 0 { (0.0, 1.0) } else { ((1u32 << (n - 1)) as f32, (1u32 << (n - 1)) as f32) };
    let bits = curve[n] + (curve[n + 1] - curve[n]) * ((units - from) / width).min(1.0);
    Typical { units: units * part, bits: bits * part }
}

/// What part of a macroblock there is to code with `scale`: nothing with a scale with which nothing remained, and all with one
/// that is finer by [`UNSETTLED`].
#[inline]
fn unsettled(settled: u8, scale: u8) -> f32 {
    match settled {
        0 => 1.0,
        _ if settled <= scale => 0.0,
        _ => (f32::from(settled - scale) / (UNSETTLED * f32::from(settled))).min(1.0),
    }
}

/// A sum over macroblocks.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    typical: Typical,
    /// What they took.
    bits: f32,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.typical.units += other.typical.units;
        self.typical.bits += other.typical.bits;
        self.bits += other.bits;
    }
}

/// Sums over macroblocks: what they take on average, and the bits that they took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    intra: Sum,
    predicted: Sum,
}

impl Tally {
    /// Adds a macroblock that was coded with `scale` and took `bits`.
    pub fn add(&mut self, mode: &Mode, scale: u8, bits: u32) {
        let (sum, head) =
            if mode.intra { (&mut self.intra, intra_head(mode)) } else { (&mut self.predicted, 0.0) };
        sum.add(Sum { typical: typical(mode, scale), bits: (bits as f32 - head).max(0.0) });
    }

    /// Adds another slice's.
    pub fn join(&mut self, other: Self) {
        self.intra.add(other.intra);
        self.predicted.add(other.predicted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_scales_and_more_to_code_take_more() {
        for intra in [false, true] {
            let bits =
                |activity, scale| Costs::TYPICAL.bits(&Mode { intra, activity, ..Mode::default() }, scale);
            for activity in (0..65_280).step_by(61) {
                for scale in 1..31 {
                    assert!(bits(activity, scale) >= bits(activity, scale + 1), "{activity} at {scale}");
                    assert!(bits(activity + 61, scale) >= bits(activity, scale), "{activity} at {scale}");
                }
            }
        }
    }

    #[test]
    fn what_macroblocks_took_is_learned() {
        let mode = Mode { activity: 4000, ..Mode::default() };
        let mut costs = Costs::TYPICAL;
        for _ in 0..40 {
            let mut tally = Tally::default();
            tally.add(&mode, 8, 700);
            costs.learn(tally);
        }
        assert!((costs.bits(&mode, 8) - 700.0).abs() < 7.0);
        assert!(costs.intra == Cost::TYPICAL, "nothing was learned of intra macroblocks");
    }
}
