//! The steps of a picture, in their order: whether it is left out, all macroblocks looked at, the scale chosen, slices coded, and
//! what that changes for the next one.
//!
//! Here belongs: what calls what. Not here: how any of it is done.

use alloc::vec::Vec;

use super::budget::SLICE_HEAD_BITS;
use super::cost::Tally;
use super::headers::motion_scale;
use super::least::{LeastIntra, skipped_bits};
use super::mode::Analysis;
use super::rate::Choice;
use super::refresh::Plan;
use super::slice::PictureContext;
use super::slices::{self, EncodedPart, Macroblocks, Outlet};
use super::{EncodedPicture, Encoder, Intra, Refresh};
use crate::picture::{Picture, PictureView};
use crate::syntax::picture::PictureKind;

impl Encoder {
    /// Codes a picture of whole macroblocks.
    pub(super) fn encode_aligned(
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
        if kind == PictureKind::Predicted {
            self.bits_before = Some(bytes as f32 * 8.0);
        }
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
            usual_scale: self.rate.usual_scale(),
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
            bits_before: self.bits_before.filter(|_| choice.most_bits.is_none()),
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
}
