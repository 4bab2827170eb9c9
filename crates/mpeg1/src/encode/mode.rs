//! How each macroblock is to be coded, and how much there is to code in it: looked at for the whole picture before
//! any of it is coded, so that the quantiser scale can be chosen for all.

use fearless_simd::{Level, dispatch};

use super::budget::COARSEST;
use super::masking::Masking;
use super::pool::Pool;
use super::preset::Tuning;
use super::refresh::Plan;
use super::remains::Remains;
use crate::motion::HalfPel;
use crate::motion::sad::{Luma, Quarters, luma_at, sad_16x16, sad_of_halves};
use crate::motion::search::{Search, vector_bits};
use crate::picture::{Picture, PictureView};
use crate::syntax::macroblock::MotionVector;
use crate::syntax::picture::PictureKind;

/// What was found out about a macroblock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mode {
    /// Coded without prediction.
    pub intra: bool,
    /// Where it is predicted from, in half pels.
    pub vector: MotionVector,
    /// Sum of absolute values of what is to be coded: differences to the prediction, or to the mean if intra.
    pub activity: u32,
    /// The same for each block of luma, if it is predicted.
    pub quarters: Quarters,
    /// Sum of absolute differences to the same place of the picture before: what is seen of it if it waits.
    pub change: u32,
    /// What its vector takes behind that of its neighbour to the left, about, in bits; 0 without motion.
    pub vector_bits: u8,
    /// It is to be intra in this picture, for its turn has come. It cannot wait.
    pub due: bool,
    /// If it is due, the scale of most pictures.
    pub usual_scale: u8,
    /// The macroblock to the left is intra, too: DCs are predicted from its own.
    pub behind_intra: bool,
    /// There are no bits for it in this picture: it stays as it is.
    pub waits: bool,
    /// There are bits for its DCs only.
    pub bare: bool,
    /// The least that the place differed from the same place of the picture before since a search found no better one; 0
    /// if the last search did.
    pub settled: u32,
    pub masking: Masking,
    /// What remained when it was coded before.
    pub remains: Remains,
    /// The quantizer_scale with which nothing is to be coded, for nothing is new; 0 if something is.
    pub settled_scale: u8,
    /// It is coded no finer than with that.
    pub rests: bool,
    /// Bits that it takes with the scale that the picture is planned with, as foretold once that is known.
    pub foretold: f32,
}

impl Mode {
    /// The same with as few bits as there can be: it stays as it is in the picture before if it `may_wait`, else it gets
    /// its DCs.
    pub(super) fn least(self, may_wait: bool) -> Self {
        let waits = may_wait && !self.due;
        Self { intra: !waits, waits, vector: MotionVector::ZERO, vector_bits: 0, ..self }
    }

    /// Takes note of what remained.
    fn remember(&mut self, remains: Remains) {
        self.remains = remains;
        let still = !self.intra && self.vector == MotionVector::ZERO;
        self.settled_scale = if still { remains.scale(self.activity) } else { 0 };
    }

    /// The picture's scale with which nothing is to be coded, for nothing is new.
    pub(super) fn settled_in(&self) -> Option<u8> {
        (self.settled_scale > 0).then(|| self.masking.picture_scale(self.settled_scale))
    }

    /// The quantizer_scale that it is coded with in a picture of `scale`. What is due is coded to last: many pictures
    /// are predicted from it, which pays for half the scale; but not where most pictures have bits for nothing, nor down to 1,
    /// with which the largest level, 255, is too small for hard edges.
    #[inline]
    pub(super) const fn scale(&self, scale: u8) -> u8 {
        if self.due {
            let half = if scale == 2 { 2 } else { scale.div_ceil(2) };
            return match (scale * 2).checked_sub(COARSEST) {
                Some(near_the_coarsest) if near_the_coarsest > half => {
                    let most_more = (near_the_coarsest - half) as u16;
                    half + (most_more * self.usual_scale as u16 / COARSEST as u16) as u8
                }
                _ => half,
            };
        }
        let scale = self.masking.scale(scale);
        if self.rests && scale < self.settled_scale { self.settled_scale } else { scale }
    }
}

/// By how much the differences to the picture before must exceed those to the mean before intra is chosen: an intra
/// macroblock also pays for six DCs and a pattern without gaps.
const INTRA_PENALTY: u32 = 512;
/// How far vectors lead at most, in half pels: f_code 3.
const RANGE: i32 = 63;

/// What is needed to look at a picture.
#[derive(Clone, Debug)]
pub(super) struct Analysis<'a> {
    pub kind: PictureKind,
    pub plan: Plan,
    /// Whole macroblocks.
    pub source: PictureView<'a>,
    pub reference: &'a Picture,
    /// The modes of the picture before: what moved there moves on.
    pub before: &'a [Mode],
    /// What remains of each macroblock.
    pub remains: &'a [Remains],
    /// The quantiser scale that is to be expected, and that of most pictures.
    pub quantiser: u8,
    pub usual_scale: u8,
    /// Whether what is busy is to be coded more coarsely.
    pub adaptive: bool,
    pub tuning: &'static Tuning,
    pub level: Level,
}

impl Analysis<'_> {
    /// Fills `modes`, row by row.
    pub(super) fn run(&self, pool: &mut Pool, modes: &mut [Mode]) {
        let rows = modes.chunks_exact_mut(self.reference.mb_width).enumerate();
        pool.for_each(rows, |(row, modes)| {
            let mut left = Mode::default();
            for (column, mode) in modes.iter_mut().enumerate() {
                *mode = self.look_at(column, row, left);
                mode.behind_intra = left.intra;
                mode.remember(self.remains[row * self.reference.mb_width + column]);
                left = *mode;
            }
        });
    }

    fn look_at(&self, column: usize, row: usize, left: Mode) -> Mode {
        let at = (column * 16, row * 16);
        let source = self.luma(at);
        if self.kind == PictureKind::Intra || self.plan.intra.contains(&row) {
            return Mode {
                intra: true,
                due: true,
                usual_scale: if self.kind == PictureKind::Intra { COARSEST } else { self.usual_scale },
                activity: deviation(self.level, &source),
                ..Mode::default()
            };
        }
        let before = self.before[row * self.reference.mb_width + column];
        let reference = self.reference.planes[0].view();
        let still = HalfPel { x: at.0 * 2, y: at.1 * 2 };
        let quarters = sad_16x16(self.level, &source, reference, still);
        let zero = quarters.into_iter().map(u32::from).sum();
        if zero <= self.not_worth_a_search(before.settled) {
            let settled = before.settled.min(zero);
            // What is busy stays so; of what was due it is not known.
            let masking =
                if before.due || zero > self.noise() { self.masking(&source) } else { before.masking };
            return Mode { activity: zero, quarters, change: zero, settled, masking, ..Mode::default() };
        }
        let found = self.search(&source, column, row, left).find(
            self.level,
            zero,
            &self.candidates(column, row, left)[..self.tuning.candidates],
        );
        let stays = found.vector == MotionVector::ZERO;
        let (settled, quarters) = if stays { (zero, quarters) } else { (0, found.quarters) };
        let (vector, activity) = (found.vector, found.difference);
        let vector_bits = if stays { 0 } else { vector_bits(vector, left.vector) as u8 };
        let masking = self.masking(&source);
        let mut mode = Mode {
            vector,
            vector_bits,
            activity,
            quarters,
            change: zero,
            settled,
            masking,
            ..Mode::default()
        };
        if mode.activity > INTRA_PENALTY {
            let deviation = deviation(self.level, &source);
            if deviation + INTRA_PENALTY < mode.activity {
                mode = Mode { intra: true, activity: deviation, change: zero, masking, ..Mode::default() };
            }
        }
        mode
    }

    /// The macroblock's luma. Out of line: as a part of [`Self::look_at`] the two take a quarter more instructions.
    #[inline(never)]
    fn luma(&self, at: (usize, usize)) -> Luma {
        luma_at(self.source.y, at)
    }

    /// How much of an error such a macroblock hides.
    fn masking(&self, source: &Luma) -> Masking {
        if self.adaptive { Masking::of(deviation(self.level, source)) } else { Masking::NONE }
    }

    /// The difference to the same place up to which no better one is looked for: what noise alone makes, or, if a search
    /// found none before, a tenth more than then.
    fn not_worth_a_search(&self, settled: u32) -> u32 {
        let quantiser = u32::from(self.quantiser);
        // Where very much has changed it may be worth another look.
        let still_settled = (settled + settled / 10).min(100 * quantiser.min(16) + 1000);
        self.noise().max(still_settled)
    }

    /// The difference that noise alone makes.
    fn noise(&self) -> u32 {
        self.tuning.still.at(u32::from(self.quantiser).min(12))
    }

    fn search<'a>(&'a self, source: &'a Luma, column: usize, row: usize, left: Mode) -> Search<'a> {
        let Picture { mb_width, mb_height, ref planes } = *self.reference;
        let rows = if row < self.plan.clean { self.plan.clean } else { mb_height };
        Search {
            source,
            reference: planes[0].view(),
            at: (column * 16, row * 16),
            most: ((mb_width as i32 - 1) * 32, (rows as i32 - 1) * 32),
            range: RANGE,
            before: left.vector,
            // About the root of λ, less a little: the next picture's vectors are found from good ones.
            bit_cost: (u32::from(self.quantiser) * 13 / 16).max(1),
            enough: self.tuning.enough.map(|enough| {
                let before = self.before[row * mb_width + column];
                enough.of(left.activity.min(before.activity))
            }),
        }
    }

    /// The neighbour to the left, and from the picture before this place and what lies around it. Not the neighbour
    /// above: rows are looked at side by side. The first three of them are the most telling.
    fn candidates(&self, column: usize, row: usize, left: Mode) -> [MotionVector; 5] {
        let Picture { mb_width, mb_height, .. } = *self.reference;
        let before = |column: usize, row: usize| self.before[row * mb_width + column].vector;
        let (right, below) = ((column + 1).min(mb_width - 1), (row + 1).min(mb_height - 1));
        let above = row.saturating_sub(1);
        [left.vector, before(column, row), before(right, row), before(column, below), before(column, above)]
    }
}

/// Sum of absolute differences of a macroblock's luma to its mean.
pub(super) fn deviation(level: Level, luma: &Luma) -> u32 {
    dispatch!(level, simd => {
        let [left, right] = sad_of_halves(simd, luma, &[[0; 16]; 16]);
        let mean = ((left + right) / 256) as u8;
        let [left, right] = sad_of_halves(simd, luma, &[[mean; 16]; 16]);
        left + right
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Preset;
    use crate::level;
    use alloc::vec;

    #[test]
    fn what_is_due_gets_half_the_scale_but_the_coarsest_is_the_coarsest() {
        let scales = |due, usual_scale| {
            [1, 2, 7, 20, 24, 31].map(|scale| Mode { due, usual_scale, ..Mode::default() }.scale(scale))
        };
        assert_eq!(scales(true, 31), [1, 2, 4, 10, 17, 31]);
        assert_eq!(
            scales(true, 8),
            [1, 2, 4, 10, 13, 19],
            "what is coarse in one picture only is seen for longer"
        );
        assert_eq!(scales(false, 31), [1, 2, 7, 20, 24, 31]);
    }

    #[test]
    fn what_changed_beyond_recognition_is_intra() {
        let mut reference = Picture::new(32, 16);
        reference.planes[0].samples.fill(40);
        let mut samples = vec![200; PictureView::i420_len(32, 16)];
        for row in samples[..32 * 16].chunks_exact_mut(32) {
            row[..16].fill(41);
        }
        let source = PictureView::from_i420(&samples, 32, 16);
        let before = [Mode::default(); 2];
        let mut modes = before;
        let predicted = PictureKind::Predicted;
        let level = level::best();
        let analysis = Analysis {
            kind: predicted,
            plan: Plan::default(),
            source,
            reference: &reference,
            before: &before,
            remains: &[Remains::default(); 2],
            quantiser: 4,
            usual_scale: 4,
            adaptive: false,
            tuning: Preset::Balanced.tuning(),
            level,
        };
        analysis.run(&mut Pool::new(1), &mut modes);
        let mode = |intra, activity, change| Mode { intra, activity, change, ..Mode::default() };
        let still = Mode { settled: 256, quarters: [64; 4], ..mode(false, 256, 256) };
        assert_eq!(modes, [still, mode(true, 0, 160 * 256)]);
        Analysis { kind: PictureKind::Intra, ..analysis }.run(&mut Pool::new(2), &mut modes);
        assert!(modes.iter().all(|mode| mode.intra && mode.activity == 0));
    }
}
