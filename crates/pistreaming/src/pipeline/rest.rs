//! A camera that is stopped while nobody needs it, and started when somebody comes.
//!
//! Here belongs: when a run ends for want of viewers, what is said and forgotten then. Not here: who needs the camera
//! (`needs`), failures.
//!
//! Whether it is needed is looked at with each frame, on the capture thread: no timer, no thread of its own.

use std::time::Duration;

use wire::NoticeCode;

use super::capture::Capture;
use super::inlet::Inlet;
use crate::frame::{Frame, FrameSize};
use crate::needs::Needs;
use crate::shutdown::Shutdown;
use crate::source::{self, Ended, FrameRate, Sink, SourceError};
use crate::time::Clock;

impl Capture {
    /// Runs the source until it ends, or nobody needs it any more.
    pub(super) fn run_once(&self, clock: Clock, shutdown: &Shutdown) -> Result<Ended, SourceError> {
        let run = |sink: &dyn Sink, stop| source::run(&self.chosen, &self.settings, clock, sink, stop);
        // Without an event of its own (no more files) the camera goes on for nobody.
        match self.settings.rest_after.zip(shutdown.part().ok()) {
            None => run(&self.inlet, shutdown),
            Some((after, stop)) => {
                run(&WhileNeeded { inlet: &self.inlet, needs: &self.needs, after, stop: stop.clone() }, &stop)
            }
        }
    }

    /// Rests if nobody needs the camera, until somebody does; whether the program ends meanwhile.
    pub(super) fn rest(&self) -> bool {
        if !self.settings.rest_after.is_some_and(|after| self.needs.are_over(after)) {
            return false;
        }
        let station = &self.inlet.station;
        // Who comes must not take for now what was seen then.
        station.frames.clear();
        station.hub.forget();
        station.hub.withdraw(NoticeCode::Waking);
        (station.say)("Camera: stopped, for nobody watches");
        let over = self.needs.wait(&station.shutdown);
        if !over {
            (station.say)("Camera: woken");
            self.inlet.waking();
        }
        over
    }
}

/// The inlet, and the end of a run that nobody needs any more.
struct WhileNeeded<'a> {
    inlet: &'a Inlet,
    needs: &'a Needs,
    after: Duration,
    stop: Shutdown,
}

impl Sink for WhileNeeded<'_> {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        self.inlet.size_known(size, rate);
    }

    fn frame(&self, frame: Frame) {
        if self.needs.are_over(self.after) {
            self.stop.trigger();
        } else {
            self.inlet.frame(frame);
        }
    }

    fn wants_jpeg(&self) -> bool {
        self.inlet.wants_jpeg()
    }

    fn note(&self, text: String) {
        self.inlet.note(text);
    }
}
