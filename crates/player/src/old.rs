//! A connection by the old protocol: `jsmp` and the size, then an elementary stream in messages of any length.
//!
//! Here belongs: when a picture of such a stream can be decoded. Not here: the coding (`mpeg1`).
//!
//! A picture is known to be whole at the next start code, so a decoder that only goes by the bytes is a picture late
//! wherever the stream's pieces end with their pictures. Two kinds of server are met, and both are served at once:
//!
//! - messages end with the start code of the next picture (this program's own): nothing needs to be guessed;
//! - each message is one picture: after some that all began with one, a message's end is taken for a picture's.
//!   A message that then begins otherwise was cut anywhere: back to the start codes, the damage heals at the next I
//!   picture.

use mpeg1::decode::{Decoded, Decoder};

use crate::Events;
use crate::screen::Screen;
use crate::statistics::Statistics;

/// Messages in a row that began with a picture before the end of one is taken for the end of its picture.
const TRUSTED_AFTER: u32 = 4;

/// A viewer's side of such a connection.
#[derive(Default)]
pub struct Old {
    decoder: Decoder,
    /// Messages that began with a picture, without one between them that did not.
    in_step: u32,
    /// The last message ended with a start code: the next begins behind it.
    code_held: bool,
    screen: Screen,
    statistics: Statistics,
}

impl Old {
    /// A player that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one message. If several pictures became whole, the last one is on the screen.
    pub fn message(&mut self, message: &[u8], now_us: u64) -> Events {
        self.statistics.bits.add(message.len() as u64 * 8, now_us);
        if let Some((width, height)) = header(message) {
            return Events::RESIZE.when(width > 0 && height > 0 && self.screen.resize(width, height));
        }
        let in_step = self.code_held || starts_picture(message);
        self.code_held = ends_with_code(message);
        self.in_step = if in_step { self.in_step.saturating_add(1) } else { 0 };

        let mut events = Events::NONE;
        self.decoder.push(message);
        while let Some(decoded) = self.decoder.next_picture() {
            events = show(&mut self.screen, &mut self.statistics, &decoded).with(events);
        }
        if self.in_step > TRUSTED_AFTER
            && !self.code_held
            && let Some(decoded) = self.decoder.finish()
        {
            events = show(&mut self.screen, &mut self.statistics, &decoded).with(events);
        }
        events
    }

    /// The picture was painted at `now_us`; decoding it took `decode_us`.
    pub fn painted(&mut self, decode_us: u32, now_us: u64) -> Events {
        self.statistics.painted(decode_us, now_us);
        Events::NONE
    }

    /// The pixels to paint.
    #[must_use]
    pub const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What was shown and how fast.
    pub const fn statistics(&mut self) -> &mut Statistics {
        &mut self.statistics
    }
}

fn show(screen: &mut Screen, statistics: &mut Statistics, decoded: &Decoded<'_>) -> Events {
    statistics.concealed += u64::from(decoded.concealed_macroblocks);
    Events::PAINT.with(Events::RESIZE.when(screen.show(&decoded.picture)))
}

/// The size, if the message is the connection's header: `jsmp`, width and height, 16 bits each, the high byte first.
fn header(message: &[u8]) -> Option<(usize, usize)> {
    let &[b'j', b's', b'm', b'p', w1, w0, h1, h0] = message else { return None };
    Some((u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into()))
}

/// Whether the message begins with what a picture begins with: its start code, a sequence header's or a group's
/// (ISO/IEC 11172-2, 2.4.2.2).
const fn starts_picture(message: &[u8]) -> bool {
    matches!(message, [0, 0, 1, 0x00 | 0xb3 | 0xb8, ..])
}

const fn ends_with_code(message: &[u8]) -> bool {
    matches!(message, [.., 0, 0, 1, 0x00 | 0xb3 | 0xb8])
}
