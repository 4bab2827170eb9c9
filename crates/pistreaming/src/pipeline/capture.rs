//! The camera's thread: runs it, and starts it again.
//!
//! Here belongs: when to try again, and when that is of no use. Not here: the camera (`source`), resting (`rest`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::End;
use super::inlet::Inlet;
use crate::encode::Station;
use crate::needs::Needs;
use crate::source::{self, Chosen, Ended, Wait, Watch};

/// How long a failed camera is left alone before it is tried again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A camera that ran for this long was well: its next failure is a first one.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// The capture thread's work.
pub(super) struct Capture {
    pub(super) chosen: Chosen,
    pub(super) settings: source::Settings,
    pub(super) needs: Arc<Needs>,
    pub(super) inlet: Inlet,
}

impl Capture {
    /// Captures until the end of the input or the program, starting a failed camera again.
    pub(super) fn run(&self) -> Option<End> {
        let Station { clock, shutdown, .. } = &self.inlet.station;
        let mut wait = FIRST_WAIT;
        let watch = Watch::new(&self.chosen);
        loop {
            if self.rest() {
                return None;
            }
            let begun = Instant::now();
            let ended = self.run_once(*clock, shutdown);
            if shutdown.is_triggered() {
                return None;
            }
            match ended {
                Ok(Ended::Stopped) => wait = FIRST_WAIT,
                Ok(Ended::InputEnded) => return Some(End::InputEnded),
                Err(error) if error.is_fatal() => return Some(End::Failed(error.to_string())),
                Err(error) => {
                    if begun.elapsed() >= WELL_AFTER {
                        wait = FIRST_WAIT;
                    }
                    self.inlet.failed(&error, wait);
                    wait = match watch.wait(wait, shutdown) {
                        Wait::Stopped => return None,
                        Wait::TimedOut => LONGEST_WAIT.min(wait * 2),
                        Wait::Appeared => FIRST_WAIT,
                    };
                }
            }
        }
    }
}
