//! What a viewer sends: the messages in his bytes, and the answers that RFC 6455 wants (a pong to a ping, a close to a
//! close).
//!
//! The reading is `tungstenite`'s: it is handed what is there, and its answers are put where what is to be sent lies.
//!
//! Here belongs: a viewer's bytes, and how many he may have on their way. Not here: what his messages mean (`live`).

use std::io::{self, Read, Write};
use std::time::Instant;

use bytes::Bytes;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::frames::code;
use super::outlet::End;
use super::tap::Tap;

/// A viewer's largest message has 24 bytes; an old client sends none.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Read at a time: a few acknowledgements, and little memory.
const READ_BYTES: usize = 512;
/// Answers that may wait until the viewer takes them. Who has more is not read from: his own questions then wait with him.
const MOST_ANSWERS: usize = 4096;

/// A viewer's side of the connection.
#[derive(Debug)]
pub(super) struct Inbox {
    context: WebSocketContext,
    /// Whether there may be a message in what was read already.
    may_hold: bool,
    arrivals: Arrivals,
    /// Since when something is there that need not be read yet, if nothing else is.
    put_off: Option<Instant>,
    /// He was not read from for want of room for answers.
    held_up: bool,
}

/// What is known of what waits in the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Arrivals {
    /// Nothing, until the kernel says so.
    #[default]
    None,
    /// Something, until less than all that was asked for is read.
    Some,
    /// Whatever it is, the end of the connection comes behind it.
    Last,
}

impl Inbox {
    /// An inbox; `part` came behind the request for the upgrade.
    pub(super) fn new(part: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MESSAGE_BYTES))
            .max_frame_size(Some(MESSAGE_BYTES));
        let context = WebSocketContext::from_partially_read(part, Role::Server, Some(config));
        Self { context, may_hold: true, arrivals: Arrivals::None, put_off: None, held_up: false }
    }

    /// The kernel says at that time that something came; `last`: nothing more will. `known`: what it is, and that it may wait.
    pub(super) fn comes(&mut self, now: Instant, last: bool, known: bool) {
        let may_wait = known && (self.put_off.is_some() || self.arrivals == Arrivals::None);
        self.put_off = may_wait.then(|| self.put_off.unwrap_or(now));
        self.arrivals = if last { Arrivals::Last } else { self.arrivals.max(Arrivals::Some) };
    }

    /// Since when something waits to be read.
    pub(super) const fn put_off(&self) -> Option<Instant> {
        self.put_off
    }

    /// It waits no longer.
    pub(super) const fn hurry(&mut self) {
        self.put_off = None;
    }

    /// What can be read now.
    fn arrivals(&self) -> Arrivals {
        if self.put_off.is_some() { Arrivals::None } else { self.arrivals }
    }

    /// Whether there may be something of his that is to be read.
    pub(super) fn has_some(&self) -> bool {
        self.may_hold || self.held_up || self.arrivals() != Arrivals::None
    }

    /// Whether there may be more of his that was not read, for want of room for answers.
    pub(super) const fn is_held_up(&self) -> bool {
        self.held_up
    }

    /// Whether he is to be read from, when so much waits to be sent to him.
    const fn is_open(waiting: &[u8]) -> bool {
        waiting.len() < MOST_ANSWERS
    }

    /// The next binary message, if it is there. Answers are put behind `waiting`.
    pub(super) fn receive(&mut self, tap: &Tap, waiting: &mut Vec<u8>) -> Result<Option<Bytes>, End> {
        // Looked at before each picture: who has sent nothing is to cost nothing.
        while Self::is_open(waiting) && (self.may_hold || self.arrivals() != Arrivals::None) {
            self.may_hold = true;
            let mut nothing = Arrivals::None;
            let arrivals = if self.put_off.is_some() { &mut nothing } else { &mut self.arrivals };
            match self.context.read(&mut Ends { tap, waiting, arrivals }) {
                Ok(Message::Binary(bytes)) => return Ok(Some(bytes)),
                Ok(Message::Close(_)) => return Err(End::Left),
                // A pong is his answer to nothing of ours, text no message of any protocol here.
                Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.may_hold = false;
                    break;
                }
                Err(error) => return Err(end(&error)),
            }
        }
        self.held_up = !Self::is_open(waiting);
        Ok(None)
    }
}

fn end(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::Refused(code::TOO_LARGE, "too large a message"),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) | Error::Utf8(_) => End::Refused(code::PROTOCOL_ERROR, "not a WebSocket's frame"),
        _ => End::Gone,
    }
}

/// Where bytes come from, and where answers go.
struct Ends<'a> {
    tap: &'a Tap,
    waiting: &'a mut Vec<u8>,
    arrivals: &'a mut Arrivals,
}

impl Read for Ends<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if *self.arrivals == Arrivals::None {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.tap.try_receive(bytes);
        let is_all = read.as_ref().map_or(true, |&count| count < bytes.len());
        if is_all && *self.arrivals == Arrivals::Some {
            *self.arrivals = Arrivals::None;
        }
        read
    }
}

impl Write for Ends<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tap::tests::connected;

    /// A binary message as a client sends it, its masking key 0.
    fn message(byte: u8) -> [u8; 7] {
        [0x82, 0x81, 0, 0, 0, 0, byte]
    }

    #[tokio::test]
    async fn what_may_wait_is_read_with_what_may_not() {
        let (tap, other) = connected().await;
        let mut other = other.into_std().unwrap();
        let (mut inbox, mut waiting) = (Inbox::new(Vec::new()), Vec::new());
        let mut sent = |bytes: &[u8], in_all: u64| {
            other.write_all(bytes).unwrap();
            while rustix::io::ioctl_fionread(&*tap).unwrap() < in_all {
                std::thread::yield_now();
            }
        };
        let mut received = |inbox: &mut Inbox| {
            let next = || inbox.receive(&tap, &mut waiting).unwrap().map(|bytes| bytes[0]);
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        sent(&[message(1), message(2)].concat(), 14);
        inbox.comes(Instant::now(), false, true);
        let since = inbox.put_off();
        assert!(since.is_some() && received(&mut inbox).is_empty());
        inbox.comes(Instant::now(), false, true);
        assert_eq!(inbox.put_off(), since, "it has waited all the time");
        sent(&message(3), 21);
        inbox.comes(Instant::now(), false, false);
        assert_eq!((received(&mut inbox), inbox.put_off()), (vec![1, 2, 3], None));
        sent(&message(4), 7);
        inbox.comes(Instant::now(), false, true);
        assert!(received(&mut inbox).is_empty());
        inbox.hurry();
        assert_eq!(received(&mut inbox), [4]);
    }
}
