//! Join pictures and sharpening bands: pictures for one viewer alone, made of what all have.
//!
//! Who joins gets the encoder's own reference picture coded anew as an I picture, as coarse as his link demands, and then
//! the pictures that all get. What is coarse in it stays so until the refresh has passed: bands, P pictures in which some
//! rows are intra and all others skipped, replace it sooner, as he has bits to spare. The encoder goes on as if neither
//! had been: nobody else's stream changes by a bit.
//!
//! Here belongs: coding the reference. Not here: who needs it, what his link carries.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::budget::COARSEST;
use super::cost::Costs;
use super::masking::Masking;
use super::mode::{Mode, deviation};
use super::remains::Remains;
use super::slice::{Coded, PictureContext};
use super::slices::{self, Macroblocks, Outlet};
use super::wait::Patience;
use super::{EncodedPicture, Encoder};
use crate::level::Level;
use crate::motion::sad::luma_at;
use crate::picture::Picture;
use crate::syntax::macroblock::MotionVector;
use crate::syntax::picture::{MotionScale, PictureKind};

/// How large a join picture or a band may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinSize {
    /// As large as this quantizer_scale, 1 to 31, makes it.
    Quantiser(u8),
    /// About so many bytes and hardly more, headers included; the quantizer_scale follows. What is less than the blocks'
    /// means alone take cannot be kept to.
    Bytes(usize),
}

/// What headers of sequence, group and picture take.
const HEAD_BITS: f32 = 300.0;
/// Foretold is not known: so much is aimed at of what is allowed.
const AIM: f32 = 0.93;

/// A macroblock as joins have them, for what is the same in all.
const DUE: Mode = Mode {
    intra: true,
    due: true,
    usual_scale: COARSEST,
    behind_intra: true,
    activity: 0,
    quarters: [0; 4],
    change: 0,
    vector_bits: 0,
    settled: 0,
    masking: Masking::NONE,
    remains: Remains::NONE,
    settled_scale: 0,
    rests: false,
    foretold: 0.0,
    waits: false,
    bare: false,
    vector: MotionVector::ZERO,
};

/// The scale of a picture in which what is due gets `scale`.
fn planned_for(scale: u8) -> u8 {
    (1..31).find(|&planned| DUE.scale(planned) >= scale).unwrap_or(31)
}

/// Room for joins, and what is learned from them.
#[derive(Debug)]
pub(super) struct Joiner {
    modes: Vec<Mode>,
    /// Nothing waits here: what is not coded is not meant to be.
    waiting: Vec<u16>,
    waits: Vec<bool>,
    remains: Vec<Remains>,
    slices: Vec<Coded>,
    /// A reference costs less than a camera's picture: its noise is gone.
    costs: Costs,
}

impl Joiner {
    pub fn new(mb_width: usize, mb_height: usize) -> Self {
        Self {
            modes: vec![Mode::default(); mb_width * mb_height],
            waiting: vec![0; mb_width * mb_height],
            waits: vec![false; mb_width * mb_height],
            remains: vec![Remains::default(); mb_width * mb_height],
            slices: (0..mb_height).map(|_| Coded::default()).collect(),
            costs: Costs::TYPICAL,
        }
    }

    /// Notes what there is to code in `rows`; the others are skipped. Of an I picture all is due; of a band rather what does
    /// not fit is left out than nothing but its DCs put in place of what is there.
    fn look_at(&mut self, level: Level, reference: &Picture, kind: PictureKind, rows: &Range<usize>) {
        let mb_width = reference.mb_width;
        for (n, mode) in self.modes.iter_mut().enumerate() {
            let (column, row) = (n % mb_width, n / mb_width);
            let here = rows.contains(&row);
            let luma = || luma_at(reference.planes[0].view(), (column * 16, row * 16));
            let activity = if here { deviation(level, &luma()) } else { 0 };
            let due = here && kind == PictureKind::Intra;
            *mode = Mode { intra: here, due, waits: !here, activity, ..DUE };
        }
    }

    /// What a row that was looked at takes with `scale`.
    fn bits(&self, row: usize, scale: u8) -> f32 {
        let mb_width = self.modes.len() / self.slices.len();
        self.costs.sum(&self.modes[row * mb_width..][..mb_width], scale)
    }

    /// The finest scale with which what was looked at fits into `bits`.
    fn finest(&self, bits: f32) -> u8 {
        (1..31).find(|&scale| self.costs.sum(&self.modes, scale) <= bits).unwrap_or(31)
    }
}

impl Encoder {
    /// Rows of macroblocks in a picture.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.reference.mb_height
    }

    /// Codes `rows` of the reference, the last picture as all have it, and appends the unit to `out`: all rows make a
    /// join picture, an I picture behind a sequence header with which decoding can begin; fewer make a band for who
    /// has the last picture (or one like it): they are intra, the rest is skipped. What all get goes on unchanged.
    ///
    /// Rows outside the picture are left out.
    pub fn encode_join(&mut self, rows: Range<usize>, size: JoinSize, out: &mut Vec<u8>) -> EncodedPicture {
        let rows = rows.start..rows.end.min(self.rows());
        let kind = if rows == (0..self.rows()) { PictureKind::Intra } else { PictureKind::Predicted };
        self.joiner.look_at(self.level, &self.reference, kind, &rows);
        let planned = |scale| if kind == PictureKind::Intra { planned_for(scale) } else { scale };
        let (scale, most_bits) = match size {
            JoinSize::Quantiser(scale) => (planned(scale), None),
            JoinSize::Bytes(bytes) => {
                let bits = (bytes as f32 * 8.0 - HEAD_BITS).max(0.0);
                (self.joiner.finest(bits * AIM), Some(bits))
            }
        };
        let start = out.len();
        let motion = MotionScale { full_pel: false, f_code: 1 };
        self.write_headers(kind, motion, true, out);
        let Self { joiner, reference, reconstruction, repeats, .. } = self;
        let context = PictureContext {
            kind,
            source: reference.view(reference.mb_width * 16, reference.mb_height * 16),
            reference,
            quantisers: &self.quantisers,
            scale,
            costs: joiner.costs,
            bits_before: None,
            patience: Patience::ENDLESS,
            remembers: false,
            tuning: self.settings.preset.tuning(),
            level: self.level,
            motion,
        };
        let macroblocks = Macroblocks {
            modes: &mut joiner.modes,
            waiting: &joiner.waiting,
            waits: &mut joiner.waits,
            repeats,
            remains: &mut joiner.remains,
        };
        let room = (&mut joiner.slices[..], &mut self.pool);
        let outlet = Outlet::new(out, start, |_: slices::EncodedPart<'_>| ());
        // The next picture overwrites this reconstruction: it is room to work in until then.
        let tally = slices::code(&context, most_bits, macroblocks, reconstruction, room, outlet);
        joiner.costs.learn(tally);
        let quantiser = if kind == PictureKind::Intra { DUE.scale(scale) } else { scale };
        EncodedPicture { bytes: out.len() - start, kind, quantiser, waiting: 0 }
    }

    /// Whether a row was intra by its turn in the last so many pictures: who joined before that has it as all have.
    #[must_use]
    pub fn was_refreshed(&self, row: usize, pictures: u64) -> bool {
        self.pictures - self.refreshed_at[row] < pictures
    }

    /// The rows, of those that are `wanted`, that a band of about `bytes` bytes with the quantizer_scale `scale` has room for:
    /// neighbours, at least one, from that on whose refresh is farthest off, since the others are exact soon without it.
    /// Empty if none is wanted.
    pub fn rows_of_band(&mut self, wanted: impl Fn(usize) -> bool, scale: u8, bytes: usize) -> Range<usize> {
        let (all, next) = (self.rows(), self.refresh.plan().clean);
        // The refresh goes downwards: it comes last to what it has just left behind.
        let Some(last) = (next..next + all).rev().map(|row| row % all).find(|&row| wanted(row)) else {
            return 0..0;
        };
        let first = (0..last).rev().take_while(|&row| wanted(row)).last().unwrap_or(last);
        let end = (last..all).take_while(|&row| wanted(row)).last().unwrap_or(last) + 1;
        self.joiner.look_at(self.level, &self.reference, PictureKind::Predicted, &(first..end));
        let mut left = bytes as f32 * 8.0 - HEAD_BITS;
        let fits = |row: &usize| {
            left -= self.joiner.bits(*row, scale);
            left >= 0.0
        };
        let fit = (first..=last).rev().chain(last + 1..end).take_while(fits).count().max(1);
        let start = last + 1 - fit.min(last + 1 - first);
        start..start + fit
    }
}
