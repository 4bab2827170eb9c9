//! FFmpeg as the encoder, the original's way: raw frames into a child process, MPEG-1 out of it.
//!
//! Here belongs: running FFmpeg so that it holds no frame back, and its end; `command` is how it is called, `flight` what is
//! in it, `error` what can go wrong. Not here: when to start it again, the format of its output ([`super::ts`]).
//!
//! By default FFmpeg's encoder keeps a frame to look ahead, and its demuxer gathers input: `-flags low_delay` (which for
//! MPEG-1 asks for `-strict unofficial`) ends the first, and raw video whose rate is said needs no gathering. A test
//! writes a frame and waits for its picture.

mod command;
mod error;
mod flight;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::OFlags;

pub use self::command::FfmpegSettings;
pub use self::error::FfmpegError;
use self::flight::Flight;
use super::ts;
use crate::frame::{Frame, FrameSize};
use crate::shutdown::{Ready, Shutdown, poll_within};
use crate::source::child::Child;
use crate::time::{Clock, Timestamp};
use crate::unit::{Picture, TimeMeaning};

/// How long FFmpeg may take no frame and give no picture. Its start takes seconds on a Pi Zero.
const PATIENCE: Duration = Duration::from_secs(10);
/// Frames in FFmpeg at a time: one that it codes, one that it reads. More would only grow old in its queues where it is
/// slower than the camera; the newest is to wait outside, where a newer one replaces it.
const IN_FLIGHT: usize = 2;
/// A pipe's size that the kernel grants to everybody.
const PIPE_BYTES: usize = 1 << 20;

/// A picture that FFmpeg coded.
#[derive(Clone, Debug)]
pub struct CodedPicture {
    /// The whole access unit, headers included where it is a start.
    pub bytes: Bytes,
    /// How it was coded.
    pub picture: Picture,
    /// Whether decoding can begin here.
    pub start: bool,
    /// When its frame was captured.
    pub captured: Timestamp,
    /// What `captured` was taken from.
    pub meaning: TimeMeaning,
    /// When its coding was done.
    pub coded: Timestamp,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// FFmpeg has it.
    Whole,
    /// The program ends: it was not, or not wholly, written.
    Stopped,
}

/// A running FFmpeg. Dropping it ends it.
#[derive(Debug)]
pub struct Ffmpeg {
    /// Closed before the child is ended: FFmpeg hears a signal only once it no longer waits for input.
    input: File,
    child: Child,
    size: FrameSize,
    flight: Arc<Flight>,
    reader: Option<JoinHandle<()>>,
    /// The end of the program, and that of the reader.
    shutdown: Shutdown,
    stop: Shutdown,
}

impl Ffmpeg {
    /// Starts FFmpeg. Its pictures go to `output` on a thread of their own, which must not wait for the caller's. The
    /// caller's thread should live as long as the program: FFmpeg ends with it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(
        settings: &FfmpegSettings,
        clock: Clock,
        shutdown: &Shutdown,
        output: Box<dyn FnMut(CodedPicture) + Send>,
    ) -> Result<Self, FfmpegError> {
        let failed = |error| FfmpegError::Start { program: settings.program.clone(), error };
        Self::try_start(settings, clock, shutdown, output).map_err(failed)
    }

    fn try_start(
        settings: &FfmpegSettings,
        clock: Clock,
        shutdown: &Shutdown,
        output: Box<dyn FnMut(CodedPicture) + Send>,
    ) -> io::Result<Self> {
        let flight = Arc::new(Flight::new()?);
        let stop = Shutdown::new()?;
        let mut child = Child::start(&mut command::command(settings))?;
        let (stdin, stdout) = child.take_stdin().zip(child.take_stdout()).ok_or(io::ErrorKind::BrokenPipe)?;
        let input = non_blocking(stdin, settings.size)?;
        let reader = thread::Builder::new().name("ffmpeg".into()).spawn({
            let (flight, stop) = (Arc::clone(&flight), stop.clone());
            move || read(stdout, &flight, &stop, clock, output)
        })?;
        let (size, shutdown) = (settings.size, shutdown.clone());
        Ok(Self { input, child, size, flight, reader: Some(reader), shutdown, stop })
    }

    /// Writes a frame; before that, waits until FFmpeg has room for it.
    ///
    /// # Errors
    /// If FFmpeg is gone, or does nothing for 10 s; then it is of no further use.
    pub fn write(&mut self, frame: &Frame) -> Result<Written, FfmpegError> {
        if frame.size != self.size {
            return Err(FfmpegError::Size(frame.size));
        }
        while self.flight.count() >= IN_FLIGHT {
            if self.wait_for(Room::InFlight)? == Written::Stopped {
                return Ok(Written::Stopped);
            }
            self.flight.clear_landed();
        }
        // Before the frame: its picture may come before `write` returns.
        self.flight.start(frame.captured, frame.meaning);
        let mut rest = frame.i420();
        while !rest.is_empty() {
            match self.input.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.wait_for(Room::InPipe)? == Written::Stopped {
                        return Ok(Written::Stopped);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(self.ended()),
                Err(error) => return Err(FfmpegError::Pipe(error)),
            }
        }
        Ok(Written::Whole)
    }

    /// Waits until there may be room.
    fn wait_for(&mut self, room: Room) -> Result<Written, FfmpegError> {
        // Without any flag, the pipe still tells that its other end is closed.
        let pipe = if room == Room::InPipe { PollFlags::OUT } else { PollFlags::empty() };
        let mut files = [
            PollFd::from_borrowed_fd(self.shutdown.as_fd(), PollFlags::IN),
            PollFd::new(&self.input, pipe),
            PollFd::new(&*self.flight, PollFlags::IN),
        ];
        let waited_for = if room == Room::InPipe { &mut files[..2] } else { &mut files[..] };
        let woken = poll_within(waited_for, Some(PATIENCE)).map_err(FfmpegError::Pipe)?;
        let [stopped, pipe] = [files[0].revents(), files[1].revents()];
        if woken == 0 {
            Err(FfmpegError::Stuck(self.child.last_words()))
        } else if !stopped.is_empty() {
            Ok(Written::Stopped)
        } else if pipe.contains(PollFlags::ERR) {
            Err(self.ended())
        } else {
            Ok(Written::Whole)
        }
    }

    fn ended(&mut self) -> FfmpegError {
        FfmpegError::Ended(self.child.ending())
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        self.stop.trigger();
        if let Some(reader) = self.reader.take() {
            // A panic of `output` has been told of already.
            let _ = reader.join();
        }
    }
}

/// Where room for a frame is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    InFlight,
    InPipe,
}

/// FFmpeg's standard input as a pipe that holds a frame if allowed, so that writing one takes no turns with FFmpeg, and
/// that never blocks, so that the end of the program and of FFmpeg can be waited for beside it.
fn non_blocking(stdin: ChildStdin, size: FrameSize) -> io::Result<File> {
    let _ = rustix::pipe::fcntl_setpipe_size(&stdin, size.i420_len().min(PIPE_BYTES));
    let flags = rustix::fs::fcntl_getfl(&stdin)?;
    rustix::fs::fcntl_setfl(&stdin, flags | OFlags::NONBLOCK)?;
    Ok(File::from(OwnedFd::from(stdin)))
}

/// Reads FFmpeg's output to its end.
fn read(
    mut stdout: ChildStdout,
    flight: &Flight,
    stop: &Shutdown,
    clock: Clock,
    mut output: Box<dyn FnMut(CodedPicture) + Send>,
) {
    let mut reader = ts::Reader::new();
    let mut piece = vec![0; 64 * 1024];
    while stop.wait_readable(&stdout, None).is_ok_and(|ready| ready == Ready::File) {
        let count = match stdout.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        reader.push(&piece[..count], &mut |bytes| {
            let time = flight.land();
            if let Some(((captured, meaning), (picture, start))) = time.zip(ts::kind(bytes)) {
                let (bytes, coded) = (Bytes::copy_from_slice(bytes), clock.now());
                output(CodedPicture { bytes, picture, start, captured, meaning, coded });
            }
        });
    }
}

#[cfg(test)]
mod tests;
