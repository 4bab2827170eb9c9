//! One slice: rows of macroblocks, coded without regard to other slices, so that they can be coded side by side and
//! what is damaged or lost of one stays in it.
//!
//! Here belongs: the order of macroblocks in a slice, and which are skipped. Not here: a macroblock's inside, how many
//! rows a slice has.

use alloc::vec::Vec;

use fearless_simd::Level;

use super::budget::{Effort, Purse};
use super::cost::{Costs, Tally};
use super::least::LeastIntra;
use super::macroblock::{Coder, Place};
use super::mode::Mode;
use super::preset::Tuning;
use super::remains::Remains;
use super::wait::Patience;
use crate::bits::BitWriter;
use crate::picture::{Picture, PictureView};
use crate::syntax::macroblock::{write_address_increment, write_stuffing};
use crate::syntax::picture::{MotionScale, PictureKind};
use crate::syntax::slice::SliceHeader;
use crate::transform::quantise::Quantiser;

/// What all rows of a picture share.
#[derive(Debug)]
pub(super) struct PictureContext<'a> {
    pub kind: PictureKind,
    /// The picture to code: whole macroblocks.
    pub source: PictureView<'a>,
    pub reference: &'a Picture,
    /// For quantizer_scale 1 to 31.
    pub quantisers: &'a [Quantiser],
    /// The quantizer_scale that the picture was planned with.
    pub scale: u8,
    pub costs: Costs,
    /// Where bits count for nothing: what the P picture before took. Nothing is foretold then, and nothing learned.
    pub bits_before: Option<f32>,
    /// For how many pictures a macroblock waits.
    pub patience: Patience,
    /// What remains of macroblocks is to be noted.
    pub remembers: bool,
    pub tuning: &'static Tuning,
    pub level: Level,
    pub motion: MotionScale,
}

impl PictureContext<'_> {
    /// The quantiser for a quantizer_scale of 1 to 31.
    pub fn quantiser(&self, scale: u8) -> &Quantiser {
        &self.quantisers[usize::from(scale) - 1]
    }

    /// What macroblocks that are due take at least, from the beginning of a slice on.
    pub const fn least_intra(&self) -> LeastIntra<'_> {
        LeastIntra::new(self.level, [self.source.y, self.source.cb, self.source.cr], self.kind)
    }

    /// Whether a macroblock has waited for too long.
    pub const fn is_overdue(&self, mode: &Mode, waited: u16) -> bool {
        !mode.due && !mode.waits && waited > self.patience.most
    }

    /// Notes what these macroblocks take with the planned scale, as foretold; gives the sum.
    pub fn foretell(&self, modes: &mut [Mode]) -> f32 {
        let foretell = |mode: &mut Mode| {
            mode.foretold = self.costs.bits(mode, self.scale);
            mode.foretold
        };
        modes.iter_mut().map(foretell).sum()
    }
}

/// Rows of macroblocks that become a slice.
pub(super) struct Slice<'a> {
    /// The first row.
    pub row: usize,
    /// Where its reconstruction goes: for each row 16 rows of luma, 8 of each chroma.
    pub planes: [&'a mut [u8]; 3],
    /// Row by row.
    pub modes: &'a [Mode],
    /// For each macroblock, for how many pictures it has waited, and whether it waits now.
    pub waiting: &'a [u16],
    pub waits: &'a mut [bool],
    /// Whether its reconstruction is the same as its reference.
    pub repeats: &'a mut [bool],
    /// Gets what remains of it.
    pub remains: &'a mut [Remains],
    pub out: &'a mut Coded,
}

/// A coded slice.
#[derive(Debug, Default)]
pub(super) struct Coded {
    pub bytes: Vec<u8>,
    pub tally: Tally,
    /// What its macroblocks take with the planned scale, as foretold, and those of them at least that cannot wait. As what
    /// follows to be set before it is coded.
    pub foretold: f32,
    pub least: f32,
    /// Bits that it may have; none: as many as it takes.
    pub budget: Option<f32>,
    /// It had too few bits for what was planned.
    pub starved: bool,
    /// How many times as much as foretold its macroblocks took.
    pub fault: f32,
}

/// Codes a slice in place of what stands in its `out`, and gives that.
pub(super) fn code<'a>(context: &PictureContext<'_>, slice: Slice<'a>) -> &'a Coded {
    let Slice { row: first_row, planes, modes, waiting, waits, repeats, remains, out } = slice;
    let mut purse = Purse::new(context, out, modes, waiting);
    out.bytes.clear();
    let mut bits = BitWriter::new(&mut out.bytes);
    SliceHeader { mb_row: first_row as u8, quantiser: context.scale }.write(&mut bits);
    let mut coder = Coder::new(context, first_row, planes, repeats);
    let head = bits.written();
    let (mb_width, last) = (context.reference.mb_width, modes.len() - 1);
    let mut increment = 1;
    for (n, mode) in modes.iter().enumerate() {
        let place = Place { column: n % mb_width, row: first_row + n / mb_width };
        let due = purse.is_due(mode, place, context.is_overdue(mode, waiting[n]));
        let mut effort = purse.effort(mode);
        let before = (bits.mark(), coder.state(), increment);
        loop {
            let least;
            let becomes = if let Effort::Scale(_) = effort {
                mode
            } else {
                least = mode.least(effort == Effort::Waits || !due && !mode.bare);
                &least
            };
            waits[n] = becomes.waits;
            coder.prepare(place, becomes, effort);
            code_macroblock(&mut coder, &mut bits, &mut increment, (n, last));
            let Some(less) = purse.less(effort, bits.written() - head) else { break };
            // It took more than there is: what it took is taken back.
            bits.rewind(before.0);
            coder.restore(before.1);
            (increment, effort) = (before.2, less);
        }
        if context.remembers {
            remains[n] = match (effort, coder.remains()) {
                (Effort::Scale(_), Some(remains)) => remains,
                (Effort::Scale(scale), None) => Remains::empty(mode, mode.scale(scale)),
                // With nothing but its DCs there is much to code.
                (_, Some(_)) => Remains::NONE,
                (_, None) => mode.remains,
            };
        }
        if context.bits_before.is_none() {
            purse.spend(mode, effort, bits.written() - head);
        }
    }
    bits.align();
    out.tally = purse.tally();
    out.starved = purse.starved();
    out.fault = purse.fault();
    out
}

/// Writes the macroblock that was prepared, the `n`th of a slice whose last one is `last`, or leaves it out.
#[inline(always)]
fn code_macroblock(
    coder: &mut Coder<'_>,
    bits: &mut BitWriter<'_>,
    increment: &mut u32,
    (n, last): (usize, usize),
) {
    // The first and the last macroblock of a slice cannot be skipped (2.4.4.4).
    if coder.is_empty() && n != 0 && n != last {
        coder.skip();
        *increment += 1;
        return;
    }
    if n == last && *increment == 1 && coder.is_short() && matches!(bits.bits_in_last_byte(), 1 | 2) {
        // JSMpeg, old and new, takes a slice for ended when a start code follows the byte that it stands in: it would
        // miss a last macroblock whose six bits all fit into that byte, and show an older one.
        write_stuffing(bits);
    }
    write_address_increment(bits, *increment);
    coder.write(bits);
    *increment = 1;
}
