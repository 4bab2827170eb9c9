//! The newest pictures, bounded in number and bytes, with the place of the newest start among them.
//!
//! Here belongs: what is kept and what is let go. Not here: who has got how far (`cursor`), what is asked of the
//! encoder (`demand`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::cursor::Rules;
use super::fit::{Fit, Link, PerFit};
use super::item::{Item, Role, Stream};
use super::parts::Parts;
use crate::time::Timestamp;
use crate::unit::AccessUnit;

/// How many pictures and bytes a ring holds at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Pictures.
    pub units: usize,
    /// Bytes of coded pictures. A picture larger than this, with what is beside it, is held alone.
    pub bytes: usize,
}

impl Default for Limits {
    /// Ten seconds at 60 pictures/s, and 5 s at 12 Mbit/s: far more than the time between two starts takes by default.
    fn default() -> Self {
        Self { units: 600, bytes: 8 << 20 }
    }
}

/// Pictures that are kept however old they are: with a slow camera, too, who has not got the last two yet is not behind.
const KEEP: usize = 4;

/// As many bounds' time of pictures is kept: on a slow link a start alone may take longer than the bound, and who gets it
/// goes on behind it.
const KEEP_BOUNDS: u32 = 5;

/// A picture, and what was made beside it for single viewers.
#[derive(Debug)]
struct Slot {
    item: Arc<Item>,
    /// It once more, as it was handed out while it was being coded.
    parts: Option<Parts>,
    joins: PerFit<Option<Arc<Item>>>,
    bands: PerFit<Option<Arc<Item>>>,
}

impl Slot {
    /// Bytes of all its pictures.
    fn bytes(&self) -> usize {
        let extras = self.joins.iter().chain(self.bands.iter()).flatten();
        let parts = self.parts.as_ref().map_or(0, Parts::bytes);
        self.item.unit.bytes.len() + parts + extras.map(|item| item.unit.bytes.len()).sum::<usize>()
    }
}

/// The newest pictures. Each has a position: it counts all that were ever put in, over all streams.
#[derive(Debug)]
pub(super) struct Ring {
    slots: VecDeque<Slot>,
    /// The picture behind the newest one, as far as it is coded.
    begun: Option<Parts>,
    /// Pictures that were ever begun.
    begun_count: u64,
    /// Position of `slots[0]`.
    first: u64,
    newest_start: Option<u64>,
    bytes: usize,
    /// Bytes of the last start for a link of each step; 0: not known yet.
    start_bytes: PerFit<usize>,
    limits: Limits,
    rules: Rules,
}

impl Ring {
    /// An empty ring.
    #[must_use]
    pub(super) const fn new(limits: Limits, rules: Rules) -> Self {
        Self {
            slots: VecDeque::new(),
            begun: None,
            begun_count: 0,
            first: 0,
            newest_start: None,
            bytes: 0,
            start_bytes: PerFit::of(0),
            limits,
            rules,
        }
    }

    /// Puts in a part, not the last, of the picture behind the newest one.
    pub(super) fn put_part(&mut self, unit: AccessUnit, stream: Arc<Stream>) {
        if self.begun.as_ref().is_none_or(|parts| !parts.belong_to(&unit)) {
            self.begun_count += 1;
            self.begun = Some(Parts::begin(self.begun_count));
        }
        if let Some(parts) = &mut self.begun {
            parts.put(unit, stream);
        }
    }

    /// The picture that was begun will never be whole.
    pub(super) fn abandon(&mut self) {
        self.begun = None;
    }

    /// The parts of the picture at `position`, where it was, or is being, handed out in parts.
    pub(super) fn parts(&self, position: u64) -> Option<&Parts> {
        let begun = self.begun.as_ref().filter(|_| position == self.end());
        begun.or_else(|| self.slot(position)?.parts.as_ref())
    }

    /// Puts in the newest picture and lets go of what nobody can need.
    pub(super) fn push(&mut self, item: Arc<Item>) {
        let mut parts = self.begun.take().filter(|parts| parts.belong_to(&item.unit));
        if let Some(parts) = &mut parts {
            parts.finish(&item.unit, Arc::clone(&item.stream));
            self.bytes += parts.bytes();
        }
        if item.unit.start {
            self.newest_start = Some(self.end());
            // Where one can ask, a start is a join: that this one for all was large says nothing of them.
            if !self.rules.can_ask {
                self.start_bytes = PerFit::of(item.unit.bytes.len());
            }
        }
        self.bytes += item.unit.bytes.len();
        self.slots.push_back(Slot { item, parts, joins: PerFit::default(), bands: PerFit::default() });
        while self.front_can_go() {
            self.pop();
        }
        self.check_invariants();
    }

    /// Puts a join or a band beside the newest picture, if it was made of that one.
    pub(super) fn attach(&mut self, fit: Fit, extra: Item) {
        let newest = |slot: &&mut Slot| {
            let unit = &slot.item.unit;
            (unit.stream, unit.sequence) == (extra.unit.stream, extra.unit.sequence)
        };
        let Some(slot) = self.slots.back_mut().filter(newest) else { return };
        let place = match extra.role {
            Role::Join => &mut slot.joins[fit],
            Role::Band(_) => &mut slot.bands[fit],
            Role::Common => return,
        };
        if place.is_none() {
            if extra.unit.start {
                self.start_bytes[fit] = extra.unit.bytes.len();
            }
            self.bytes += extra.unit.bytes.len();
            *place = Some(Arc::new(extra));
        }
        while self.front_can_go() {
            self.pop();
        }
        self.check_invariants();
    }

    /// The newest of the last `reach` pictures and the one before them at which decoding can begin, for all or for a
    /// link of `fit`. At few pictures a second it is none that is older than the bound.
    pub(super) fn start_near(&self, reach: u64, fit: Fit) -> Option<(u64, Arc<Item>)> {
        let first = self.end().saturating_sub(reach + 1);
        let mut young =
            (first..self.end()).rev().take_while(|&position| self.age(position) <= self.rules.bound);
        young.find_map(|position| Some((position, self.start_at(position, fit)?)))
    }

    /// What decoding can begin with at `position`.
    pub(super) fn start_at(&self, position: u64, fit: Fit) -> Option<Arc<Item>> {
        let slot = self.slot(position)?;
        let joins = || Fit::ALL.into_iter().filter(|&other| other <= fit).rev();
        let join = joins().find_map(|fit| slot.joins[fit].as_ref());
        let common = Some(&slot.item).filter(|item| item.unit.start);
        common.or(join).cloned()
    }

    /// What a link can carry beside the stream.
    pub(super) fn fit(&self, link: Link) -> Option<Fit> {
        link.fit(self.newest()?.stream.bits_per_second)
    }

    /// How long a start is on its way by a link; zero where nothing is known of it.
    pub(super) fn start_takes(&self, link: Link) -> Duration {
        let bytes = self.start_bytes[self.fit(link).unwrap_or_default()];
        let seconds = link.rate.map_or(0.0, |rate| bytes as f64 / rate.max(1.0));
        Duration::from_secs_f64(seconds.min(60.0))
    }

    /// The band beside the newest picture.
    pub(super) fn newest_band(&self, fit: Fit) -> Option<&Arc<Item>> {
        self.slots.back()?.bands[fit].as_ref()
    }

    /// Lets go of all. Positions go on.
    pub(super) fn clear(&mut self) {
        self.first = self.end();
        self.slots.clear();
        self.begun = None;
        self.bytes = 0;
        self.newest_start = None;
    }

    /// The picture at `position`, if it is (still) here.
    #[must_use]
    pub(super) fn get(&self, position: u64) -> Option<&Arc<Item>> {
        self.slot(position).map(|slot| &slot.item)
    }

    fn slot(&self, position: u64) -> Option<&Slot> {
        self.slots.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }

    /// The newest picture.
    #[must_use]
    pub(super) fn newest(&self) -> Option<&Arc<Item>> {
        self.slots.back().map(|slot| &slot.item)
    }

    /// Position of the newest picture at which decoding can begin.
    #[must_use]
    pub(super) const fn newest_start(&self) -> Option<u64> {
        self.newest_start
    }

    /// Position that the next picture will have.
    #[must_use]
    pub(super) fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// Bytes of coded pictures held.
    #[must_use]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn front_can_go(&self) -> bool {
        let count = self.slots.len();
        let over = count > self.limits.units || self.bytes > self.limits.bytes;
        let old = count > KEEP && self.age(self.first) > self.rules.bound * KEEP_BOUNDS;
        // Where a start can be had by asking nobody goes back to an old one.
        let useless = old && (self.rules.can_ask || self.newest_start > Some(self.first));
        count > 1 && (over || useless)
    }

    /// How much older the picture at `position` is than the newest.
    pub(super) fn age(&self, position: u64) -> Duration {
        let captured = |item: &Arc<Item>| item.unit.captured;
        let newest = self.newest().map_or(Timestamp::default(), captured);
        self.get(position).map_or(Duration::MAX, |item| newest.since(captured(item)))
    }

    fn pop(&mut self) {
        if let Some(slot) = self.slots.pop_front() {
            self.bytes -= slot.bytes();
            self.newest_start = self.newest_start.filter(|&start| start > self.first);
            self.first += 1;
        }
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.bytes, self.slots.iter().map(Slot::bytes).sum::<usize>());
        debug_assert!(self.slots.len() <= self.limits.units.max(1));
        debug_assert!(self.bytes <= self.limits.bytes || self.slots.len() == 1);
        debug_assert!(self.newest_start.is_none_or(|at| self.get(at).is_some_and(|item| item.unit.start)));
    }
}
