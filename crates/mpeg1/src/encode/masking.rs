//! How much of an error the macroblock's own picture hides: where much goes on eyes see less of it, and so does SSIM.
//!
//! What is busy is coded more coarsely, and with a bit rate everything else gets the bits. Finer scales for what is flat were
//! tried, too: SSIM gained as much on a static camera, but lost by a pan, whose flat parts cost nothing as they are.
//!
//! What is due is not masked: pictures to come are predicted from it, and from a coarse texture they may be predicted so badly
//! that each of them costs all that there is.
//!
//! Here belongs: how busy a macroblock is, and what follows for its scale. Not here: the picture's scale (`rate`).

use super::budget::COARSEST;

/// A step of masking for each doubling of the variance from here on.
const FLAT: u32 = 10;
const MOST: u32 = 3;
/// Added to the variance, as SSIM does it (C2): below it nothing is hidden.
const UNSEEN: u32 = 300;
/// The scale's factor by the step, in 64ths: a quarter more each.
const FACTORS: [u16; MOST as usize + 1] = [64, 80, 101, 128];

/// Up to this scale there are bits for what is busy, too: with each finer one there is half the masking, so that with the
/// finest that a rate leads to nothing is left unused.
const NEARLY_FINEST: u8 = 3;

/// Steps of masking, 0 to 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masking(u8);

impl Masking {
    /// None.
    pub const NONE: Self = Self(0);

    /// Of a macroblock whose luma has this sum of absolute differences to its mean.
    pub fn of(deviation: u32) -> Self {
        // In quarters; the square is the variance but for a factor.
        let mean = deviation / 64;
        Self((mean * mean + UNSEEN).ilog2().saturating_sub(FLAT).min(MOST) as u8)
    }

    /// The picture's scale that makes `scale`, 1 at least.
    pub const fn picture_scale(self, scale: u8) -> u8 {
        let scale = (scale as u16 * 64 / FACTORS[self.0 as usize & 3]) as u8;
        if scale == 0 { 1 } else { scale }
    }

    /// The scale that is as good as `scale` without masking.
    #[inline(always)]
    pub const fn scale(self, scale: u8) -> u8 {
        MASKED[self.0 as usize & 3][scale as usize % 32]
    }

    const fn masked(self, scale: u8) -> u8 {
        let step = if scale <= NEARLY_FINEST { self.0 >> (NEARLY_FINEST + 1 - scale) } else { self.0 };
        let masked = (scale as u16 * FACTORS[step as usize & 3] + 32) / 64;
        if masked > COARSEST as u16 { COARSEST } else { masked as u8 }
    }
}

/// The masked scale, by the step of masking and the scale.
static MASKED: [[u8; 32]; MOST as usize + 1] = {
    let (mut masked, mut scale) = ([[0; 32]; MOST as usize + 1], 1);
    while scale < 32 {
        let mut step = 0;
        while step <= MOST {
            masked[step as usize][scale as usize] = Masking(step as u8).masked(scale);
            step += 1;
        }
        scale += 1;
    }
    masked
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_not_taken_for_coarser_than_it_is() {
        for masking in [0, 256 * 12, 256 * 30, 256 * 127].map(Masking::of) {
            assert!((1..=31).all(|scale| masking.picture_scale(masking.scale(scale)) <= scale));
        }
    }

    #[test]
    fn what_is_busy_hides_more() {
        let masked = |deviation| [1, 2, 8, 31].map(|scale| Masking::of(deviation).scale(scale));
        assert_eq!(masked(0), [1, 2, 8, 31]);
        assert_eq!(masked(256 * 4), [1, 2, 8, 31], "four steps from the mean");
        assert_eq!(masked(256 * 12), [1, 2, 10, 31]);
        assert_eq!(masked(256 * 127), [1, 2, 16, 31]);
        let busiest = [1, 2, 3, 4, 5].map(|scale| Masking::of(256 * 127).scale(scale));
        assert_eq!(busiest, [1, 2, 4, 8, 10]);
    }
}
