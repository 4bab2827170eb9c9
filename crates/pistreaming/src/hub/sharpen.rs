//! What one who joined still has in a coarser form than the others, and gets in bands.
//!
//! Here belongs: one viewer's rows. Not here: which rows are coded next (`encode`), when a band fits in (`cursor`).

use std::ops::Range;
use std::time::Duration;

use super::item::Item;
use crate::time::Timestamp;

/// The refresh has passed once by then: bands would repeat what it did.
const REFRESHED: Duration = Duration::from_secs(3);
/// Rows of macroblocks that a picture can have: 2800 pixels.
const MOST_ROWS: usize = 175;

/// A viewer's rows since his join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sharpening {
    joined: Timestamp,
    rows: usize,
    sharp: [u64; MOST_ROWS.div_ceil(64)],
}

impl Sharpening {
    /// Nothing is sharp yet behind `join`.
    pub(super) fn begin(join: &Item) -> Self {
        let rows = join.stream.size.height().div_ceil(16);
        Self { joined: join.unit.captured, rows, sharp: [0; MOST_ROWS.div_ceil(64)] }
    }

    /// These rows are.
    pub(super) fn mark(&mut self, rows: Range<usize>) {
        for row in rows.start..rows.end.min(MOST_ROWS) {
            self.sharp[row / 64] |= 1 << (row % 64);
        }
    }

    /// Whether nothing is left to be done when the newest picture is of `now`.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let sharp: u32 = self.sharp.iter().map(|word| word.count_ones()).sum();
        sharp as usize >= self.rows || now.since(self.joined) > REFRESHED
    }
}
