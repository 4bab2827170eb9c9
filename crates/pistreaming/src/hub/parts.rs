//! A picture handed out in parts while the rest of it is still being coded.
//!
//! Here belongs: the parts of one picture. Not here: when there are any (`encode`), who is given them (`cursor`).

use std::sync::Arc;

use super::item::{Item, Part, Stream};
use crate::unit::AccessUnit;

/// In how many parts a picture is handed out at most: each is one more message for each viewer.
pub const MOST_PARTS: usize = 4;

/// The parts of one picture, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Tells this picture from any other, even from one that is begun in its place because it was never finished.
    number: u64,
    items: [Option<Arc<Item>>; MOST_PARTS],
    /// Bytes of them.
    bytes: usize,
}

impl Parts {
    /// Those of the picture with this number, none yet.
    pub(super) fn begin(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// What tells its picture from others.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The part behind the first `given`.
    pub(super) fn get(&self, given: usize) -> Option<&Arc<Item>> {
        self.items.get(given)?.as_ref()
    }

    /// Bytes of all parts.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether they are parts of this picture.
    pub(super) fn belong_to(&self, unit: &AccessUnit) -> bool {
        self.get(0)
            .is_some_and(|first| (first.unit.stream, first.unit.sequence) == (unit.stream, unit.sequence))
    }

    /// Takes in the next part, which is not the last. Where there is no room for more it comes with the last one.
    pub(super) fn put(&mut self, unit: AccessUnit, stream: Arc<Stream>) {
        let count = self.count();
        if count + 1 < MOST_PARTS {
            self.put_at(count, unit, stream, false);
        }
    }

    /// The picture is whole, as `unit`: what was not handed out of it yet is the last part.
    pub(super) fn finish(&mut self, unit: &AccessUnit, stream: Arc<Stream>) {
        let rest = unit.bytes.slice(self.bytes.min(unit.bytes.len())..);
        self.put_at(self.count(), AccessUnit { bytes: rest, ..unit.clone() }, stream, true);
    }

    fn count(&self) -> usize {
        self.items.iter().flatten().count()
    }

    fn put_at(&mut self, at: usize, unit: AccessUnit, stream: Arc<Stream>, last: bool) {
        self.bytes += unit.bytes.len();
        self.items[at] = Some(Arc::new(Item::part(unit, stream, Part { first: at == 0, last })));
    }
}
