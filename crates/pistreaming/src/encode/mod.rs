//! Frames become access units, on a thread of their own.
//!
//! Here belongs: which encoder, what it is told, when it works and when it rests. Not here: how a picture is coded
//! (`mpeg1`, FFmpeg), who gets it (the hub).

mod bands;
mod coder;
mod embedded;
mod external;
pub mod ffmpeg;
mod lower;
mod parts;
pub mod private;
pub mod ts;

use std::fmt;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::frame::{Frame, FrameSize};
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::shutdown::Shutdown;
use crate::source::FrameRate;
use crate::time::Clock;

/// Which encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The one in this program.
    #[default]
    Embedded,
    /// FFmpeg, as a child process.
    Ffmpeg,
}

impl FromStr for Choice {
    type Err = BadChoice;

    fn from_str(text: &str) -> Result<Self, BadChoice> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "ffmpeg" => Ok(Self::Ffmpeg),
            _ => Err(BadChoice),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Ffmpeg => "ffmpeg",
        })
    }
}

/// An encoder that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadChoice;

impl fmt::Display for BadChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an encoder is one of embedded, ffmpeg")
    }
}

impl std::error::Error for BadChoice {}

/// What the user wants of the encoder.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which one.
    pub choice: Choice,
    /// Bits per second at most, on average.
    pub bits_per_second: u32,
    /// What counts for more with the embedded one, bits or time.
    pub preset: mpeg1::encode::Preset,
    /// Threads that code one picture; none: as suits its size and the machine.
    pub threads: Option<NonZero<usize>>,
    /// How many lower renditions a viewer may be given.
    pub renditions: usize,
    /// Where FFmpeg is, if it is to be used.
    pub ffmpeg_program: PathBuf,
}

impl Settings {
    /// Whether it makes a start when asked, and rests when nobody watches.
    #[must_use]
    pub const fn can_ask(&self) -> bool {
        matches!(self.choice, Choice::Embedded)
    }

    fn threads(&self, size: FrameSize) -> usize {
        let one_is_enough = size.width() * size.height() <= 640 * 480;
        let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        self.threads.map_or_else(|| if one_is_enough { 1 } else { cores().min(4) }, NonZero::get)
    }
}

/// What the encode thread is connected to.
#[derive(Clone, Debug)]
pub struct Station {
    /// Where frames come from.
    pub frames: Arc<Mailbox<Frame>>,
    /// The rate at which they come; changed before the first frame of another.
    pub rate: Arc<Mutex<FrameRate>>,
    /// Where pictures go.
    pub hub: Arc<Hub>,
    /// The program's clock.
    pub clock: Clock,
    /// The end of the program.
    pub shutdown: Shutdown,
    /// Says one line to the user.
    pub say: fn(&str),
}

impl Station {
    fn rate(&self) -> FrameRate {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why nothing can be coded, whatever is tried.
#[derive(Debug)]
pub enum EncodeError {
    /// The encoder does not take these settings.
    Settings(mpeg1::encode::SettingsError),
    /// FFmpeg cannot be started.
    Ffmpeg(ffmpeg::FfmpegError),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => write!(f, "the encoder cannot be set up: {error}"),
            Self::Ffmpeg(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EncodeError {}

/// Codes frames until the mailbox is closed.
///
/// # Errors
/// If nothing can be coded, whatever is tried.
pub fn run(settings: &Settings, station: &Station) -> Result<(), EncodeError> {
    match settings.choice {
        Choice::Embedded => embedded::run(settings, station),
        Choice::Ffmpeg => external::run(settings, station),
    }
}
