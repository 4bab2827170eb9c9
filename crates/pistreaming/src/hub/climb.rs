//! Which rendition a viewer is given: down at once when his link does not carry what he has, up again only after a while in
//! which it would have carried more, and after ever longer ones where that went wrong.
//!
//! A lower rendition's pictures are small, and show little of what a link carries. So the next one up is tried where the link
//! shows clearly more than when it failed, or else once in a while without a sign, which costs a moment's delay.
//!
//! Here belongs: the decision. **Sans-IO: time is an argument.** Not here: which renditions there are (`ladder`), how one is
//! changed for another without a freeze (`viewer`).

use std::time::Duration;

use super::fit::Link;
use super::ladder::Rendition;
use crate::time::Timestamp;

/// What a link must carry of a rendition's rate for it to be given, when going down and when going up. Over two seconds the
/// encoder takes 1.05 times the rate at most.
const DOWN_NEEDS: f64 = 1.05;
const UP_NEEDS: f64 = 1.15;
/// A link that shows so many times what it carried when it failed has become better.
const BETTER: f64 = 1.2;
/// Late for as long is more than a picture that was large.
const LATE_FOR: Duration = Duration::from_millis(250);
/// After a change nothing is concluded for this long: what the change itself takes is no trouble.
const SETTLE: Duration = Duration::from_millis(1000);
/// How long all must be well before it goes up, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What went wrong within this long after going up was wrong to try; what held for so long was right.
const TRIAL: Duration = Duration::from_secs(15);
/// Where nothing shows that the link carries more, the next one is tried after so many times the wait, at first and at most.
const FIRST_BLIND: u32 = 3;
const LONGEST_BLIND: u32 = 48;
/// Where little happens less is needed, but a part of the rate always.
const LEAST_USED: f64 = 0.15;
/// A second trouble within this long is no accident.
const AGAIN: Duration = Duration::from_secs(5);

/// Bytes a second that one must be able to get for this rendition to be given to him, where the full one has `rate` bits.
pub(super) fn needs_to_go_up(one: Rendition, rate: u32) -> f64 {
    f64::from(one.bits_per_second(rate)) / 8.0 * UP_NEEDS * 1.001 // not to fail by a rounding
}

/// What a viewer asks for himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The most bits a second; 0: no limit.
    pub most_bits_per_second: u32,
    /// His device decodes more slowly than pictures come.
    pub slow_device: bool,
}

/// How it goes with what he has.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub link: Link,
    /// By how much what he is given next comes late.
    pub late: Duration,
    /// How late is too late.
    pub bound: Duration,
    /// He was skipped ahead.
    pub skipped: bool,
    /// What was decided last he has not been given yet.
    pub pending: bool,
    /// The part of its rate that what he has took of late.
    pub used: f64,
}

/// One viewer's way down and up.
#[derive(Clone, Debug)]
pub(super) struct Climb {
    /// What he has, or is about to have.
    rendition: Rendition,
    wants: Wants,
    changed: Timestamp,
    /// When he went up last.
    up: Option<Up>,
    /// When there was trouble last.
    trouble: Option<Timestamp>,
    late_since: Option<Timestamp>,
    wait: Duration,
    blind: u32,
    /// When he came back from a try that went wrong, to what he had before it.
    back: Option<Timestamp>,
    /// What went wrong last when he went up to it.
    wrong: Rendition,
    /// Bytes a second that the link carried when he had to go down.
    failed: Option<f64>,
}

/// A way up.
#[derive(Clone, Copy, Debug)]
struct Up {
    at: Timestamp,
    from: Rendition,
    sign: Sign,
}

/// What spoke for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Nothing.
    None,
    /// The link shows more than when it failed.
    Better,
    /// It was seen to carry that much.
    Shown,
}

impl Climb {
    /// One who begins with the full rendition.
    pub(super) fn new() -> Self {
        Self {
            rendition: Rendition::FULL,
            wants: Wants::default(),
            changed: Timestamp::default(),
            up: None,
            trouble: None,
            late_since: None,
            wait: FIRST_WAIT,
            blind: FIRST_BLIND,
            back: None,
            wrong: Rendition::FULL,
            failed: None,
        }
    }

    /// What he is to have.
    pub(super) const fn rendition(&self) -> Rendition {
        self.rendition
    }

    /// He has been given the first picture of what was decided.
    pub(super) const fn changed(&mut self, now: Timestamp) {
        self.changed = now;
        self.late_since = None;
    }

    /// What he asks for.
    pub(super) const fn want(&mut self, wants: Wants) {
        self.wants = wants;
    }

    /// Decides anew. `open`: the renditions that he can be given, from the full one down. `rate`: the full one's bits a
    /// second.
    pub(super) fn decide(&mut self, state: State, open: &[Rendition], rate: u32) -> Rendition {
        let now = state.link.now;
        let at = open.iter().position(|&one| one >= self.rendition).unwrap_or(open.len() - 1);
        let trouble = self.is_trouble(state, now);
        let carried = state.link.rate.map(|bytes| bytes * 8.0);
        let needs = |one: Rendition| f64::from(one.bits_per_second(rate));
        let carries =
            |one: Rendition, times: f64| carried.is_none_or(|carried| carried >= needs(one) * times);
        let wanted = open.iter().position(|&one| self.is_wanted(one, rate)).unwrap_or(open.len() - 1);
        let settled = now.since(self.changed) >= SETTLE;
        if !settled && self.up.is_none() {
            // While what is on its way comes the rate is seen best.
            self.failed = self.failed.zip(state.link.rate).map(|(failed, rate)| failed.max(rate));
        }
        let used = state.used.clamp(LEAST_USED, 1.0);
        let (mut to, mut sign) = (at, Sign::None);
        if trouble && settled {
            let below = (at + 1).min(open.len() - 1);
            let again = self.trouble.is_some_and(|before| now.since(before) < AGAIN);
            let fits = (at..open.len()).find(|&n| carries(open[n], DOWN_NEEDS)).unwrap_or(open.len() - 1);
            // A link that carries it had an accident; one that has another does not carry it.
            // What a try that went wrong left on its way is no sign against what went well before it.
            let forgiven = self.back.is_some_and(|back| now.since(back) < AGAIN);
            let accident = fits == at && carried.is_some() && !again || forgiven;
            to = if accident { at } else { fits.max(below) };
            self.trouble = Some(now);
            self.late_since = None;
            self.failed = state.link.rate.filter(|_| to > at).or(self.failed);
        } else if state.pending && !self.is_tried() && !carries(open[at], used) {
            // Only now it is known how little the link carries.
            to = (at..open.len()).find(|&n| carries(open[n], DOWN_NEEDS)).unwrap_or(open.len() - 1);
            self.failed = state.link.rate;
        } else if at > wanted && settled {
            let shows = |n: usize| carries(open[n], UP_NEEDS * used);
            let shown = (0..at).find(|&n| carried.is_some() && shows(n));
            sign = match shown {
                Some(_) => Sign::Shown,
                None if self.is_better(state.link) => Sign::Better,
                None => Sign::None,
            };
            let blind =
                FIRST_WAIT.mul_f64(f64::from(self.blind) * self.boldness(needs(open[at - 1]), state.link));
            let wait = if sign == Sign::None { self.wait.max(blind) } else { self.wait };
            let well = now.since(self.trouble.unwrap_or_default().max(self.changed));
            to = if well < wait { at } else { shown.unwrap_or(at - 1).max(wanted) };
        }
        if let Some(up) = self.up.filter(|_| state.pending) {
            // What he still has goes well.
            to = to.min(open.iter().position(|&one| one >= up.from).unwrap_or(to)).max(at);
        }
        self.change(open[to.max(wanted)], open[at], now, sign);
        self.rendition
    }

    /// How many times as long one waits before so many bits a second are tried without a sign: the more, the more they are
    /// beyond what the link was seen to carry.
    fn boldness(&self, bits_per_second: f64, link: Link) -> f64 {
        let seen = self.failed.unwrap_or(0.0).max(link.rate.unwrap_or(f64::INFINITY));
        (bits_per_second / 8.0 / seen).max(1.0)
    }

    /// Whether the link shows more than when it failed.
    fn is_better(&self, link: Link) -> bool {
        self.failed.zip(link.rate).is_some_and(|(failed, rate)| rate > failed * BETTER)
    }

    /// Whether he goes up to what the link was not seen to carry.
    fn is_tried(&self) -> bool {
        self.up.is_some_and(|up| up.sign != Sign::Shown)
    }

    fn change(&mut self, to: Rendition, from: Rendition, now: Timestamp, sign: Sign) {
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
            if self.rendition <= self.wrong {
                (self.wait, self.blind) = (FIRST_WAIT, FIRST_BLIND);
            }
        }
        if to != from {
            self.changed = now;
            self.late_since = None;
        }
        self.rendition = to;
    }

    fn is_trouble(&mut self, state: State, now: Timestamp) -> bool {
        let late = state.late > state.bound / 2;
        self.late_since = self.late_since.filter(|_| late).or(late.then_some(now));
        state.skipped || self.late_since.is_some_and(|since| now.since(since) >= LATE_FOR)
    }

    fn is_wanted(&self, one: Rendition, rate: u32) -> bool {
        let Wants { most_bits_per_second: most, slow_device } = self.wants;
        (most == 0 || one.bits_per_second(rate) <= most) && (!slow_device || one.is_light())
    }
}

#[cfg(test)]
mod tests;
