//! Why FFmpeg codes no more, in words.
//!
//! Here belongs: what the user can do about it. Not here: trying again.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::PATIENCE;
use crate::frame::FrameSize;
use crate::source::child::{Ending, may_pass};

/// Why FFmpeg codes no more.
#[derive(Debug)]
pub enum FfmpegError {
    /// It could not be started.
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It ended.
    Ended(Ending),
    /// It took no frame, or gave no picture, for 10 s.
    Stuck(Vec<String>),
    /// A frame is not of the size that it was started for.
    Size(FrameSize),
    /// Its pipe failed.
    Pipe(io::Error),
}

impl FfmpegError {
    /// Whether to start it again is of no use before the user has changed something.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Start { error, .. } if !may_pass(error))
    }
}

impl fmt::Display for FfmpegError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, error } => write!(
                f,
                "{} cannot be started: {error}; install it (sudo apt install ffmpeg), or use --encoder embedded",
                program.display()
            ),
            Self::Ended(ending) => write!(f, "FFmpeg {ending}"),
            Self::Stuck(words) => {
                write!(f, "FFmpeg did nothing for {} s", PATIENCE.as_secs())?;
                if words.is_empty() { Ok(()) } else { write!(f, "; its last words: {}", words.join(" | ")) }
            }
            Self::Size(size) => write!(f, "FFmpeg was started for pictures of another size than {size}"),
            Self::Pipe(error) => write!(f, "the pipe to FFmpeg failed: {error}"),
        }
    }
}

impl std::error::Error for FfmpegError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { error, .. } | Self::Pipe(error) => Some(error),
            Self::Ended(_) | Self::Stuck(_) | Self::Size(_) => None,
        }
    }
}
