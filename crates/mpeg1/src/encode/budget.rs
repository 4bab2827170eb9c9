//! A slice's bits: fixed before it is coded, so that slices can be coded side by side and what was handed out is never
//! recalled.
//!
//! Costs are foretold, and what was foretold is wrong now and then. As it shows on the way through the slice, the
//! quantiser scale is raised for what is left; where even the coarsest does not fit, macroblocks wait.
//!
//! Here belongs: the slice's purse. Not here: how large it is made (`rate`), what a macroblock becomes.

use super::cost::{Costs, Tally};
use super::mode::Mode;
use super::slice::PictureContext;
use crate::syntax::picture::PictureKind;

/// How a macroblock is to be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// With this quantizer_scale.
    Scale(u8),
    /// With as few bits as there can be.
    Least,
}

/// quantizer_scale's largest value.
pub(super) const COARSEST: u8 = 31;
/// What an intra macroblock with no coefficients but DCs takes, about.
pub(super) const LEAST_INTRA_BITS: f32 = 90.0;
/// What the end of a slice takes: a long address increment, a macroblock without coefficients, alignment.
const END_BITS: f32 = 40.0;
/// By how much the scale must be off to be changed: each change costs bits, too.
const CHANGE: f32 = 1.15;
/// A scale so many times as coarse as planned is not what was planned any more.
const STARVED: f32 = 1.5;

/// A slice shorter than this, its header of five bytes and two macroblocks that cannot be skipped included, is better
/// joined with the next.
const LEAST_SLICE_BITS: f32 = 4800.0;
/// A slice's header and what its last byte is filled up with.
const SLICE_HEAD_BITS: f32 = 44.0;

/// How a picture's bits are shared out to its slices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Rows of macroblocks that a slice has: one, or more where a row is not worth its header.
    pub rows: usize,
    /// What the picture takes, as foretold.
    foretold: f32,
    /// Bits that it may have, and its macroblocks.
    most_bits: Option<(f32, usize)>,
}

impl Shares {
    /// For a picture with these macroblocks.
    pub fn new(context: &PictureContext<'_>, modes: &[Mode], most_bits: Option<f32>) -> Self {
        let rows = context.reference.mb_height;
        let foretold = context.foretell(modes);
        let pay = (rows as f32 * LEAST_SLICE_BITS / foretold.max(1.0)).min(rows as f32) as usize;
        let rows = if context.kind == PictureKind::Intra { 1 } else { pay.max(1) };
        Self { rows, foretold, most_bits: most_bits.map(|bits| (bits, modes.len())) }
    }

    /// The bits of a slice with these macroblocks: what was foretold for it, and of what is left over half by that and
    /// half by its size.
    pub fn budget(&self, context: &PictureContext<'_>, modes: &[Mode]) -> Option<f32> {
        let (most_bits, macroblocks) = self.most_bits?;
        let part = context.foretell(modes) / self.foretold.max(1.0);
        let even = (part + modes.len() as f32 / macroblocks as f32) / 2.0;
        let (known, over) = (self.foretold.min(most_bits), (most_bits - self.foretold).max(0.0));
        Some(known * part + over * even - SLICE_HEAD_BITS)
    }
}

/// A slice's bits.
#[derive(Debug)]
pub(super) struct Purse {
    costs: Costs,
    /// Bits that the slice may have; none: as many as it takes.
    budget: Option<f32>,
    /// The scale that the picture was planned with.
    planned: u8,
    scale: u8,
    /// What the macroblocks not yet coded take with the planned scale, as foretold.
    foretold: f32,
    /// The same of those that are coded, and what they took.
    done: (f32, f32),
    /// Macroblocks that have waited for too long, as many as there are bits for.
    overdue: usize,
    /// What macroblocks that cannot wait and are not yet coded take at least.
    least: f32,
    used: u32,
    starved: bool,
    tally: Tally,
}

impl Purse {
    /// For a slice of these macroblocks.
    pub fn new(context: &PictureContext<'_>, budget: Option<f32>, modes: &[Mode], waiting: &[u16]) -> Self {
        let due = modes.iter().filter(|mode| mode.due).count() as f32 * LEAST_INTRA_BITS + END_BITS;
        let overdue =
            modes.iter().zip(waiting).filter(|&(mode, &waited)| context.is_overdue(mode, waited)).count();
        let room = budget.map_or(0.0, |budget| (budget - due) / LEAST_INTRA_BITS);
        let overdue = overdue.min(room as usize);
        Self {
            costs: context.costs,
            budget,
            planned: context.scale,
            scale: context.scale,
            foretold: context.foretell(modes),
            done: (0.0, 0.0),
            least: due + overdue as f32 * LEAST_INTRA_BITS,
            overdue,
            used: 0,
            starved: false,
            tally: Tally::default(),
        }
    }

    /// How many times as much as foretold what is coded took; at the front of a slice hardly anything shows of it.
    pub fn fault(&self) -> f32 {
        let trust = self.budget.unwrap_or_default().max(0.0) / 8.0 + 1.0;
        (self.done.1 + trust) / (self.done.0 + trust)
    }

    /// Whether the next macroblock cannot wait: its turn has come, or it has waited for too long and there are bits for it.
    pub fn is_due(&mut self, mode: &Mode, overdue: bool) -> bool {
        let overdue = overdue && self.overdue > 0;
        self.overdue -= usize::from(overdue);
        mode.due || overdue
    }

    /// How the next macroblock is to be coded.
    pub fn effort(&mut self, mode: &Mode) -> Effort {
        if mode.waits {
            return Effort::Least;
        }
        let Some(budget) = self.budget else { return Effort::Scale(self.planned) };
        let left = budget - self.used as f32 - self.least;
        let wanted = f32::from(self.planned) * self.foretold * self.fault() / left.max(1.0);
        if wanted > f32::from(self.scale) * CHANGE || wanted * CHANGE < f32::from(self.scale) {
            self.scale = (wanted as u8).saturating_add(1).clamp(self.planned, COARSEST);
        }
        let fits = self.costs.bits(mode, self.scale) <= left;
        self.starved |= !fits || f32::from(self.scale) > f32::from(self.planned) * STARVED;
        if fits { Effort::Scale(self.scale) } else { Effort::Least }
    }

    /// Whether the slice, with `used` bits now that this macroblock is coded, has too few left for those to come.
    pub fn is_overdrawn(&self, due: bool, used: u32) -> bool {
        let least = self.least - if due { LEAST_INTRA_BITS } else { 0.0 };
        self.budget.is_some_and(|budget| used as f32 + least > budget)
    }

    /// Notes that it was too little for a macroblock.
    pub const fn starve(&mut self) {
        self.starved = true;
    }

    /// Takes note of the macroblock coded last: the slice has `used` bits now.
    pub fn spend(&mut self, mode: &Mode, due: bool, effort: Effort, used: u32) {
        let bits = used - self.used;
        self.used = used;
        if let Effort::Scale(scale) = effort {
            self.tally.add(mode, scale, bits);
        }
        if self.budget.is_some() {
            let foretold = self.costs.bits(mode, self.planned);
            self.foretold = (self.foretold - foretold).max(0.0);
            self.done = (
                self.done.0 + foretold,
                self.done.1 + bits as f32 * f32::from(self.scale) / f32::from(self.planned),
            );
            self.least -= if due { LEAST_INTRA_BITS } else { 0.0 };
        }
    }

    /// Whether it was too little for what was planned.
    pub const fn starved(&self) -> bool {
        self.starved
    }

    /// What became of what was foretold.
    pub const fn tally(&self) -> Tally {
        self.tally
    }
}
