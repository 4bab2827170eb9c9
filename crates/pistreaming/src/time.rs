//! The server's clock: one zero for the whole program, and times counted in µs from it.
//!
//! Here belongs: points in time and their conversion. Not here: waiting, rates, how old a picture may be.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time: µs since the server's clock read 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time `us` µs after the clock's zero.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// µs since the clock's zero.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time `later` after this.
    #[must_use]
    pub const fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later.as_micros() as u64))
    }

    /// The time from `earlier` to this, zero if `earlier` is in truth later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Reads the time. Monotonic; copies of one clock share its zero.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Instant,
    epoch_unix_us: u64,
}

impl Clock {
    /// A clock that reads 0 now.
    #[must_use]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { zero: Instant::now(), epoch_unix_us: micros(unix) }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The time at `instant`; 0 if that was before the clock's zero.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Timestamp {
        Timestamp(micros(instant.saturating_duration_since(self.zero)))
    }

    /// Unix time at the clock's zero, µs. A step of the machine's clock after the start is not followed: what people
    /// read as a date may then be off, what is measured as a delay never is.
    #[must_use]
    pub const fn epoch_unix_us(&self) -> u64 {
        self.epoch_unix_us
    }

    /// `time` as Unix time in µs.
    #[must_use]
    pub const fn to_unix_us(&self, time: Timestamp) -> u64 {
        self.epoch_unix_us + time.0
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_their_zero_and_time_never_runs_back() {
        let clock = Clock::start();
        let copy = clock;
        let earlier = clock.now();
        let later = copy.now();
        assert!(later >= earlier);
        assert_eq!(earlier.since(later), Duration::ZERO);
        assert_eq!(clock.to_unix_us(Timestamp::from_micros(7)), clock.epoch_unix_us() + 7);
    }

    #[test]
    fn an_instant_before_the_zero_reads_zero() {
        let before = Instant::now();
        assert_eq!(Clock::start().at(before), Timestamp::from_micros(0));
    }
}
