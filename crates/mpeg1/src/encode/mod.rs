//! The encoder: each picture becomes one access unit at once, nothing is held back.
//!
//! Pictures are I or P; a P picture's macroblocks are intra, predicted from a place of the picture before, or skipped. Coding goes in two steps: all macroblocks are looked at (`mode`), the quantiser scale is chosen for the
//! whole picture (`rate`), then slices of one or more rows are coded (`slice`, `macroblock`), side by
//! side if so set: the number of threads changes no bit.
//!
//! Here belongs: the order of these steps, the headers, the two pictures of reconstruction. Not here: which bits a
//! macroblock becomes, who receives them, clocks.

mod budget;
mod cost;
mod join;
mod levels;
mod macroblock;
mod mode;
mod pool;
mod rate;
mod refresh;
mod samples;
mod settings;
mod slice;
mod slices;
mod wait;

use alloc::vec::Vec;

use crate::bits::BitWriter;
use crate::level::{self, Level};
use crate::picture::{Picture, PictureView};
use crate::syntax::group::GroupHeader;
use crate::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};
use crate::syntax::sequence::{SequenceHeader, nearest_rate_code};
use crate::transform::quantise::Quantiser;
use join::Joiner;
use mode::{Analysis, Mode};
use pool::Pool;
use rate::RateControl;
use refresh::{Plan, RollingRefresh};
use slice::{Coded, PictureContext};
use slices::Macroblocks;

pub use join::JoinSize;
pub use settings::{Rate, Refresh, Settings, SettingsError};

/// Whether a picture must be one at which decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intra {
    /// As the encoder sees fit: I for the first picture, and now and then if the refresh is periodic.
    Auto,
    /// An I picture behind a sequence header.
    Force,
}

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedPicture {
    /// Length of its access unit in bytes.
    pub bytes: usize,
    /// Whether it is an I or a P picture.
    pub kind: PictureKind,
    /// Its quantizer_scale. Macroblocks that are coded to last have a finer one.
    pub quantiser: u8,
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
    modes: Vec<Mode>,
    /// The modes of the picture before.
    modes_before: Vec<Mode>,
    /// For each macroblock, for how many pictures it has waited.
    waiting: Vec<u16>,
    /// Whether it waits in the picture in work.
    waits: Vec<bool>,
    slices: Vec<Coded>,
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
            waiting: alloc::vec![0; modes.len()],
            waits: alloc::vec![false; modes.len()],
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
        Ok(())
    }

    /// Codes `picture` and appends its access unit to `out`: for an I picture a sequence and a group header, then the
    /// picture header and slices.
    ///
    /// # Panics
    /// If the picture is not of the size that the encoder was made for.
    pub fn encode(&mut self, picture: PictureView<'_>, intra: Intra, out: &mut Vec<u8>) -> EncodedPicture {
        let Settings { width, height, .. } = self.settings;
        assert_eq!((picture.width, picture.height), (width, height), "the encoder's size");
        let aligned = width % 16 == 0 && height % 16 == 0;
        if !aligned {
            self.padded.copy_from(&picture);
        }
        let kind = self.next_kind(intra);
        let start = out.len();
        let (mb_width, mb_height) = (self.padded.mb_width, self.padded.mb_height);
        let source = if aligned { picture } else { self.padded.view(mb_width * 16, mb_height * 16) };
        core::mem::swap(&mut self.modes, &mut self.modes_before);
        let plan = self.plan(kind);
        self.pictures += 1;
        self.refreshed_at[plan.intra.clone()].fill(self.pictures);
        let analysis = Analysis {
            kind,
            plan,
            source,
            reference: &self.reference,
            before: &self.modes_before,
            quantiser: self.rate.expected_scale(),
            level: self.level,
        };
        analysis.run(&mut self.pool, &mut self.modes);
        let choice = self.rate.choose(kind, &mut self.modes, &self.waiting);
        let motion = motion_scale(&self.modes);
        self.write_headers(kind, motion, false, out);
        let context = PictureContext {
            kind,
            source,
            reference: &self.reference,
            quantisers: &self.quantisers,
            scale: choice.scale,
            costs: self.rate.costs(),
            patience: choice.patience,
            level: self.level,
            motion,
        };
        let macroblocks =
            Macroblocks { modes: &mut self.modes, waiting: &self.waiting, waits: &mut self.waits };
        let room = (&mut self.slices[..], &mut self.pool, &mut *out);
        let tally = slices::code(&context, choice.most_bits, macroblocks, &mut self.reconstruction, room);
        for (waited, &waits) in self.waiting.iter_mut().zip(&self.waits) {
            *waited = if waits { waited.saturating_add(1) } else { 0 };
        }
        core::mem::swap(&mut self.reference, &mut self.reconstruction);
        let bytes = out.len() - start;
        self.rate.account(bytes, tally);
        match kind {
            PictureKind::Intra => {
                self.refresh.restart();
                self.refreshed_at.fill(self.pictures);
            }
            PictureKind::Predicted => self.refresh.advance(),
        }
        EncodedPicture { bytes, kind, quantiser: choice.scale }
    }

    /// The last picture as a decoder has it, in the encoder's size.
    #[must_use]
    pub fn reference(&self) -> PictureView<'_> {
        self.reference.view(self.settings.width, self.settings.height)
    }

    fn next_kind(&mut self, intra: Intra) -> PictureKind {
        let interval = match self.settings.refresh {
            Refresh::Rolling(_) => u32::MAX,
            Refresh::Periodic(pictures) => pictures,
        };
        let due = self.since_intra.is_none_or(|pictures| pictures + 1 >= interval);
        if due || intra == Intra::Force {
            self.since_intra = Some(0);
            return PictureKind::Intra;
        }
        // Without periodic I pictures it may count for years: only its value modulo 1024 is of use then.
        self.since_intra = self.since_intra.map(|pictures| pictures.wrapping_add(1) % (1 << 20));
        PictureKind::Predicted
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
