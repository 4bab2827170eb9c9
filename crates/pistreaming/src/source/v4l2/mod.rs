//! Webcams and whatever else has a driver of Video4Linux, version 2, by the kernel's own interface.
//!
//! Here belongs: which camera is meant, and what is known of it. The parts: `abi` and `kernel` are the kernel's structures and calls, `device`
//! asks and sets, `find` says which device, `modes` which mode, `controls` are its controls, `geometry` is what it does
//! itself to its pictures' shape, `format` what they are, `set_up` does all that in order, `flow` brings frames, `picture` makes
//! them what was asked for, `run` hands them on, `list` tells people of all cameras. Not here: converting pictures (`convert`, `mjpeg`), trying again.
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
mod run;
mod set_up;

pub(super) use list::describe_all;

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::device::{Device, Identity};
use self::run::run;
use super::error::Trouble;
use super::{Ended, Settings, Sink, SourceError};
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
