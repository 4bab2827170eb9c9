//! Where frames come from: the Pi camera, a webcam, a test pattern, a pipe, a file, a command.
//!
//! Here belongs: everything up to a stamped [`Frame`] handed to a [`Sink`]. Not here: who takes it, coding, starting a
//! source again that failed (the pipeline's).

pub mod child;
mod choice;
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
mod stdin;
mod stream;
pub mod strip;
pub mod turn;
mod v4l2;
mod watch;
pub mod y4m;

use std::path::PathBuf;
use std::time::Duration;

pub use choice::{BadChoice, Choice};
pub use control::{BadControlWish, ControlWish};
pub use crop::{BadCrop, Crop, Window};
pub use error::{BadControl, Fault, SourceError, Trouble};
pub use rate::{BadRate, FrameRate};
pub use turn::Quarter;
pub use watch::{Wait, Watch};

use crate::frame::{Frame, FrameSize};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// What the user wants of the source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which source.
    pub source: Choice,
    /// Size of its pictures before they are cropped and turned; a Y4M stream's own goes before.
    pub size: FrameSize,
    /// The part of them that is shown, if not all.
    pub crop: Option<Crop>,
    /// Its rate; a Y4M stream's own goes before.
    pub frames_per_second: FrameRate,
    /// Whether left and right change places.
    pub hflip: bool,
    /// Whether top and bottom change places.
    pub vflip: bool,
    /// The quarter by which pictures are turned, behind the flips.
    pub turn: Option<Quarter>,
    /// The one pixel format of a V4L2 camera's that may be taken, by its four letters.
    pub camera_format: Option<String>,
    /// What a V4L2 camera's controls are set to while it runs, in this order.
    pub controls: Vec<ControlWish>,
    /// Further arguments for the Pi camera's program.
    pub pi_args: Vec<String>,
    /// After how long without viewers it is stopped; none: never.
    pub rest_after: Option<Duration>,
}

impl Settings {
    /// Pictures as they come, of a camera that never rests.
    #[must_use]
    pub const fn new(source: Choice, size: FrameSize, frames_per_second: FrameRate) -> Self {
        Self {
            source,
            size,
            crop: None,
            frames_per_second,
            hflip: false,
            vflip: false,
            turn: None,
            camera_format: None,
            controls: Vec::new(),
            pi_args: Vec::new(),
            rest_after: None,
        }
    }

    /// The size of the pictures that are shown, as long as nothing else is known.
    #[must_use]
    pub fn shown_size(&self) -> FrameSize {
        turned_size(self.crop.map_or(self.size, Crop::size), self.turn)
    }

    /// The part that is shown of pictures of `size`.
    fn window(&self, size: FrameSize) -> Result<Window, Fault> {
        self.crop.map_or(Ok(Window::whole(size)), |crop| crop.window(size))
    }
}

/// The size of pictures of `size` once they are turned. Those that turned would be too high stay as they are.
fn turned_size(size: FrameSize, turn: Option<Quarter>) -> FrameSize {
    turn.and_then(|_| Quarter::size(size)).unwrap_or(size)
}

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

/// A source that was settled on.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// What it is, in words.
    pub name: String,
    /// Why it is this.
    pub reason: String,
    spec: Spec,
}

/// What is needed to run a source.
#[derive(Clone, Debug)]
enum Spec {
    Pi(pi::Camera),
    V4l2(v4l2::Camera),
    Pattern,
    Stdin,
    File(PathBuf),
    Exec(String),
}

/// Settles on a source. `auto` asks the camera's program for cameras, which takes a second or two on a Pi. Nothing
/// is opened yet, but what cannot work is refused.
///
/// # Errors
/// If the source that was asked for cannot be used.
pub fn choose(settings: &Settings) -> Result<Chosen, SourceError> {
    let asked_for = |name: String, spec| Chosen { name, reason: "as asked for".into(), spec };
    if !settings.controls.is_empty() && !matches!(settings.source, Choice::Auto | Choice::V4l2(_)) {
        let name = format!("--source {}", settings.source);
        return Err(SourceError::Input { name, fault: Fault::NoControls });
    }
    // Of what may be Y4M it is looked at once the size is known.
    if !matches!(settings.source, Choice::Stdin | Choice::File(_) | Choice::Exec(_)) {
        settings
            .window(settings.size)
            .map_err(|fault| SourceError::Input { name: "--size".into(), fault })?;
    }
    match &settings.source {
        Choice::Auto => choose_automatically(settings),
        Choice::Pi => {
            let camera = pi::Camera::new(pi::find_program()?, settings)?;
            Ok(asked_for("the Pi camera".into(), Spec::Pi(camera)))
        }
        Choice::V4l2(which) => {
            let camera = v4l2::Camera::new(wanted(which.as_deref()));
            match camera.look(settings) {
                // That is for the user to mend, and not for a camera that comes later.
                Err(
                    error @ SourceError::Camera {
                        trouble: Trouble::Forbidden { .. } | Trouble::NoCamera, ..
                    },
                ) => Err(error),
                Err(error) if error.is_fatal() => Err(error),
                Err(_) => Ok(asked_for(camera.wanted_name(), Spec::V4l2(camera))),
                Ok(name) => Ok(asked_for(name, Spec::V4l2(camera))),
            }
        }
        Choice::Pattern => Ok(asked_for("the test pattern".into(), Spec::Pattern)),
        Choice::Stdin => {
            stdin::check(settings)?;
            Ok(asked_for("standard input".into(), Spec::Stdin))
        }
        Choice::File(path) => {
            file::open(path)?;
            Ok(asked_for(file::name(path), Spec::File(path.clone())))
        }
        Choice::Exec(command) => Ok(asked_for(exec::name(command), Spec::Exec(command.clone()))),
    }
}

/// The Pi camera if one is listed, else the first V4L2 camera, else the pattern; and why.
fn choose_automatically(settings: &Settings) -> Result<Chosen, SourceError> {
    let no_pi_camera = match pi::choose_automatically(settings)? {
        Ok(chosen) if !settings.controls.is_empty() => {
            return Err(SourceError::Input { name: chosen.name, fault: Fault::NoControls });
        }
        Ok(chosen) => return Ok(chosen),
        Err(why) => why,
    };
    let camera = v4l2::Camera::new(v4l2::Wanted::Any);
    Ok(match camera.look(settings) {
        Err(error) if error.is_fatal() => return Err(error),
        Ok(name) => Chosen { name, reason: no_pi_camera, spec: Spec::V4l2(camera) },
        Err(SourceError::Camera { trouble: Trouble::Gone, .. }) => {
            let reason = format!("{no_pi_camera}, and no V4L2 camera");
            Chosen { name: "the test pattern".into(), reason, spec: Spec::Pattern }
        }
        Err(error) => {
            let reason = format!("{no_pi_camera}, and {error}");
            Chosen { name: "the test pattern".into(), reason, spec: Spec::Pattern }
        }
    })
}

/// What `--source v4l2:` has behind the colon.
fn wanted(which: Option<&str>) -> v4l2::Wanted {
    match which {
        None => v4l2::Wanted::Any,
        Some(path) if path.starts_with('/') => v4l2::Wanted::Path(path.into()),
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            v4l2::Wanted::Path(format!("/dev/video{number}").into())
        }
        Some(name) => v4l2::Wanted::Name(name.into()),
    }
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
