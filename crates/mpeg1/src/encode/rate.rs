//! The quantiser scale and the most bits of each picture, so that the rate is met and no picture clogs the link.
//!
//! What a picture costs is foretold from what there is to code in it; it is not learned only afterwards, so a sudden
//! movement meets a coarse quantiser in the very picture in which it begins. What does not fit with the coarsest waits.
//! A picture is left out only where even what cannot wait does not fit, until what is owed is paid.
//!
//! Here belongs: bits and quantisers of pictures. Not here: of slices (`budget`), what a macroblock takes (`cost`), the
//! last seconds' bits (`window`), clocks: time is counted in pictures.

use super::budget::COARSEST;
use super::cost::{Costs, Tally};
use super::mode::Mode;
use super::refine::{reached, refine};
use super::settings::{Rate, Settings};
use super::wait::{Patience, Turns, make_wait};
use super::window::Window;
use crate::syntax::picture::PictureKind;

/// What was chosen for a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub scale: u8,
    /// Bits that it may have; none: as many as it takes.
    pub most_bits: Option<f32>,
    /// For how many pictures a macroblock waits.
    pub patience: Patience,
}

/// A picture takes at most this many pictures' share of the rate: it is on a link of just that rate for two intervals
/// between frames. Slices that are not quite in their budget are allowed for.
const MOST_SHARES: f32 = 1.9;
/// The same where nothing of the picture before is of use: at a cut, or where an I picture is asked for.
const MOST_SHARES_AT_CUT: f32 = 2.85;
/// The scale becomes finer from picture to picture at most by this factor: what was coded coarsely leaves more to code
/// than was ever learned from.
const LEAST_CHANGE: f32 = 0.6;
/// A picture takes at most so many times what it is allowed to, but at a cut, of which nothing is known: where pictures are
/// few, what one takes too much two seconds cannot make up for.
const MOST_FAULT: f32 = 1.5;
/// In deeper debt than so many seconds of the rate, or so many pictures' shares if that is more, nothing is coded.
const MOST_DEBT_SECONDS: f32 = 0.25;
const MOST_DEBT_SHARES: f32 = 2.5;
/// Seconds over which a debt or a saving is evened out.
const PAY_BACK_SECONDS: f32 = 0.4;
/// Where less is used than was allowed, for forecasts are too high, more is allowed from picture to picture: what is
/// missing in so many seconds, up to so many shares.
const UNUSED_SECONDS: f32 = 0.3;
const MOST_UNUSED: f32 = 1.0;
/// How much may be saved, in seconds of the rate, or in shares if that is more: a quiet hour must not pay for a burst.
const MOST_SAVED_SECONDS: f32 = 0.05;
const MOST_SAVED_SHARES: f32 = 0.7;
/// However deep in debt, a picture that is coded may have this part of its share.
const LEAST_SHARES: f32 = 0.75;
/// Where seconds have few pictures, one may have so many shares for what the last ones did not use.
const MOST_MISSING_SHARES: f32 = 1.4;
/// Where they have many, only with less debt than so many shares: it is not to be paid with delay.
const SMALL_DEBT_SHARES: f32 = 0.5;
/// Without debt so many shares, and from there evenly down to that part at a debt of so many seconds of the rate: where
/// too little was foretold macroblocks would wait otherwise behind every start.
const SMALL_DEBT_SECONDS: f32 = 0.125;
const SMALL_DEBT_CAP_SHARES: f32 = 1.5;
/// What headers before the slices take: of a picture, and before an I picture of the sequence and the group, too.
const PICTURE_HEAD_BITS: f32 = 72.0;
const START_HEAD_BITS: f32 = 240.0;
/// What a picture's part is in the scale that is usual.
const USUAL: f32 = 0.1;
/// The part of the bits that what is due may have with the coarsest scale before it gets that, too.
const MOST_DUE: f32 = 0.5;

/// Chooses quantisers and learns from what they led to.
#[derive(Debug)]
pub(super) struct RateControl {
    rate: Rate,
    finest: u8,
    frames_per_second: f64,
    /// Bits spent beyond the share so far.
    debt: f32,
    /// What the last pictures took.
    window: Window,
    /// What the picture in work should take.
    due: f32,
    /// How much more than that must be allowed for it to be used, in shares.
    unused: f32,
    costs: Costs,
    /// The scale of the picture before.
    scale: u8,
    /// That of the last pictures, on average.
    usual_scale: f32,
    /// Most of the picture before was intra.
    new: bool,
}

impl RateControl {
    pub fn new(settings: &Settings) -> Self {
        let Settings { rate, finest, frames_per_second, .. } = *settings;
        let scale = if let Rate::Quantiser(scale) = rate { scale } else { 8 };
        let window = Window::new(frames_per_second);
        Self {
            rate,
            finest,
            frames_per_second,
            debt: 0.0,
            window,
            due: 0.0,
            unused: 0.0,
            costs: Costs::TYPICAL,
            scale,
            usual_scale: scale.into(),
            new: false,
        }
    }

    /// From the next picture on.
    pub const fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// What macroblocks take.
    pub const fn costs(&self) -> Costs {
        self.costs
    }

    /// The scale of the picture before: most likely that of the next, too.
    pub const fn expected_scale(&self) -> u8 {
        if let Rate::Quantiser(scale) = self.rate { scale } else { self.scale }
    }

    /// The scale of most pictures; the coarsest if they all have the same.
    pub const fn usual_scale(&self) -> u8 {
        if let Rate::Quantiser(_) = self.rate { COARSEST } else { self.usual_scale as u8 }
    }

    /// Whether a picture is to be left out of which not even the `least` that it takes fits. Not if it must come, as an I
    /// picture, nor if no waiting would help.
    pub fn leaves_out(&self, kind: PictureKind, least: f32) -> bool {
        let Some(share) = self.share().filter(|_| kind == PictureKind::Predicted) else { return false };
        self.debt > 0.0 && least > self.most_bits(kind, false, share)
    }

    /// The scale for a picture whose macroblocks are `modes`; those for which there are no bits are made to wait, first
    /// of all where little has changed. `waiting`: for how many pictures each has waited.
    pub fn choose(&mut self, kind: PictureKind, modes: &mut [Mode], waiting: &[u16]) -> Choice {
        let Some(share) = self.share() else {
            return Choice { scale: self.expected_scale(), most_bits: None, patience: Patience::ENDLESS };
        };
        // What has waited is not new.
        let new = modes.iter().zip(waiting).filter(|(mode, waited)| mode.intra && **waited == 0);
        let new = new.count() * 2 > modes.len();
        let cut = new && !self.new;
        let most_bits = self.most_bits(kind, cut, share);
        self.new = new;
        self.due = self.due(share).min(most_bits);
        let wanted = (self.due + share * self.unused).min(most_bits);
        let least = self.finest.max((reached(modes, self.scale) * LEAST_CHANGE) as u8);
        let (scale, bits) = self.nearest_scale(modes, least, wanted, most_bits);
        let scale = refine(self.costs, (least, scale), (wanted, bits), modes);
        let allowed = self.allowed(scale, wanted, most_bits);
        let turns = Turns::of(waiting, self.frames_per_second as f32);
        // Where nobody waits, nor will, it is of no use to know it.
        let mut due = if scale == COARSEST || turns.any() { self.due_bits(modes, scale) } else { 0.0 };
        // What is due is as fine as usual only as far as it leaves half of the bits to the others.
        if scale == COARSEST && due > allowed * MOST_DUE {
            modes.iter_mut().for_each(|mode| mode.usual_scale = COARSEST);
            due = self.due_bits(modes, scale);
        }
        // A row whose turn it is, finely coded, is not worth that others stand still for seconds.
        if scale == COARSEST && due > allowed - turns.bits() {
            modes.iter_mut().for_each(|mode| mode.bare = mode.due);
            due = self.due_bits(modes, scale);
        }
        let patience = turns.patience(allowed - due);
        if scale == COARSEST {
            make_wait((self.costs, scale, allowed), patience, modes, waiting);
        }
        self.scale = scale;
        self.usual_scale += (f32::from(scale) - self.usual_scale) * USUAL;
        Choice {
            scale,
            most_bits: Some(if cut { most_bits } else { most_bits.min(allowed * MOST_FAULT) }),
            patience,
        }
    }

    /// What macroblocks whose turn it is take with `scale`, as foretold.
    fn due_bits(&self, modes: &[Mode], scale: u8) -> f32 {
        modes.iter().filter(|mode| mode.due).map(|mode| self.costs.bits(mode, scale)).sum()
    }

    /// Takes note of what the picture that was last chosen for took.
    pub fn account(&mut self, bytes: usize, tally: Tally) {
        self.costs.learn(tally);
        if let Some(share) = self.share() {
            let (bits, second) = (bytes as f32 * 8.0, share * self.frames_per_second as f32);
            self.window.add(bits / share);
            let pictures = (self.frames_per_second as f32 * UNUSED_SECONDS).max(2.0);
            // Where the finest scale is reached it is no forecast's fault.
            let unused = if self.scale <= self.finest { -self.unused } else { (self.due - bits) / share };
            self.unused = (self.unused + unused / pictures).clamp(0.0, MOST_UNUSED);
            self.due = 0.0;
            let most_saved = (second * MOST_SAVED_SECONDS).max(share * MOST_SAVED_SHARES);
            self.debt = (self.debt + bits - share).max(-most_saved);
        }
    }

    /// Bits a picture on average.
    fn share(&self) -> Option<f32> {
        match self.rate {
            Rate::Quantiser(_) => None,
            Rate::BitsPerSecond(bits) => Some((f64::from(bits) / self.frames_per_second) as f32),
        }
    }

    /// What the next picture should take.
    fn due(&self, share: f32) -> f32 {
        let pay_back_pictures = (self.frames_per_second as f32 * PAY_BACK_SECONDS).max(2.0);
        let owed = self.debt / share;
        let most = if self.window.is_short() || owed < SMALL_DEBT_SHARES {
            MOST_MISSING_SHARES
        } else {
            LEAST_SHARES
        };
        let least = self.window.missing().clamp(LEAST_SHARES, most);
        (share - self.debt / pay_back_pictures).max(share * least)
    }

    /// The cap: with what is still owed the picture is on its way for so long. `new`: hardly anything of the picture before
    /// is of use, and that for the first time: a cut is one picture. Less than nothing: it cannot be coded.
    fn most_bits(&self, kind: PictureKind, new: bool, share: f32) -> f32 {
        let intra = kind == PictureKind::Intra;
        let shares = if intra || new { MOST_SHARES_AT_CUT } else { MOST_SHARES };
        let owed = self.debt.max(0.0) / share;
        let seconds = owed / self.frames_per_second as f32;
        let least = if intra || seconds < MOST_DEBT_SECONDS || owed < MOST_DEBT_SHARES {
            let small = (1.0 - seconds / SMALL_DEBT_SECONDS).max(0.0);
            LEAST_SHARES + (SMALL_DEBT_CAP_SHARES - LEAST_SHARES) * small
        } else {
            0.0
        };
        // I pictures are asked for: what follows makes up for them.
        let room = if intra { f32::MAX } else { self.window.room() };
        let head = if intra { START_HEAD_BITS } else { PICTURE_HEAD_BITS };
        share * (shares - owed).max(least).min(room) - head
    }

    /// The bits that are allowed with `scale`: what is wanted at the scale of the picture before, and the more, up to the
    /// cap, the coarser it is. A sudden movement is worth a debt.
    fn allowed(&self, scale: u8, wanted: f32, most_bits: f32) -> f32 {
        let worse = (f32::from(scale) / f32::from(self.scale) - 1.0).clamp(0.0, 1.0);
        wanted + (0.9 * most_bits - wanted).max(0.0) * worse
    }

    /// The scale, from `least` on, whose bits are nearest to what is allowed, and those bits. It is looked for from that of
    /// the picture before on, in steps that double until it lies between two, and then half-way: mostly it is the same or
    /// the next one.
    fn nearest_scale(&self, modes: &[Mode], least: u8, wanted: f32, most_bits: f32) -> (u8, f32) {
        let (mut low, mut high, mut found) = (least, COARSEST, None);
        let (mut scale, mut step, mut is_between) = (self.scale, 1, [false; 2]);
        while low < high {
            scale = scale.clamp(low, high - 1);
            let allowed = self.allowed(scale, wanted, most_bits);
            let bits = self.costs.sum(modes, scale);
            // Half-way to the next finer scale's bits is near enough.
            let fits = bits * 2.0 * f32::from(scale) <= allowed * (2.0 * f32::from(scale) + 1.0);
            if fits {
                (high, found) = (scale, Some(bits));
            } else {
                low = scale + 1;
            }
            is_between[usize::from(fits)] = true;
            scale = match (is_between, fits) {
                ([true, true], _) => low.midpoint(high),
                (_, true) => scale.saturating_sub(step),
                (_, false) => scale + step,
            };
            step = COARSEST.min(step * 2);
        }
        (low, found.unwrap_or_else(|| self.costs.sum(modes, low)))
    }
}
