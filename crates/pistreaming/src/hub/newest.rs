//! The newest picture for all, as those get it who have all before it and need nothing else.
//!
//! Whoever serves thousands sends it to them without asking each of them, and tells him later.
//!
//! Here belongs: what the newest pictures are, and who only follows them. Not here: whoever needs more (`viewer`).

use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

use super::Hub;
use super::item::Item;
use crate::time::Timestamp;

/// Where one is who only follows the pictures for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follows {
    /// The stream that he has.
    pub stream: u32,
    /// The position of the picture that is the next for him.
    pub position: u64,
}

/// The newest picture for all of one rendition.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The picture.
    pub item: Arc<Item>,
    /// Which it is.
    pub last: Last,
}

/// A picture that was sent to one who follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// Its position.
    pub position: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// How much had been published when it was the newest.
    pub(super) published: u64,
}

impl Hub {
    /// Puts the newest picture of each rendition that is watched into `all`.
    pub fn newest(&self, all: &mut Vec<Newest>) {
        all.clear();
        let core = self.lock();
        let published = self.publications.load(Acquire);
        all.extend(core.forks.iter().filter_map(|fork| {
            let item = Arc::clone(fork.ring.newest()?);
            let last = Last { position: fork.ring.end() - 1, captured: item.unit.captured, published };
            Some(Newest { item, last })
        }));
    }

    /// Changes with whatever concerns viewers who follow, and is no picture.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Acquire)
    }
}
