//! Where frames come from: the Pi camera, a test pattern, a pipe, a file, a command.
//!
//! Here belongs: everything up to a stamped [`Frame`] handed to a [`Sink`]. Not here: who takes it, coding, starting a
//! source again that failed (the pipeline's).

pub mod child;
mod choice;
mod error;
mod rate;

pub use choice::{BadChoice, Choice};
pub use error::{Fault, SourceError};
pub use rate::{BadRate, FrameRate};

use crate::frame::{Frame, FrameSize};

/// What the user wants of the source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which source.
    pub source: Choice,
    /// Size of its pictures; a Y4M stream's own goes before.
    pub size: FrameSize,
    /// Its rate; a Y4M stream's own goes before.
    pub frames_per_second: FrameRate,
    /// Whether left and right change places.
    pub hflip: bool,
    /// Whether top and bottom change places.
    pub vflip: bool,
    /// Further arguments for the Pi camera's program.
    pub pi_args: Vec<String>,
}

/// Who takes a source's frames. Called on the source's thread, which should not be held up.
pub trait Sink: Sync {
    /// The frames' size and rate, once before the first frame. Y4M may differ from the settings.
    fn size_known(&self, size: FrameSize, rate: FrameRate);
    /// A frame.
    fn frame(&self, frame: Frame);
    /// Something that the user should know, one line without a full stop.
    fn note(&self, text: String);
}

/// How a source ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There is no more input, in order.
    InputEnded,
    /// It was told to stop.
    Stopped,
}
