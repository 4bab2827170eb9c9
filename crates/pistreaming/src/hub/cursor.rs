//! One viewer's place in the ring: what he is given next, so that he can always decode it and is never far behind.
//!
//! Here belongs: the rules of joining, following and skipping. Not here: waiting, sockets, asking the encoder.

use std::sync::Arc;
use std::time::Duration;

use super::item::Item;
use super::ring::Ring;

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
/// Who joins takes a start this near behind rather than ask for another: at 24 pictures/s it is 80 ms old.
const JOIN_REACH: u64 = 3;

/// The next picture for a viewer.
#[derive(Debug)]
pub struct Next {
    /// How many pictures were left out before it. If any, it is a start.
    pub missed: u32,
    /// A start, or the picture right behind the last one given.
    pub item: Arc<Item>,
}

/// What a viewer is given.
#[derive(Debug)]
pub(super) enum Step {
    /// A picture.
    Next(Next),
    /// Nothing now.
    Wait,
    /// Nothing now, and a start must be asked for.
    Ask(Asker),
}

/// Who asks for a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// One who has seen nothing yet.
    Joiner,
    /// One who fell behind.
    Laggard,
}

/// A viewer's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Has seen nothing: wants a start.
    Joining,
    /// Is to get the picture at this position next, and can decode it.
    Following(u64),
    /// Was to get this one next, and now waits for a later start.
    Behind(u64),
}

impl Default for Cursor {
    fn default() -> Self {
        Self::joining()
    }
}

impl Cursor {
    /// The place of one who joins.
    #[must_use]
    pub(super) const fn joining() -> Self {
        Self(Place::Joining)
    }

    /// Gives the next thing.
    pub(super) fn step(&mut self, ring: &Ring, rules: Rules) -> Step {
        match self.0 {
            Place::Joining => self.join(ring, rules),
            Place::Following(position) => self.follow(position, ring, rules),
            Place::Behind(position) => self.skip(position, ring, rules),
        }
    }

    fn join(&mut self, ring: &Ring, rules: Rules) -> Step {
        let near = |start: &u64| !rules.can_ask || ring.end() - start <= JOIN_REACH;
        match ring.newest_start().filter(near) {
            Some(start) => self.give(start, 0, ring),
            None if rules.can_ask => Step::Ask(Asker::Joiner),
            None => Step::Wait,
        }
    }

    fn follow(&mut self, position: u64, ring: &Ring, rules: Rules) -> Step {
        if position == ring.end() {
            return Step::Wait;
        }
        if ring.get(position).is_none() {
            return self.skip(position, ring, rules);
        }
        let behind = ring.end() - position > ALWAYS_ALLOWED && ring.age(position) > rules.bound;
        // From an encoder that cannot be asked a joiner gets all since its last start: old pictures that he needs. He
        // skips only to what is there already.
        let better = rules.can_ask || ring.newest_start() > Some(position);
        if behind && better { self.skip(position, ring, rules) } else { self.give(position, 0, ring) }
    }

    fn skip(&mut self, position: u64, ring: &Ring, rules: Rules) -> Step {
        match ring.newest_start().filter(|&start| start > position) {
            Some(start) => self.give(start, start - position, ring),
            None => {
                self.0 = Place::Behind(position);
                if rules.can_ask { Step::Ask(Asker::Laggard) } else { Step::Wait }
            }
        }
    }

    fn give(&mut self, position: u64, missed: u64, ring: &Ring) -> Step {
        match ring.get(position) {
            Some(item) => {
                self.0 = Place::Following(position + 1);
                let missed = u32::try_from(missed).unwrap_or(u32::MAX);
                Step::Next(Next { missed, item: Arc::clone(item) })
            }
            None => Step::Wait,
        }
    }
}
