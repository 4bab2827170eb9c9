//! What he is sent without being asked, as `server/standing.rs` does it.
//!
//! Here belongs: his order, and sending by it. Not here: his turns (`watcher`).

use std::sync::Arc;

use pistreaming::hub::{Follows, Newest, Next, Part, Viewer};
use pistreaming::time::Timestamp;
use wire::Pace;

use super::{Kind, REFUSED, Watcher};

/// Pictures of so many seconds are ordered.
const ORDERED_S: f64 = 0.17;

/// What he has ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    follows: Follows,
    pace: Pace,
    pictures: u16,
    room: usize,
}

impl Watcher {
    /// Sends what he has ordered, or nothing if he has it. When he must be woken; none: he is to have a turn.
    pub(super) fn follow_order(&mut self, now: Timestamp) -> Option<Vec<Timestamp>> {
        let standing = self.standing.filter(|_| !self.away && !self.has_news(now) && self.timer <= now)?;
        let mut all = Vec::new();
        self.viewer.as_ref()?.hub().newest(&mut all);
        let of_his = |one: &Newest| one.item.stream.id == standing.follows.stream;
        let Newest { item, last } = all.into_iter().find(of_his)?;
        if last.position < standing.follows.position {
            return Some(Vec::new());
        }
        let (unit, bytes) = (&item.unit, item.unit.bytes.len());
        let is_told = standing.pace.has(unit.sequence, unit.start);
        let fits = standing.pictures > 0 && bytes <= standing.room;
        let is_next = last.position == standing.follows.position;
        if !is_next || is_told || !fits || self.chance.part() < REFUSED {
            return None;
        }
        let follows = Follows { position: last.position + 1, ..standing.follows };
        let (pictures, room) = (standing.pictures - 1, standing.room - bytes);
        self.standing = Some(Standing { follows, pictures, room, ..standing });
        self.viewer.as_mut()?.was_sent(last);
        let next = Next { missed: 0, item: Arc::clone(&item) };
        assert!(self.order.check(&next, false), "another picture");
        self.note(&next, now);
        self.unknown_bytes += bytes;
        Some(vec![self.fly(now, bytes, false, Some(item))])
    }

    /// What `server/outlet.rs` lets him order when there is nothing for him now.
    pub(super) fn leave_order(&mut self, now: Timestamp) {
        let Some(follows) = self.viewer.as_ref().and_then(Viewer::follows) else { return };
        let stream = self.stream.as_ref().filter(|stream| stream.id == follows.stream);
        let Some(stream) = stream.filter(|_| self.kind == Kind::Live && self.pace != Pace::EACH) else {
            return;
        };
        let pictures = (stream.pictures_per_second() * ORDERED_S).max(1.0) as u16;
        self.standing = Some(Standing { follows, pace: self.pace, pictures, room: self.window.spare(now) });
    }

    /// His window is told what was sent by order.
    pub(super) fn know(&mut self, now: Timestamp) {
        match std::mem::take(&mut self.unknown_bytes) {
            0 => {}
            bytes => self.window.sent_untold(now, bytes, Part::WHOLE),
        }
    }

    /// Whether something came from him.
    pub(super) fn has_news(&self, now: Timestamp) -> bool {
        self.kind == Kind::Live && self.acks.front().is_some_and(|(at, _)| *at <= now.as_micros())
    }
}
