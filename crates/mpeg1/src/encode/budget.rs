//! A slice's bits: fixed before it is coded, so that slices can be coded side by side and what was handed out is never
//! recalled.
//!
//! Costs are foretold, and what was foretold is wrong now and then. As it shows on the way through the slice, the
//! quantiser scale is raised for what is left; where even the coarsest does not fit, macroblocks wait. What cannot wait
//! has its least bits kept for it, so a slice takes more than it has only where that least is more.
//!
//! Here belongs: sharing a picture's bits out, the slice's purse. Not here: how many there are (`rate`), what a macroblock
//! becomes.

use super::cost::{Costs, Tally};
use super::least::{LeastIntra, skipped_bits};
use super::macroblock::Place;
use super::mode::Mode;
use super::slice::{Coded, PictureContext};
use crate::syntax::picture::PictureKind;

/// How a macroblock is to be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// With this quantizer_scale.
    Scale(u8),
    /// With as few bits as there can be: DCs if it is due or overdue, else it waits.
    Least,
    /// Not at all, unless it is due.
    Waits,
}

/// quantizer_scale's largest value.
pub(super) const COARSEST: u8 = 31;
/// What an intra macroblock with no coefficients but DCs takes, about, among others that are not intra.
pub(super) const LEAST_INTRA_BITS: f32 = 90.0;
/// By how much the scale must be off to be changed: each change costs bits, too.
const CHANGE: f32 = 1.15;
/// A scale so many times as coarse as planned is not what was planned any more.
const STARVED: f32 = 1.5;

/// A slice shorter than this, its header of five bytes and two macroblocks that cannot be skipped included, is better
/// joined with the next.
const LEAST_SLICE_BITS: f32 = 4800.0;
/// A slice's header and what its last byte is filled up with.
pub(super) const SLICE_HEAD_BITS: f32 = 45.0;

/// Rows of macroblocks that a slice has in a picture for which so much is foretold: one, or more where a row is not worth
/// its header.
pub(super) fn rows_of_slice(kind: PictureKind, mb_height: usize, foretold: f32) -> usize {
    let pay = (mb_height as f32 * LEAST_SLICE_BITS / foretold.max(1.0)).min(mb_height as f32) as usize;
    if kind == PictureKind::Intra { 1 } else { pay.max(1) }
}

/// Gives each of these slices, of which it is known what was foretold and what the least is, its part of a picture's
/// `most_bits`: what was foretold for it, and of what is left over half by that and half by its size; but all of them
/// their least before anyone gets more.
pub(super) fn share_out(most_bits: f32, slices: &mut [Coded]) {
    let foretold: f32 = slices.iter().map(|slice| slice.foretold).sum();
    let size = 1.0 / slices.len() as f32;
    let (known, over) = (foretold.min(most_bits), (most_bits - foretold).max(0.0));
    let fair = |slice: &Coded| {
        let part = slice.foretold / foretold.max(1.0);
        known * part + over * (part + size) / 2.0 - SLICE_HEAD_BITS
    };
    let (mut more, mut wanting) = (0.0, 0.0);
    for slice in &*slices {
        let above = fair(slice) - slice.least;
        *if above > 0.0 { &mut more } else { &mut wanting } += above.abs();
    }
    let kept = (1.0 - wanting / more.max(1.0)).max(0.0);
    for slice in slices {
        slice.budget = Some(slice.least + (fair(slice) - slice.least).max(0.0) * kept);
    }
}

/// A slice's bits.
#[derive(Debug)]
pub(super) struct Purse<'a> {
    costs: &'a Costs,
    /// Bits that the slice may have; none: as many as it takes.
    budget: Option<f32>,
    /// The scale that the picture was planned with.
    planned: u8,
    scale: u8,
    /// What the macroblocks not yet coded take with the planned scale, as foretold.
    foretold: f32,
    /// The same of those that are coded, and what they took.
    done: (f32, f32),
    /// Macroblocks to come that have waited for too long, as many as there are bits for.
    overdue: usize,
    /// What those to come that are due take at least, and all macroblocks to come.
    due: f32,
    to_come: usize,
    least: LeastIntra<'a>,
    used: u32,
    starved: bool,
    tally: Tally,
}

impl<'a> Purse<'a> {
    /// For a slice of these macroblocks, whose budget, least and forecast `slice` has.
    pub fn new(context: &'a PictureContext<'_>, slice: &Coded, modes: &[Mode], waiting: &[u16]) -> Self {
        let overdue =
            modes.iter().zip(waiting).filter(|&(mode, &waited)| context.is_overdue(mode, waited)).count();
        let room = slice.budget.map_or(0.0, |budget| (budget - slice.least) / LEAST_INTRA_BITS);
        Self {
            costs: &context.costs,
            budget: slice.budget,
            planned: context.scale,
            scale: context.scale,
            foretold: slice.foretold,
            done: (0.0, 0.0),
            overdue: overdue.min(room as usize),
            due: slice.least - skipped_bits(modes.len()),
            to_come: modes.len(),
            least: context.least_intra(),
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

    /// Whether the next macroblock cannot wait: its turn has come, or it has waited for too long and there are bits for
    /// it. What was kept for it is free.
    pub fn is_due(&mut self, mode: &Mode, place: Place, overdue: bool) -> bool {
        let overdue = overdue && self.overdue > 0;
        self.overdue -= usize::from(overdue);
        self.to_come -= 1;
        if self.budget.is_some() {
            self.due -= self.least.next(mode, place);
        }
        mode.due || overdue
    }

    /// What macroblocks to come take at least.
    fn kept(&self) -> f32 {
        self.due.max(0.0) + self.overdue as f32 * LEAST_INTRA_BITS + skipped_bits(self.to_come)
    }

    /// How the macroblock is to be coded.
    pub fn effort(&mut self, mode: &Mode) -> Effort {
        if mode.waits || mode.bare {
            return Effort::Least;
        }
        let Some(budget) = self.budget else { return Effort::Scale(self.planned) };
        let left = budget - self.used as f32 - self.kept();
        // Of what was foretold the DCs are kept already, and no scale makes them less.
        let foretold = (self.foretold - self.due.max(0.0)).max(0.0);
        let wanted = f32::from(self.planned) * foretold * self.fault() / left.max(1.0);
        if wanted > f32::from(self.scale) * CHANGE || wanted * CHANGE < f32::from(self.scale) {
            self.scale = (wanted as u8).saturating_add(1).clamp(self.planned, COARSEST);
        }
        // The first one is tried in any case, for nothing is learned of what never is: what takes too much is taken back.
        let takes =
            if self.scale == self.planned { mode.foretold } else { self.costs.bits(mode, self.scale) };
        let fits = takes <= left || self.done.1 == 0.0;
        self.starved |= !fits || f32::from(self.scale) > f32::from(self.planned) * STARVED;
        if fits { Effort::Scale(self.scale) } else { Effort::Least }
    }

    /// Less than `effort`, if with it the slice, of `used` bits now that the macroblock is coded, has too few left for
    /// those to come; none if all is well, or less is not possible.
    pub fn less(&mut self, effort: Effort, used: u32) -> Option<Effort> {
        let overdrawn = self.budget.is_some_and(|budget| used as f32 + self.kept() > budget);
        self.starved |= overdrawn;
        match effort {
            Effort::Scale(_) if overdrawn => Some(Effort::Least),
            Effort::Least if overdrawn => Some(Effort::Waits),
            _ => None,
        }
    }

    /// Takes note of the macroblock coded last: the slice has `used` bits now.
    pub fn spend(&mut self, mode: &Mode, effort: Effort, used: u32) {
        let bits = used - self.used;
        self.used = used;
        if let Effort::Scale(scale) = effort {
            self.tally.add(mode, scale, bits);
        }
        if self.budget.is_some() {
            self.foretold = (self.foretold - mode.foretold).max(0.0);
            self.done = (
                self.done.0 + mode.foretold,
                self.done.1 + bits as f32 * f32::from(self.scale) / f32::from(self.planned),
            );
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
