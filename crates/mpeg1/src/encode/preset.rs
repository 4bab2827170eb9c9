//! How much time a picture may take: what is looked at closely, and what is not.
//!
//! Here belongs: the presets, and the measures by which they differ. Not here: the decisions themselves (`mode`,
//! `macroblock`, `levels`).

use core::fmt;
use core::str::FromStr;

/// What counts for more, bits or time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// As few bits as can be had in little time.
    #[default]
    Balanced,
    /// Less time, for weak devices, and more bits for it. With a fixed quantizer_scale pictures are also a little worse,
    /// since more of what is small is not sent at all.
    Fast,
}

/// A preset that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPreset;

impl fmt::Display for BadPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a preset is one of balanced, fast")
    }
}

impl core::error::Error for BadPreset {}

impl FromStr for Preset {
    type Err = BadPreset;

    fn from_str(text: &str) -> Result<Self, BadPreset> {
        match text {
            "balanced" => Ok(Self::Balanced),
            "fast" => Ok(Self::Fast),
            _ => Err(BadPreset),
        }
    }
}

/// A sum of absolute differences, by the quantiser scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threshold {
    always: u32,
    each: u32,
}

impl Threshold {
    /// For this scale.
    #[inline(always)]
    pub const fn at(self, scale: u32) -> u32 {
        self.always + self.each * scale
    }
}

/// What differs as little as others did is good enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enough {
    more: u32,
    eighths: u32,
}

impl Enough {
    /// Where the others' least sum of absolute differences is `least`.
    #[inline(always)]
    pub const fn of(self, least: u32) -> u32 {
        self.more + least * self.eighths / 8
    }
}

/// How a preset decides.
#[derive(Debug)]
pub(super) struct Tuning {
    /// Below such a sum a predicted block has no level, whatever its mean.
    pub no_level: Threshold,
    /// Below this one it hardly ever has levels worth their bits if besides its mean is right: it is noise.
    pub noise: Threshold,
    /// A macroblock that differs from the same place of the picture before by no more than noise is not searched for.
    pub still: Threshold,
    /// So many places are candidates for where a macroblock comes from, five at most.
    pub candidates: usize,
    /// What moves as the macroblock to the left is not searched for if it differs by about as little as that one, and as
    /// the place in the picture before.
    pub enough: Option<Enough>,
    /// Predicted blocks get their nearest levels, not those that are worth their bits.
    pub nearest: bool,
}

impl Preset {
    /// How it decides.
    pub(super) const fn tuning(self) -> &'static Tuning {
        match self {
            Self::Balanced => &BALANCED,
            Self::Fast => &FAST,
        }
    }
}

const BALANCED: Tuning = Tuning {
    // Times the largest weight of the DCT (cos²(π/16)/4, below ¼), it does not reach the first step of 16·scale/8.
    no_level: Threshold { always: 0, each: 14 },
    // From a little more on that is wrong for too many blocks; without the mean's part it was so from 20 on.
    noise: Threshold { always: 0, each: 40 },
    still: Threshold { always: 0, each: 48 },
    candidates: 5,
    enough: None,
    nearest: false,
};

/// Most is left out at fine scales, where most of the time goes: there noise is more than the scale.
const FAST: Tuning = Tuning {
    no_level: Threshold { always: 30, each: 28 },
    noise: Threshold { always: 110, each: 48 },
    still: Threshold { always: 200, each: 72 },
    candidates: 3,
    // With an eighth more than that vectors are taken over that are bad, and it costs 5 % of the bits.
    enough: Some(Enough { more: 64, eighths: 9 }),
    nearest: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_told_by_name_and_the_fast_one_passes_over_more() {
        assert_eq!(("balanced".parse(), "fast".parse()), (Ok(Preset::Balanced), Ok(Preset::Fast)));
        assert_eq!("Fast".parse::<Preset>(), Err(BadPreset));
        let [balanced, fast] = [Preset::default(), Preset::Fast].map(Preset::tuning);
        for scale in 1..=31 {
            assert!(balanced.no_level.at(scale) < fast.no_level.at(scale));
            assert!(balanced.noise.at(scale) < fast.noise.at(scale));
            assert!(balanced.still.at(scale) < fast.still.at(scale));
            assert!(fast.no_level.at(scale) < fast.noise.at(scale));
        }
    }
}
