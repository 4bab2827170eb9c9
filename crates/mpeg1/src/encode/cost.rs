//! What a macroblock will take: foretold from its activity and the quantiser scale, by what others took before it.
//!
//! Bits follow activity ÷ scale along nearly the same curve at every scale and in every clip that was measured; what
//! differs between contents is learned for each kind of macroblock: for the curve's front, where noise, colour and
//! what moved decide, and for the rest. One factor for both was off by up to six in slices with little to code: their
//! macroblocks waited though there were bits for them.
//!
//! Here belongs: the estimate and what it learns. Not here: what it starts from (`typical`), what follows from it
//! (`rate`, `budget`).

use super::mode::Mode;
use super::typical::{
    Amount, Lines, Typical, bits, intra_head, is_settled, lines_of, predicted_head, typical, units, unsettled,
};

/// How quickly it is learned that things cost more, and that they cost less: too fine a quantiser is paid with delay.
const LEARN_MORE: f32 = 0.6;
const LEARN_LESS: f32 = 0.3;
/// Macroblocks that were to take less together teach nothing, nor do fewer settled ones: it may have been luck.
const TELLING_BITS: f32 = 200.0;
const TELLING_SETTLED: f32 = 50.0;
/// Those that were to take as much teach all there is to learn, fewer a part of it.
const SURE_BITS: f32 = 2000.0;
/// How many times as much as usual, and as little, may be so at any scale.
const MOST_TIMES: f32 = 2.0;
const LEAST_TIMES: f32 = 0.1;

/// What macroblocks take in terms of what they take on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    intra: Cost,
    predicted: Cost,
    /// Bits of one of which nothing is to be coded, on average: now and then something is.
    settled: f32,
    /// What follows for bits by activity, of predicted and of intra ones: worked out once, for it is asked for thousands of
    /// macroblocks.
    lines: [Lines; 2],
}

/// The same of one kind: of what there is little of, and of what is above, as [`Typical`] has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    little: Part,
    much: Part,
}

/// The same of one part.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    /// So many times what is usual, up to [`MOST_TIMES`].
    times: f32,
    /// What is more than that follows another curve. It is hard edges that take so much: their levels are large at any
    /// scale, and there are as many of them as there is activity. So these are bits for each 32 × scale of activity.
    more: f32,
}

impl Part {
    const TYPICAL: Self = Self { times: 1.0, more: 0.0 };

    fn bits(self, amount: Amount) -> f32 {
        self.times * amount.bits + self.more * amount.units
    }

    fn times(self, factor: f32) -> Self {
        Self { times: self.times * factor, more: self.more * factor }
    }

    fn learn(&mut self, Amount { bits: typical, units }: Amount, bits: f32) {
        if typical >= TELLING_BITS {
            let sure = (typical / SURE_BITS).min(1.0);
            learn(&mut self.times, (bits / typical).clamp(LEAST_TIMES, MOST_TIMES), sure);
            learn(&mut self.more, (bits - MOST_TIMES * typical).max(0.0) / units, sure);
        }
    }
}

impl Cost {
    const TYPICAL: Self = Self { little: Part::TYPICAL, much: Part::TYPICAL };

    const fn lines(self, intra: bool) -> Lines {
        let Self { little, much } = self;
        lines_of(intra, [(little.times, little.more), (much.times, much.more)])
    }

    fn times(self, factor: f32) -> Self {
        Self { little: self.little.times(factor), much: self.much.times(factor) }
    }

    fn learn(&mut self, Sums { little, much }: Sums) {
        self.little.learn(little.typical.little, little.bits);
        self.much.learn(much.typical.much, (much.bits - self.little.bits(much.typical.little)).max(0.0));
    }
}

fn learn(cost: &mut f32, seen: f32, sure: f32) {
    *cost += (seen - *cost) * sure * if seen > *cost { LEARN_MORE } else { LEARN_LESS };
}

impl Costs {
    /// Of natural pictures.
    pub const TYPICAL: Self = Self::new(Cost::TYPICAL, Cost::TYPICAL, 0.0);

    const fn new(intra: Cost, predicted: Cost, settled: f32) -> Self {
        Self { intra, predicted, settled, lines: [predicted.lines(false), intra.lines(true)] }
    }

    /// The same for what takes so many times as much.
    pub fn times(self, factor: f32) -> Self {
        Self::new(self.intra.times(factor), self.predicted.times(factor), self.settled * factor)
    }

    /// About how many bits the macroblock takes with `scale`; none if it waits.
    #[inline]
    pub fn bits(&self, mode: &Mode, scale: u8) -> f32 {
        if mode.waits {
            return 0.0;
        }
        let own = mode.scale(scale);
        match mode {
            Mode { bare: true, .. } => intra_head(mode),
            Mode { intra: true, .. } => intra_head(mode) + bits(&self.lines[1], units(mode, own)),
            // Where little moves that is most of all there is.
            _ if is_settled(mode, own) => self.settled,
            _ => {
                let part = unsettled(mode.settled_scale, own);
                predicted_head(mode) + part * bits(&self.lines[0], units(mode, own))
            }
        }
    }

    /// What all of these take.
    pub fn sum(&self, modes: &[Mode], scale: u8) -> f32 {
        modes.iter().map(|mode| self.bits(mode, scale)).sum()
    }

    /// Learns from what macroblocks took.
    pub fn learn(&mut self, tally: Tally) {
        self.intra.learn(tally.intra);
        self.predicted.learn(tally.predicted);
        if tally.settled.0 >= TELLING_SETTLED {
            learn(&mut self.settled, tally.settled.1 / tally.settled.0, 1.0);
        }
        *self = Self::new(self.intra, self.predicted, self.settled);
    }
}

/// A sum over macroblocks.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    typical: Typical,
    /// What they took.
    bits: f32,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.typical.add(other.typical);
        self.bits += other.bits;
    }
}

/// Sums over macroblocks of one kind: of those with little to code, and of the others.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    little: Sum,
    much: Sum,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.little.add(other.little);
        self.much.add(other.much);
    }
}

/// Sums over macroblocks: what they take on average, and the bits that they took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    intra: Sums,
    predicted: Sums,
    /// Of those with nothing to code: how many, and their bits.
    settled: (f32, f32),
}

impl Tally {
    /// Adds a macroblock that was coded with `scale` and took `bits`.
    pub fn add(&mut self, mode: &Mode, scale: u8, bits: u32) {
        let bits = bits as f32;
        if is_settled(mode, mode.scale(scale)) {
            self.settled = (self.settled.0 + 1.0, self.settled.1 + bits);
            return;
        }
        let (sums, head) = if mode.intra {
            (&mut self.intra, intra_head(mode))
        } else {
            (&mut self.predicted, predicted_head(mode))
        };
        let typical = typical(mode, scale);
        let sum = if typical.much.units == 0.0 { &mut sums.little } else { &mut sums.much };
        sum.add(Sum { typical, bits: (bits - head).max(0.0) });
    }

    /// Adds another slice's.
    pub fn join(&mut self, other: Self) {
        self.intra.add(other.intra);
        self.predicted.add(other.predicted);
        self.settled = (self.settled.0 + other.settled.0, self.settled.1 + other.settled.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_scales_and_more_to_code_take_more() {
        for intra in [false, true] {
            let bits =
                |activity, scale| Costs::TYPICAL.bits(&Mode { intra, activity, ..Mode::default() }, scale);
            for activity in (0..65_280).step_by(61) {
                for scale in 1..31 {
                    assert!(bits(activity, scale) >= bits(activity, scale + 1), "{activity} at {scale}");
                    assert!(bits(activity + 61, scale) >= bits(activity, scale), "{activity} at {scale}");
                }
            }
        }
    }

    /// What is learned of 40 pictures with 60 macroblocks of each of these, coded with a scale of 8, that took so many bits.
    fn learned(took: &[(Mode, u32)]) -> Costs {
        let mut costs = Costs::TYPICAL;
        for _ in 0..40 {
            let mut tally = Tally::default();
            for (mode, bits) in took {
                (0..60).for_each(|_| tally.add(mode, 8, *bits));
            }
            costs.learn(tally);
        }
        costs
    }

    #[test]
    fn lines_say_what_the_parts_do() {
        let part = |times, more| Part { times, more };
        let cost = Cost { little: part(0.7, 1.5), much: part(1.9, 12.0) };
        let costs = Costs::new(cost, cost, 3.0);
        for intra in [false, true] {
            for activity in (0..65_280).step_by(61) {
                let mode = Mode { intra, activity, ..Mode::default() };
                let Typical { little, much } = typical(&mode, 5);
                let head = if intra { intra_head(&mode) } else { 0.0 };
                let parts = head + cost.little.bits(little) + cost.much.bits(much);
                assert!((costs.bits(&mode, 5) - parts).abs() <= 1e-5 * parts, "{activity}");
            }
        }
    }

    #[test]
    fn what_macroblocks_took_is_learned() {
        let mode = Mode { activity: 4000, ..Mode::default() };
        let costs = learned(&[(mode, 700)]);
        assert!((costs.bits(&mode, 8) - 700.0).abs() < 7.0);
        assert!(costs.intra == Cost::TYPICAL, "nothing was learned of intra macroblocks");
    }

    #[test]
    fn what_little_takes_says_nothing_of_much_nor_the_other_way_round() {
        let mode = |activity| Mode { activity, ..Mode::default() };
        let settled = Mode { settled_scale: 4, ..mode(500) };
        let took = [(mode(500), 60), (mode(8000), 500), (settled, 3)];
        let costs = learned(&took);
        for (mode, bits) in took {
            let (foretold, bits) = (costs.bits(&mode, 8), bits as f32);
            assert!((foretold - bits).abs() < 0.02 * bits, "{foretold} for {bits}");
        }
    }
}
