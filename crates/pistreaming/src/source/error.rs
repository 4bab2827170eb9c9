//! What can go wrong with a source: what it is, and what the user can do about it.
//!
//! Here belongs: the words; `fault` has those for an input's format, `trouble` those for a camera with a driver. Not here:
//! trying again, telling viewers.

mod fault;
mod trouble;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub use self::fault::Fault;
pub use self::trouble::{BadControl, Trouble};
use super::child::{Ending, may_pass, said_last};

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
