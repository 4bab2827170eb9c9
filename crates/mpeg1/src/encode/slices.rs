//! A picture's slices side by side: shared out, coded, put together.
//!
//! Bits of a slice are foretold, and where the forecast was wrong a slice has too few while others leave some over. Those
//! are coded once more with what is left of the picture's; the cap holds all the same, and so does the same result for
//! any number of threads. If even that is too little, those macroblocks wait in which least has changed, and not those
//! that happen to come last.
//!
//! Here belongs: what slices share. Not here: the inside of one (`slice`), its purse (`budget`).

use alloc::vec::Vec;

use super::budget::{COARSEST, SLICE_HEAD_BITS, rows_of_slice, share_out};
use super::cost::Tally;
use super::least::skipped_bits;
use super::mode::Mode;
use super::pool::Pool;
use super::remains::Remains;
use super::slice::{self, Coded, PictureContext, Slice};
use super::wait::make_wait;
use crate::picture::Picture;
use crate::syntax::picture::PictureKind;

/// A picture's macroblocks, in the order of coding.
pub(super) struct Macroblocks<'a> {
    pub modes: &'a mut [Mode],
    /// For how many pictures each has waited.
    pub waiting: &'a [u16],
    /// Gets whether it waits in this picture.
    pub waits: &'a mut [bool],
    /// Whether its reconstruction is the same as its reference.
    pub repeats: &'a mut [bool],
    /// Gets what remains of it.
    pub remains: &'a mut [Remains],
}

/// A piece of a picture that is still being coded.
#[derive(Clone, Copy, Debug)]
pub struct EncodedPart<'a> {
    /// One slice, and the picture's headers before the first.
    pub bytes: &'a [u8],
    /// Whether the picture is an I or a P picture.
    pub kind: PictureKind,
    /// So many of the picture's rows of macroblocks, [`Encoder::rows`](super::Encoder::rows) in all, have been handed out
    /// with it and the parts before.
    pub rows_done: usize,
}

/// Where slices go: to the end of a unit, and whole ones with what stands before them to who takes parts.
pub(super) struct Outlet<'a, P> {
    out: &'a mut Vec<u8>,
    part: P,
    /// What is not yet handed out begins here.
    from: usize,
    rows_done: usize,
    tally: Tally,
}

impl<'a, P: FnMut(EncodedPart<'_>)> Outlet<'a, P> {
    /// For a unit that begins at `from`.
    pub fn new(out: &'a mut Vec<u8>, from: usize, part: P) -> Self {
        Self { out, part, from, rows_done: 0, tally: Tally::default() }
    }

    /// Takes the next slice, of at most so many rows.
    fn put(&mut self, slice: &Coded, rows: usize, context: &PictureContext<'_>) {
        self.out.extend_from_slice(&slice.bytes);
        self.tally.join(slice.tally);
        self.rows_done = (self.rows_done + rows).min(context.reference.mb_height);
        let bytes = &self.out[self.from..];
        (self.part)(EncodedPart { bytes, kind: context.kind, rows_done: self.rows_done });
        self.from = self.out.len();
    }
}

/// Codes all slices, with the front of `slices` as room; gives what their macroblocks took.
pub(super) fn code(
    context: &PictureContext<'_>,
    most_bits: Option<f32>,
    mut macroblocks: Macroblocks<'_>,
    reconstruction: &mut Picture,
    (slices, pool): (&mut [Coded], &mut Pool),
    mut outlet: Outlet<'_, impl FnMut(EncodedPart<'_>) + Send>,
) -> Tally {
    let rows = match context.bits_before {
        Some(bits) => rows_of_slice(context.kind, slices.len(), bits),
        None => foretell(context, macroblocks.modes, slices),
    };
    let slices = &mut slices[..reconstruction.mb_height.div_ceil(rows)];
    let count = reconstruction.mb_width * rows;
    for (n, (slice, modes)) in slices.iter_mut().zip(macroblocks.modes.chunks(count)).enumerate() {
        (slice.budget, slice.starved) = (None, true);
        if most_bits.is_some() {
            slice.least = least(context, modes, n * rows);
        }
    }
    if let Some(most_bits) = most_bits {
        share_out(most_bits, slices);
    }
    // From the first starved one on they are held back: it will be another.
    let (mut handed_out, mut held) = (0, false);
    code_starved(context, rows, &mut macroblocks, reconstruction, (slices, pool), |slice| {
        held |= slice.starved;
        if !held {
            outlet.put(slice, rows, context);
            handed_out += 1;
        }
    });
    if let Some(most_bits) = most_bits.filter(|_| held) {
        relieve_starved(context, count, most_bits, &mut macroblocks, slices);
        code_starved(context, rows, &mut macroblocks, reconstruction, (slices, pool), |_| ());
    }
    slices[handed_out..].iter().for_each(|slice| outlet.put(slice, rows, context));
    outlet.tally
}

/// Notes in the front of `slices` what is foretold for each; gives how many rows each of them has.
fn foretell(context: &PictureContext<'_>, modes: &mut [Mode], slices: &mut [Coded]) -> usize {
    let mb_width = context.reference.mb_width;
    for (row, modes) in slices.iter_mut().zip(modes.chunks_mut(mb_width)) {
        row.foretold = context.foretell(modes);
    }
    let rows = rows_of_slice(context.kind, slices.len(), slices.iter().map(|row| row.foretold).sum());
    for n in 0..slices.len().div_ceil(rows) {
        slices[n].foretold = slices[n * rows..].iter().take(rows).map(|row| row.foretold).sum();
    }
    rows
}

/// What a slice of these macroblocks, that begins with row `row`, takes at least.
fn least(context: &PictureContext<'_>, modes: &[Mode], row: usize) -> f32 {
    skipped_bits(modes.len()) + context.least_intra().sum(modes, row, context.reference.mb_width)
}

/// Gives starved slices what is left of the picture's bits, and makes macroblocks wait for which even that is too little.
///
/// All get the same: to share it out by how wrong the forecast was left more in want, since a slice that had to make its
/// macroblocks wait early has seen little of how wrong it was.
fn relieve_starved(
    context: &PictureContext<'_>,
    count: usize,
    most_bits: f32,
    macroblocks: &mut Macroblocks<'_>,
    slices: &mut [Coded],
) {
    let used = |slice: &Coded| slice.bytes.len() as f32 * 8.0;
    // What a starved slice did not use stays its own: it gave up early what came last.
    let own = |slice: &Coded| (slice.budget.unwrap_or_default() + SLICE_HEAD_BITS).max(used(slice));
    let taken = slices.iter().map(|slice| if slice.starved { own(slice) } else { used(slice) });
    let left = (most_bits - taken.sum::<f32>()).max(0.0);
    let more = left / slices.iter().filter(|slice| slice.starved).count() as f32;
    let scale = (context.scale * 2).min(COARSEST);
    let parts = macroblocks.modes.chunks_mut(count).zip(macroblocks.waiting.chunks(count));
    for (slice, (modes, waiting)) in slices.iter_mut().zip(parts).filter(|(slice, _)| slice.starved) {
        let budget = own(slice) - SLICE_HEAD_BITS + more;
        slice.budget = Some(budget);
        make_wait((context.costs.times(slice.fault), scale, budget), context.patience, modes, waiting);
        slice.foretold = context.foretell(modes);
    }
}

/// Codes the slices of `rows` rows that are said to be starved; `then` gets each, in their order.
fn code_starved(
    context: &PictureContext<'_>,
    rows: usize,
    macroblocks: &mut Macroblocks<'_>,
    reconstruction: &mut Picture,
    (slices, pool): (&mut [Coded], &mut Pool),
    then: impl FnMut(&Coded) + Send,
) {
    let count = reconstruction.mb_width * rows;
    let [y, cb, cr] = &mut reconstruction.planes;
    let planes = y
        .samples
        .chunks_mut(y.stride * 16 * rows)
        .zip(cb.samples.chunks_mut(cb.stride * 8 * rows))
        .zip(cr.samples.chunks_mut(cr.stride * 8 * rows));
    let Macroblocks { modes, waiting, waits, repeats, remains } = macroblocks;
    let noted = waits.chunks_mut(count).zip(repeats.chunks_mut(count)).zip(remains.chunks_mut(count));
    let macroblocks = modes.chunks(count).zip(waiting.chunks(count)).zip(noted);
    let all = planes.zip(slices).zip(macroblocks).enumerate();
    let starved = all.filter(|(_, ((_, out), _))| out.starved);
    let slices =
        starved.map(|(n, ((((y, cb), cr), out), ((modes, waiting), ((waits, repeats), remains))))| Slice {
            row: n * rows,
            planes: [y, cb, cr],
            modes,
            waiting,
            waits,
            repeats,
            remains,
            out,
        });
    pool.for_each_in_order(slices, |slice| slice::code(context, slice), then);
}
