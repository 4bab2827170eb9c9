//! How long a camera may give nothing before it counts as hung.
//!
//! Here belongs: the times, and counting by them. Not here: waiting, trying again.

use std::time::{Duration, Instant};

use super::error::Trouble;
use super::rate::FrameRate;

/// A camera that gives no frame for so long, or for three frames' time, has stalled.
const STALLED_AFTER: Duration = Duration::from_secs(3);
/// Its first frame may take longer: some find their exposure first.
const STARTED_WITHIN: Duration = Duration::from_secs(6);

/// How long a camera that ran may give nothing.
pub(super) fn stalled_after(rate: FrameRate) -> Duration {
    STALLED_AFTER.max(rate.interval() * 3)
}

/// How long a camera with a driver may do without a good frame.
pub(super) struct Patience {
    limit: Duration,
    /// The same from the first good frame on.
    stalled_after: Duration,
    since: Instant,
    /// Why the last frame could not be shown.
    bad: Option<String>,
}

impl Patience {
    /// With a camera that has just been started.
    pub(super) fn new(rate: FrameRate) -> Self {
        let limit = STARTED_WITHIN.max(rate.interval() * 3);
        Self { limit, stalled_after: stalled_after(rate), since: Instant::now(), bad: None }
    }

    /// How long it may still take.
    pub(super) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed())
    }

    /// There was a good frame.
    pub(super) fn renew(&mut self) {
        (self.since, self.limit, self.bad) = (Instant::now(), self.stalled_after, None);
    }

    /// There was a bad one.
    pub(super) fn bad(&mut self, why: String) -> Result<(), Trouble> {
        self.bad = Some(why);
        self.check()
    }

    /// Whether there is any left.
    pub(super) fn check(&mut self) -> Result<(), Trouble> {
        if self.left().is_zero() { Err(self.exhausted()) } else { Ok(()) }
    }

    /// What is wrong with the camera when there is none left.
    pub(super) fn exhausted(&mut self) -> Trouble {
        match self.bad.take() {
            Some(why) => Trouble::Unreadable { why },
            None => Trouble::Silent { time: self.limit },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_camera_has_three_frames_time() {
        let after = |rate: &str| stalled_after(rate.parse().unwrap()).as_secs_f64();
        assert_eq!([after("30"), after("1"), after("0.2"), after("0.1")], [3.0, 3.0, 15.0, 30.0]);
    }
}
