//! Ways up that one viewer has tried: a lower rendition's pictures are small, and show little of what a link carries. So the
//! next one up is tried where the link shows clearly more than when it failed, or else once in a while without a sign. Where
//! that is wrong it costs a moment's delay, the more the more was tried: so it is little more than what the link was seen to
//! carry, and ever more seldom where it went wrong.
//!
//! Here belongs: when it is time, and what became of it. **Sans-IO: time is an argument.** Not here: what is trouble, and where
//! to go then (`climb`).

use std::time::Duration;

use super::ladder::Rendition;
use crate::time::Timestamp;

/// How long all must be well before he goes up to what the link showed that it carries, at first and at most.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The same without a sign.
const FIRST_BLIND: Duration = Duration::from_secs(24);
const LONGEST_BLIND: Duration = Duration::from_secs(300);
/// What needs more than so many times what the link was seen to carry is too bold to be tried soon: a start of it would be on
/// its way for longer than the bound. It comes after so many times the wait, because small pictures may show nothing at all.
const BOLD: f64 = 1.8;
const BOLD_WAITS: u32 = 16;
/// A link that shows so many times what it carried when it failed has become better, and may carry so many times what it shows.
const BETTER: f64 = 1.2;
const BETTER_CARRIES: f64 = 1.5;
/// What went wrong within this long after going up was wrong to try; what held for so long was right.
const TRIAL: Duration = Duration::from_secs(15);
/// What a try that went wrong left on its way is no sign against what went well before it, for so long.
const FORGIVEN: Duration = Duration::from_secs(5);

/// What speaks for going up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    None,
    /// The link shows more than when it failed.
    Better,
    /// It was seen to carry that much.
    Shown,
    /// It carries that, as is known by now, which he was not given when he went down.
    PassedOver,
}

/// A way up.
#[derive(Clone, Copy, Debug)]
struct Up {
    at: Timestamp,
    from: Rendition,
    sign: Sign,
}

/// One viewer's tries. Rates are in bytes a second.
#[derive(Clone, Debug)]
pub(super) struct Tries {
    /// The last way up, for as long as it is one that may have been wrong.
    up: Option<Up>,
    wait: Duration,
    blind: Duration,
    /// When he came back from one that went wrong, to what he had before it.
    back: Option<Timestamp>,
    /// What went wrong last when he went up to it.
    wrong: Rendition,
    /// What the link carried when he had to go down.
    failed: Option<f64>,
}

impl Tries {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self {
            up: None,
            wait: FIRST_WAIT,
            blind: FIRST_BLIND,
            back: None,
            wrong: Rendition::FULL,
            failed: None,
        }
    }

    /// What speaks for going up to what needs so much on a link of this rate, which was `shown` to carry it or not.
    pub(super) fn sign(&self, shown: bool, needs: f64, rate: Option<f64>) -> Sign {
        let better = |(failed, rate)| rate > failed * BETTER && needs <= rate * BETTER_CARRIES;
        match shown {
            true => Sign::Shown,
            false if self.failed.zip(rate).is_some_and(better) => Sign::Better,
            false => Sign::None,
        }
    }

    /// How long all must be well before he goes up to what needs so much, on a link of this rate.
    /// `slow`: a start takes long on it.
    pub(super) fn wait(&self, sign: Sign, needs: f64, rate: Option<f64>, slow: bool) -> Duration {
        let is_bold = slow || rate.is_some_and(|rate| needs > rate.max(self.failed.unwrap_or(0.0)) * BOLD);
        match sign {
            Sign::None if is_bold => self.blind * BOLD_WAITS,
            Sign::None => self.wait.max(self.blind),
            Sign::Better | Sign::Shown => self.wait,
            Sign::PassedOver => FIRST_WAIT,
        }
    }

    /// What he had before he went up, for as long as that may have been wrong.
    pub(super) fn from(&self) -> Option<Rendition> {
        self.up.map(|up| up.from)
    }

    /// Whether trouble may come of a try that he has just given up.
    pub(super) fn forgives(&self, now: Timestamp) -> bool {
        self.back.is_some_and(|back| now.since(back) < FORGIVEN)
    }

    /// The link did not carry what he had.
    pub(super) const fn fail(&mut self, rate: Option<f64>) {
        self.failed = rate;
    }

    /// While what is on its way then comes, its rate is seen best.
    pub(super) fn see(&mut self, rate: Option<f64>) {
        if self.up.is_none() {
            self.failed = self.failed.zip(rate).map(|(failed, rate)| failed.max(rate));
        }
    }

    /// He goes, or stays.
    pub(super) fn go(&mut self, from: Rendition, to: Rendition, now: Timestamp, sign: Sign) {
        let tried = self.up.filter(|up| now.since(up.at) < TRIAL);
        if to > from {
            match tried {
                Some(Up { sign: Sign::None, .. }) => self.blind = (self.blind * 2).min(LONGEST_BLIND),
                Some(_) => self.wait = (self.wait * 2).min(LONGEST_WAIT),
                None => {}
            }
            self.wrong = tried.map_or(self.wrong, |_| from);
            self.back = tried.filter(|up| up.from <= to).map(|_| now);
            self.up = None;
        } else if to < from {
            (self.up, self.back) = (Some(Up { at: now, from, sign }), None);
        } else if self.up.is_some() && tried.is_none() {
            self.up = None;
            if to <= self.wrong {
                (self.wait, self.blind) = (FIRST_WAIT, FIRST_BLIND);
            }
        }
    }
}
