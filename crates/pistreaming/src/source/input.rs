//! Bytes from a pipe or file, waited for together with the end of the program.
//!
//! Here belongs: filling a buffer. Not here: what the bytes mean.

use std::fs::File;
use std::io::{self, Read as _};
use std::time::Duration;

use super::SourceError;
use crate::shutdown::{Ready, Shutdown};

/// A pipe's size that the kernel grants to everybody (`/proc/sys/fs/pipe-max-size`).
const PIPE_BYTES: usize = 1 << 20;

/// Something to read, with a name for people.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) name: String,
    /// A pipe is a file too; nothing may have been read from it into a buffer, for `poll` does not know of that.
    pub(super) file: File,
    pub(super) shutdown: &'a Shutdown,
    /// After how long without a byte it counts as hung; none: it may take as long as it likes.
    pub(super) patience: Option<Duration>,
}

/// What came of filling a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// It is full.
    Whole,
    /// The input ended when it held so many bytes.
    Ended(usize),
    /// The program ends.
    Stopped,
}

impl Input<'_> {
    /// Fills `buffer` straight from the kernel.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<Filled, SourceError> {
        self.try_fill(buffer).map_err(|error| match (error.kind(), self.patience) {
            (io::ErrorKind::TimedOut, Some(time)) => {
                SourceError::Silent { name: self.name.clone(), time, last_words: Vec::new() }
            }
            _ => SourceError::Read { name: self.name.clone(), error },
        })
    }

    fn try_fill(&mut self, buffer: &mut [u8]) -> io::Result<Filled> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.shutdown.wait_readable(&self.file, self.patience)? {
                Ready::Triggered => return Ok(Filled::Stopped),
                Ready::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
                Ready::File => {}
            }
            match self.file.read(&mut buffer[filled..]) {
                Ok(0) => return Ok(Filled::Ended(filled)),
                Ok(count) => filled += count,
                // WouldBlock: the other end may have made a shared pipe non-blocking.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Filled::Whole)
    }

    /// Lets a pipe hold a frame of `bytes` as far as is allowed, so that the producer need not wait for us in the
    /// middle of one: with the usual 64 KiB it takes turns with us seven times for a frame of 640x480. No delay comes of
    /// it: whatever is in the pipe is read at once.
    pub(super) fn widen(&self, bytes: usize) {
        // Fails on what is no pipe, and where the user's pipes take too much already: it does without.
        let _ = rustix::pipe::fcntl_setpipe_size(&self.file, bytes.min(PIPE_BYTES));
    }
}
