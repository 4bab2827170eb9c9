//! How much of an error the macroblock's own picture hides: where much goes on eyes see less of it, and so does SSIM.
//!
//! What is busy is coded more coarsely, and with a bit rate everything else gets the bits. Finer scales for what is flat were
//! tried, too: SSIM gained as much on a static camera, but lost by a pan, whose flat parts cost nothing as they are.
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

    /// The scale that is as good as `scale` without masking.
    pub const fn scale(self, scale: u8) -> u8 {
        let masked = (scale as u16 * FACTORS[self.0 as usize & 3] + 32) / 64;
        if masked > COARSEST as u16 { COARSEST } else { masked as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_busy_hides_more() {
        let masked = |deviation| [1, 2, 8, 31].map(|scale| Masking::of(deviation).scale(scale));
        assert_eq!(masked(0), [1, 2, 8, 31]);
        assert_eq!(masked(256 * 4), [1, 2, 8, 31], "four steps from the mean");
        assert_eq!(masked(256 * 12), [1, 3, 10, 31]);
        assert_eq!(masked(256 * 127), [2, 4, 16, 31]);
    }
}
