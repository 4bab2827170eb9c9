//! One rendition in the hub: its pictures, and what is asked of it.
//!
//! Here belongs: what belongs to one rendition. Not here: the lock (`mod`), who is in which (`viewer`).

use std::sync::Arc;
use std::time::Duration;

use super::cursor::{Cursor, Rules};
use super::demand::Demand;
use super::fit::Fit;
use super::item::{Item, Role, Stream};
use super::ladder::Audience;
use super::ring::{Limits, Ring};
use crate::unit::AccessUnit;

/// One rendition.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) ring: Ring,
    pub(super) demand: Demand,
    /// The stream whose pictures are published now.
    pub(super) stream: Option<Arc<Stream>>,
    /// It cannot be made for now.
    pub(super) barred: bool,
    /// The part of its rate that its pictures took just now.
    used_now: f64,
    /// The most of that of late.
    used: f64,
}

/// Pictures over which that is averaged, and over which the most of it is forgotten.
const USED_OVER: f64 = 32.0;
const MOST_USED_OVER: f64 = 480.0;

impl Fork {
    /// One without pictures.
    pub(super) fn new(limits: Limits, rules: Rules) -> Self {
        Self {
            ring: Ring::new(limits, rules),
            demand: Demand::default(),
            stream: None,
            barred: false,
            used_now: 1.0,
            used: 1.0,
        }
    }

    /// From now on its pictures are those of `stream`.
    pub(super) fn begin(&mut self, stream: Arc<Stream>) {
        self.stream = Some(stream);
        self.ring.abandon();
    }

    /// Takes in the next picture for all. Whether anybody may want it.
    pub(super) fn publish(&mut self, unit: AccessUnit, rules: Rules) -> bool {
        let Some(stream) = self.stream.clone() else { return false };
        self.demand.published();
        if unit.start {
            self.demand.started();
        }
        // Who joins later and can ask for a start wants a new one.
        if self.demand.watching() == 0 && rules.can_ask {
            return false;
        }
        self.used_now += (unit.bytes.len() as f64 / stream.bytes_a_picture() - self.used_now) / USED_OVER;
        self.used = self.used_now.max(self.used - self.used / MOST_USED_OVER);
        self.ring.push(Arc::new(Item::new(unit, stream, Role::Common)));
        true
    }

    /// Takes in a part of the picture that is being coded. Whether anybody may want it.
    pub(super) fn publish_part(&mut self, unit: AccessUnit) -> bool {
        let Some(stream) = self.stream.clone().filter(|_| self.demand.watching() > 0) else { return false };
        self.ring.put_part(unit, stream);
        true
    }

    /// The part of its rate that its pictures took at most of late: a scene in which little happens needs little, and one in
    /// which nothing happens for a moment does not.
    pub(super) const fn used(&self) -> f64 {
        self.used
    }

    /// Puts a join or a band beside the newest picture.
    pub(super) fn attach(&mut self, unit: AccessUnit, fit: Fit, role: Role) {
        if let Some(stream) = self.stream.clone() {
            self.ring.attach(fit, Item::new(unit, stream, role));
        }
    }

    /// One less watches.
    pub(super) fn leave(&mut self, audience: Audience, rules: Rules) {
        self.demand.leave(audience);
        // What nobody watched is old when somebody comes back and can ask for a new start.
        if self.demand.watching() == 0 && rules.can_ask {
            self.ring.clear();
            (self.used_now, self.used) = (1.0, 1.0);
        }
    }

    /// How old what one is given next is by now, beside the newest picture.
    pub(super) fn lateness(&self, cursor: &Cursor) -> Duration {
        match cursor.next() {
            Some(position) if position < self.ring.end() && self.ring.get(position).is_some() => {
                self.ring.age(position)
            }
            _ => Duration::ZERO,
        }
    }
}
