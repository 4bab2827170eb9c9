//! The quantiser scale of each picture, so that the average rate is met.
//!
//! What a picture costs is foretold from what there is to code in it (the macroblocks' activity, known before coding)
//! and from what earlier pictures of its kind cost; it is not learned only afterwards, so a sudden movement meets a
//! coarse quantiser in the very picture in which it begins.
//!
//! Here belongs: bits and quantisers. Not here: macroblocks' modes, clocks: time is counted in pictures.

use super::mode::Mode;
use super::settings::Rate;
use crate::syntax::picture::PictureKind;

/// What was chosen for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub quantiser: u8,
    /// The debt is too large for even the coarsest quantiser: code nothing, repeat the picture before.
    pub skip_all: bool,
}

/// The finest quantiser that a bit rate leads to; below it bits go into what nobody sees.
const FINEST: f64 = 2.0;
const COARSEST: f64 = 31.0;
/// An I picture may take this many pictures' share: it is paid back over [`PAY_BACK_PICTURES`].
const INTRA_SHARE: f64 = 4.0;
/// Pictures over which a debt or a saving is evened out.
const PAY_BACK_PICTURES: f64 = 12.0;
/// Debt, in seconds of the rate, from which on pictures are left out.
const MOST_DEBT_SECONDS: f64 = 1.0;

/// Chooses quantisers and learns from what they led to.
#[derive(Debug)]
pub(super) struct RateControl {
    rate: Rate,
    /// Bits a picture on average.
    share: f64,
    /// Bits spent beyond the share so far.
    debt: f64,
    most_debt: f64,
    /// Bits that headers alone take.
    overhead: f64,
    intra: Model,
    predicted: Model,
    chosen: (f64, Choice),
}

/// bits = cost × activity ÷ quantiser: how much a unit of activity costs, learned.
#[derive(Clone, Copy, Debug)]
struct Model {
    cost: f64,
}

impl Model {
    fn quantiser(self, activity: f64, bits: f64) -> f64 {
        (self.cost * activity / bits.max(1.0)).clamp(FINEST, COARSEST)
    }

    /// Learns quickly that things cost more, slowly that they cost less: too fine a quantiser is paid with delay.
    fn learn(&mut self, activity: f64, quantiser: f64, bits: f64) {
        if activity < 1.0 {
            return;
        }
        let seen = (bits * quantiser / activity).clamp(0.05, 20.0);
        let weight = if seen > self.cost { 0.6 } else { 0.25 };
        self.cost += (seen - self.cost) * weight;
    }
}

impl RateControl {
    pub fn new(rate: Rate, frames_per_second: f64, macroblocks: usize) -> Self {
        let bits = if let Rate::BitsPerSecond(bits) = rate { f64::from(bits) } else { 0.0 };
        Self {
            rate,
            share: bits / frames_per_second,
            debt: 0.0,
            most_debt: bits * MOST_DEBT_SECONDS,
            // A slice header, and a code for the first and the last macroblock of each row.
            overhead: macroblocks as f64 / 2.0,
            intra: Model { cost: 1.2 },
            predicted: Model { cost: 0.8 },
            chosen: (0.0, Choice { quantiser: 1, skip_all: false }),
        }
    }

    /// The quantiser for a picture whose macroblocks are `modes`.
    pub fn choose(&mut self, kind: PictureKind, modes: &[Mode]) -> Choice {
        let activity = modes.iter().map(|mode| f64::from(mode.activity)).sum();
        let choice = match self.rate {
            Rate::Quantiser(quantiser) => Choice { quantiser, skip_all: false },
            Rate::BitsPerSecond(_) => self.choose_for_rate(kind, activity),
        };
        self.chosen = (activity, choice);
        choice
    }

    /// The quantiser of the picture before: most likely that of the next, too.
    pub fn expected_quantiser(&self) -> u8 {
        if let Rate::Quantiser(quantiser) = self.rate { quantiser } else { self.chosen.1.quantiser }
    }

    fn choose_for_rate(&self, kind: PictureKind, activity: f64) -> Choice {
        let even = self.share - self.debt / PAY_BACK_PICTURES;
        let quantiser = match kind {
            PictureKind::Intra => self.intra.quantiser(activity, even.max(self.share / 2.0) * INTRA_SHARE),
            PictureKind::Predicted => {
                let bits = even.clamp(self.share / 4.0, self.share * 2.0) - self.overhead;
                self.predicted.quantiser(activity, bits)
            }
        };
        let skip_all = kind == PictureKind::Predicted && self.debt > self.most_debt;
        Choice { quantiser: (quantiser + 0.5) as u8, skip_all }
    }

    /// Takes note of what the picture that was last chosen for has cost.
    pub fn account(&mut self, kind: PictureKind, bytes: usize) {
        let bits = bytes as f64 * 8.0;
        // A saving is not kept for long: a quiet hour must not pay for a burst.
        self.debt = (self.debt + bits - self.share).max(-2.0 * self.share);
        let (activity, choice) = self.chosen;
        if !choice.skip_all {
            let model = if kind == PictureKind::Intra { &mut self.intra } else { &mut self.predicted };
            model.learn(activity, choice.quantiser.into(), (bits - self.overhead).max(0.0));
        }
    }
}
