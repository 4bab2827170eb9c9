//! Where frames come from: the Pi camera, a webcam, a test pattern, a pipe, a file, a command.
//!
//! Here belongs: everything up to a stamped [`Frame`] handed to a [`Sink`]. Not here: who takes it, coding, starting a
//! source again that failed (the pipeline's).

pub mod child;
mod choice;
mod choose;
mod control;
pub mod convert;
mod crop;
mod error;
mod exec;
mod feed;
mod file;
pub mod flip;
mod input;
pub mod mjpeg;
mod pace;
mod patience;
pub mod pattern;
mod pi;
mod play;
pub(crate) mod range;
mod rate;
mod settings;
mod stdin;
mod stream;
pub mod strip;
pub mod turn;
mod v4l2;
mod watch;
pub mod y4m;

pub use choice::{BadChoice, Choice};
pub use choose::{Chosen, choose};
use choose::{Spec, choose_automatically};
pub use control::{BadControlWish, ControlWish};
pub use crop::{BadCrop, Crop, Window};
pub use error::{BadControl, Fault, SourceError, Trouble};
pub use rate::{BadRate, FrameRate};
pub use settings::Settings;
pub use turn::Quarter;
pub use watch::{Wait, Watch};

use crate::frame::{Frame, FrameSize};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// Who takes a source's frames. Called on the source's thread, which should not be held up.
pub trait Sink: Sync {
    /// The frames' size and rate, before the first frame and whenever they change. Y4M may differ from the settings.
    fn size_known(&self, size: FrameSize, rate: FrameRate);
    /// A frame.
    fn frame(&self, frame: Frame);
    /// Whether somebody wants frames with [`Frame::jpeg`], from cameras that code so.
    fn wants_jpeg(&self) -> bool {
        false
    }
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

/// All cameras that there are, for people, and which of them `auto` would take.
#[must_use]
pub fn describe_cameras(settings: &Settings) -> String {
    let mut paragraphs: Vec<String> = pi::describe_all().into_iter().collect();
    paragraphs.extend(v4l2::describe_all(settings));
    if paragraphs.is_empty() {
        paragraphs.push(
            "There is no camera: no V4L2 device, as a USB camera has one, and neither rpicam-vid nor libcamera-vid, which \
             drive a Pi's (sudo apt install rpicam-apps-lite)."
                .into(),
        );
    }
    paragraphs.push(match choose_automatically(settings) {
        Ok(chosen) => format!("--source auto takes {} ({})", chosen.name, chosen.reason),
        Err(error) => error.to_string(),
    });
    paragraphs.join("\n\n")
}

/// Runs a source on the caller's thread, which should live as long as the program (children end with the thread that
/// started them), until its input ends, it fails, or the shutdown.
///
/// # Errors
/// If the source fails; whether to try again is told by [`SourceError::is_fatal`].
pub fn run(
    chosen: &Chosen,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Ended, SourceError> {
    match &chosen.spec {
        Spec::Pi(camera) => camera.run(settings, clock, sink, shutdown),
        Spec::V4l2(camera) => camera.run(settings, clock, sink, shutdown),
        Spec::Pattern => Ok(pattern::run(settings, clock, sink, shutdown)),
        Spec::Stdin => stdin::run(settings, clock, sink, shutdown),
        Spec::File(path) => file::run(path, settings, clock, sink, shutdown),
        Spec::Exec(command) => exec::run(command, settings, clock, sink, shutdown),
    }
}

#[cfg(test)]
mod tests;
