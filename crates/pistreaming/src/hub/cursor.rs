//! One viewer's place in the ring: what he is given next, so that he can always decode it and is never far behind.
//!
//! Who has all that there is, and nothing coarse in it, is given the next picture in parts while it is being coded, if there
//! are any and his link has room for all of it. He then gets the rest, whatever happens; or, if it will never be whole, goes
//! on as one who was not given it.
//!
//! Here belongs: the rules of joining, following and skipping. Not here: waiting, sockets, asking the encoder.

use std::sync::Arc;
use std::time::Duration;

use super::fit::{Fit, Link};
use super::item::{Item, Role};
use super::ladder::Audience;
use super::ring::Ring;
use super::sharpen::Sharpening;
use crate::time::Timestamp;

/// What holds for all viewers of a hub.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Whether the encoder makes a start when it is asked to.
    pub can_ask: bool,
    /// How far, in capture time, a viewer may be behind the newest picture before he skips.
    pub bound: Duration,
}

/// A viewer this few pictures behind is not behind, however slow the camera is: one picture may be on its way to him
/// and one just have come.
const ALWAYS_ALLOWED: u64 = 2;
/// Who goes on and is given a start once more gets it by such a link only: a coarse one would be seen as a flicker by who
/// does not record.
const LEAST_FOR_START: Fit = Fit::Fair;
/// Who joins takes a start this near behind rather than ask for another: at 24 pictures/s it is 80 ms old.
const JOIN_REACH: u64 = 3;
/// A picture takes at most so many shares of the rate: so much room is wanted before its length is known.
const MOST_SHARES: f64 = 3.0;

/// The next picture for a viewer.
#[derive(Debug)]
pub struct Next {
    /// How many pictures were left out before it. If any, it is a start.
    pub missed: u32,
    /// A start, or the picture right behind the last one given, or a band to go with that; or the next part of that picture.
    pub item: Arc<Item>,
}

/// What a viewer is given.
#[derive(Debug)]
pub(super) enum Step {
    /// A picture.
    Next(Next),
    /// Nothing now.
    Wait,
    /// A start, when there is room for it.
    NoRoom,
    /// Nothing now, and this must be asked for.
    Ask(Wish),
}

/// What can be asked of the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A start for all: there is no picture yet.
    Start,
    /// A join of the newest picture.
    Join(Fit),
    /// A band behind the newest picture.
    Band(Fit),
}

/// A viewer's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    place: Place,
    /// What he has in a coarser form than others.
    sharpening: Option<Sharpening>,
    /// The picture behind which he was given a band.
    band_behind: Option<u64>,
    /// He wants to be given a start once more.
    wants_start: bool,
    /// He can be given a picture in parts.
    takes_parts: bool,
    /// Who joins has seen a picture of this time elsewhere: none older is shown to him.
    not_before: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Has seen nothing: wants a start.
    #[default]
    Joining,
    /// Is to get the picture at this position next, and can decode it.
    Following(u64),
    /// The same, and he has some parts of the picture already.
    Within { position: u64, number: u64, given: usize },
    /// Was to get this one next, and now waits for a start of it or of a later one.
    Behind(u64),
}

impl Cursor {
    /// The place of one who has seen nothing.
    pub(super) fn of(audience: Audience) -> Self {
        Self { takes_parts: audience.takes_parts(), ..Self::default() }
    }

    /// Whether he was given the newest picture, and nothing is there of the next.
    pub(super) fn has_newest(&self, ring: &Ring) -> bool {
        self.place == Place::Following(ring.end()) && ring.parts(ring.end()).is_none()
    }

    /// Who joins has seen pictures up to `seen` elsewhere.
    pub(super) const fn join_after(&mut self, seen: Timestamp) {
        self.not_before = seen;
    }

    /// Where he goes on, if he is not joining.
    pub(super) const fn next(&self) -> Option<u64> {
        match self.place {
            Place::Joining => None,
            Place::Following(position) | Place::Within { position, .. } | Place::Behind(position) => {
                Some(position)
            }
        }
    }

    /// Whether he has a part of a picture and is to get the rest.
    pub(super) const fn is_within(&self) -> bool {
        matches!(self.place, Place::Within { .. })
    }

    /// Whether he was left behind, and waits for a start.
    pub(super) const fn is_behind(&self) -> bool {
        matches!(self.place, Place::Behind(_))
    }

    /// He was given all up to the picture at `position`, by somebody else.
    pub(super) const fn go_on_behind(&mut self, position: u64) {
        self.place = Place::Following(position + 1);
    }

    /// Gives the next thing.
    pub(super) fn step(&mut self, ring: &Ring, rules: Rules, link: Link) -> Step {
        if let Place::Within { position, number, given } = self.place {
            match self.part(position, number, given, ring) {
                Some(step) => return step,
                None => self.place = Place::Following(position),
            }
        }
        if link.room == 0 {
            return Step::Wait;
        }
        match self.place {
            Place::Joining => self.join(ring, rules, link),
            Place::Following(position) | Place::Within { position, .. } => {
                self.follow(position, ring, rules, link)
            }
            Place::Behind(position) => self.skip(position, ring, rules, link),
        }
    }

    /// He is to be given a start once more, though he could go on without.
    pub(super) const fn want_start(&mut self) {
        self.wants_start = true;
    }

    /// Whether he may be given more than the common pictures: it is worth a look at his link.
    pub(super) const fn wants_more(&self) -> bool {
        self.sharpening.is_some() || self.wants_start
    }

    /// Whether he would be given more if this link, which is busy, were idle. By a slow one there is no start to wait for:
    /// it may be busy for ever.
    pub(super) fn waits_for_idle(&self, ring: &Ring, link: Link) -> bool {
        let fit = ring.fit(link);
        !link.idle && (self.sharpening.is_some() || self.wants_start && fit >= Some(LEAST_FOR_START))
    }

    fn join(&mut self, ring: &Ring, rules: Rules, link: Link) -> Step {
        if !rules.can_ask {
            let Some(position) = ring.newest_start() else { return Step::Wait };
            return self.give(position, 0, ring.get(position).cloned(), link);
        }
        let fit = ring.fit(link).unwrap_or_default();
        let fresh = |item: &Arc<Item>| item.unit.captured >= self.not_before;
        match ring.start_near(JOIN_REACH, fit).filter(|(_, start)| fresh(start)) {
            Some((position, start)) => self.give(position, 0, Some(start), link),
            None if ring.newest().is_none() => Step::Ask(Wish::Start),
            None if ring.newest().is_some_and(fresh) => Step::Ask(Wish::Join(fit)),
            None => Step::Wait,
        }
    }

    fn follow(&mut self, position: u64, ring: &Ring, rules: Rules, link: Link) -> Step {
        if position == ring.end() {
            let part = self.begin(position, ring, link);
            return part.unwrap_or_else(|| self.more(position, ring, rules, link));
        }
        if ring.get(position).is_none() {
            return self.skip(position, ring, rules, link);
        }
        // What is queued on the way makes him see it later still. Who would wait longer for a start than he is behind does
        // better to go on: he would be behind again when it has come.
        let late = ring.age(position) + link.queue > rules.bound.max(ring.start_takes(link).mul_f64(1.25));
        let behind = ring.end() - position > ALWAYS_ALLOWED && late;
        // From an encoder that cannot be asked a joiner gets all since its last start: old pictures that he needs. He
        // skips only to what is there already.
        let better = rules.can_ask || ring.newest_start() > Some(position);
        if behind && better {
            self.skip(position, ring, rules, link)
        } else {
            self.give(position, 0, ring.get(position).cloned(), link)
        }
    }

    /// He has the newest picture: the first part of the next one, if he is to have it in parts.
    fn begin(&mut self, position: u64, ring: &Ring, link: Link) -> Option<Step> {
        let coarse = self.sharpening.is_some() || self.wants_start;
        let parts = ring.parts(position).filter(|_| self.takes_parts && !coarse)?;
        let share = parts.get(0)?.stream.bytes_a_picture();
        if link.room as f64 / share < MOST_SHARES {
            return None;
        }
        self.part(position, parts.number(), 0, ring)
    }

    /// The next part of the picture of which he has the first `given`. For all of it there was room when it began. None: that
    /// picture will never be whole.
    fn part(&mut self, position: u64, number: u64, given: usize, ring: &Ring) -> Option<Step> {
        let parts = ring.parts(position).filter(|parts| parts.number() == number)?;
        let Some(item) = parts.get(given) else { return Some(Step::Wait) };
        self.place = match item.part.last {
            true => Place::Following(position + 1),
            false => Place::Within { position, number, given: given + 1 },
        };
        Some(Step::Next(Next { missed: 0, item: Arc::clone(item) }))
    }

    /// He has the newest picture: what his link has room for until the next one.
    fn more(&mut self, position: u64, ring: &Ring, rules: Rules, link: Link) -> Step {
        let now = ring.newest().map(|item| item.unit.captured).unwrap_or_default();
        self.sharpening = self.sharpening.filter(|sharpening| rules.can_ask && !sharpening.is_over(now));
        let Some(fit) = ring.fit(link).filter(|_| link.idle && rules.can_ask && position > 0) else {
            return Step::Wait;
        };
        if self.wants_start && fit >= LEAST_FOR_START {
            return match ring.start_at(position - 1, fit) {
                // It was for all: he has it.
                Some(start) if start.role == Role::Common => {
                    self.wants_start = false;
                    Step::Wait
                }
                Some(start) => self.give(position - 1, 0, Some(start), link),
                None => Step::Ask(Wish::Join(fit)),
            };
        }
        match (&mut self.sharpening, ring.newest_band(fit)) {
            (Some(_), _) if self.band_behind == Some(position) => Step::Wait,
            (Some(_), Some(band)) if band.unit.bytes.len() > link.room => Step::Wait,
            (Some(sharpening), Some(band)) => {
                if let Role::Band(rows) = &band.role {
                    sharpening.mark(rows.clone());
                }
                self.band_behind = Some(position);
                Step::Next(Next { missed: 0, item: Arc::clone(band) })
            }
            (Some(_), None) => Step::Ask(Wish::Band(fit)),
            (None, _) => Step::Wait,
        }
    }

    fn skip(&mut self, position: u64, ring: &Ring, rules: Rules, link: Link) -> Step {
        if !rules.can_ask {
            let Some(start) = ring.newest_start().filter(|&start| start > position) else {
                self.place = Place::Behind(position);
                return Step::Wait;
            };
            return self.give(start, start - position, ring.get(start).cloned(), link);
        }
        let fit = ring.fit(link).unwrap_or_default();
        match ring.start_near(JOIN_REACH, fit).filter(|&(start, _)| start >= position) {
            Some((start, item)) => self.give(start, start - position, Some(item), link),
            None => {
                self.place = Place::Behind(position);
                Step::Ask(if ring.newest().is_none() { Wish::Start } else { Wish::Join(fit) })
            }
        }
    }

    fn give(&mut self, position: u64, missed: u64, item: Option<Arc<Item>>, link: Link) -> Step {
        let Some(item) = item else { return Step::Wait };
        if item.unit.bytes.len() > link.room {
            return if item.unit.start { Step::NoRoom } else { Step::Wait };
        }
        self.place = Place::Following(position + 1);
        if item.unit.start {
            self.wants_start = false;
            self.sharpening = (item.role == Role::Join).then(|| Sharpening::begin(&item));
        }
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        Step::Next(Next { missed, item })
    }
}
