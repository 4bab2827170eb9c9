//! The pictures that all servers send: of the sizes of a stream at 800 kbit/s and 24 pictures/s, each with its number and
//! the time at which it was made. They cannot be decoded, and nobody here does.
//!
//! ```text
//! [sequence and group header, where it is a start]  00 00 01 00 | xx xx | "crwd" number u32 time u64 | filling
//! ```

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wire::FromServer;

/// Pictures per second.
pub(crate) const RATE: u32 = 24;
/// Bits per second.
pub(crate) const BITS_PER_SECOND: u32 = 800_000;
/// Bytes of a join: those that a link of which nothing is known is given.
pub(crate) const JOIN_BYTES: usize = 13_500;
/// Where the mark begins at the latest, in whatever a server puts before a picture.
pub(crate) const HEAD_BYTES: usize = 96;

const HEADERS: &[u8] =
    &[0, 0, 1, 0xb3, 40, 1, 224, 0x15, 0xff, 0xff, 0xe0, 0xa0, 0, 0, 1, 0xb8, 0x80, 8, 0, 0x40];
const MARK: &[u8; 4] = b"crwd";

/// A picture's number and when it was made, µs of the machine's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) number: u32,
    pub(crate) made_us: Option<u64>,
}

/// The picture of this number, made now.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    made(number, number == 0, size(number))
}

/// A start of this number.
pub(crate) fn start(number: u32, bytes: usize) -> Vec<u8> {
    made(number, true, bytes)
}

fn made(number: u32, start: bool, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(if start { HEADERS } else { &[] });
    bytes.extend_from_slice(&[0, 0, 1, 0, 0, if start { 0x08 } else { 0x10 }]);
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&now_us().to_le_bytes());
    bytes.resize(size.max(bytes.len()), 0xa5);
    bytes
}

/// From half to one and a half times a picture's share of the rate, in an order that is the same for all.
fn size(number: u32) -> usize {
    let share = BITS_PER_SECOND / 8 / RATE;
    let random = number.wrapping_mul(0x9e37_79b9) >> 16;
    (share / 2 + share * random / (1 << 16)) as usize
}

/// The stamp in a message that begins so. A live unit of a real encoder has a number alone.
pub(crate) fn find(head: &[u8]) -> Option<Stamp> {
    let Some(at) = head.windows(MARK.len()).position(|window| window == MARK) else {
        let Ok(Some(FromServer::Unit(header, _))) = FromServer::parse(head) else { return None };
        return Some(Stamp { number: header.sequence, made_us: None });
    };
    let at = at + MARK.len();
    let number = u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?);
    let made_us = u64::from_le_bytes(head.get(at + 4..at + 12)?.try_into().ok()?);
    Some(Stamp { number, made_us: Some(made_us) })
}

/// µs of the machine's monotonic clock, which is the same in all processes.
pub(crate) fn now_us() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1000
}

/// Calls `each` with 0, 1, 2 … at the pictures' rate for as long as it returns true.
pub(crate) fn at_the_rate(mut each: impl FnMut(u32) -> bool) {
    let begun = Instant::now();
    for number in 0.. {
        let due = Duration::from_secs(1) * number / RATE;
        sleep(due.saturating_sub(begun.elapsed()));
        if !each(number) {
            return;
        }
    }
}
