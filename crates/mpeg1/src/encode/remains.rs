//! What remains of a macroblock when it is coded: as long as no more than that is to be seen there is nothing to code with
//! the same quantizer_scale, though its differences are as large as those of another that moves.
//!
//! Here belongs: what is remembered of a macroblock until the next picture. Not here: what follows for its bits (`cost`).

use super::mode::Mode;

/// What remains of a macroblock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    /// Luma's sum of absolute differences to the picture.
    difference: u16,
    /// The quantizer_scale with which nothing of it is to be coded; 0: nothing is known.
    scale: u8,
}

/// Differences that are more than what remained by this part of it, or by so much, are something new.
const NEW_PART: u32 = 12;
const NEW: u32 = 16;

impl Remains {
    /// Of what nothing is known.
    pub const NONE: Self = Self { difference: 0, scale: 0 };

    /// Of a macroblock that was coded with `scale` and is off by `difference` now.
    pub const fn coded(difference: u32, scale: u8) -> Self {
        // At most 65,280.
        Self { difference: difference as u16, scale }
    }

    /// Of one that stays as it is in the picture before, or as predicted, for with `scale` there was nothing to code.
    pub fn empty(mode: &Mode, scale: u8) -> Self {
        if (1..=scale).contains(&mode.settled_scale) {
            mode.remains
        } else {
            Self::coded(mode.activity, scale)
        }
    }

    /// The scale with which there is nothing to code in a macroblock that differs by `activity` from the same place; 0 if
    /// there may be with any.
    pub fn scale(self, activity: u32) -> u8 {
        let difference = u32::from(self.difference);
        if activity <= difference + difference / NEW_PART + NEW { self.scale } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_coded_stays_until_more_is_to_be_seen() {
        let remains = Remains::coded(1200, 7);
        assert_eq!([0, 1200, 1316].map(|activity| remains.scale(activity)), [7; 3]);
        assert_eq!(remains.scale(1317), 0);
        assert_eq!(Remains::NONE.scale(0), 0);
    }

    #[test]
    fn what_was_empty_keeps_the_finest_scale_for_which_that_is_known() {
        let before = Remains::coded(1200, 7);
        let mode = Mode { activity: 1250, remains: before, settled_scale: 7, ..Mode::default() };
        assert_eq!(Remains::empty(&mode, 12), before);
        assert_eq!(Remains::empty(&mode, 5), Remains::coded(1250, 5));
        let new = Mode { activity: 3000, settled_scale: 0, ..mode };
        assert_eq!(Remains::empty(&new, 12), Remains::coded(3000, 12));
    }
}
