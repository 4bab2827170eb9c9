//! What can go wrong with a source: what it is, and what the user can do about it.
//!
//! Here belongs: the words. Not here: trying again, telling viewers.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::child::{Ending, may_pass, said_last};
use super::crop::Crop;
use crate::frame::{BadSize, FrameSize};

/// Why there are no frames, or no more.
#[derive(Debug)]
pub enum SourceError {
    /// None of the programs that drive the Pi camera is installed.
    NoCameraProgram,
    /// A program could not be started.
    Start {
        /// Which.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program ended, or closed its output.
    Ended {
        /// Which, in words.
        name: String,
        /// How, and what it said last.
        ending: Ending,
    },
    /// A file could not be opened or read.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What came from the input is not what was expected.
    Input {
        /// Which input, in words.
        name: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A camera with a driver cannot be used.
    Camera {
        /// Which, in words.
        name: String,
        /// What is wrong with it.
        trouble: Trouble,
    },
    /// A program runs, and gives nothing.
    Silent {
        /// Which, in words.
        name: String,
        /// For how long.
        time: Duration,
        /// Its last lines on standard error.
        last_words: Vec<String>,
    },
    /// Reading failed.
    Read {
        /// Which input, in words.
        name: String,
        /// Why.
        error: io::Error,
    },
}

/// What is wrong with an input's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ended before the first whole frame.
    Short {
        /// Bytes of one frame.
        frame_bytes: usize,
        /// Bytes that there were.
        got_bytes: usize,
    },
    /// A Y4M header line is longer than any that means well, or is not text.
    HeaderLine,
    /// A Y4M header has no usable width and height.
    Size(BadSize),
    /// A Y4M header's rate is none.
    Rate(String),
    /// Its samples are not 8-bit 4:2:0.
    Colour(String),
    /// Where a frame's header was due stood something else.
    FrameMarker,
    /// Standard input is a terminal.
    Terminal,
    /// It is to be stopped while nobody watches, and can never be started again.
    Unstoppable,
    /// It has no controls that could be set.
    NoControls,
    /// A file to be played is a pipe, a device or a folder.
    NoFile,
    /// What is to be shown of its pictures is not within them.
    Crop {
        /// What is to be shown.
        crop: Crop,
        /// The pictures' size.
        size: FrameSize,
    },
    /// The Pi camera takes even sizes only.
    OddSize,
    /// `--stride` among the arguments for the Pi camera is not a usable number.
    Stride(String),
}

/// What is wrong with a camera that has a driver.
#[derive(Debug)]
pub enum Trouble {
    /// It is not there, or no longer.
    Gone,
    /// The device is none that captures.
    NoCamera,
    /// Another program has it.
    Busy {
        /// Which, if we may see it.
        holder: Option<String>,
    },
    /// The user may not open it.
    Forbidden {
        /// The device.
        path: PathBuf,
    },
    /// The USB has no room for its pictures.
    NoBandwidth,
    /// Nothing that it could show comes into it.
    NoSignal,
    /// It gives no frames.
    Silent {
        /// For how long.
        time: Duration,
    },
    /// Its frames are damaged.
    Unreadable {
        /// What is wrong with the last.
        why: String,
    },
    /// None of its formats can be used.
    NoMode {
        /// Which it has.
        formats: String,
    },
    /// A control cannot be set as the user wants.
    Control {
        /// Which.
        name: String,
        /// Why.
        why: BadControl,
    },
    /// Its driver refuses.
    Driver {
        /// What could not be done.
        undone: &'static str,
        /// Why.
        error: io::Error,
    },
}

/// Why a control cannot be set.
#[derive(Debug)]
pub enum BadControl {
    /// The camera has none of that name.
    Unknown {
        /// Which it has.
        there: String,
    },
    /// It does not take the value.
    Value {
        /// The value.
        value: String,
        /// What it does take.
        takes: String,
    },
    /// The driver does not let it be set.
    Refused {
        /// What stands against it, if that is known.
        hindrance: Option<&'static str>,
        /// What it says.
        error: io::Error,
    },
}

impl Trouble {
    /// In as many words as viewers need.
    fn for_viewers(&self) -> &'static str {
        match self {
            Self::Gone => "it is unplugged",
            Self::NoCamera | Self::NoMode { .. } => "it is no camera that can be shown",
            Self::Busy { .. } => "another program uses it",
            Self::Forbidden { .. } => "it may not be opened",
            Self::NoBandwidth => "its connection has no room for its pictures",
            Self::NoSignal => "it gets no signal",
            Self::Silent { .. } => "it has stalled",
            Self::Unreadable { .. } => "its pictures are damaged",
            Self::Control { .. } => "a control cannot be set as it should",
            Self::Driver { .. } => "its driver reports an error",
        }
    }
}

impl SourceError {
    /// What viewers are told: what happened, without what a program said last. That may name files, addresses,
    /// passwords; the console has it.
    #[must_use]
    pub fn for_viewers(&self) -> String {
        match self {
            Self::Ended { name, .. } => format!("{name} has ended"),
            Self::Silent { name, .. } => format!("{name} hangs"),
            Self::Read { name, .. } | Self::Input { name, .. } => format!("{name} cannot be read"),
            Self::Camera { trouble, .. } => trouble.for_viewers().into(),
            Self::NoCameraProgram | Self::Start { .. } | Self::File { .. } => "it cannot be started".into(),
        }
    }

    /// Whether to try again is of no use before the user has changed something.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            // What a shell says of a command that cannot be run or is not found (POSIX, 2.8.2).
            Self::Ended { ending, .. } => {
                matches!(ending.status.and_then(|status| status.code()), Some(126 | 127))
            }
            Self::Start { error, .. } => !may_pass(error),
            Self::NoCameraProgram | Self::File { .. } | Self::Input { .. } => true,
            Self::Camera { trouble: Trouble::Control { why, .. }, .. } => {
                !matches!(why, BadControl::Refused { .. })
            }
            // Whatever it is, it may pass: cameras are plugged in and let go of, rights are set a moment later.
            Self::Camera { .. } | Self::Silent { .. } | Self::Read { .. } => false,
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCameraProgram => f.write_str(
                "neither rpicam-vid nor libcamera-vid is installed; on Raspberry Pi OS: \
                 sudo apt install rpicam-apps-lite; without a camera: --source pattern",
            ),
            Self::Start { program, error } => {
                write!(f, "{} cannot be started: {error}", program.display())?;
                if may_pass(error) { Ok(()) } else { f.write_str("; is it installed and on the PATH?") }
            }
            Self::Ended { name, ending } => write!(f, "{name} {ending}"),
            Self::Silent { name, time, last_words } => {
                write!(f, "{name} runs, but has given nothing for {} s; it is ended", time.as_secs())?;
                said_last(f, last_words)
            }
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Input { name, fault } => write!(f, "{name}: {fault}"),
            Self::Camera { name, trouble } => write!(f, "{name}: {trouble}"),
            Self::Read { name, error } => write!(f, "{name} cannot be read: {error}"),
        }
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { error, .. } | Self::File { error, .. } | Self::Read { error, .. } => Some(error),
            Self::Camera { trouble: Trouble::Driver { error, .. }, .. } => Some(error),
            Self::NoCameraProgram
            | Self::Ended { .. }
            | Self::Silent { .. }
            | Self::Input { .. }
            | Self::Camera { .. } => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => {
                f.write_str("it is not there; plug it in, or see which there are: pistreaming cameras")
            }
            Self::NoCamera => f.write_str("this device captures nothing; see which do: pistreaming cameras"),
            Self::Busy { holder: Some(holder) } => write!(f, "it is in use by {holder}; end that"),
            Self::Busy { holder: None } => f.write_str(
                "it is in use by a program of another user; `sudo pistreaming cameras` says which",
            ),
            Self::Forbidden { path } => write!(
                f,
                "{} may not be opened; sudo usermod -aG video $USER, then log in again",
                path.display()
            ),
            Self::NoBandwidth => f.write_str(
                "the USB has no room for its pictures; try a smaller --size or --fps, or another USB port",
            ),
            Self::NoSignal => {
                f.write_str("it gets no signal that it understands; is what it shows plugged in, and on?")
            }
            Self::Silent { time } => write!(f, "it has given no frame for {} s", time.as_secs()),
            Self::Unreadable { why } => write!(f, "its frames are damaged ({why}); is its cable good?"),
            Self::NoMode { formats } => write!(
                f,
                "none of its formats ({formats}) can be shown, or not the one of --camera-format; \
                 FFmpeg may know them, see --source exec:COMMAND"
            ),
            Self::Control { name, why: BadControl::Unknown { there } } if there.is_empty() => {
                write!(f, "it has no control {name}, nor any other")
            }
            Self::Control { name, why: BadControl::Unknown { there } } => {
                write!(f, "it has no control {name}; it has {there}")
            }
            Self::Control { name, why: BadControl::Value { value, takes } } => {
                write!(f, "its control {name} takes {takes}, not {value:?}")
            }
            Self::Control { name, why: BadControl::Refused { hindrance, error } } => {
                write!(f, "its control {name} could not be set: {error}")?;
                hindrance.map_or(Ok(()), |words| write!(f, " ({words}; see pistreaming cameras)"))
            }
            Self::Driver { undone, error } => write!(f, "it could not be {undone}: {error}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { frame_bytes, got_bytes } => write!(
                f,
                "it ended after {got_bytes} bytes, but one frame has {frame_bytes}; is --size that of its pictures?"
            ),
            Self::HeaderLine => f.write_str("it begins as Y4M, but has no proper header line"),
            Self::Size(bad) => write!(f, "its Y4M header has no usable W and H: {bad}; scale it before"),
            Self::Rate(text) => {
                write!(f, "its Y4M header has the frame rate {text:?}; from 1:10 to 240:1 can be played")
            }
            Self::Colour(text) => write!(
                f,
                "its samples are {text:?}, but only 8-bit 4:2:0 can be streamed; \
                 convert it before, with FFmpeg by -pix_fmt yuv420p"
            ),
            Self::FrameMarker => f.write_str("no frame header where one was due: the Y4M stream is damaged"),
            Self::Terminal => f.write_str(
                "it is a terminal; pipe raw I420 or Y4M in, as in: ffmpeg … -f yuv4mpegpipe - | pistreaming --source stdin",
            ),
            Self::Unstoppable => f.write_str(
                "who writes to it cannot be stopped and started again, so it has no --idle-camera stop; \
                 with --source exec:COMMAND there is",
            ),
            Self::NoControls => f.write_str(
                "--camera-control is for cameras with a V4L2 driver; for the Pi camera there is --pi-arg, \
                 as in --pi-arg=--brightness --pi-arg=0.1",
            ),
            Self::NoFile => f.write_str("it is no plain file; for pipes and devices use --source exec:COMMAND"),
            Self::Crop { crop, size } => {
                write!(f, "--crop {crop} is not within its pictures of {size}")
            }
            Self::OddSize => f.write_str("it delivers even sizes only; give --size an even width and height"),
            Self::Stride(text) => {
                write!(f, "--stride {text:?} is no even number of bytes that a row of --size fits in")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_program_that_the_system_has_no_room_for_is_tried_again() {
        let start = |errno: Errno| SourceError::Start { program: "cam".into(), error: errno.into() };
        assert!(start(Errno::NOENT).is_fatal() && start(Errno::ACCESS).is_fatal());
        assert!(start(Errno::NOENT).to_string().contains("is it installed"));
        for errno in [Errno::AGAIN, Errno::NOMEM, Errno::MFILE] {
            assert!(!start(errno).is_fatal() && !start(errno).to_string().contains("installed"), "{errno}");
        }
    }
}
