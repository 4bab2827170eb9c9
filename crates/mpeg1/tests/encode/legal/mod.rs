//! Whether a stream keeps to ISO/IEC 11172-2, and to the stricter rules that this encoder sets itself: a reader of its
//! own, with code tables of its own, that shares nothing with the crate's sources. It makes no pictures; it tells the
//! first fault and where it is.
//!
//! Here belongs: the order of headers, start codes. Not here: where an encoder's bits go, what its pictures look like.

mod bits;
mod block;
mod headers;
mod history;
mod slice;
mod tables;
mod tests;

use bits::{Bits, Outcome};
use headers::{Picture, Sequence};
use history::History;
use std::fmt;

/// What is known of a stream, and asked of it beyond the standard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Width and height in pixels.
    pub(crate) size: (usize, usize),
    /// Pictures in which the rolling refresh goes through the picture once, if there is one.
    pub(crate) cycle: Option<usize>,
    /// It is the stream of a viewer who joined: with pictures in it that others do not have, which show the same moment
    /// as another.
    pub(crate) joined: bool,
}

/// The first thing that is wrong, and where, all counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    place: Place,
    what: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    picture: Option<usize>,
    slice: Option<usize>,
    macroblock: Option<usize>,
}

/// What a stream consists of: a check that met nothing has shown nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Census {
    pub(crate) pictures: usize,
    pub(crate) i_pictures: usize,
    pub(crate) slices: usize,
    pub(crate) skipped: usize,
    pub(crate) intra_in_p: usize,
    pub(crate) predicted: usize,
    /// Predicted by a vector that is not zero.
    pub(crate) moved: usize,
    /// Macroblocks that change the quantizer_scale.
    pub(crate) scales: usize,
    pub(crate) coefficients: usize,
    pub(crate) escapes: usize,
    pub(crate) stuffing: usize,
}

/// Reads the whole stream.
///
/// # Errors
/// The first fault.
pub(crate) fn check(stream: &[u8], rules: Rules) -> Result<Census, Fault> {
    let mut reader = Reader::new(stream, rules);
    let read = reader.stream().and_then(|()| reader.no_other_start_codes(stream));
    read.map(|()| reader.census).map_err(|what| Fault { place: reader.place, what })
}

const PICTURE: u8 = 0x00;
const SLICES: std::ops::RangeInclusive<u8> = 0x01..=0xaf;
const SEQUENCE: u8 = 0xb3;
const SEQUENCE_END: u8 = 0xb7;
const GROUP: u8 = 0xb8;

struct Reader<'a> {
    rules: Rules,
    bits: Bits<'a>,
    place: Place,
    census: Census,
    /// Where start codes were taken, in bytes.
    start_codes: Vec<usize>,
    sequence: Option<Sequence>,
    /// The last group's time_code, in pictures of 60 a second.
    time_code: Option<u32>,
    /// The last picture of this group.
    picture: Option<Picture>,
    history: History,
}

impl<'a> Reader<'a> {
    fn new(stream: &'a [u8], rules: Rules) -> Self {
        let mb_size = (rules.size.0.div_ceil(16), rules.size.1.div_ceil(16));
        Self {
            rules,
            bits: Bits::new(stream),
            place: Place::default(),
            census: Census::default(),
            start_codes: Vec::new(),
            sequence: None,
            time_code: None,
            picture: None,
            history: History::new(mb_size, rules.cycle),
        }
    }

    /// `video_sequence()` of 2.4.2.1, without the user data and extensions that this encoder has no use for.
    fn stream(&mut self) -> Outcome {
        let mut allowed: &[u8] = &[SEQUENCE];
        loop {
            let code = match self.bits.start_code() {
                None if self.bits.at_end() && allowed.contains(&SEQUENCE_END) => return Ok(()),
                None => return Err("where a start code should be is none".into()),
                Some(code) => code,
            };
            if !allowed.contains(&code) {
                return Err(format!("start code {code:02x} where one of {allowed:02x?} should be"));
            }
            self.take_start_code()?;
            allowed = match code {
                SEQUENCE => self.sequence_header().map(|()| &[GROUP][..])?,
                GROUP => self.group_header().map(|()| &[PICTURE][..])?,
                PICTURE => self.picture().map(|()| &[PICTURE, GROUP, SEQUENCE, SEQUENCE_END][..])?,
                _ => &[SEQUENCE_END],
            };
            if code == SEQUENCE_END {
                return if self.bits.at_end() {
                    Ok(())
                } else {
                    Err("more behind the sequence's end".into())
                };
            }
        }
    }

    fn take_start_code(&mut self) -> Outcome<u8> {
        self.start_codes.push(self.bits.at() / 8);
        Ok(self.bits.take(32)? as u8)
    }

    fn picture(&mut self) -> Outcome {
        self.place = Place { picture: Some(self.census.pictures), ..Place::default() };
        self.picture_header()?;
        self.census.pictures += 1;
        let picture = self.picture.ok_or("no picture header")?;
        self.history.begin(picture.intra);
        let mut next = 0;
        let mut slices = 0;
        while let Some(code) = self.bits.start_code().filter(|code| SLICES.contains(code)) {
            self.place.slice = Some(slices);
            self.take_start_code()?;
            next = self.slice(picture, usize::from(code) - 1, next)?;
            slices += 1;
        }
        self.place = Place { slice: None, macroblock: None, ..self.place };
        self.census.slices += slices;
        let all = self.history.macroblocks();
        if next < all {
            return Err(format!("its slices end before macroblock {next} of {all}"));
        }
        let (place, history) = (&mut self.place, &mut self.history);
        history.end().map_err(|(macroblock, what)| {
            place.macroblock = Some(macroblock);
            what
        })
    }

    /// What looks like a start code, on whole bytes, is one (2.4.1).
    fn no_other_start_codes(&mut self, stream: &[u8]) -> Outcome {
        let found = stream.windows(3).enumerate().filter(|(_, bytes)| *bytes == [0, 0, 1]);
        match found.map(|(at, _)| at).find(|at| self.start_codes.binary_search(at).is_err()) {
            None => Ok(()),
            Some(at) => {
                self.place = Place::default();
                Err(format!("byte {at}: what looks like a start code is within other codes"))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { picture, slice, macroblock } = self.place;
        for (name, n) in [("picture", picture), ("slice", slice), ("macroblock", macroblock)] {
            if let Some(n) = n {
                write!(f, "{name} {n}, ")?;
            }
        }
        f.write_str(&self.what)
    }
}
