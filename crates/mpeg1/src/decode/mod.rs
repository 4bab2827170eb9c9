//! The decoder: bytes in, pictures out.
//!
//! I and P pictures are decoded and shown in the order in which they come; B and D pictures are passed over. Damage is
//! no error: what could not be decoded is taken from the picture before and counted, and decoding goes on at the next
//! slice.
//!
//! Here belongs: the ways in (whole units, parts of them, or pieces) and what comes out. The layers below have a file each: headers
//! and pictures (`stream.rs`), slices, macroblocks, blocks.

mod block;
mod conceal;
mod input;
mod macroblock;
mod slice;
mod stream;

use crate::bits::start_code::{self, PICTURE};
use crate::level::{self, Level};
use crate::picture::PictureView;
use crate::syntax::picture::PictureKind;
use input::Input;
use stream::{Shown, Stream};

/// Decodes one stream. It keeps two pictures, and allocates only where their size changes.
///
/// Either give it whole units ([`Self::decode_unit`]) or parts of them ([`Self::decode_part`]), or push bytes in any
/// pieces ([`Self::push`]); who changes from pieces to units loses what was pushed and not yet taken.
///
/// ```
/// fn decode(stream: &[u8], mut show: impl FnMut(mpeg1::PictureView<'_>)) {
///     let mut decoder = mpeg1::decode::Decoder::new();
///     for piece in stream.chunks(4096) {
///         decoder.push(piece);
///         while let Some(decoded) = decoder.next_picture() {
///             show(decoded.picture);
///         }
///     }
///     while let Some(decoded) = decoder.finish() {
///         show(decoded.picture);
///     }
/// }
/// # decode(&[0, 0, 1, 0xb3], |_| panic!("there is no picture in it"));
/// ```
#[derive(Debug)]
pub struct Decoder {
    input: Input,
    stream: Stream,
}

/// A decoded picture.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// Its samples, without the padding to whole macroblocks.
    pub picture: PictureView<'a>,
    /// Whether it was coded without reference to others.
    pub kind: PictureKind,
    /// Macroblocks that were damaged or missing and are shown by guess.
    pub concealed_macroblocks: u32,
}

/// Where in its access unit a part stands; a whole unit is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// It begins the unit.
    pub first: bool,
    /// It ends the unit.
    pub last: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { input: Input::default(), stream: Stream::new(level::best()) }
    }
}

impl Decoder {
    /// Most bytes that are kept of what was pushed.
    pub const MOST_HELD: usize = 16 << 20;

    /// A decoder that waits for a sequence header and an I picture.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses no more of the CPU than `level` has. The pictures stay the same, bit by bit.
    #[must_use]
    pub const fn with_level(mut self, level: Level) -> Self {
        self.stream.set_level(level);
        self
    }

    /// Decodes one whole access unit, at once: a picture from its start code on, with the headers that may stand before
    /// it. What follows its last slice, as the start code of the next picture, does no harm; of several pictures all
    /// are decoded and the last is shown. `None`: there is none to show (a B or D picture, no I picture yet, no picture).
    pub fn decode_unit(&mut self, unit: &[u8]) -> Option<Decoded<'_>> {
        self.decode_part(unit, Part { first: true, last: true })
    }

    /// Decodes a part of an access unit at once, while the rest is on its way: whole slices, the first part with the
    /// headers before them. A first part begins anew: what came of a unit whose last part never did is forgotten. The
    /// picture comes with the last part; what is missing of it is concealed. `None` as by [`Self::decode_unit`], and for
    /// every part but the last.
    pub fn decode_part(&mut self, part: &[u8], place: Part) -> Option<Decoded<'_>> {
        if place.first {
            self.forget_pushed();
        }
        let shown = self.decode_segments(None, part);
        if place.last { self.close(shown) } else { None }
    }

    /// Like [`Self::decode_unit`] for bytes that begin *behind* a picture_start_code, as a message does when the one
    /// before ended with that code. No picture's header begins like a start code, so `00 00 01` at the front tells
    /// which of the two it is.
    pub fn decode_picture_payload(&mut self, payload: &[u8]) -> Option<Decoded<'_>> {
        self.forget_pushed();
        let end = start_code::find(payload, 0).map_or(payload.len(), |found| found.at);
        let (header, rest) = payload.split_at(end);
        let shown = self.decode_segments(Some((PICTURE, header)), rest);
        self.close(shown)
    }

    /// Decodes segments. The last one's picture stays open; that before it, if there was one, is returned.
    fn decode_segments(&mut self, first: Option<(u8, &[u8])>, rest: &[u8]) -> Option<Shown> {
        let mut shown = None;
        for (code, payload) in first.into_iter().chain(start_code::split(rest)) {
            if self.stream.ends_picture(code) {
                shown = self.stream.close_picture().or(shown);
            }
            self.stream.segment(code, payload);
        }
        shown
    }

    fn close(&mut self, before: Option<Shown>) -> Option<Decoded<'_>> {
        let shown = self.stream.close_picture().or(before)?;
        self.show(shown)
    }

    /// Takes the next bytes of the stream, cut anywhere. Then take pictures with [`Self::next_picture`] until there is
    /// none: when more than [`Self::MOST_HELD`] bytes wait, the oldest pictures are decoded without being shown.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(Self::MOST_HELD / 2) {
            if self.input.held() + piece.len() > Self::MOST_HELD {
                while self.advance().is_some() {}
            }
            if self.input.held() + piece.len() > Self::MOST_HELD {
                // No slice is that long: a start code was lost.
                self.input.clear();
            }
            self.input.push(piece);
        }
    }

    /// The next picture of what was pushed; `None`: push more. A picture is known to be whole by the start code behind
    /// it, so the last one comes out of [`Self::finish`].
    pub fn next_picture(&mut self) -> Option<Decoded<'_>> {
        let shown = self.advance()?;
        self.show(shown)
    }

    /// Says that no more bytes come. Gives the next picture of what was pushed, the last one too; `None`: that was all.
    pub fn finish(&mut self) -> Option<Decoded<'_>> {
        let mut shown = self.advance();
        if shown.is_none() {
            if let Some((code, payload)) = self.input.rest() {
                self.stream.segment(code, payload);
            }
            shown = self.stream.close_picture();
        }
        shown.and_then(|shown| self.show(shown))
    }

    /// Forgets what was pushed and the reference, as after a gap in the stream: nothing is shown until the next I
    /// picture. The sequence header still holds.
    pub fn reset(&mut self) {
        self.forget_pushed();
        self.stream.forget_reference();
    }

    /// The newest whole picture, which the next one that is decoded follows; black before the first. `None` before
    /// the first sequence header.
    #[must_use]
    pub fn newest(&self) -> Option<PictureView<'_>> {
        self.stream.newest()
    }

    /// B and D pictures that were passed over so far.
    #[must_use]
    pub const fn skipped_pictures(&self) -> u64 {
        self.stream.skipped_pictures()
    }

    /// Decodes what was pushed up to the end of the next picture that is to be shown.
    fn advance(&mut self) -> Option<Shown> {
        while let Some(code) = self.input.next_code() {
            if self.stream.ends_picture(code)
                && let Some(shown) = self.stream.close_picture()
            {
                return Some(shown);
            }
            let (code, payload) = self.input.segment()?;
            self.stream.segment(code, payload);
        }
        None
    }

    fn forget_pushed(&mut self) {
        self.input.clear();
        self.stream.abandon_picture();
    }

    fn show(&self, shown: Shown) -> Option<Decoded<'_>> {
        let Shown { kind, concealed_macroblocks } = shown;
        Some(Decoded { picture: self.stream.newest()?, kind, concealed_macroblocks })
    }
}
