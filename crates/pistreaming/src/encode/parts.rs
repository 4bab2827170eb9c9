//! Whether a picture is handed out in parts while it is being coded, and where it is cut.
//!
//! It is where coding takes long: who has the top of a picture when its bottom is coded has less left to be sent and decoded.
//!
//! Here belongs: times and rows. Not here: coding (`mpeg1`), who is given parts (the hub).

use std::time::Duration;

use bytes::Bytes;
use mpeg1::PictureKind;
use mpeg1::encode::EncodedPart;

use crate::hub::{Hub, MOST_PARTS};
use crate::time::{Clock, Timestamp};
use crate::unit::{AccessUnit, Picture};

/// Parts are made where coding takes longer than this, until it takes less than that: no back and forth.
const FROM: Duration = Duration::from_millis(5);
const UNTIL: Duration = Duration::from_millis(4);
/// So much of the time that coding takes should lie between two parts.
const APART: Duration = Duration::from_micros(2500);
/// What comes sooner behind the part before is left for the next one: where the rate is short, slices are held back until
/// nearly all are coded, and then come at once.
const LEAST_APART: Duration = Duration::from_micros(500);

/// In how many parts the next picture is to be handed out.
#[derive(Debug, Default)]
pub(super) struct Parting {
    in_parts: bool,
}

impl Parting {
    /// Where coding a picture takes so long.
    pub(super) fn count(&mut self, takes: Duration) -> usize {
        self.in_parts = takes > if self.in_parts { UNTIL } else { FROM };
        let apart = takes.as_micros() / APART.as_micros();
        if self.in_parts { (apart as usize).clamp(2, MOST_PARTS) } else { 1 }
    }
}

/// Hands out the parts of one picture but the last, which comes with the whole.
pub(super) struct Cutter<'a> {
    /// What the hub is told of the picture.
    unit: AccessUnit,
    /// So many parts of about as many rows each.
    count: usize,
    rows: usize,
    made: usize,
    /// When the part before was handed out.
    at: Timestamp,
    /// What is to be handed out next.
    bytes: Vec<u8>,
    hub: &'a Hub,
    clock: Clock,
}

impl<'a> Cutter<'a> {
    /// For a picture of `rows` rows of macroblocks, described by `unit`.
    pub(super) fn new(unit: AccessUnit, (count, rows): (usize, usize), hub: &'a Hub, clock: Clock) -> Self {
        Self { at: clock.now(), unit, count, rows, made: 0, bytes: Vec::new(), hub, clock }
    }

    /// Takes what is coded next.
    pub(super) fn take(&mut self, part: EncodedPart<'_>) {
        // Who needs a start waits for all of it; what it is was not known before.
        if self.made + 1 >= self.count || part.kind != PictureKind::Predicted {
            return;
        }
        self.bytes.extend_from_slice(part.bytes);
        let due = part.rows_done * self.count >= self.rows * (self.made + 1) && part.rows_done < self.rows;
        let now = self.clock.now();
        if due && now.since(self.at) >= LEAST_APART {
            self.at = now;
            self.made += 1;
            let bytes = Bytes::from(std::mem::take(&mut self.bytes));
            self.hub.publish_part(AccessUnit { picture: Picture::Predicted, bytes, ..self.unit.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_parts_where_coding_takes_long_and_never_changes_its_mind_for_nothing() {
        let mut parting = Parting::default();
        let counts = [1000, 4900, 5100, 4500, 8000, 12_000, 90_000, 4100, 3900, 4500]
            .map(|us| parting.count(Duration::from_micros(us)));
        assert_eq!(counts, [1, 1, 2, 2, 3, 4, 4, 2, 1, 1]);
    }
}
