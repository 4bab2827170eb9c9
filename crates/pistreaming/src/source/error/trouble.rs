//! What can be wrong with a camera that has a driver, in words.
//!
//! Here belongs: what the kernel and the camera say. Not here: finding it out.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

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
    pub(super) fn for_viewers(&self) -> &'static str {
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
