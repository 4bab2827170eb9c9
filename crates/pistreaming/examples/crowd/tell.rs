//! Acknowledging pictures as the page does.

use std::io::Write as _;
use std::net::TcpStream;

use wire::{Ack, FromViewer, Pace, UNKNOWN};

use crate::pictures::Stamp;

const ACK_BYTES: usize = 28;

/// Which pictures he acknowledges: as the page does, but for starts, which come rarely and are told of with the next picture.
pub(crate) struct Told {
    pace: Pace,
    /// From its making to its arrival, of the newest picture and the last that was acknowledged.
    took_us: u64,
    told_us: u64,
    is_due: bool,
}

/// What the page takes for late.
const LATE_US: u64 = 30_000;

impl Default for Told {
    fn default() -> Self {
        Self { pace: Pace::EACH, took_us: 0, told_us: 0, is_due: false }
    }
}

impl Told {
    /// A picture came.
    pub(crate) fn came(&mut self, stamp: Stamp, now_us: u64) {
        self.took_us = stamp.made_us.map_or(0, |made| now_us.saturating_sub(made));
        self.is_due |= self.pace.has(stamp.number, false) || self.took_us > self.told_us + LATE_US;
    }

    /// The server wants this from now on.
    pub(crate) fn set(&mut self, pace: Pace) {
        (self.pace, self.is_due) = (pace, true);
    }

    /// Acknowledges, if that is due, all up to this picture; `arrived`: bytes of all messages so far.
    pub(crate) fn tell(&mut self, mut socket: &TcpStream, newest: u32, arrived: u32) {
        if std::mem::take(&mut self.is_due) {
            self.told_us = self.took_us;
            // Who cannot be told is about to be found gone.
            let _ = socket.write(&ack(newest, arrived));
        }
    }
}

/// An acknowledgement in a frame whose masking key is 0 (RFC 6455, 5.3). `arrived`: bytes of all messages so far.
fn ack(number: u32, arrived: u32) -> [u8; ACK_BYTES + 6] {
    let ack = Ack {
        stream: 1,
        received: number,
        shown: number,
        decode_us: 1000,
        delay_us: UNKNOWN,
        arrived: Some(arrived),
    };
    let mut message = [0; wire::LONGEST_FROM_VIEWER];
    let len = FromViewer::Ack(ack).write(&mut message);
    debug_assert_eq!(len, ACK_BYTES);
    let mut frame = [0; ACK_BYTES + 6];
    (frame[0], frame[1]) = (0x82, 0x80 | ACK_BYTES as u8);
    frame[6..].copy_from_slice(&message[..ACK_BYTES]);
    frame
}
