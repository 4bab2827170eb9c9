//! A viewer: his task's loop as `server/outlet.rs` has it, his link, and the checks of what he sees.
//!
//! Here belongs: one viewer. **What is checked at every picture: it can be decoded, it is in order, a hole is told. At all
//! times: the picture on his screen is no older than the bound allows for longer than it takes to skip.**

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use pistreaming::hub::{Audience, BOUND, Hub, Item, Link, Next, Part, Role, Stream, Viewer, Window};
use pistreaming::time::Timestamp;
use wire::Pace;

use super::Chance;
use super::path::Path;

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

/// From arrival to acknowledgement in the page: decoding and painting, µs.
const PAINT_US: u64 = 4_000;
/// The part of the messages that the kernel refuses, because something has not left the socket yet.
const REFUSED: f64 = 0.05;
/// What `player/src/pace.rs` takes for late.
const LATE_US: u64 = 30_000;
/// For so long after nothing is left on it of what was sent before a changed link may still be a new one to the sender.
const CHANGED_US: u64 = 5_000_000;
/// A message of so many bytes takes long enough to show what its link carries.
const TELLING_BYTES: usize = 1000;
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

/// A picture on a screen.
#[derive(Clone, Copy, Debug)]
struct Sight {
    captured_us: u64,
    arrived_us: u64,
    bytes: usize,
}

/// A message on its way.
struct Flight {
    arrives_us: u64,
    /// When it is known to have arrived, if it is told of.
    known_us: u64,
    told: bool,
    /// Bytes in all up to its end.
    total: u64,
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
    chance: Chance,
    away: bool,
    /// From when to when (µs) he looked away last: what his link did meanwhile nobody could see.
    away_us: Range<u64>,
    on_the_way: VecDeque<Flight>,
    /// Which pictures he acknowledges.
    pace: Pace,
    /// From capture to arrival of the picture that he acknowledged last, µs.
    told_us: Option<u64>,
    /// What arrived and is not known to.
    acks: VecDeque<(u64, u64)>,
    given: Option<(u32, u32)>,
    /// The picture of which he was given parts.
    begun: Option<(u32, u32)>,
    /// The stream of what he was given last.
    stream: Option<Arc<Stream>>,
    /// Capture of the newest picture that he was given.
    newest: Timestamp,
    /// Bytes that he knew of last to have arrived.
    heard: u64,
    /// When his timer runs out.
    timer: Timestamp,
    stale: Stale,
    pub seen: Seen,
    screen: Option<Sight>,
    /// Bytes of what has come of a picture that is not whole yet.
    part_bytes: usize,
    /// How many pictures the encoder gave up since that on the screen.
    given_up: u64,
}

/// What was sent before it could be known that the link had changed: it takes much longer by a slower one, and small pictures
/// show nothing of that.
#[derive(Clone, Copy, Debug, Default)]
struct Stale {
    /// When the link changed last, as of what was sent last.
    changed_us: u64,
    /// When something was sent since then that shows it.
    showed_us: Option<u64>,
    /// When the last of what was sent without knowing arrives.
    arrives_us: u64,
}

impl Stale {
    fn sent(&mut self, changed_us: u64, now_us: u64, bytes: usize, arrives_us: u64, news_us: u64) {
        if changed_us > self.changed_us {
            (self.changed_us, self.showed_us) = (changed_us, None);
        }
        if self.showed_us.is_none_or(|showed_us| now_us < showed_us + news_us) {
            self.arrives_us = arrives_us;
        }
        if bytes >= TELLING_BYTES {
            self.showed_us = self.showed_us.or(Some(now_us));
        }
    }

    /// Until when what was sent so arrives, where the link changed at `changed_us`.
    fn until_us(&self, changed_us: u64) -> u64 {
        self.arrives_us.max(changed_us)
    }
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
            chance,
            away: false,
            away_us: 0..0,
            on_the_way: VecDeque::new(),
            pace: Pace::EACH,
            told_us: None,
            acks: VecDeque::new(),
            given: None,
            begun: None,
            stream: None,
            newest: Timestamp::default(),
            heard: 0,
            timer: Timestamp::default(),
            stale: Stale::default(),
            seen: Seen::default(),
            screen: None,
            part_bytes: 0,
            given_up: 0,
        }
    }

    pub fn leave(&mut self) {
        self.viewer = None;
    }

    /// The encoder gave up a picture that it had begun.
    pub fn gave_up(&mut self) {
        self.given_up += 1;
    }

    pub fn look_away(&mut self, now: Timestamp, away: bool) {
        match (std::mem::replace(&mut self.away, away), away) {
            (false, true) => self.away_us = now.as_micros()..u64::MAX,
            (true, false) => self.away_us.end = now.as_micros(),
            _ => {}
        }
        if let (true, Some(viewer)) = (away, &mut self.viewer) {
            viewer.rest();
            (self.given, self.begun) = (None, None);
            self.newest = Timestamp::default();
            self.screen = None;
        }
    }

    /// What `server/outlet.rs` does when it is woken. When it must be woken again, beside news.
    pub fn pump(&mut self, now: Timestamp) -> Vec<Timestamp> {
        self.hear(now);
        self.see(now);
        let mut looks = Vec::new();
        loop {
            let link = self.look(now);
            let Some(viewer) = self.viewer.as_mut().filter(|_| !self.away) else { return looks };
            let Some(next) = viewer.step(link) else {
                looks.extend(self.look_again(now, link));
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
        if self.kind == Kind::Old && self.window.wants_look(now) {
            let known = self.acks.iter().take_while(|(at, _)| *at <= now.as_micros()).count();
            let total = self.acks.drain(..known).next_back().map(|(_, total)| total);
            self.heard = total.unwrap_or(self.heard);
            // The kernel sees single segments, and so the link's rate, but none that it was not given.
            self.window.told(self.path.rate(now.as_micros()) * 0.97, true);
            self.window.looked(now, self.heard);
        }
        self.window.link(now)
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
        self.check_next(&next, now);
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

    fn fly(&mut self, now: Timestamp, bytes: usize, told: bool, item: Option<Arc<Item>>) -> Timestamp {
        let changed_us = self.path.changed(now.as_micros()).0;
        let arrives_us = self.path.send(now.as_micros(), bytes, &mut self.chance);
        let news_us = 2 * self.path.delay_us + BOUND.as_micros() as u64;
        self.stale.sent(changed_us, now.as_micros(), bytes, arrives_us, news_us);
        let jitter = (self.chance.part() * self.path.jitter_us as f64) as u64;
        let paint_us = if self.kind == Kind::Live { PAINT_US } else { 0 };
        let known_us = arrives_us + self.path.delay_us + jitter + paint_us;
        let known_us = known_us.max(self.on_the_way.back().map_or(0, |last| last.known_us));
        let total = self.window.total_sent();
        self.on_the_way.push_back(Flight { arrives_us, known_us, told, total, item });
        Timestamp::from_micros(known_us)
    }

    /// What `server/live.rs` does when something was acknowledged.
    fn choose_pace(&mut self, now: Timestamp) {
        let sharp = self.viewer.as_ref().is_some_and(|viewer| !viewer.wants_more());
        let pace = match self.stream.as_ref().filter(|_| sharp) {
            Some(stream) => self.window.pace(now, self.pace, stream),
            None => Pace::EACH,
        };
        if std::mem::replace(&mut self.pace, pace) != pace {
            self.window.sent(now, 4);
            self.fly(now, 4, true, None);
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

    /// News that has come.
    fn hear(&mut self, now: Timestamp) {
        if self.kind == Kind::Old {
            return;
        }
        while let Some((_, total)) = self.acks.front().copied().filter(|(at, _)| *at <= now.as_micros()) {
            self.acks.pop_front();
            self.window.arrived(now, total);
            self.choose_pace(now);
        }
    }

    /// Pictures that have come.
    pub fn see(&mut self, now: Timestamp) {
        while self.on_the_way.front().is_some_and(|flight| flight.arrives_us <= now.as_micros()) {
            let Some(flight) = self.on_the_way.pop_front() else { return };
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
            self.check_age(sight);
            self.seen.pictures += 1;
            self.seen.in_parts += u32::from(!item.part.first);
            self.seen.ages_us.push(at - captured);
            self.seen.at_us.push(at);
            if !self.away {
                (self.screen, self.given_up) = (Some(sight), 0);
            }
        }
        self.hear(now);
    }

    /// Nothing but what follows on what he has, or what decoding can begin with.
    fn check_next(&mut self, next: &Next, now: Timestamp) {
        let (unit, role) = (&next.item.unit, &next.item.role);
        let this = (unit.stream, unit.sequence);
        assert_eq!(unit.stream, next.item.stream.id);
        if next.item.part != Part::WHOLE {
            assert!(self.kind == Kind::Live && *role == Role::Common && !unit.start && next.missed == 0);
            self.check_part(&next.item);
            if !next.item.part.first {
                return;
            }
        }
        if *role != Role::Common && self.given == Some(this) {
            assert_eq!(next.missed, 0, "what goes with the picture that he has");
            return;
        }
        assert!(!matches!(role, Role::Band(_)), "a band goes with the picture that he has");
        match self.given {
            Some((stream, sequence)) if stream == unit.stream => {
                assert!(unit.sequence > sequence, "order");
                let follows = unit.sequence == sequence + 1;
                assert!((next.missed > 0) != follows, "a hole is told, and nothing else");
                assert!(unit.start || follows);
            }
            _ => assert!(unit.start, "a stream begins with a start"),
        }
        assert!(unit.captured >= self.newest, "time never runs back");
        self.newest = unit.captured;
        let rendition = next.item.stream.rendition.number();
        if self.seen.renditions.last().is_none_or(|(_, last)| *last != rendition) {
            self.seen.renditions.push((now.as_micros(), rendition));
        }
        self.seen.missed += next.missed;
        self.seen.skips += u32::from(next.missed > 0);
        self.stream = Some(Arc::clone(&next.item.stream));
        if next.item.part.last {
            (self.given, self.begun) = (Some(this), None);
        }
    }

    /// A picture in parts: one behind the other, from the first to the last.
    fn check_part(&mut self, item: &Item) {
        let this = (item.unit.stream, item.unit.sequence);
        if item.part.first {
            self.begun = Some(this);
        }
        assert_eq!(self.begun, Some(this), "parts begin with the first");
        if item.part.last && !item.part.first {
            (self.given, self.begun) = (Some(this), None);
        }
    }

    /// The picture on the screen, just before `next` came: was it too old for too long?
    fn check_age(&self, next: Sight) {
        let Some(shown) = self.screen else { return };
        let at_us = next.arrived_us;
        let (changed, before) = self.changed(at_us);
        let rate = self.path.rate(at_us).min(self.share);
        if rate == 0.0 || changed > 0 && at_us.saturating_sub(self.stale.until_us(changed)) < CHANGED_US {
            return self.check_changed(at_us, shown.captured_us, changed, before);
        }
        let round_trip = 2 * self.path.delay_us;
        // What is on its way, a start and the picture behind it, as many shares of the rate at fewer than 10 pictures/s as
        // these are at 10; or, if they are more, these two pictures themselves (the first one is sent before anything is known
        // of the link) and what may be on its way between them. Lost packets come again, and what is behind them waits.
        let carry = |bytes: f64| (bytes / rate * 1e6) as u64;
        let start = 4.5 * self.stream.as_ref().map_or(0.0, |stream| share(stream));
        let between = rate * (BOUND.as_micros() as u64 + round_trip) as f64 / 1e6;
        let both = (shown.bytes + next.bytes) as f64 + between;
        let skip = carry(start.max(45_000.0).max(both)) + 2 * round_trip + 150_000;
        let mend = if self.path.loss > 0.0 { 8 * round_trip + 200_000 } else { 0 };
        // What was never coded could not be shown.
        let given_up = self.given_up * self.stream.as_ref().map_or(0, |stream| interval_us(stream));
        let most = BOUND.as_micros() as u64 + round_trip + skip + mend + given_up;
        let age = at_us - shown.captured_us;
        assert!(
            age <= most,
            "a picture of {} ms, shown for {} ms, on a link of {rate} B/s, {round_trip} µs; skipping takes {} ms; {:?}",
            age / 1000,
            (at_us - shown.arrived_us) / 1000,
            skip / 1000,
            self.window,
        );
    }

    /// When the link changed last in a way that could be seen, and the rate that was known before.
    fn changed(&self, at_us: u64) -> (u64, f64) {
        let (changed, before) = self.path.changed(at_us);
        let meanwhile = changed > 0 && self.away_us.contains(&changed) && self.away_us.end <= at_us;
        if meanwhile { (self.away_us.end, self.path.rate(self.away_us.start)) } else { (changed, before) }
    }

    /// The same across a change of the link: what was on its way by the old rate takes longer by the new one.
    fn check_changed(&self, at_us: u64, captured: u64, changed: u64, before: f64) {
        let rate = self.path.rate(at_us).min(self.share);
        if rate == 0.0 || before == 0.0 {
            return; // dead: nothing can be said
        }
        let round_trip = 2.0 * self.path.delay_us as f64;
        let on_the_way = before * (round_trip + BOUND.as_micros() as f64 * 1.5) / 1e6 + 60_000.0;
        let most = on_the_way / rate * 1e6 + 4.0 * round_trip + 600_000.0;
        let age = (at_us - changed.max(captured)) as f64;
        assert!(age <= most, "{} ms after a change from {before} to {rate} B/s", age / 1e3);
    }
}

fn interval_us(stream: &Stream) -> u64 {
    1_000_000 * u64::from(stream.rate.1) / u64::from(stream.rate.0)
}

/// A picture's share of the rate in bytes.
fn share(stream: &Stream) -> f64 {
    f64::from(stream.bits_per_second) / 8.0 * f64::from(stream.rate.1) / f64::from(stream.rate.0)
}
