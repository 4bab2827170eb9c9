//! The encoder: each picture becomes one access unit at once, nothing is held back.
//!
//! Pictures are I or P; a P picture's macroblocks are intra, predicted from a place of the picture before, or skipped.
//! Coding goes in steps: all macroblocks are looked at (`mode`), the quantiser scale is chosen for the whole picture
//! (`rate`), then slices of one or more rows are coded (`slice`, `macroblock`), side by side if so set: the number of
//! threads changes no bit.
//!
//! Here belongs: the order of these steps, the headers, the two pictures of reconstruction. Not here: which bits a
//! macroblock becomes, who receives them, clocks.

mod better;
mod budget;
mod cost;
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
mod wait;
mod window;

use alloc::vec::Vec;

use crate::bits::BitWriter;
use crate::level::{self, Level};
#[cfg(feature = "std")]
use crate::picture::Plane;
use crate::picture::{Picture, PictureView};
use crate::syntax::group::GroupHeader;
use crate::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};
use crate::syntax::sequence::{SequenceHeader, nearest_rate_code};
use crate::transform::quantise::Quantiser;
use budget::SLICE_HEAD_BITS;
use cost::Tally;
use join::Joiner;
use least::{LeastIntra, skipped_bits};
use mode::{Analysis, Mode};
use pool::Pool;
use rate::{Choice, RateControl};
use refresh::{Plan, RollingRefresh};
use remains::Remains;
use slice::{Coded, PictureContext};
use slices::{Macroblocks, Outlet};

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

    /// Codes a picture of whole macroblocks.
    fn encode_aligned(
        &mut self,
        source: PictureView<'_>,
        intra: Intra,
        out: &mut Vec<u8>,
        part: impl FnMut(EncodedPart<'_>) + Send,
    ) -> Option<EncodedPicture> {
        let kind = self.kind_of_next(intra);
        let plan = self.plan(kind);
        if self.rate.leaves_out(kind, self.least_bits(kind, &plan, source)) {
            self.leave_out();
            return None;
        }
        self.begin(kind, &plan);
        self.analyse(kind, plan, source);
        let choice = self.rate.choose(kind, &mut self.modes, &self.waiting);
        let start = out.len();
        let tally = self.code(kind, source, choice, out, part);
        let bytes = out.len() - start;
        self.rate.account(bytes, tally);
        Some(EncodedPicture { bytes, kind, quantiser: choice.scale, waiting: self.end(kind) })
    }

    /// Looks at all macroblocks.
    fn analyse(&mut self, kind: PictureKind, plan: Plan, source: PictureView<'_>) {
        core::mem::swap(&mut self.modes, &mut self.modes_before);
        let analysis = Analysis {
            kind,
            plan,
            source,
            reference: &self.reference,
            before: &self.modes_before,
            remains: &self.remains,
            quantiser: self.rate.expected_scale(),
            adaptive: self.settings.adaptive,
            tuning: self.settings.preset.tuning(),
            level: self.level,
        };
        analysis.run(&mut self.pool, &mut self.modes);
    }

    /// Writes headers and slices; gives what macroblocks took.
    fn code(
        &mut self,
        kind: PictureKind,
        source: PictureView<'_>,
        choice: Choice,
        out: &mut Vec<u8>,
        part: impl FnMut(EncodedPart<'_>) + Send,
    ) -> Tally {
        let motion = motion_scale(&self.modes);
        let start = out.len();
        self.write_headers(kind, motion, false, out);
        let context = PictureContext {
            kind,
            source,
            reference: &self.reference,
            quantisers: &self.quantisers,
            scale: choice.scale,
            costs: self.rate.costs(),
            patience: choice.patience,
            remembers: choice.most_bits.is_some(),
            tuning: self.settings.preset.tuning(),
            level: self.level,
            motion,
        };
        let macroblocks = Macroblocks {
            modes: &mut self.modes,
            waiting: &self.waiting,
            waits: &mut self.waits,
            repeats: &mut self.repeats,
            remains: &mut self.remains,
        };
        let room = (&mut self.slices[..], &mut self.pool);
        let outlet = Outlet::new(out, start, part);
        slices::code(&context, choice.most_bits, macroblocks, &mut self.reconstruction, room, outlet)
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

    fn kind_of_next(&self, intra: Intra) -> PictureKind {
        let interval = match self.settings.refresh {
            Refresh::Rolling(_) => u32::MAX,
            Refresh::Periodic(pictures) => pictures,
        };
        let due = self.since_intra.is_none_or(|pictures| pictures + 1 >= interval);
        if due || intra == Intra::Force { PictureKind::Intra } else { PictureKind::Predicted }
    }

    /// The fewest bits of a picture of `kind`.
    fn least_bits(&self, kind: PictureKind, plan: &Plan, source: PictureView<'_>) -> f32 {
        let Picture { mb_width, mb_height, .. } = self.reference;
        let rows = if kind == PictureKind::Intra { 0..mb_height } else { plan.intra.clone() };
        let least = LeastIntra::new(self.level, [source.y, source.cb, source.cr], kind);
        SLICE_HEAD_BITS + skipped_bits(mb_width * mb_height) + least.rows(rows, mb_width)
    }

    /// Counts a picture that is to be coded.
    fn begin(&mut self, kind: PictureKind, plan: &Plan) {
        self.pictures += 1;
        // Without periodic I pictures it may count for years: only its value modulo 1024 is of use then.
        self.since_intra = match (kind, self.since_intra) {
            (PictureKind::Predicted, Some(pictures)) => Some(pictures.wrapping_add(1) % (1 << 20)),
            _ => Some(0),
        };
        self.refreshed_at[plan.intra.clone()].fill(self.pictures);
    }

    /// Notes what a coded picture changes for the next; gives how many macroblocks wait.
    fn end(&mut self, kind: PictureKind) -> usize {
        for (waited, &waits) in self.waiting.iter_mut().zip(&self.waits) {
            *waited = if waits { waited.saturating_add(1) } else { 0 };
        }
        core::mem::swap(&mut self.reference, &mut self.reconstruction);
        match kind {
            PictureKind::Intra => {
                self.refresh.restart();
                self.refreshed_at.fill(self.pictures);
            }
            PictureKind::Predicted => self.refresh.advance(),
        }
        self.waits.iter().filter(|&&waits| waits).count()
    }

    /// Notes that a picture is not coded: what waited waits on.
    fn leave_out(&mut self) {
        self.rate.account(0, Tally::default());
        for waited in self.waiting.iter_mut().filter(|waited| **waited > 0) {
            *waited = waited.saturating_add(1);
        }
    }

    /// What the refresh demands of a picture of `kind`.
    fn plan(&self, kind: PictureKind) -> Plan {
        match (self.settings.refresh, kind) {
            (Refresh::Rolling(_), PictureKind::Predicted) => self.refresh.plan(),
            _ => Plan::default(),
        }
    }

    /// `join`: what comes after it was not made for it.
    fn write_headers(&self, kind: PictureKind, motion: MotionScale, join: bool, out: &mut Vec<u8>) {
        let mut bits = BitWriter::new(out);
        if kind == PictureKind::Intra {
            self.sequence.write(&mut bits);
            let time_code =
                GroupHeader::time_code(self.pictures.saturating_sub(1), self.settings.frames_per_second);
            GroupHeader { time_code, closed: true, broken_link: join }.write(&mut bits);
        }
        let header = PictureHeader {
            temporal_reference: (self.since_intra.unwrap_or(0) % 1024) as u16,
            coding_type: CodingType::Reference(kind),
            vbv_delay: PictureHeader::NO_VBV_DELAY,
            forward: motion,
        };
        header.write(&mut bits);
    }
}

/// The smallest f_code in whose range all vectors are.
fn motion_scale(modes: &[Mode]) -> MotionScale {
    let reach = |component: i16| if component < 0 { -1 - component } else { component };
    let farthest = modes.iter().map(|mode| reach(mode.vector.x).max(reach(mode.vector.y))).max().unwrap_or(0);
    let f_code = (1..7).find(|f_code| farthest < 16 << (f_code - 1)).unwrap_or(7);
    MotionScale { full_pel: false, f_code }
}

#[cfg(test)]
mod tests;
