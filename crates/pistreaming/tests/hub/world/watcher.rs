//! A viewer: his task's loop as `server/outlet.rs` has it, his link, and what he sees.
//!
//! Here belongs: one viewer. Not here: what he is sent without being asked (`standing`), what must hold of what he is given
//! (`order`) and sees (`screen`).

mod standing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pistreaming::hub::{Audience, BOUND, Hub, Item, Link, Next, Role, Stream, Viewer, Window};
use pistreaming::time::Timestamp;
use wire::Pace;

use super::Chance;
use super::order::Order;
use super::path::Path;
use super::screen::{Means, Screen, Sight};
use standing::{Standing, Unknown};

/// How his arrivals become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// His page says what has come.
    Live,
    /// The kernel does, when it is asked.
    Old,
}

impl Kind {
    const fn audience(self) -> Audience {
        match self {
            Self::Live => Audience::Live,
            Self::Old => Audience::Old,
        }
    }
}

/// What a page takes to decode and paint, µs.
const PAINT_US: u64 = 4_000;
/// The part of the messages that the kernel refuses, because something has not left the socket yet.
const REFUSED: f64 = 0.05;
/// The kernel takes each packet for a full one: before many were sent it knows more of a link than it carries, so many times
/// at most.
const MORE_TIMES: f64 = 10.0;
/// What `player/src/pace.rs` takes for late.
const LATE_US: u64 = 30_000;
const LOOK_AGAIN_US: u64 = 15_000;

/// What he has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Common pictures and joins.
    pub pictures: u32,
    /// How many of them came in parts.
    pub in_parts: u32,
    pub bands: u32,
    pub missed: u32,
    /// How often he skipped.
    pub skips: u32,
    /// From capture to screen of each picture, µs.
    pub ages_us: Vec<u64>,
    /// Arrival of each, µs.
    pub at_us: Vec<u64>,
    pub bytes: u64,
    /// The renditions that he was given: when (µs) each began, and its number.
    pub renditions: Vec<(u64, u16)>,
}

/// A message on its way.
struct Flight {
    arrives_us: u64,
    /// When it is known to have arrived, if it is told of.
    known_us: u64,
    told: bool,
    /// Bytes in all up to its end.
    total: u64,
    /// What the kernel reckons its rate from: when it knew last of an arrival before it was sent, or when it was sent on an
    /// idle link, and how many bytes had arrived then.
    since: (u64, u64),
    /// None: it is only to be told of.
    item: Option<Arc<Item>>,
}

/// A viewer.
pub struct Watcher {
    viewer: Option<Viewer>,
    kind: Kind,
    pub window: Window,
    pub path: Path,
    /// Bytes a second that he gets at least of what all may be sent.
    pub share: f64,
    /// What the kernel says of the rate, bytes a second: the highest that it has seen (linux net/ipv4/tcp_rate.c; all that is
    /// sent is less than the link takes).
    pub kernel: f64,
    /// When (µs) it knew last of an arrival, and of how many bytes in all.
    delivered: (u64, u64),
    /// His page has told something: from then on the kernel is not asked.
    has_told: bool,
    /// From arrival to acknowledgement in the page: decoding and painting, µs.
    pub paint_us: u64,
    chance: Chance,
    away: bool,
    on_the_way: VecDeque<Flight>,
    /// Which pictures he acknowledges.
    pace: Pace,
    /// From capture to arrival of the picture that he acknowledged last, µs.
    told_us: Option<u64>,
    /// What arrived and is not known to.
    acks: VecDeque<(u64, u64)>,
    order: Order,
    /// The stream of what he was given last.
    stream: Option<Arc<Stream>>,
    /// Bytes that he knew of last to have arrived.
    heard: u64,
    /// When his timer runs out.
    timer: Timestamp,
    pub seen: Seen,
    screen: Screen,
    /// Bytes of what has come of a picture that is not whole yet.
    part_bytes: usize,
    standing: Option<Standing>,
    unknown: Unknown,
    /// When it was looked at his link last.
    looked: Timestamp,
}

impl Watcher {
    pub fn new(hub: &Arc<Hub>, kind: Kind, path: Path, chance: Chance) -> Self {
        let mut window = Window::new(BOUND);
        window.told_round_trip(Duration::from_micros(2 * path.delay_us));
        Self {
            viewer: Some(hub.join_as(kind.audience())),
            kind,
            window,
            path,
            share: f64::INFINITY,
            kernel: 0.0,
            delivered: (0, 0),
            has_told: false,
            paint_us: PAINT_US,
            chance,
            away: false,
            on_the_way: VecDeque::new(),
            pace: Pace { every: 1, from: chance.0 as u16 },
            told_us: None,
            acks: VecDeque::new(),
            order: Order::default(),
            stream: None,
            heard: 0,
            timer: Timestamp::default(),
            seen: Seen::default(),
            screen: Screen::default(),
            part_bytes: 0,
            standing: None,
            unknown: Unknown::default(),
            looked: Timestamp::default(),
        }
    }

    pub fn leave(&mut self) {
        self.viewer = None;
    }

    /// The encoder gave up a picture that it had begun.
    pub fn gave_up(&mut self) {
        self.screen.gave_up();
    }

    pub fn look_away(&mut self, now: Timestamp, away: bool) {
        match (std::mem::replace(&mut self.away, away), away) {
            (false, true) => self.screen.look_away(now.as_micros()),
            (true, false) => self.screen.look(now.as_micros()),
            _ => {}
        }
        if let (true, Some(viewer)) = (away, &mut self.viewer) {
            viewer.rest();
            self.order = Order::default();
            self.screen.clear();
        }
    }

    /// What `server/outlet.rs` does when it is woken. When it must be woken again, beside news.
    pub fn pump(&mut self, now: Timestamp) -> Vec<Timestamp> {
        self.arrive(now);
        if let Some(looks) = self.follow_order(now) {
            return looks;
        }
        self.standing = None;
        self.know(now);
        self.hear(now);
        let mut looks = Vec::new();
        loop {
            if self.viewer.as_ref().is_none_or(|viewer| self.away || viewer.has_all()) {
                self.leave_order(now);
                return looks;
            }
            let link = self.look(now);
            let Some(viewer) = self.viewer.as_mut() else { return looks };
            let Some(next) = viewer.step(link) else {
                looks.extend(self.look_again(now, link));
                self.leave_order(now);
                return looks;
            };
            if self.chance.part() < REFUSED {
                viewer.give_back();
                looks.push(now.after(Duration::from_millis(2)));
                return looks;
            }
            looks.extend(self.send(next, link, now));
        }
    }

    fn look(&mut self, now: Timestamp) -> Link {
        self.looked = now;
        if !self.has_told && self.window.wants_look(now) {
            self.ask_kernel(now);
        }
        self.window.link(now)
    }

    fn ask_kernel(&mut self, now: Timestamp) {
        if self.kind == Kind::Old {
            let known = self.acks.iter().take_while(|(at, _)| *at <= now.as_micros()).count();
            let total = self.acks.drain(..known).next_back().map(|(_, total)| total);
            self.heard = total.unwrap_or(self.heard);
            self.window.told(self.kernel, true);
        } else if self.delivered.0 <= now.as_micros() {
            self.heard = self.delivered.1;
        }
        self.window.looked(now, self.heard);
    }

    fn look_again(&mut self, now: Timestamp, link: Link) -> Option<Timestamp> {
        let waits = self.viewer.as_ref().is_some_and(|viewer| viewer.waits_for_idle(link));
        let wait = match self.kind {
            Kind::Old if link.room == 0 || waits => Some(Duration::from_micros(LOOK_AGAIN_US)),
            Kind::Live if link.room > 0 && waits => self.window.idle_in(now),
            _ => None,
        };
        let at = now.after(wait?.max(Duration::from_millis(3)));
        // A task has one timer.
        let sooner = self.timer <= now || at < self.timer;
        self.timer = if sooner { at } else { self.timer };
        sooner.then_some(at)
    }

    fn send(&mut self, next: Next, link: Link, now: Timestamp) -> Option<Timestamp> {
        if self.order.check(&next, self.kind == Kind::Old) {
            self.note(&next, now);
        }
        let (unit, part) = (&next.item.unit, next.item.part);
        let bytes = unit.bytes.len();
        assert!(bytes <= link.room || !part.first, "{bytes} into {link:?}");
        let told = self.kind == Kind::Old || self.pace.has(unit.sequence, unit.start);
        if told {
            self.window.sent_part(now, bytes, part);
        } else {
            self.window.sent_untold(now, bytes, part);
        }
        Some(self.fly(now, bytes, told, Some(next.item)))
    }

    /// He is given another picture.
    fn note(&mut self, next: &Next, now: Timestamp) {
        let rendition = next.item.stream.rendition.number();
        if self.seen.renditions.last().is_none_or(|(_, last)| *last != rendition) {
            self.seen.renditions.push((now.as_micros(), rendition));
        }
        self.seen.missed += next.missed;
        self.seen.skips += u32::from(next.missed > 0);
        self.stream = Some(Arc::clone(&next.item.stream));
    }

    fn fly(&mut self, now: Timestamp, bytes: usize, told: bool, item: Option<Arc<Item>>) -> Timestamp {
        let arrives_us = self.path.send(now.as_micros(), bytes, &mut self.chance);
        self.screen.sent(&self.path, now.as_micros(), bytes, arrives_us);
        let jitter = (self.chance.part() * self.path.jitter_us as f64) as u64;
        let paint_us = if self.kind == Kind::Live { self.paint_us } else { 0 };
        let known_us = arrives_us + self.path.delay_us + jitter + paint_us;
        let known_us = known_us.max(self.on_the_way.back().map_or(self.delivered.0, |last| last.known_us));
        let total = self.window.total_sent() + self.unknown.bytes as u64;
        let is_idle = self.on_the_way.is_empty() && self.delivered.0 <= now.as_micros();
        let since = if is_idle { (now.as_micros(), total - bytes as u64) } else { self.delivered };
        self.on_the_way.push_back(Flight { arrives_us, known_us, told, total, since, item });
        Timestamp::from_micros(known_us)
    }

    /// What `server/live.rs` does when something was acknowledged.
    fn choose_pace(&mut self, now: Timestamp) {
        let sharp = self.viewer.as_ref().is_some_and(|viewer| !viewer.wants_more());
        let pace = match self.stream.as_ref().filter(|_| sharp) {
            Some(stream) => self.window.pace(now, self.pace, stream),
            None => Pace { every: 1, ..self.pace },
        };
        if std::mem::replace(&mut self.pace, pace) != pace {
            self.window.sent(now, 6);
            self.fly(now, 6, true, None);
        }
    }

    /// What `player/src/pace.rs` does: late ones are told of, too.
    fn is_told(&mut self, flight: &Flight) -> bool {
        let Some(item) = &flight.item else { return true };
        if self.kind == Kind::Old || !item.part.last {
            return self.kind == Kind::Old; // his page has nothing to say of a part alone
        }
        let transit_us = flight.arrives_us - item.unit.captured.as_micros();
        let told = flight.told || self.told_us.is_none_or(|told| transit_us > told + LATE_US);
        if told {
            self.told_us = Some(transit_us);
        }
        told
    }

    /// The kernel's word of the rate is heard with his page's first one, and exaggerates.
    fn tell_rate_once(&mut self) {
        if !std::mem::replace(&mut self.has_told, true) {
            let times = 1.0 + (MORE_TIMES - 1.0) * self.chance.part();
            self.window.told(self.kernel * times, true);
        }
    }

    /// News that has come.
    fn hear(&mut self, now: Timestamp) {
        if self.kind == Kind::Old {
            return;
        }
        while let Some((_, total)) = self.acks.front().copied().filter(|_| self.has_news(now)) {
            self.acks.pop_front();
            self.know(now);
            self.window.arrived(now, total);
            self.tell_rate_once();
            self.choose_pace(now);
        }
    }

    /// Pictures that have come, and what is known by that.
    pub fn see(&mut self, now: Timestamp) {
        self.arrive(now);
        self.hear(now);
    }

    /// Pictures that have come.
    fn arrive(&mut self, now: Timestamp) {
        while self.on_the_way.front().is_some_and(|flight| flight.arrives_us <= now.as_micros()) {
            let Some(flight) = self.on_the_way.pop_front() else { return };
            self.delivered = (flight.known_us, flight.total);
            let took = (flight.known_us - flight.since.0) as f64 / 1e6;
            self.kernel = self.kernel.max((flight.total - flight.since.1) as f64 / took.max(1e-3));
            if self.is_told(&flight) {
                self.acks.push_back((flight.known_us, flight.total));
            }
            let (at, Some(item)) = (flight.arrives_us, flight.item) else { continue };
            self.seen.bytes += item.unit.bytes.len() as u64;
            let before = if item.part.first { 0 } else { self.part_bytes };
            self.part_bytes = before + item.unit.bytes.len();
            if self.kind == Kind::Live && !item.part.last {
                continue;
            }
            if matches!(item.role, Role::Band(_)) {
                self.seen.bands += 1;
                continue;
            }
            let captured = item.unit.captured.as_micros();
            let sight = Sight { captured_us: captured, arrived_us: at, bytes: self.part_bytes };
            self.screen.check(sight, self.means());
            self.seen.pictures += 1;
            self.seen.in_parts += u32::from(!item.part.first);
            self.seen.ages_us.push(at - captured);
            self.seen.at_us.push(at);
            if !self.away {
                self.screen.show(sight);
            }
        }
    }

    fn means(&self) -> Means<'_> {
        let (path, window) = (&self.path, &self.window);
        Means { path, share: self.share, stream: self.stream.as_deref(), window }
    }
}
