//! Webcams and whatever else has a driver of Video4Linux, version 2, by the kernel's own interface.
//!
//! Here belongs: running such a camera. The parts: `abi` and `kernel` are the kernel's structures and calls, `device`
//! asks and sets, `find` says which device, `modes` which mode, `controls` are its controls, `geometry` is what it does
//! itself to its pictures' shape, `format` what they are, `set_up` does all that in order, `flow` brings frames, `picture` makes
//! them what was asked for, `list` tells people of all cameras. Not here: converting pictures (`convert`, `mjpeg`), trying again.
//!
//! No C library is used: that would have to be installed, or be built with a C compiler.

mod abi;
mod controls;
mod device;
mod find;
mod flow;
mod format;
mod geometry;
mod kernel;
mod list;
mod modes;
mod picture;
mod set_up;

pub(super) use list::describe_all;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::controls::Changes;
use self::device::{Device, Identity};
use self::flow::{Flow, Wake, captured};
use self::picture::Picture;
use self::set_up::{SetUp, set_up};
use super::error::Trouble;
use super::feed::Feed;
use super::patience::Patience;
use super::rate::FrameRate;
use super::{Ended, Settings, Sink, SourceError, Window};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// Which camera is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The first that can be used.
    Any,
    /// The device of this path.
    Path(PathBuf),
    /// The one whose name, or a link to which, has this in it.
    Name(String),
}

/// A camera, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    wanted: Wanted,
    /// Which it was when it was first there: from then on it is this one, under whatever number.
    identity: Arc<OnceLock<Identity>>,
    /// It, when it last had no signal.
    dark: Arc<Mutex<Option<Dark>>>,
}

/// A camera without a signal, whose driver says when that changes: its file then has something urgent to read.
#[derive(Debug)]
pub(super) struct Dark(Device);

impl Dark {
    /// Nothing where the driver cannot tell, or where there is a signal again.
    fn new(device: Device) -> Option<Self> {
        // In this order, so that no change is missed.
        kernel::tell_of_changes(&device.file).ok()?;
        device.follow_signal().is_err().then_some(Self(device))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.file.as_fd()
    }
}

impl Camera {
    /// The camera that is meant, which need not be there yet.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, identity: Arc::default(), dark: Arc::default() }
    }

    /// Looks whether it is there, and has what the user wants of it; its name.
    pub(super) fn look(&self, settings: &Settings) -> Result<String, SourceError> {
        let device = self.open()?;
        controls::check(&device, &settings.controls)
            .map_err(|trouble| SourceError::Camera { name: device.identity.card.clone(), trouble })?;
        Ok(device.name())
    }

    /// What it is called as long as it was not seen.
    pub(super) fn wanted_name(&self) -> String {
        match (self.identity.get(), &self.wanted) {
            (Some(identity), _) => identity.card.clone(),
            (None, Wanted::Any) => "a V4L2 camera".into(),
            (None, Wanted::Path(path)) => path.display().to_string(),
            (None, Wanted::Name(name)) => format!("the camera \"{name}\""),
        }
    }

    fn open(&self) -> Result<Device, SourceError> {
        let device = find::open(&self.wanted, self.identity.get())
            .map_err(|trouble| SourceError::Camera { name: self.wanted_name(), trouble })?;
        self.identity.get_or_init(|| device.identity.clone());
        Ok(device)
    }

    /// It, if it had no signal when it ended, once.
    pub(super) fn dark(&self) -> Option<Dark> {
        self.dark.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Delivers its frames until the shutdown.
    pub(super) fn run(
        &self,
        settings: &Settings,
        clock: Clock,
        sink: &dyn Sink,
        shutdown: &Shutdown,
    ) -> Result<Ended, SourceError> {
        loop {
            // Opened anew for each signal: that also takes back what the driver told of the one before.
            let device = self.open()?;
            let trouble = match run(&device, settings, clock, sink, shutdown) {
                Ok(None) => continue,
                Ok(Some(ended)) => return Ok(ended),
                Err(trouble) => trouble,
            };
            let name = device.identity.card.clone();
            if matches!(trouble, Trouble::NoSignal) {
                *self.dark.lock().unwrap_or_else(PoisonError::into_inner) = Dark::new(device);
            }
            return Err(SourceError::Camera { name, trouble });
        }
    }
}

/// Delivers frames until the shutdown, or, then nothing is returned, until the signal changes.
fn run(
    device: &Device,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Option<Ended>, Trouble> {
    let failed = |undone| move |error| find::trouble(&device.path, undone, error);
    // Dropped behind the flow: a camera that runs lets itself be changed less.
    let mut changes = Changes::none(device);
    let SetUp { answer, rate, left, size, window, cut } = set_up(device, settings, &mut changes, sink)?;
    // As `changes`.
    let _cut = cut;
    let every = every_nth(rate, settings.frames_per_second);
    let rate = FrameRate::new(rate.numerator(), rate.denominator().saturating_mul(every)).unwrap_or(rate);
    let mut flow = Flow::start(device).map_err(failed("started"))?;
    let mut picture = Picture::new(&answer, size, window);
    let (shown, whole) = (window.size(), Window::whole(window.size()));
    let mut feed = Feed::flipping(left, settings.turn, shown, whole, rate, sink);
    let mut patience = Patience::new(rate);
    let mut count = 0_u32;
    loop {
        match flow.wait(patience.left(), shutdown).map_err(failed("waited for"))? {
            Wake::Stopped => return Ok(Some(Ended::Stopped)),
            Wake::TimedOut => return Err(patience.exhausted()),
            Wake::Changed => return Ok(None),
            Wake::Frame => {}
        }
        let mut blank = feed.blank();
        let shown = flow.newest(|memory, buffer| {
            count = count.wrapping_add(1);
            let wanted = count.is_multiple_of(every);
            let good = wanted.then(|| {
                picture.convert(memory, blank.samples())?;
                let as_it_came = sink.wants_jpeg() && feed.keeps_pictures();
                Ok(if as_it_came { picture.jpeg(memory) } else { None })
            });
            (captured(buffer, clock), good)
        });
        match shown.map_err(failed("read"))? {
            Some(((captured, meaning), Some(Ok(jpeg)))) => {
                patience.renew();
                let blank = feed.turn(blank);
                feed.hand_on_coded(blank, captured, meaning, jpeg);
            }
            Some((_, Some(Err(why)))) => {
                patience.bad(why)?;
                feed.put_back(blank);
            }
            // The driver said that there is something, and there is nothing, or one that is left out.
            Some((_, None)) | None => {
                patience.check()?;
                feed.put_back(blank);
            }
        }
    }
}

/// Of a camera that is at least twice as fast as was asked for, every nth frame is taken: to code the others would only
/// take processor and bits.
fn every_nth(rate: FrameRate, asked: FrameRate) -> u32 {
    ((rate.as_f64() / asked.as_f64() + 0.02) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_is_much_too_fast_is_thinned_out() {
        let rate = |text: &str| text.parse::<FrameRate>().unwrap();
        for (camera, asked, every) in [
            ("30", "24", 1),
            ("30", "15", 2),
            ("29.97", "15", 2),
            ("60", "24", 2),
            ("30", "5", 6),
            ("5", "24", 1),
        ] {
            assert_eq!(every_nth(rate(camera), rate(asked)), every, "{camera} for {asked}");
        }
    }
}
