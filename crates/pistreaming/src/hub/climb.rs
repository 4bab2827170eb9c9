//! Which rendition a viewer is given: down at once when his link does not carry what he has, up again only after a while in
//! which it would have carried more, and after ever longer ones where that went wrong.
//!
//! Here belongs: the decision. **Sans-IO: time is an argument.** Not here: which renditions there are and what they need
//! (`ladder`, `choice`), when it is time to try more (`tries`), how one is changed for another without a freeze (`viewer`).

use std::time::Duration;

use super::choice::{Choice, State};
use super::ladder::Rendition;
use super::tries::{Sign, Tries};
use crate::time::Timestamp;

/// Late for as long is more than a picture that was large.
const LATE_FOR: Duration = Duration::from_millis(250);
/// After a change nothing is concluded for this long: what the change itself takes is no trouble.
const SETTLE: Duration = Duration::from_millis(1000);
/// What follows within this long is the same trouble: who was late is skipped ahead.
const ONE: Duration = Duration::from_millis(500);
/// A second trouble within this long is no accident.
const AGAIN: Duration = Duration::from_secs(5);

/// What a viewer asks for himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The most bits a second; 0: no limit.
    pub most_bits_per_second: u32,
    /// His device decodes more slowly than pictures come.
    pub slow_device: bool,
}

/// He was late for too long, or skipped ahead.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    at: Timestamp,
    late: Duration,
}

/// One viewer's way down and up.
#[derive(Clone, Debug)]
pub(super) struct Climb {
    /// What he has, or is about to have.
    rendition: Rendition,
    wants: Wants,
    changed: Timestamp,
    /// The trouble that there was last with this rendition.
    trouble: Option<Trouble>,
    /// What he had, and the link did not carry, last.
    too_much: Option<Rendition>,
    late_since: Option<Timestamp>,
    tries: Tries,
}

impl Climb {
    /// One who begins with the full rendition.
    pub(super) fn new() -> Self {
        Self {
            rendition: Rendition::FULL,
            wants: Wants::default(),
            changed: Timestamp::default(),
            trouble: None,
            too_much: None,
            late_since: None,
            tries: Tries::new(),
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
        let choice = Choice { open, rate, state };
        let now = state.link.now;
        let at = choice.place(self.rendition);
        let wanted = open.iter().position(|&one| self.is_wanted(one, rate)).unwrap_or(choice.last());
        let (trouble, settled) = (self.is_trouble(state, now), now.since(self.changed) >= SETTLE);
        if !settled {
            self.tries.see(state.link.rate);
        }
        let (mut to, mut sign) = (at, Sign::None);
        if trouble && settled {
            to = self.down_from(at, &choice);
        } else if state.pending && self.tries.from().is_none() && !choice.carries(at, 1.0) {
            // Only now it is known how little the link carries.
            to = choice.fits(at);
            self.tries.fail(state.link.rate);
        } else if at > wanted && settled {
            (to, sign) = self.up_from(at, &choice);
        }
        if let Some(from) = self.tries.from().filter(|_| state.pending) {
            to = to.min(choice.place(from)).max(at); // what he still has goes well
        }
        self.change(open[to.max(wanted)], open[at], now, sign);
        self.rendition
    }

    /// How far down where there is trouble.
    fn down_from(&mut self, at: usize, choice: &Choice<'_>) -> usize {
        let (now, rate) = (choice.state.link.now, choice.state.link.rate);
        let again = self.note_trouble(choice.state);
        // A link that carries it had an accident; one that has another does not carry it.
        let accident = choice.fits(at) == at && rate.is_some() && !again;
        if accident || self.tries.forgives(now) && choice.carries(at, choice.used()) {
            return at;
        }
        let below = (at + 1).min(choice.last());
        // What went well before he tried to have more, if the link still carries it.
        let from = self.tries.from().map(|from| choice.place(from));
        let went_well = from.filter(|&from| from > at && choice.carries(from, choice.used()));
        let to = went_well.unwrap_or(choice.fits(at).max(below));
        if to > at {
            self.tries.fail(rate);
            if !choice.state.pending {
                self.too_much = Some(choice.open[at]);
            }
        }
        to
    }

    /// There is trouble. Whether it is another than before: not where he is catching up.
    fn note_trouble(&mut self, state: State) -> bool {
        let now = state.link.now;
        let late = if state.skipped { Duration::MAX } else { state.late };
        let before = self.trouble.filter(|before| now.since(before.at) < AGAIN);
        let next = before.is_none_or(|before| now.since(before.at) >= ONE);
        if next {
            self.trouble = Some(Trouble { at: now, late });
        }
        self.late_since = None;
        next && before.is_some_and(|before| late >= before.late)
    }

    /// How far up all has been well for long enough, and what speaks for it.
    fn up_from(&self, at: usize, choice: &Choice<'_>) -> (usize, Sign) {
        let (now, rate) = (choice.state.link.now, choice.state.link.rate);
        let passed_over = self.too_much.and_then(|one| choice.passed_over(at, one));
        let shown = choice.shown_above(at).filter(|&shown| passed_over.is_none_or(|passed| shown < passed));
        let sign = match passed_over.filter(|_| shown.is_none()) {
            Some(_) => Sign::PassedOver,
            None => self.tries.sign(shown.is_some(), choice.needs(at - 1), rate),
        };
        let mut since = self.trouble.map_or(self.changed, |trouble| trouble.at.max(self.changed));
        if sign == Sign::None {
            since = since.max(choice.state.link.full_at); // it does not carry more
        }
        let well = now.since(since);
        let to = shown.or(passed_over).unwrap_or(at - 1);
        let is_slow = choice.state.start_takes > choice.state.bound * 2;
        let is_time = well >= self.tries.wait(sign, choice.needs(at - 1), rate, is_slow);
        (if is_time && choice.may(to) { to } else { at }, sign)
    }

    fn change(&mut self, to: Rendition, from: Rendition, now: Timestamp, sign: Sign) {
        self.tries.go(from, to, now, sign);
        if to != from {
            self.changed = now;
            (self.late_since, self.trouble) = (None, None);
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
