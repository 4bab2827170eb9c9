//! The encoder: each picture becomes one access unit at once, nothing is held back.
//!
//! Pictures are I or P; a P picture's macroblocks are intra, predicted from a place of the picture before, or skipped.
//! Coding goes in steps: all macroblocks are looked at (`mode`), the quantiser scale is chosen for the whole picture
//! (`rate`), then slices of one or more rows are coded (`slice`, `macroblock`), side by side if so set: the number of
//! threads changes no bit.
//!
//! Here belongs: the encoder as others see it, what it holds from picture to picture. Not here: the order of these steps
//! (`steps`), which bits a macroblock becomes, who receives them, clocks.

mod better;
mod budget;
mod cost;
mod headers;
mod join;
mod least;
mod levels;
mod macroblock;
mod masking;
mod mode;
mod pool;
mod preset;
mod rate;
mod refine;
mod refresh;
mod remains;
mod samples;
mod settings;
mod slice;
mod slices;
mod steps;
mod typical;
mod wait;
mod window;

use alloc::vec::Vec;

use crate::level::{self, Level};
#[cfg(feature = "std")]
use crate::picture::Plane;
use crate::picture::{Picture, PictureView};
use crate::syntax::picture::PictureKind;
use crate::syntax::sequence::{SequenceHeader, nearest_rate_code};
use crate::transform::quantise::Quantiser;
use join::Joiner;
use mode::Mode;
use pool::Pool;
use rate::RateControl;
use refresh::RollingRefresh;
use remains::Remains;
use slice::Coded;

pub use join::JoinSize;
pub use preset::{BadPreset, Preset};
pub use settings::{Rate, Refresh, Settings, SettingsError};
pub use slices::EncodedPart;

/// Whether a picture must be one at which decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intra {
    /// As the encoder sees fit: I for the first picture, and now and then if the refresh is periodic.
    Auto,
    /// An I picture behind a sequence header.
    Force,
}

/// What became of a picture. How long it took is not said: this crate has no clock, so who wants to know looks at his own
/// before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedPicture {
    /// Length of its access unit in bytes.
    pub bytes: usize,
    /// Whether it is an I or a P picture.
    pub kind: PictureKind,
    /// Its quantizer_scale. Macroblocks that are coded to last have a finer one, busy ones a coarser one if
    /// [adaptive](Settings::adaptive).
    pub quantiser: u8,
    /// How many macroblocks wait: there were not bits for all, and they stay as they are in the picture before.
    pub waiting: usize,
}

/// A live encoder for pictures of one size.
#[derive(Debug)]
pub struct Encoder {
    settings: Settings,
    level: Level,
    sequence: SequenceHeader,
    rate: RateControl,
    quantisers: Vec<Quantiser>,
    /// The picture as it is to be coded, used where its size is no multiple of 16.
    padded: Picture,
    reference: Picture,
    reconstruction: Picture,
    /// Whether a macroblock is the same in these two: what is skipped once more need not be copied.
    repeats: Vec<bool>,
    modes: Vec<Mode>,
    /// The modes of the picture before.
    modes_before: Vec<Mode>,
    /// For each macroblock, for how many pictures it has waited.
    waiting: Vec<u16>,
    /// Whether it waits in the picture in work.
    waits: Vec<bool>,
    slices: Vec<Coded>,
    /// Bits of the P picture before, if there was one.
    bits_before: Option<f32>,
    /// What remains of each macroblock; not kept up with a fixed quantiser.
    remains: Vec<Remains>,
    refresh: RollingRefresh,
    /// For each row, how many pictures there were when it was last intra by its turn.
    refreshed_at: Vec<u64>,
    pool: Pool,
    joiner: Joiner,
    /// Pictures since the last I picture; `None` before the first.
    since_intra: Option<u32>,
    /// Pictures coded, the one in work among them.
    pictures: u64,
}

impl Encoder {
    /// An encoder whose next picture will be an I picture.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let Settings { width, height, frames_per_second, .. } = settings;
        let picture = Picture::new(width, height);
        let rows = picture.mb_height;
        let mut modes = Vec::new();
        modes.resize(picture.mb_width * rows, Mode::default());
        Ok(Self {
            settings,
            level: level::best(),
            sequence: SequenceHeader::new(width as u16, height as u16, nearest_rate_code(frames_per_second)),
            rate: RateControl::new(&settings),
            quantisers: (1..=31).map(Quantiser::new).collect(),
            joiner: Joiner::new(picture.mb_width, rows),
            padded: picture.clone(),
            reference: picture.clone(),
            reconstruction: picture,
            repeats: alloc::vec![true; modes.len()],
            waiting: alloc::vec![0; modes.len()],
            waits: alloc::vec![false; modes.len()],
            remains: alloc::vec![Remains::default(); modes.len()],
            modes_before: modes.clone(),
            modes,
            slices: (0..rows).map(|_| Coded::default()).collect(),
            bits_before: None,
            refresh: RollingRefresh::new(rows, settings.refresh.pictures()),
            refreshed_at: alloc::vec![0; rows],
            pool: Pool::new(settings.threads),
            since_intra: None,
            pictures: 0,
        })
    }

    /// Uses no more of the CPU than `level` has. The units stay the same, bit by bit.
    #[must_use]
    pub const fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Changes the rate from the next picture on.
    ///
    /// # Errors
    /// If it is out of range; then nothing is changed.
    pub fn set_rate(&mut self, rate: Rate) -> Result<(), SettingsError> {
        let settings = Settings { rate, ..self.settings };
        settings.check()?;
        self.settings = settings;
        self.rate.set_rate(rate);
        if matches!(rate, Rate::Quantiser(_)) {
            self.remains.fill(Remains::default());
        }
        Ok(())
    }

    /// Codes `picture` and appends its access unit to `out`: for an I picture a sequence and a group header, then the
    /// picture header and slices.
    ///
    /// `None`: it is left out, for the rate has no bits even for the least that it takes; nothing is appended, and who has
    /// the picture before keeps it. That comes to pass only behind a picture that could not be made small enough: at very
    /// low rates, of whose bits an I picture's DCs alone take many pictures' share. I pictures are never left out.
    ///
    /// # Panics
    /// If the picture is not of the size that the encoder was made for.
    pub fn encode(
        &mut self,
        picture: PictureView<'_>,
        intra: Intra,
        out: &mut Vec<u8>,
    ) -> Option<EncodedPicture> {
        self.encode_parts(picture, intra, out, |_| ())
    }

    /// The same, and `part` gets the unit piece by piece, in order: headers and the first slice, then slice by slice, each
    /// as soon as it is certain. For who would rather send the top of a picture while the bottom is still being coded.
    ///
    /// `part` is called from one thread at a time, but not always the same one, and coding waits for it.
    ///
    /// # Panics
    /// If the picture is not of the size that the encoder was made for.
    pub fn encode_parts(
        &mut self,
        picture: PictureView<'_>,
        intra: Intra,
        out: &mut Vec<u8>,
        part: impl FnMut(EncodedPart<'_>) + Send,
    ) -> Option<EncodedPicture> {
        let Settings { width, height, .. } = self.settings;
        assert_eq!((picture.width, picture.height), (width, height), "the encoder's size");
        if width % 16 == 0 && height % 16 == 0 {
            return self.encode_aligned(picture, intra, out, part);
        }
        // Taken out, so that it can be looked at while the rest changes.
        let mut padded = core::mem::replace(&mut self.padded, Picture::new(0, 0));
        padded.copy_from(&picture);
        let source = padded.view(padded.mb_width * 16, padded.mb_height * 16);
        let coded = self.encode_aligned(source, intra, out, part);
        self.padded = padded;
        coded
    }

    /// The last picture as a decoder has it, in the encoder's size.
    #[must_use]
    pub fn reference(&self) -> PictureView<'_> {
        self.reference.view(self.settings.width, self.settings.height)
    }

    /// How good the last picture is beside `picture`, what it was made of: luma's peak signal-to-noise ratio in dB, infinite
    /// if all samples are the same. It is worked out only here: who does not ask pays nothing.
    ///
    /// # Panics
    /// If the picture is not of the size that the encoder was made for.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn psnr_y(&self, picture: PictureView<'_>) -> f64 {
        let Settings { width, height, .. } = self.settings;
        assert_eq!((picture.width, picture.height), (width, height), "the encoder's size");
        let reference = self.reference();
        let square = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b)).pow(2);
        let rows = (0..height).map(|y| {
            let row = |plane: Plane<'_>| y * plane.stride..y * plane.stride + width;
            let (ours, theirs) = (&reference.y.samples[row(reference.y)], &picture.y.samples[row(picture.y)]);
            ours.iter().zip(theirs).map(square).sum::<u64>()
        });
        10.0 * ((255.0 * 255.0 * (width * height) as f64) / rows.sum::<u64>() as f64).log10()
    }
}

#[cfg(test)]
mod tests;
