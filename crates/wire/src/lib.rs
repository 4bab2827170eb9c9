//! The live protocol between the server and the page: one binary WebSocket message is one of the messages below.
//!
//! All integers are little-endian. Every message starts with its kind and its track (0 today: one camera, video
//! only). A receiver skips kinds that it does not know, and ignores bytes behind those that it knows, so that fields
//! can be appended. The version is the WebSocket subprotocol, [`SUBPROTOCOL`].
//!
//! ```text
//! byte     0     1      2        3         4               8               12           16              24
//! server → viewer
//! hello    01 | track | version u16      | capabilities u32| assets u64 (digest of the page's files)   |
//! stream   02 | track | codec  | 0       | stream u32      | width u16 height u16 | rate num u32 … den u32 | 20
//!                                                          epoch u64: Unix µs at which the server's clock was 0 | 28
//!                                                          most bits/s u32 | rendition u16 | 0 0 | 36
//! unit     03 | track | picture| flags   | stream u32      | sequence u32 | meaning, 0 0 0 | captured u64 µs |
//!             payload: the coded picture (or whole slices of it)
//! gap      04 | track | 0 0              | stream u32      | missed u32   |
//! notice   05 | track | code u16         | text, UTF-8, to the end of the message
//! clock    06 | track | 0 0              | 0 u32           | probe u64 (the viewer's own µs) … server u64 µs | 24
//! bye      07 | track | reason u16       | retry after u32 ms | text, UTF-8
//! pace     08 | track | every u16        | from u16 | 6
//! viewer → server
//! probe    81 | track | flags u16        | 0 u32           | probe u64 (the viewer's own µs) | 16
//! ack      82 | track | 0 0              | stream u32      | received u32 | shown u32 | decode u32 µs | delay u32 µs | 24
//!                                                          arrived u32: bytes of all messages so far, modulo 2³² | 28
//! state    83 | track | flags u16        |
//! wish     84 | track | 0 0              | most bits/s u32 (0: no limit)     | 8
//! ```
//!
//! A *stream* message comes before anything of that stream, and after it always a unit with [`UnitFlags::START`]: what
//! a decoder can begin at. The viewer keeps showing the old stream's last picture until then. Times are µs of the
//! server's monotonic clock; a viewer learns the difference to its own by *probe* and *clock*.
//!
//! Here belongs: the layout of messages, both directions, both sides. Not here: sockets, clocks, what to send when.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

/// The WebSocket subprotocol that names this version of the protocol.
pub const SUBPROTOCOL: &str = "pistreaming.1";
/// The version that [`Hello`] carries; it grows with fields that a page may want to know about.
pub const VERSION: u16 = 1;
/// Bytes before the coded picture in a unit.
pub const UNIT_HEADER_LEN: usize = 24;
/// Bytes of the longest message that a viewer sends.
pub const LONGEST_FROM_VIEWER: usize = 28;
/// "Not known": for [`Ack::shown`] before the first picture, and for [`Ack::delay_us`] before clocks were compared.
pub const UNKNOWN: u32 = u32::MAX;

/// A message that is shorter than its kind demands, or whose fields cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The message's kind byte, 0 for an empty message.
    pub kind: u8,
    /// The message's length in bytes.
    pub len: usize,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "malformed live message of kind {:#04x}, {} bytes long", self.kind, self.len)
    }
}

impl core::error::Error for Malformed {}

/// The first message on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The server's [`VERSION`].
    pub version: u16,
    /// Bits that say what the server can do; none are given out yet.
    pub capabilities: u32,
    /// Digest of the page's files as the server has them: a page of another digest is old and loads itself anew.
    pub assets: u64,
}

/// The coding of a stream's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Codec {
    /// ISO/IEC 11172-2 video elementary stream.
    Mpeg1 = 1,
}

/// What a stream is, sent before its first unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHeader {
    /// The stream's number; it changes with every change of coding, size or encoder.
    pub stream: u32,
    /// How its units are coded.
    pub codec: Codec,
    /// Width of the shown picture in pixels.
    pub width: u16,
    /// Height of the shown picture in pixels.
    pub height: u16,
    /// Pictures per second as a fraction: numerator and denominator, neither 0.
    pub rate: (u32, u32),
    /// Unix time, in µs, at which the server's clock read 0.
    pub epoch_unix_us: u64,
    /// Bits per second at most, on average; 0 from a server older than this field.
    pub bits_per_second: u32,
    /// 0: what the camera's owner asked for; else one of the lower renditions that are made for slow links.
    pub rendition: u16,
}

/// What kind of picture a unit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Picture {
    /// Coded without reference to others.
    Intra = 1,
    /// Predicted from the picture before.
    Predicted = 2,
    /// A private re-coding of the encoder's reference for one who joins; it replaces the viewer's reference.
    Join = 3,
}

/// What a unit's capture time was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeMeaning {
    /// The sensor's own time of exposure.
    Sensor = 1,
    /// The time at which the driver had the whole frame.
    Driver = 2,
    /// The time at which the frame arrived at the program.
    Arrival = 3,
}

/// A unit's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct UnitFlags(pub u8);

impl UnitFlags {
    /// The first part of its picture.
    pub const FIRST: Self = Self(1);
    /// The last part of its picture: it can be shown.
    pub const LAST: Self = Self(2);
    /// Decoding can begin here.
    pub const START: Self = Self(4);

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What stands before a coded picture, or before a part of whole slices of it. The parts of a picture come one behind the
/// other, with the same header but for [`UnitFlags::FIRST`] and [`UnitFlags::LAST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitHeader {
    /// The stream that it belongs to.
    pub stream: u32,
    /// Counts the stream's pictures, modulo 2³².
    pub sequence: u32,
    /// What kind of picture it is.
    pub picture: Picture,
    /// Part and start flags.
    pub flags: UnitFlags,
    /// What `captured_us` was taken from.
    pub meaning: TimeMeaning,
    /// When the picture was captured, µs of the server's clock.
    pub captured_us: u64,
}

/// The viewer missed pictures; a start follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The stream that it belongs to.
    pub stream: u32,
    /// How many pictures were not sent.
    pub missed: u32,
}

/// A sentence for the viewer, with a code for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice<'a> {
    /// What it is about.
    pub code: NoticeCode,
    /// The sentence, as it is to be shown.
    pub text: &'a str,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum NoticeCode {
    /// All is well again: earlier notices no longer hold.
    Fine = 0,
    /// The camera is gone or gives no pictures; it is being tried again.
    CameraTrouble = 1,
    /// The camera is being started.
    Waking = 2,
    /// The encoder failed; it is being started again.
    EncoderTrouble = 3,
    /// As many watch as the server takes.
    Full = 4,
}

/// The answer to a [`Probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReply {
    /// The probe's own value.
    pub probe_us: u64,
    /// The server's clock at the moment of answering, µs.
    pub server_us: u64,
}

/// Which pictures the viewer is to acknowledge from now on; before the first such message, each.
///
/// Each costs the server about as much as a picture's sending, and where the link is far from full nothing depends on it.
/// What is said between pictures is acknowledged as before, and so is this message; and whatever the pace, a picture that
/// came later than the one acknowledged last by more than jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// One in so many; 0 and 1: each.
    pub every: u16,
    /// The one of them: that of this number, and of each that is so many further. With another for each viewer not all
    /// of a crowd acknowledge the same picture, which would be late for the last of them.
    pub from: u16,
}

impl Pace {
    /// Each.
    pub const EACH: Self = Self { every: 1, from: 0 };

    /// Whether that is each.
    #[must_use]
    pub const fn is_each(self) -> bool {
        self.every <= 1
    }

    /// Whether a picture is to be acknowledged, by its number and whether decoding can begin at it.
    #[must_use]
    pub fn has(self, sequence: u32, start: bool) -> bool {
        let every = u32::from(self.every.max(1));
        start || sequence % every == u32::from(self.from) % every
    }
}

/// The server ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye<'a> {
    /// Why.
    pub reason: ByeReason,
    /// When to try again, in ms.
    pub retry_after_ms: u32,
    /// A sentence to be shown.
    pub text: &'a str,
}

/// Why a server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum ByeReason {
    /// The program is being stopped.
    Stopping = 1,
    /// The input has ended.
    Ended = 2,
    /// The viewer took nothing for too long.
    Stalled = 3,
    /// As many watch as the server takes.
    Full = 4,
}

/// Any message from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FromServer<'a> {
    Hello(Hello),
    Stream(StreamHeader),
    Unit(UnitHeader, &'a [u8]),
    Gap(Gap),
    Notice(Notice<'a>),
    Clock(ClockReply),
    Bye(Bye<'a>),
    Pace(Pace),
}

/// A viewer's clock probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// The viewer's own clock, µs; the reply carries it back.
    pub probe_us: u64,
    /// The reply will be acknowledged with a picture, not by itself: pictures flow, and of some the viewer tells.
    pub with_picture: bool,
}

/// What a viewer has received and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The stream that it speaks of.
    pub stream: u32,
    /// Sequence number of the newest picture received whole.
    pub received: u32,
    /// Sequence number of the newest picture shown, or [`UNKNOWN`].
    pub shown: u32,
    /// Time that its decoding took, µs.
    pub decode_us: u32,
    /// From capture to shown by the viewer's comparison of clocks, µs, or [`UNKNOWN`].
    pub delay_us: u32,
    /// Bytes of all messages that came on this connection, modulo 2³²; a page older than this field does not say.
    pub arrived: Option<u32>,
}

/// What state a viewer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct State {
    /// Nobody can see the page: nothing need be sent.
    pub hidden: bool,
    /// The viewer asked to pause.
    pub paused: bool,
    /// Decoding takes longer than the frame interval.
    pub slow_device: bool,
}

/// What a viewer would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The most bits per second that it wants, 0 for no limit.
    pub most_bits_per_second: u32,
}

/// Any message from a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FromViewer {
    Probe(Probe),
    Ack(Ack),
    State(State),
    Wish(Wish),
}

/// Fields of a message by their offset.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The message if it is at least `len` bytes long.
    fn of(message: &'a [u8], len: usize) -> Result<Self, Malformed> {
        if message.len() < len { Err(malformed(message)) } else { Ok(Self(message)) }
    }

    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.0[at..at + N]);
        field
    }

    fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn text(self, at: usize) -> Result<&'a str, Malformed> {
        core::str::from_utf8(&self.0[at..]).map_err(|_| malformed(self.0))
    }
}

fn malformed(message: &[u8]) -> Malformed {
    Malformed { kind: message.first().copied().unwrap_or(0), len: message.len() }
}

impl<'a> FromServer<'a> {
    /// Reads one message. `Ok(None)` for a kind that this version does not know.
    ///
    /// # Errors
    /// [`Malformed`] for a message too short for its kind, or with a value that its field cannot have.
    pub fn parse(message: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let bad = malformed(message);
        let kind = *message.first().ok_or(bad)?;
        Ok(Some(match kind {
            0x01 => {
                let f = Fields::of(message, 16)?;
                Self::Hello(Hello { version: f.u16(2), capabilities: f.u32(4), assets: f.u64(8) })
            }
            0x02 => Self::Stream(StreamHeader::read(Fields::of(message, 28)?)?),
            0x03 => Self::Unit(
                UnitHeader::read(Fields::of(message, UNIT_HEADER_LEN)?)?,
                &message[UNIT_HEADER_LEN..],
            ),
            0x04 => {
                let f = Fields::of(message, 12)?;
                Self::Gap(Gap { stream: f.u32(4), missed: f.u32(8) })
            }
            0x05 => {
                let f = Fields::of(message, 4)?;
                Self::Notice(Notice { code: NoticeCode::from_number(f.u16(2)).ok_or(bad)?, text: f.text(4)? })
            }
            0x06 => {
                let f = Fields::of(message, 24)?;
                Self::Clock(ClockReply { probe_us: f.u64(8), server_us: f.u64(16) })
            }
            0x07 => {
                let f = Fields::of(message, 8)?;
                let reason = ByeReason::from_number(f.u16(2)).ok_or(bad)?;
                Self::Bye(Bye { reason, retry_after_ms: f.u32(4), text: f.text(8)? })
            }
            0x08 => {
                let f = Fields::of(message, 4)?;
                let from = if message.len() >= 6 { f.u16(4) } else { 0 };
                Self::Pace(Pace { every: f.u16(2), from })
            }
            _ => return Ok(None),
        }))
    }

    /// Appends the message to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Hello(hello) => {
                out.extend([0x01, 0]);
                out.extend(hello.version.to_le_bytes());
                out.extend(hello.capabilities.to_le_bytes());
                out.extend(hello.assets.to_le_bytes());
            }
            Self::Stream(header) => header.write(out),
            Self::Unit(header, payload) => {
                out.extend(header.to_bytes());
                out.extend_from_slice(payload);
            }
            Self::Gap(gap) => {
                out.extend([0x04, 0, 0, 0]);
                out.extend(gap.stream.to_le_bytes());
                out.extend(gap.missed.to_le_bytes());
            }
            Self::Notice(notice) => {
                out.extend([0x05, 0]);
                out.extend((notice.code as u16).to_le_bytes());
                out.extend_from_slice(notice.text.as_bytes());
            }
            Self::Clock(reply) => {
                out.extend([0x06, 0, 0, 0, 0, 0, 0, 0]);
                out.extend(reply.probe_us.to_le_bytes());
                out.extend(reply.server_us.to_le_bytes());
            }
            Self::Bye(bye) => {
                out.extend([0x07, 0]);
                out.extend((bye.reason as u16).to_le_bytes());
                out.extend(bye.retry_after_ms.to_le_bytes());
                out.extend_from_slice(bye.text.as_bytes());
            }
            Self::Pace(pace) => {
                out.extend([0x08, 0]);
                out.extend(pace.every.to_le_bytes());
                out.extend(pace.from.to_le_bytes());
            }
        }
    }
}

impl StreamHeader {
    fn read(f: Fields<'_>) -> Result<Self, Malformed> {
        let header = Self {
            stream: f.u32(4),
            codec: Codec::Mpeg1,
            width: f.u16(8),
            height: f.u16(10),
            rate: (f.u32(12), f.u32(16)),
            epoch_unix_us: f.u64(20),
            bits_per_second: if f.0.len() >= 36 { f.u32(28) } else { 0 },
            rendition: if f.0.len() >= 36 { f.u16(32) } else { 0 },
        };
        let known = f.0[2] == Codec::Mpeg1 as u8;
        if !known || header.width == 0 || header.height == 0 || header.rate.0 == 0 || header.rate.1 == 0 {
            return Err(malformed(f.0));
        }
        Ok(header)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([0x02, 0, self.codec as u8, 0]);
        out.extend(self.stream.to_le_bytes());
        out.extend(self.width.to_le_bytes());
        out.extend(self.height.to_le_bytes());
        out.extend(self.rate.0.to_le_bytes());
        out.extend(self.rate.1.to_le_bytes());
        out.extend(self.epoch_unix_us.to_le_bytes());
        out.extend(self.bits_per_second.to_le_bytes());
        out.extend(self.rendition.to_le_bytes());
        out.extend([0, 0]);
    }
}

impl UnitHeader {
    fn read(f: Fields<'_>) -> Result<Self, Malformed> {
        let bad = malformed(f.0);
        Ok(Self {
            stream: f.u32(4),
            sequence: f.u32(8),
            picture: Picture::from_number(f.0[2]).ok_or(bad)?,
            flags: UnitFlags(f.0[3]),
            meaning: TimeMeaning::from_number(f.0[12]).ok_or(bad)?,
            captured_us: f.u64(16),
        })
    }

    /// The bytes that stand before the coded picture.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; UNIT_HEADER_LEN] {
        let mut bytes = [0; UNIT_HEADER_LEN];
        bytes[0] = 0x03;
        bytes[2] = self.picture as u8;
        bytes[3] = self.flags.0;
        bytes[4..8].copy_from_slice(&self.stream.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[12] = self.meaning as u8;
        bytes[16..24].copy_from_slice(&self.captured_us.to_le_bytes());
        bytes
    }
}

impl FromViewer {
    /// Reads one message. `Ok(None)` for a kind that this version does not know.
    ///
    /// # Errors
    /// [`Malformed`] for a message too short for its kind.
    pub fn parse(message: &[u8]) -> Result<Option<Self>, Malformed> {
        let kind = *message.first().ok_or(malformed(message))?;
        Ok(Some(match kind {
            0x81 => {
                let f = Fields::of(message, 16)?;
                Self::Probe(Probe { probe_us: f.u64(8), with_picture: f.u16(2) & 1 != 0 })
            }
            0x82 => {
                let f = Fields::of(message, 24)?;
                Self::Ack(Ack {
                    stream: f.u32(4),
                    received: f.u32(8),
                    shown: f.u32(12),
                    decode_us: f.u32(16),
                    delay_us: f.u32(20),
                    arrived: (message.len() >= 28).then(|| f.u32(24)),
                })
            }
            0x83 => {
                let flags = Fields::of(message, 4)?.u16(2);
                Self::State(State {
                    hidden: flags & 1 != 0,
                    paused: flags & 2 != 0,
                    slow_device: flags & 4 != 0,
                })
            }
            0x84 => Self::Wish(Wish { most_bits_per_second: Fields::of(message, 8)?.u32(4) }),
            _ => return Ok(None),
        }))
    }

    /// Writes the message into `out`, which is long enough for any, and returns its length.
    pub fn write(&self, out: &mut [u8; LONGEST_FROM_VIEWER]) -> usize {
        *out = [0; LONGEST_FROM_VIEWER];
        match *self {
            Self::Probe(probe) => {
                out[0] = 0x81;
                out[2] = u8::from(probe.with_picture);
                out[8..16].copy_from_slice(&probe.probe_us.to_le_bytes());
                16
            }
            Self::Ack(ack) => {
                out[0] = 0x82;
                let fields = [ack.stream, ack.received, ack.shown, ack.decode_us, ack.delay_us];
                for (field, at) in fields.iter().zip((4..).step_by(4)) {
                    out[at..at + 4].copy_from_slice(&field.to_le_bytes());
                }
                let Some(arrived) = ack.arrived else { return 24 };
                out[24..].copy_from_slice(&arrived.to_le_bytes());
                28
            }
            Self::State(state) => {
                out[0] = 0x83;
                out[2] =
                    u8::from(state.hidden) | u8::from(state.paused) << 1 | u8::from(state.slow_device) << 2;
                4
            }
            Self::Wish(wish) => {
                out[0] = 0x84;
                out[4..8].copy_from_slice(&wish.most_bits_per_second.to_le_bytes());
                8
            }
        }
    }
}

impl Picture {
    fn from_number(number: u8) -> Option<Self> {
        [Self::Intra, Self::Predicted, Self::Join].into_iter().find(|p| *p as u8 == number)
    }
}

impl TimeMeaning {
    fn from_number(number: u8) -> Option<Self> {
        [Self::Sensor, Self::Driver, Self::Arrival].into_iter().find(|m| *m as u8 == number)
    }
}

impl NoticeCode {
    fn from_number(number: u16) -> Option<Self> {
        [Self::Fine, Self::CameraTrouble, Self::Waking, Self::EncoderTrouble, Self::Full]
            .into_iter()
            .find(|c| *c as u16 == number)
    }
}

impl ByeReason {
    fn from_number(number: u16) -> Option<Self> {
        [Self::Stopping, Self::Ended, Self::Stalled, Self::Full].into_iter().find(|r| *r as u16 == number)
    }
}

#[cfg(test)]
mod tests;
