//! Acknowledging pictures as the page does.

use std::io::Write as _;
use std::net::TcpStream;

use wire::{Ack, FromViewer, Pace, Probe, UNKNOWN};

use crate::pictures::{Stamp, now_us};

/// Which pictures he acknowledges: as the page does, but for starts, which come rarely and are told of with the next picture.
pub(crate) struct Told {
    pace: Pace,
    /// From its making to its arrival, of the newest picture and the last that was acknowledged.
    took_us: u64,
    told_us: u64,
    is_due: bool,
    /// Whether what the server's clock says is acknowledged with a picture.
    with_picture: bool,
}

/// What the page takes for late.
const LATE_US: u64 = 30_000;

impl Default for Told {
    fn default() -> Self {
        Self { pace: Pace::EACH, took_us: 0, told_us: 0, is_due: false, with_picture: false }
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

    /// What the server's clock says has come.
    pub(crate) const fn answered(&mut self) {
        self.is_due |= !self.with_picture;
    }

    /// Asks for the server's clock.
    pub(crate) fn probe(&mut self, mut socket: &TcpStream) {
        self.with_picture = !self.pace.is_each();
        let probe = Probe { probe_us: now_us(), with_picture: self.with_picture };
        let mut message = [0; wire::LONGEST_FROM_VIEWER];
        let len = FromViewer::Probe(probe).write(&mut message);
        // Who cannot be asked is about to be found gone.
        let _ = socket.write(&frame(&message[..len]));
    }

    /// Acknowledges, if that is due, all up to this picture; `arrived`: bytes of all messages so far. Whether it was due.
    pub(crate) fn tell(&mut self, mut socket: &TcpStream, newest: u32, arrived: u32) -> bool {
        let is_due = std::mem::take(&mut self.is_due);
        if is_due {
            self.told_us = self.took_us;
            // Who cannot be told is about to be found gone.
            let _ = socket.write(&ack(newest, arrived));
        }
        is_due
    }
}

/// An acknowledgement in its frame. `arrived`: bytes of all messages so far.
fn ack(number: u32, arrived: u32) -> Vec<u8> {
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
    frame(&message[..len])
}

/// A message in a frame whose masking key is 0 (RFC 6455, 5.3).
fn frame(message: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | message.len() as u8, 0, 0, 0, 0], message].concat()
}
