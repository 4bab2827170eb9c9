//! A picture as each protocol sends it: one message, framed, made once and shared by all who get it.
//!
//! Here belongs: both messages. Not here: who is sent which when (`live`, `legacy`, `standing`).

use bytes::Bytes;
use wire::{UnitFlags, UnitHeader};

use super::frames;
use crate::hub::{Item, Shape};
use crate::unit::AccessUnit;

/// What begins a picture's header.
pub(super) const PICTURE_START: [u8; 4] = [0, 0, 1, 0];

/// User data behind each picture of the old protocol: what `legacy` calls a run-out.
pub(super) const RUN_OUT: [u8; 34] = {
    let mut bytes = [0xff; 34];
    [bytes[0], bytes[1], bytes[2], bytes[3]] = [0, 0, 1, 0xb2];
    bytes
};

/// The picture's message, or that of a part of it.
pub(super) fn message(item: &Item, shape: Shape) -> Bytes {
    item.shape(shape, |unit| match shape {
        Shape::Live => live(item, unit),
        Shape::Legacy => legacy(&unit.bytes),
    })
}

/// A unit of the live protocol.
fn live(item: &Item, unit: &AccessUnit) -> Bytes {
    let part = item.part;
    let flags =
        [(part.first, UnitFlags::FIRST), (part.last, UnitFlags::LAST), (unit.start, UnitFlags::START)];
    let set = flags.into_iter().filter(|(is_set, _)| *is_set);
    let header = UnitHeader {
        stream: unit.stream,
        sequence: unit.sequence,
        picture: unit.picture,
        flags: set.fold(UnitFlags::default(), |sum, (_, flag)| sum.with(flag)),
        meaning: unit.meaning,
        captured_us: unit.captured.as_micros(),
    };
    frames::message(&[&header.to_bytes(), &unit.bytes])
}

/// A picture that is not an old page's first: what is behind its start code, a run-out, and the next one's start code.
pub(super) fn legacy(unit: &[u8]) -> Bytes {
    let start = unit.windows(4).position(|window| window == PICTURE_START);
    let behind = start.map_or(unit, |at| &unit[at + PICTURE_START.len()..]);
    frames::message(&[behind, &RUN_OUT, &PICTURE_START])
}
