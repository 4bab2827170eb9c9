//! One who watches: his rendition, his place in its ring, and what he is told.
//!
//! Another rendition is taken up as one joins: by a start of its own. Until that is there he goes on with the one that he
//! has, so that nothing freezes.
//!
//! Here belongs: one viewer. Not here: the rules of following and skipping (`cursor`), which rendition suits him (`climb`).

use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

use super::choice::State;
use super::climb::{Climb, Wants};
use super::cursor::{Cursor, Next, Step};
use super::fit::Link;
use super::item::Role;
use super::ladder::{Audience, Rendition};
use super::newest::{Follows, Last};
use super::upload::Purse;
use super::{Core, Hub, Notice, NoticeCode};
use crate::time::Timestamp;

/// Of what the full rendition takes one can use so much: bands and starts go beside it.
const MOST_USED: f64 = 1.5;

/// One who watches. Dropping it is leaving.
#[derive(Debug)]
pub struct Viewer {
    hub: Arc<Hub>,
    audience: Audience,
    climb: Climb,
    /// None while he does not watch.
    seat: Option<Seat>,
    /// The rendition that he is about to change to.
    next: Option<Seat>,
    /// He is given nothing until his link is idle enough for that one's start.
    holds: bool,
    /// The place that he has just left: for as long as he could be put back there.
    left: Option<Seat>,
    /// How many pictures had been published when he was given the newest, if the last step did that.
    newest_of: Option<u64>,
    /// Whether pictures for all are all that he needs behind that: of which stream.
    follows: Option<u32>,
    /// He was skipped ahead since it was decided last.
    skipped: bool,
    /// Capture of the last picture that he was given.
    seen: Timestamp,
    /// His number among those who share what may be sent, if that is limited.
    share: Option<usize>,
    purse: Purse,
    /// How all that was before the last step.
    before: Before,
    told: Option<Notice>,
    /// So many changes of notices had there been when he was told last.
    told_of: u64,
}

/// What a picture changes that may be given back.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    seat: Option<Seat>,
    next: Option<Seat>,
    skipped: bool,
    seen: Timestamp,
    purse: Purse,
}

/// A place in one rendition's ring.
#[derive(Clone, Copy, Debug)]
struct Seat {
    rendition: Rendition,
    cursor: Cursor,
}

impl Seat {
    fn take(core: &mut Core, rendition: Rendition, audience: Audience) -> Self {
        core.fork(rendition).demand.enter(audience);
        Self { rendition, cursor: Cursor::of(audience) }
    }

    /// One for a viewer who has seen pictures up to `seen` elsewhere.
    const fn after(&mut self, seen: Timestamp) -> &mut Self {
        self.cursor.join_after(seen);
        self
    }
}

impl Viewer {
    pub(super) fn new(hub: Arc<Hub>, audience: Audience) -> Self {
        Self {
            hub,
            audience,
            climb: Climb::new(),
            seat: None,
            next: None,
            holds: false,
            left: None,
            newest_of: None,
            follows: None,
            skipped: false,
            seen: Timestamp::default(),
            share: None,
            purse: Purse::default(),
            before: Before::default(),
            told: None,
            told_of: 0,
        }
    }

    /// The next picture for him, if there is one now; he begins to watch if he did not. `link`: what he can be given.
    pub fn step(&mut self, link: Link) -> Option<Next> {
        let hub = Arc::clone(&self.hub);
        let mut core = hub.lock();
        if let Some(left) = self.left.take() {
            core.fork(left.rendition).leave(self.audience, hub.rules);
        }
        let (link, share) = self.limited(&mut core, link);
        self.decide(&mut core, &hub, link, share);
        self.before = Before {
            seat: self.seat,
            next: self.next,
            skipped: self.skipped,
            seen: self.seen,
            purse: self.purse,
        };
        let mut wake = false;
        let next = self.step_in(&mut core, &hub, link, &mut wake);
        self.look_at_what_is_left(&mut core, &hub, next.as_ref());
        drop(core);
        if wake {
            hub.frames.nudge();
        }
        let next = next?;
        self.purse.pay(next.item.unit.bytes.len() as f64);
        self.skipped |= next.missed > 0;
        self.seen = self.seen.max(next.item.unit.captured);
        Some(next)
    }

    /// Whether there is anything behind this one for him now, and will be anything but pictures for all.
    fn look_at_what_is_left(&mut self, core: &mut Core, hub: &Hub, next: Option<&Next>) {
        let (before, newest_of) = (self.follows.take(), self.newest_of.take());
        let (Some(seat), None) = (self.seat, self.next) else { return };
        let fork = core.fork(seat.rendition);
        if !seat.cursor.has_newest(&fork.ring) {
            return;
        }
        // Who had the newest and was given nothing has it still.
        self.newest_of = next.map_or(newest_of, |_| Some(hub.publications.load(Acquire)));
        let is_settled =
            self.left.is_none() && self.share.is_none() && next.is_none_or(|next| next.missed == 0);
        let gets_parts = fork.demand.wants_parts() && self.audience.takes_parts();
        let stream = next.map_or(before, |next| Some(next.item.stream.id));
        self.follows = stream.filter(|_| is_settled && !gets_parts);
    }

    /// Where he is, if pictures for all, one after the other, are all that he needs.
    #[must_use]
    pub fn follows(&self) -> Option<Follows> {
        let position = self.seat.filter(|_| !self.wants_more())?.cursor.next()?;
        Some(Follows { stream: self.follows?, position })
    }

    /// All pictures for all were sent to him from where he was up to this one.
    pub fn was_sent(&mut self, last: Last) {
        if let Some(seat) = &mut self.seat {
            seat.cursor.go_on_behind(last.position);
            self.newest_of = Some(last.published);
            self.seen = self.seen.max(last.captured);
        }
    }

    fn step_in(&mut self, core: &mut Core, hub: &Hub, link: Link, wake: &mut bool) -> Option<Next> {
        let (seen, seat) = (self.seen, self.seat.as_mut()?);
        self.holds = false;
        if let Some(next) = &mut self.next {
            let goes_down = next.rendition > seat.rendition && !seat.cursor.is_within();
            let step = take(next.after(seen), core, hub, link, wake);
            if let Step::Next(next) = step {
                self.left = std::mem::replace(&mut self.seat, self.next.take());
                self.climb.changed(link.now);
                return Some(next);
            }
            // A link that is full of what he has would never be idle, and a start of that is the last thing that he needs.
            self.holds = goes_down && (matches!(step, Step::NoRoom) || seat.cursor.is_behind());
            if self.holds {
                return None;
            }
        }
        match take(seat, core, hub, link, wake) {
            Step::Next(next) => Some(next),
            Step::NoRoom | Step::Wait | Step::Ask(_) => None,
        }
    }

    /// The link as far as he may use it, and how many bytes a second he may be sent.
    fn limited(&mut self, core: &mut Core, link: Link) -> (Link, f64) {
        let full = core.full_rate().map_or(f64::INFINITY, |bits| f64::from(bits) / 8.0 * MOST_USED);
        let Some(upload) = &mut core.upload else { return (link, f64::INFINITY) };
        let number = *self.share.get_or_insert_with(|| upload.enter());
        upload.claim(number, link.rate.unwrap_or(full).min(full));
        let share = upload.share(number);
        let room = if self.purse.is_open(share, link.now) { link.room } else { 0 };
        (Link { room, rate: Some(link.rate.map_or(share, |rate| rate.min(share))), ..link }, share)
    }

    /// What he was given by the last step could not be sent to him: he has it not.
    pub fn give_back(&mut self) {
        (self.newest_of, self.follows) = (None, None);
        if self.seat.is_some() {
            self.left = None;
            let Before { seat, next, skipped, seen, purse } = self.before;
            (self.seat, self.next, self.skipped) = (seat, next, skipped);
            (self.seen, self.purse) = (seen, purse);
        }
    }

    /// Begins to watch, or to change to another rendition, where that is due.
    fn decide(&mut self, core: &mut Core, hub: &Hub, link: Link, share: f64) {
        let Some(seat) = self.seat else {
            let rendition = core.open(hub.rules, self.audience).find(|&one| one >= self.climb.rendition());
            self.seat = Some(Seat::take(core, rendition.unwrap_or_default(), self.audience));
            return;
        };
        let Some(full) = core.full_rate() else { return };
        let late = core.fork(seat.rendition).lateness(&seat.cursor) + link.queue;
        let skipped = std::mem::take(&mut self.skipped);
        let mut open = [Rendition::FULL; Rendition::COUNT];
        let mut count = 0;
        for one in core.open(hub.rules, self.audience) {
            (open[count], count) = (one, count + 1);
        }
        let fork = core.fork(seat.rendition);
        let (used, start_takes) = (fork.used(), fork.ring.start_takes(link));
        let pending = self.next.is_some();
        let state = State { link, late, bound: hub.rules.bound, skipped, pending, used, start_takes, share };
        let to = self.climb.decide(state, &open[..count], full);
        let now = self.next.map_or(seat.rendition, |next| next.rendition);
        if to == now {
            return;
        }
        if let Some(next) = self.next.take() {
            core.fork(next.rendition).leave(self.audience, hub.rules);
        }
        if to != seat.rendition {
            self.next = Some(Seat::take(core, to, self.audience));
        }
    }

    /// What he asks for himself.
    pub fn want(&mut self, wants: Wants) {
        self.climb.want(wants);
    }

    /// Whether another [`Self::step`] before the next picture, or part of one, would give nothing.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.newest_of == Some(self.hub.publications.load(Acquire)) && !self.wants_more()
    }

    /// Whether he may be given more than the common pictures: it is worth a look at his link.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.seat.is_some_and(|seat| seat.cursor.wants_more())
    }

    /// Whether he would be given more if this link, which is busy, were idle.
    #[must_use]
    pub fn waits_for_idle(&self, link: Link) -> bool {
        if self.holds {
            return !link.idle;
        }
        let Some(seat) = self.seat.filter(|seat| !link.idle && seat.cursor.wants_more()) else {
            return false;
        };
        seat.cursor.waits_for_idle(&self.hub.lock().forks[seat.rendition.index()].ring, link)
    }

    /// He is to be given a start once more, when there is room for it: a recorder behind him may wait for one.
    pub fn want_start(&mut self) {
        if let Some(seat) = &mut self.seat {
            seat.cursor.want_start();
        }
    }

    /// He does not watch for now: nothing is kept or coded for him. The next [`Self::step`] joins anew.
    pub fn rest(&mut self) {
        for seat in [self.seat.take(), self.next.take(), self.left.take()].into_iter().flatten() {
            self.hub.lock().fork(seat.rendition).leave(self.audience, self.hub.rules);
        }
        if let (Some(number), Some(upload)) = (self.share.take(), &mut self.hub.lock().upload) {
            upload.leave(number);
        }
        self.skipped = false;
        (self.newest_of, self.follows) = (None, None);
    }

    /// What he must be told: a notice that he was not told yet, or that all is well again.
    pub fn notice(&mut self) -> Option<Notice> {
        // Asked before each picture, and changed once in a while.
        let changes = self.hub.notice_changes.load(Acquire);
        if changes == self.told_of {
            return None;
        }
        self.told_of = changes;
        let newest = self.hub.lock().notices.last().cloned();
        if newest == self.told {
            return None;
        }
        self.told.clone_from(&newest);
        Some(newest.unwrap_or(Notice { code: NoticeCode::Fine, text: String::new() }))
    }

    /// The hub.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// What there is for one at this place; what must be asked for is.
fn take(seat: &mut Seat, core: &mut Core, hub: &Hub, link: Link, wake: &mut bool) -> Step {
    let fork = core.fork(seat.rendition);
    let step = seat.cursor.step(&fork.ring, hub.rules, link);
    match &step {
        Step::Next(next) if next.item.role == Role::Join => {
            let newest = fork.ring.newest().map_or(0, |newest| newest.unit.sequence);
            fork.demand.joined(newest.wrapping_sub(next.item.unit.sequence).into());
        }
        Step::Ask(wish) => *wake |= fork.demand.ask(*wish),
        Step::Next(_) | Step::NoRoom | Step::Wait => {}
    }
    step
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.rest();
    }
}
