//! What he is sent without being asked, as `server/standing.rs` does it.
//!
//! Here belongs: his order, and sending by it. Not here: his turns (`watcher`).

use std::sync::Arc;
use std::time::Duration;

use pistreaming::hub::{Follows, Newest, Next, Part, Viewer};
use pistreaming::time::Timestamp;
use wire::Pace;

use super::{Kind, REFUSED, Watcher};

/// An acknowledgement that comes so much later than the least round trip is overdue.
const LATE: Duration = Duration::from_millis(80);
/// Since his last turn with a look at his link no more than that: else what he acknowledges is sent with a turn.
const SURE_FOR: Duration = Duration::from_millis(500);

/// What he has ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    follows: Follows,
    pace: Pace,
    /// Behind a picture that he acknowledges so many more; none: not even that.
    behind: Option<u16>,
    pictures: u16,
    room: usize,
}

/// What he was sent by it of which his window does not know yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unknown {
    pub(super) bytes: usize,
    /// The picture among it that he acknowledges: when it was sent, bytes before it, and its own.
    told: Option<(Timestamp, usize, usize)>,
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
        let told = standing.pace.has(unit.sequence, unit.start);
        let fits = standing.pictures > 0 && bytes <= standing.room;
        let is_next = last.position == standing.follows.position && !unit.start;
        let is_for_a_turn = told && standing.behind.is_none();
        if !is_next || is_for_a_turn || !fits || self.chance.part() < REFUSED {
            return None;
        }
        self.standing = Some(standing.without(bytes, told));
        self.viewer.as_mut()?.was_sent(last);
        let next = Next { missed: 0, item: Arc::clone(&item) };
        assert!(self.order.check(&next, false), "another picture");
        self.note(&next, now);
        let before = self.unknown.bytes;
        self.unknown.told = self.unknown.told.or(told.then_some((now, before, bytes)));
        self.unknown.bytes += bytes;
        Some(vec![self.fly(now, bytes, told, Some(item))])
    }

    /// What `server/outlet.rs` lets him order when there is nothing for him now.
    pub(super) fn leave_order(&mut self, now: Timestamp) {
        let Some(follows) = self.viewer.as_ref().and_then(Viewer::follows) else { return };
        let stream = self.stream.as_ref().filter(|stream| stream.id == follows.stream);
        let Some(stream) = stream.filter(|_| self.kind == Kind::Live && !self.pace.is_each()) else {
            return;
        };
        let wait = self.window.least_round_trip().unwrap_or_default() + LATE;
        let behind = (stream.pictures_per_second() * wait.as_secs_f64()).max(1.0) as u16;
        let is_fresh = now.since(self.looked) < SURE_FOR;
        self.standing = Some(Standing {
            follows,
            pace: self.pace,
            behind: is_fresh.then_some(behind),
            pictures: self.pace.every + behind,
            room: self.window.spare(now),
        });
    }

    /// His window is told what was sent by order.
    pub(super) fn know(&mut self, now: Timestamp) {
        let Unknown { bytes, told } = std::mem::take(&mut self.unknown);
        let mut untold = bytes;
        if let Some((at, before, own)) = told {
            self.window.sent_untold(at, before, Part::WHOLE);
            self.window.sent_part(at, own, Part::WHOLE);
            untold -= before + own;
        }
        if untold > 0 {
            self.window.sent_untold(now, untold, Part::WHOLE);
        }
    }

    /// Whether something came from him.
    pub(super) fn has_news(&self, now: Timestamp) -> bool {
        self.kind == Kind::Live && self.acks.front().is_some_and(|(at, _)| *at <= now.as_micros())
    }
}

impl Standing {
    /// What is left of it when this picture was sent.
    fn without(self, bytes: usize, told: bool) -> Self {
        let follows = Follows { position: self.follows.position + 1, ..self.follows };
        let (pictures, room) = (self.pictures - 1, self.room - bytes);
        let left = Self { follows, pictures, room, ..self };
        match told {
            true => Self { pictures: pictures.min(self.behind.unwrap_or(0)), behind: None, ..left },
            false => left,
        }
    }
}
