//! A stream of raw pictures, I420 without any header or Y4M: which of them it is, and its frames one by one.
//!
//! Y4M may begin anew where a frame is due: programs that write one stream each, one behind the other, are one stream.
//!
//! Here belongs: everything between bytes and frames. Not here: where the bytes come from, when they come.

use std::io::{Seek as _, SeekFrom};

use super::error::Fault;
use super::input::{Filled, Input};
use super::rate::FrameRate;
use super::y4m::{self, Header};
use super::{Settings, SourceError, range};
use crate::frame::FrameSize;

/// A stream whose format is known.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    pub(super) input: Input<'a>,
    pub(super) size: FrameSize,
    pub(super) rate: FrameRate,
    /// The newest Y4M header, if it is Y4M.
    header: Option<Header>,
    /// The first bytes of the first frame, which were read to look for Y4M's signature.
    begun: Option<[u8; y4m::SIGNATURE.len()]>,
}

/// What came of opening a stream.
#[derive(Debug)]
pub(super) enum Opened<'a> {
    /// Its format is known.
    Stream(Stream<'a>),
    /// It ended after so many bytes, too soon to know.
    Ended(usize),
    /// The program ends.
    Stopped,
}

impl<'a> Stream<'a> {
    /// Reads as much as shows what the stream is. Without a header it is what the settings say.
    pub(super) fn open(mut input: Input<'a>, settings: &Settings) -> Result<Opened<'a>, SourceError> {
        let mut begun = [0; y4m::SIGNATURE.len()];
        match input.fill(&mut begun)? {
            Filled::Whole => {}
            Filled::Ended(count) => return Ok(Opened::Ended(count)),
            Filled::Stopped => return Ok(Opened::Stopped),
        }
        let (size, rate) = (settings.size, settings.frames_per_second);
        let mut stream = Self { input, size, rate, header: None, begun: Some(begun) };
        if begun == *y4m::SIGNATURE {
            stream.begun = None;
            match stream.read_header(&begun)? {
                Filled::Whole => {}
                Filled::Ended(_) => return Err(stream.fault(Fault::HeaderLine)),
                Filled::Stopped => return Ok(Opened::Stopped),
            }
        }
        Ok(Opened::Stream(stream))
    }

    /// What the user should know of the stream, its size and rate aside.
    pub(super) fn remark(&self) -> Option<String> {
        let interlaced = self.header.is_some_and(|header| header.interlaced);
        interlaced
            .then(|| format!("{} is interlaced; its fields are shown as they are, woven", self.input.name))
    }

    /// Goes to the next frame. Its size and the stream's rate may be others from there on.
    pub(super) fn next_frame(&mut self) -> Result<Filled, SourceError> {
        while self.header.is_some() {
            let mut marker = [0; y4m::FRAME.len() + 1];
            let filled = self.input.fill(&mut marker)?;
            if filled != Filled::Whole {
                return Ok(filled);
            }
            match marker.strip_prefix(y4m::FRAME) {
                Some(b"\n") => break,
                // Its tags say nothing that we need.
                Some(b" ") => return self.read_line(&mut marker.to_vec()),
                _ if y4m::SIGNATURE.starts_with(&marker) => {
                    let begun = self.read_header(&marker)?;
                    if begun != Filled::Whole {
                        return Ok(begun);
                    }
                }
                _ => return Err(self.fault(Fault::FrameMarker)),
            }
        }
        Ok(Filled::Whole)
    }

    /// Fills `samples`, a whole picture, with the frame that was gone to.
    pub(super) fn read_frame(&mut self, samples: &mut [u8]) -> Result<Filled, SourceError> {
        let begun = self.begun.take();
        let held = begun.as_ref().map_or(&[][..], |begun| begun.as_slice());
        samples[..held.len()].copy_from_slice(held);
        let filled = self.input.fill(&mut samples[held.len()..])?;
        if let Filled::Ended(count) = filled {
            return Ok(Filled::Ended(count + held.len()));
        }
        if self.header.is_some_and(|header| header.full_range) {
            let (luma, chroma) = samples.split_at_mut(self.size.width() * self.size.height());
            luma.iter_mut().for_each(|sample| *sample = range::luma(*sample));
            chroma.iter_mut().for_each(|sample| *sample = range::chroma(*sample));
        }
        Ok(filled)
    }

    /// Reads the rest of a Y4M header that has `begun`, and takes it to be the stream's from now on.
    fn read_header(&mut self, begun: &[u8]) -> Result<Filled, SourceError> {
        let mut line = begun.to_vec();
        let filled = self.read_line(&mut line)?;
        if filled != Filled::Whole {
            return Ok(filled);
        }
        let header = Header::parse(&line).map_err(|fault| self.fault(fault))?;
        self.size = header.size;
        self.rate = header.rate.unwrap_or(self.rate);
        self.header = Some(header);
        Ok(filled)
    }

    /// Appends what comes before the next line feed, byte by byte: what is read beyond it would belong to a frame, which
    /// is to be read straight into its buffer.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<Filled, SourceError> {
        loop {
            let mut byte = [0];
            match self.input.fill(&mut byte)? {
                Filled::Whole if byte == *b"\n" => return Ok(Filled::Whole),
                Filled::Whole if line.len() == y4m::MAX_LINE => return Err(self.fault(Fault::HeaderLine)),
                Filled::Whole => line.push(byte[0]),
                ended => return Ok(ended),
            }
        }
    }

    /// Goes back to the start of a plain file.
    pub(super) fn rewind(&mut self) -> Result<(), SourceError> {
        let done = self.input.file.seek(SeekFrom::Start(0));
        done.map(drop).map_err(|error| SourceError::Read { name: self.input.name.clone(), error })
    }

    fn fault(&self, fault: Fault) -> SourceError {
        SourceError::Input { name: self.input.name.clone(), fault }
    }
}
