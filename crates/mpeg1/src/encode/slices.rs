//! A picture's slices side by side: shared out, coded, put together.
//!
//! Bits of a slice are foretold, and where the forecast was wrong a slice has too few while others leave some over. Those
//! are coded once more with what is left of the picture's; the cap holds all the same, and so does the same result for
//! any number of threads. If even that is too little, those macroblocks wait in which least has changed, and not those
//! that happen to come last.
//!
//! Here belongs: what slices share. Not here: the inside of one (`slice`), its purse (`budget`).

use alloc::vec::Vec;

use super::budget::{COARSEST, Shares};
use super::cost::Tally;
use super::mode::Mode;
use super::pool::Pool;
use super::slice::{self, Coded, PictureContext, Slice};
use super::wait::make_wait;
use crate::picture::Picture;

/// A picture's macroblocks, in the order of coding.
pub(super) struct Macroblocks<'a> {
    pub modes: &'a mut [Mode],
    /// For how many pictures each has waited.
    pub waiting: &'a [u16],
    /// Gets whether it waits in this picture.
    pub waits: &'a mut [bool],
}

/// Codes all slices into the front of `slices` and appends them to `out`; gives what their macroblocks took.
pub(super) fn code(
    context: &PictureContext<'_>,
    most_bits: Option<f32>,
    mut macroblocks: Macroblocks<'_>,
    reconstruction: &mut Picture,
    (slices, pool, out): (&mut [Coded], &mut Pool, &mut Vec<u8>),
) -> Tally {
    let shares = Shares::new(context, macroblocks.modes, most_bits);
    let slices = &mut slices[..reconstruction.mb_height.div_ceil(shares.rows)];
    let count = reconstruction.mb_width * shares.rows;
    for (slice, modes) in slices.iter_mut().zip(macroblocks.modes.chunks(count)) {
        (slice.budget, slice.starved) = (shares.budget(context, modes), true);
    }
    code_starved(context, shares.rows, &mut macroblocks, reconstruction, (slices, pool));
    if let Some(most_bits) = most_bits.filter(|_| slices.iter().any(|slice| slice.starved)) {
        let used: usize = slices.iter().map(|slice| slice.bytes.len() * 8).sum();
        relieve_starved(context, count, (most_bits - used as f32).max(0.0), &mut macroblocks, slices);
        code_starved(context, shares.rows, &mut macroblocks, reconstruction, (slices, pool));
    }
    append(slices, out)
}

/// Gives starved slices what is `left` of the picture's bits, and makes macroblocks wait for which even that is too little.
///
/// All get the same: to share it out by how wrong the forecast was left more in want, since a slice that had to make its
/// macroblocks wait early has seen little of how wrong it was.
fn relieve_starved(
    context: &PictureContext<'_>,
    count: usize,
    left: f32,
    macroblocks: &mut Macroblocks<'_>,
    slices: &mut [Coded],
) {
    let more = left / slices.iter().filter(|slice| slice.starved).count() as f32;
    let scale = (context.scale * 2).min(COARSEST);
    let parts = macroblocks.modes.chunks_mut(count).zip(macroblocks.waiting.chunks(count));
    for (slice, (modes, waiting)) in slices.iter_mut().zip(parts).filter(|(slice, _)| slice.starved) {
        let budget = slice.budget.unwrap_or_default() + more;
        slice.budget = Some(budget);
        make_wait((context.costs.times(slice.fault), scale, budget), context.patience, modes, waiting);
    }
}

/// Codes the slices of `rows` rows that are said to be starved.
fn code_starved(
    context: &PictureContext<'_>,
    rows: usize,
    macroblocks: &mut Macroblocks<'_>,
    reconstruction: &mut Picture,
    (slices, pool): (&mut [Coded], &mut Pool),
) {
    let count = reconstruction.mb_width * rows;
    let [y, cb, cr] = &mut reconstruction.planes;
    let planes = y
        .samples
        .chunks_mut(y.stride * 16 * rows)
        .zip(cb.samples.chunks_mut(cb.stride * 8 * rows))
        .zip(cr.samples.chunks_mut(cr.stride * 8 * rows));
    let Macroblocks { modes, waiting, waits } = macroblocks;
    let macroblocks = modes.chunks(count).zip(waiting.chunks(count)).zip(waits.chunks_mut(count));
    let all = planes.zip(slices).zip(macroblocks).enumerate();
    let starved = all.filter(|(_, ((_, out), _))| out.starved);
    let slices = starved.map(|(n, ((((y, cb), cr), out), ((modes, waiting), waits)))| Slice {
        row: n * rows,
        planes: [y, cb, cr],
        modes,
        waiting,
        waits,
        out,
    });
    pool.for_each(slices, |slice| slice::code(context, slice));
}

/// Appends slices to a unit; gives what they took.
fn append(slices: &[Coded], out: &mut Vec<u8>) -> Tally {
    let mut tally = Tally::default();
    for slice in slices {
        out.extend_from_slice(&slice.bytes);
        tally.join(slice.tally);
    }
    tally
}
