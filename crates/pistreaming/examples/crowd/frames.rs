//! The messages in what a server sends (RFC 6455, 5.2), looked at as little as can be: how long each is, and how it
//! begins.

use wire::{FromServer, Pace};

use crate::pictures::{HEAD_BYTES, Stamp, find};

/// The longest frame header of a server.
const HEADER_BYTES: usize = 10;

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// A picture, whole.
    Picture(Stamp),
    /// Which pictures are to be acknowledged from now on.
    Pace(Pace),
    /// What the server's clock says.
    Clock,
    /// Another message.
    Other,
    /// The server says that it ends.
    Close,
}

/// One viewer's place in what he is sent.
#[derive(Debug)]
pub(crate) struct Frames {
    /// The beginning of a message: its frame header and as much behind it as is looked at.
    head: [u8; HEADER_BYTES + HEAD_BYTES],
    held: usize,
    /// What the message is, and how much of it is still to come; none: not known yet.
    rest: Option<(Arrived, usize)>,
    /// Bytes of messages so far, without their frames' headers.
    payload_bytes: u32,
}

impl Default for Frames {
    fn default() -> Self {
        Self { head: [0; HEADER_BYTES + HEAD_BYTES], held: 0, rest: None, payload_bytes: 0 }
    }
}

impl Frames {
    /// Takes what was read, and says what is now whole.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut arrived: impl FnMut(Arrived)) {
        while !bytes.is_empty() {
            let Some((what, rest)) = &mut self.rest else {
                let taken = self.begin(bytes);
                bytes = &bytes[taken..];
                if let Some((what, 0)) = self.rest {
                    self.rest = None;
                    arrived(what);
                }
                continue;
            };
            let taken = bytes.len().min(*rest);
            *rest -= taken;
            bytes = &bytes[taken..];
            if *rest == 0 {
                arrived(*what);
                self.rest = None;
            }
        }
    }

    /// Bytes of the payloads of all messages that have begun, modulo 2³².
    pub(crate) const fn payload_bytes(&self) -> u32 {
        self.payload_bytes
    }

    /// Takes of a message's beginning what it needs; how much that was.
    fn begin(&mut self, bytes: &[u8]) -> usize {
        for (taken, byte) in bytes.iter().enumerate() {
            self.head[self.held] = *byte;
            self.held += 1;
            let Some((header, payload)) = lengths(&self.head[..self.held]) else { continue };
            if self.held == header + payload.min(HEAD_BYTES) {
                let head = &self.head[header..self.held];
                let what = match self.head[0] & 15 {
                    8 => Arrived::Close,
                    _ => what(head),
                };
                self.rest = Some((what, payload - head.len()));
                self.held = 0;
                self.payload_bytes = self.payload_bytes.wrapping_add(payload as u32);
                return taken + 1;
            }
        }
        bytes.len()
    }
}

fn what(head: &[u8]) -> Arrived {
    match FromServer::parse(head) {
        Ok(Some(FromServer::Pace(pace))) => Arrived::Pace(pace),
        Ok(Some(FromServer::Clock(_))) => Arrived::Clock,
        _ => find(head).map_or(Arrived::Other, Arrived::Picture),
    }
}

/// Bytes of a frame's header and of its payload, once that much is there.
fn lengths(head: &[u8]) -> Option<(usize, usize)> {
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    match head.get(1)? & 127 {
        126 => Some((4, big_endian(head.get(2..4)?))),
        127 => Some((10, big_endian(head.get(2..10)?))),
        len => Some((2, len.into())),
    }
}
