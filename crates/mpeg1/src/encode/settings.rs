//! What an encoder is told before its first picture, and what is refused.

use core::fmt;

use super::preset::Preset;

/// An encoder's settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Width of the pictures in pixels, 1 to 4095.
    pub width: usize,
    /// Height of the pictures in pixels, 1 to 2800.
    pub height: usize,
    /// Pictures per second, over 0 and at most 1000: for the rate control, and the nearest legal code in the header.
    pub frames_per_second: f64,
    /// How many bits pictures may take.
    pub rate: Rate,
    /// The finest quantizer_scale that a bit rate leads to, 1 to 31: below it bits go into what nobody sees.
    pub finest: u8,
    /// What counts for more, bits or time.
    pub preset: Preset,
    /// Whether what is busy is coded more coarsely, for eyes see less of it there: what is calm gets the bits. By SSIM
    /// pictures are better, by PSNR better or worse.
    pub adaptive: bool,
    /// Threads that code one picture's slices, 1 to 64, or 1 without the feature `threads`; the result is the same for any
    /// number.
    pub threads: usize,
    /// How macroblocks come to be intra now and then.
    pub refresh: Refresh,
}

const MOST_THREADS: usize = if cfg!(feature = "threads") { 64 } else { 1 };

/// How macroblocks come to be intra now and then. Every one must be at least once in 132 codings (2.4.4.2), so that
/// decoders' IDCTs do not drift apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// A few rows in each picture, all of them within so many pictures, 1 to 132. Pictures are of even size, and no
    /// I picture comes but the first and those that are asked for.
    Rolling(u32),
    /// An I picture at least every so many pictures, 1 to 132: what recorders and other people's players want.
    Periodic(u32),
}

/// How many bits pictures may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As many as this quantizer_scale, 1 (finest) to 31, makes.
    Quantiser(u8),
    /// This many a second on average; at least 1.
    BitsPerSecond(u32),
}

/// A setting that is out of range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingsError {
    /// Width or height.
    Size(usize, usize),
    /// Pictures per second.
    FramesPerSecond(f64),
    /// Quantiser scale or bit rate.
    Rate(Rate),
    /// Finest quantiser scale.
    Finest(u8),
    /// Number of threads.
    Threads(usize),
    /// Pictures of a refresh.
    Refresh(u32),
}

impl Settings {
    /// The highest pictures: slices have numbers for 175 rows of macroblocks.
    pub const MOST_HEIGHT: usize = 2800;
    /// The widest pictures.
    pub const MOST_WIDTH: usize = 4095;
    /// The most pictures in which every macroblock is intra once.
    pub const MOST_REFRESH: u32 = 132;

    /// Settings for one thread, with a rolling refresh within about 3 s.
    #[must_use]
    pub fn new(width: usize, height: usize, frames_per_second: f64, rate: Rate) -> Self {
        let cycle = ((frames_per_second * 3.0) as u32).clamp(1, Self::MOST_REFRESH);
        Self {
            width,
            height,
            frames_per_second,
            rate,
            finest: 2,
            preset: Preset::Balanced,
            adaptive: false,
            threads: 1,
            refresh: Refresh::Rolling(cycle),
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let good_rate = match self.rate {
            Rate::Quantiser(scale) => (1..=31).contains(&scale),
            Rate::BitsPerSecond(bits) => bits > 0,
        };
        if !(1..=Self::MOST_WIDTH).contains(&self.width) || !(1..=Self::MOST_HEIGHT).contains(&self.height) {
            Err(SettingsError::Size(self.width, self.height))
        } else if !(self.frames_per_second > 0.0 && self.frames_per_second <= 1000.0) {
            Err(SettingsError::FramesPerSecond(self.frames_per_second))
        } else if !good_rate {
            Err(SettingsError::Rate(self.rate))
        } else if !(1..=31).contains(&self.finest) {
            Err(SettingsError::Finest(self.finest))
        } else if !(1..=MOST_THREADS).contains(&self.threads) {
            Err(SettingsError::Threads(self.threads))
        } else if !(1..=Self::MOST_REFRESH).contains(&self.refresh.pictures()) {
            Err(SettingsError::Refresh(self.refresh.pictures()))
        } else {
            Ok(())
        }
    }
}

impl Refresh {
    /// The pictures in which every macroblock is intra once.
    pub(super) const fn pictures(self) -> u32 {
        match self {
            Self::Rolling(pictures) | Self::Periodic(pictures) => pictures,
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(width, height) => {
                write!(f, "pictures of {width}x{height} cannot be coded: at most 4095x2800")
            }
            Self::FramesPerSecond(rate) => write!(f, "{rate} pictures/s: must be over 0 and at most 1000"),
            Self::Rate(Rate::Quantiser(scale)) | Self::Finest(scale) => {
                write!(f, "quantiser scale {scale}: must be from 1 to 31")
            }
            Self::Rate(Rate::BitsPerSecond(_)) => write!(f, "the bit rate must be over 0"),
            Self::Threads(threads) => write!(f, "{threads} threads: must be from 1 to {MOST_THREADS}"),
            Self::Refresh(pictures) => {
                write!(
                    f,
                    "a refresh within {pictures} pictures: must be from 1 to {}",
                    Settings::MOST_REFRESH
                )
            }
        }
    }
}

impl core::error::Error for SettingsError {}
