//! Which rendition a viewer is given: down at once when his link does not carry what he has, up again only after a while in
//! which it would have carried more, and after ever longer ones where that went wrong.
//!
//! Here belongs: the decision. **Sans-IO: time is an argument.** Not here: which renditions there are (`ladder`), how one is
//! changed for another without a freeze (`viewer`).

use std::time::Duration;

use super::fit::Link;
use super::ladder::Rendition;
use crate::time::Timestamp;

/// What a link must carry of a rendition's rate for it to be given, when going down and when going up.
const DOWN_NEEDS: f64 = 1.1;
const UP_NEEDS: f64 = 1.15;
/// Late for as long is more than a picture that was large.
const LATE_FOR: Duration = Duration::from_millis(250);
/// After a change nothing is concluded for this long: what the change itself takes is no trouble.
const SETTLE: Duration = Duration::from_millis(1000);
/// How long all must be well before it goes up, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What went wrong within this long after going up was wrong to try; what held for so long was right.
const TRIAL: Duration = Duration::from_secs(15);
/// Where nothing shows that the link carries more, it is tried after so many times the wait.
const BLIND: u32 = 8;
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
    /// Bytes a second that he may be sent, whatever his link carries: his share of what all may be sent, if that is limited.
    pub share: f64,
}

/// One viewer's way down and up.
#[derive(Clone, Debug)]
pub(super) struct Climb {
    /// What he has, or is about to have.
    rendition: Rendition,
    wants: Wants,
    changed: Timestamp,
    /// When he went up last.
    up: Option<Timestamp>,
    /// When there was trouble last.
    trouble: Option<Timestamp>,
    late_since: Option<Timestamp>,
    wait: Duration,
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
        let mut to = at;
        if trouble && settled {
            let below = (at + 1).min(open.len() - 1);
            let again = self.trouble.is_some_and(|before| now.since(before) < AGAIN);
            let fits = (at..open.len()).find(|&n| carries(open[n], DOWN_NEEDS)).unwrap_or(open.len() - 1);
            // A link that carries it had an accident; one that has another does not carry it.
            to = if fits == at && carried.is_some() && !again { at } else { fits.max(below) };
            self.trouble = Some(now);
            self.late_since = None;
        } else if state.pending && !carries(open[at], 1.0) {
            // Only now it is known how little the link carries.
            to = (at..open.len()).find(|&n| carries(open[n], DOWN_NEEDS)).unwrap_or(open.len() - 1);
        } else if at > wanted && settled {
            let needs_now = |n: usize| needs(open[n]) * UP_NEEDS * state.used.clamp(LEAST_USED, 1.0);
            let shown = |n: usize| carried.is_some_and(|carried| carried >= needs_now(n));
            to = self.up_from(at, now, shown, |n| state.share * 8.0 >= needs_now(n)).max(wanted);
        }
        self.change(open[to.max(wanted)], open[at], now);
        self.rendition
    }

    /// How far up all has been well for long enough: to what the link was `shown` to carry, or to the next one that he `may`
    /// be sent.
    fn up_from(
        &self,
        at: usize,
        now: Timestamp,
        shown: impl Fn(usize) -> bool,
        may: impl Fn(usize) -> bool,
    ) -> usize {
        let well = now.since(self.trouble.unwrap_or_default().max(self.changed));
        if well < self.wait {
            return at;
        }
        let blind = (well >= self.wait * BLIND && may(at - 1)).then(|| at - 1);
        (0..at).find(|&n| shown(n)).or(blind).unwrap_or(at)
    }

    fn change(&mut self, to: Rendition, from: Rendition, now: Timestamp) {
        let tried = self.up.filter(|&up| now.since(up) < TRIAL);
        if to > from {
            if tried.is_some() {
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
            }
            self.up = None;
        } else if to < from {
            self.up = Some(now);
        } else if self.up.is_some() && tried.is_none() {
            (self.up, self.wait) = (None, FIRST_WAIT);
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
