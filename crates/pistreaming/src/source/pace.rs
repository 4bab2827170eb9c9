//! Frame times on a grid that does not drift, for sources that have no clock of their own.
//!
//! Here belongs: when the next frame is due, and waiting for it. Not here: what is in it.

use std::time::{Duration, Instant};

use super::rate::FrameRate;
use crate::shutdown::Shutdown;

/// The grid of frame times from its start. Frames that are late by an interval or more are left out, never bunched.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    grid: Grid,
}

impl Pace {
    /// Frame 0 is due now.
    pub(super) fn start(rate: FrameRate) -> Self {
        Self { start: Instant::now(), grid: Grid { rate, next: 0 } }
    }

    /// Waits for the next frame's time; whether it was told to stop instead.
    #[must_use]
    pub(super) fn wait(&mut self, shutdown: &Shutdown) -> bool {
        let elapsed = self.start.elapsed();
        let due = self.grid.next_due(elapsed);
        shutdown.wait_timeout(due.saturating_sub(elapsed))
    }
}

#[derive(Debug)]
struct Grid {
    rate: FrameRate,
    next: u64,
}

impl Grid {
    /// The time of the next frame, counted from frame 0, if `elapsed` has passed since.
    fn next_due(&mut self, elapsed: Duration) -> Duration {
        let number = self.next.max(self.rate.frames_in(elapsed));
        self.next = number + 1;
        self.rate.time_of(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rate: &str) -> Grid {
        Grid { rate: rate.parse().unwrap(), next: 0 }
    }

    #[test]
    fn an_hour_of_frames_does_not_drift() {
        let mut grid = grid("30000/1001");
        let mut now = Duration::ZERO;
        for _ in 0..=108_000 {
            now = grid.next_due(now);
        }
        // 108,000 frames at 30/1.001 per second are 3603.6 s.
        assert_eq!(now, Duration::from_millis(3_603_600));
    }

    #[test]
    fn a_little_late_keeps_the_grid_and_very_late_skips() {
        let mut grid = grid("10");
        let ms = Duration::from_millis;
        assert_eq!(grid.next_due(ms(0)), ms(0));
        assert_eq!(grid.next_due(ms(130)), ms(100), "late, but still its turn");
        assert_eq!(grid.next_due(ms(131)), ms(200));
        assert_eq!(grid.next_due(ms(555)), ms(500), "300 and 400 are left out");
        assert_eq!(grid.next_due(ms(556)), ms(600));
    }

    #[test]
    fn waiting_ends_with_the_program() {
        let shutdown = Shutdown::new().unwrap();
        let mut pace = Pace::start("0.1".parse().unwrap());
        assert!(!pace.wait(&shutdown), "the first frame is due at once");
        shutdown.trigger();
        assert!(pace.wait(&shutdown));
    }
}
