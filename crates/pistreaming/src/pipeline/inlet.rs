//! Where the camera's frames enter the river.
//!
//! Here belongs: what viewers and the console are told of the camera, and when. Not here: when it is started.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wire::NoticeCode;

use crate::encode::Station;
use crate::frame::{Frame, FrameSize};
use crate::server;
use crate::source::{FrameRate, Settings, Sink, SourceError};
use crate::stills::Stills;

/// Where the camera's frames enter the river.
pub(super) struct Inlet {
    pub(super) station: Station,
    /// Whether viewers were told that there are no pictures.
    troubled: AtomicBool,
    /// Whether the user was told that the camera failed.
    failed: AtomicBool,
    /// What the server takes to be the pictures' size.
    size: Arc<Mutex<FrameSize>>,
    /// Who wants pictures as JPEG.
    stills: Arc<Stills>,
    /// What the console has said of the camera.
    announced: Announced,
}

struct Announced {
    size: FrameSize,
    rate: FrameRate,
    name: String,
}

impl Inlet {
    /// The inlet of a camera that is being started.
    pub(super) fn new(camera: &server::Camera, settings: &Settings, station: Station) -> Self {
        let (size, rate, name) = (settings.shown_size(), settings.frames_per_second, camera.name.clone());
        Self {
            station,
            troubled: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            size: Arc::clone(&camera.size),
            stills: Arc::clone(&camera.stills),
            announced: Announced { size, rate, name },
        }
    }

    /// The camera, which rested, is being started: viewers are told so until there is a frame.
    pub(super) fn waking(&self) {
        let hub = &self.station.hub;
        self.troubled.store(true, Relaxed);
        hub.withdraw(NoticeCode::CameraTrouble);
        hub.tell(NoticeCode::Waking, "Waking the camera.");
    }

    /// The camera gives nothing, and is left alone for `wait`.
    pub(super) fn failed(&self, error: &SourceError, wait: Duration) {
        let hub = &self.station.hub;
        self.troubled.store(true, Relaxed);
        self.failed.store(true, Relaxed);
        hub.withdraw(NoticeCode::Waking);
        hub.tell(
            NoticeCode::CameraTrouble,
            format!("The camera gives no pictures ({}); it is being tried again.", error.for_viewers()),
        );
        (self.station.say)(&format!("Camera: {error}; trying again in {:.1} s", wait.as_secs_f32()));
    }
}

impl Sink for Inlet {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        *self.station.rate.lock().unwrap_or_else(PoisonError::into_inner) = rate;
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
        if (size, rate) != (self.announced.size, self.announced.rate) {
            (self.station.say)(&format!("Camera: {} has {size} at {rate} frames/s", self.announced.name));
        }
    }

    fn frame(&self, frame: Frame) {
        // Once there are pictures nobody is told otherwise, not for a moment.
        if self.troubled.load(Relaxed) {
            self.troubled.store(false, Relaxed);
            self.station.hub.withdraw(NoticeCode::Waking);
            self.station.hub.withdraw(NoticeCode::CameraTrouble);
            if self.failed.swap(false, Relaxed) {
                (self.station.say)("Camera: it gives pictures again");
            }
        }
        self.stills.offer(&frame);
        self.station.frames.put(frame);
    }

    fn wants_jpeg(&self) -> bool {
        self.stills.are_wanted()
    }

    fn note(&self, text: String) {
        (self.station.say)(&text);
    }
}
