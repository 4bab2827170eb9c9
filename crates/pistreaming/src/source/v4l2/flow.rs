//! Frames from a camera's driver, the newest first.
//!
//! Here belongs: the buffers' turns, and when a frame was captured. Not here: what is in it.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::time::{ClockId, clock_gettime};

use super::abi::{
    Buffer, FLAG_ERROR, FLAG_SOURCE_MASK, FLAG_SOURCE_SOE, FLAG_TIMESTAMP_MASK, FLAG_TIMESTAMP_MONOTONIC,
};
use super::device::Device;
use super::kernel::{self, Buffers, Filled};
use crate::frame::TimeMeaning;
use crate::shutdown::{Shutdown, poll_within};
use crate::time::{Clock, Timestamp};

/// One is with us, one is being filled, and drivers want one more to go on with; the fourth is for a moment in which we
/// are late. More would delay nothing, for the newest is taken, but would only hold old frames.
const BUFFERS: u32 = 4;
/// A driver's time older than this is no time of a frame that has just come.
const OLDEST: Duration = Duration::from_secs(2);
/// Some drivers reckon when a frame should end, which may be a little ahead; that is now.
const AHEAD: Duration = Duration::from_millis(100);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is a frame, or an error.
    Frame,
    /// What comes in has changed: the camera must be set up anew.
    Changed,
    /// Neither in time.
    TimedOut,
    /// The program ends.
    Stopped,
}

/// A camera that delivers. Dropped, it stops.
pub(super) struct Flow<'a> {
    device: &'a Device,
    buffers: Buffers,
}

impl<'a> Flow<'a> {
    /// Starts the camera in the mode that was set.
    pub(super) fn start(device: &'a Device) -> io::Result<Self> {
        // Drivers that cannot tell do not change.
        let _ = kernel::tell_of_changes(&device.file);
        let buffers = Buffers::allocate(&device.file, device.kind, BUFFERS)?;
        kernel::stream(&device.file, device.kind, true)?;
        Ok(Self { device, buffers })
    }

    /// Waits for a frame, no longer than `time`.
    pub(super) fn wait(&self, time: Duration, shutdown: &Shutdown) -> io::Result<Wake> {
        let stop = shutdown.as_fd();
        let mut files = [
            PollFd::new(&stop, PollFlags::IN),
            PollFd::new(&self.device.file, PollFlags::IN | PollFlags::PRI),
        ];
        if poll_within(&mut files, Some(time))? == 0 {
            return Ok(Wake::TimedOut);
        }
        Ok(match (files[0].revents().is_empty(), files[1].revents().contains(PollFlags::PRI)) {
            (false, _) => Wake::Stopped,
            (true, true) => Wake::Changed,
            (true, false) => Wake::Frame,
        })
    }

    /// Shows the newest frame that is there, if any, to `look`; those before it go back unseen. Damaged ones do not count.
    pub(super) fn newest<T>(&mut self, look: impl FnOnce(&[&[u8]], &Buffer) -> T) -> io::Result<Option<T>> {
        let mut newest: Option<Filled> = None;
        while let Some(filled) = self.buffers.take(&self.device.file)? {
            let older =
                if filled.buffer.flags & FLAG_ERROR == 0 { newest.replace(filled) } else { Some(filled) };
            if let Some(older) = older {
                self.buffers.give_back(&self.device.file, older)?;
            }
        }
        let Some(filled) = newest else { return Ok(None) };
        let seen = look(self.buffers.planes(&filled).as_slice(), &filled.buffer);
        self.buffers.give_back(&self.device.file, filled)?;
        Ok(Some(seen))
    }
}

impl Drop for Flow<'_> {
    fn drop(&mut self) {
        // Of a camera that was unplugged it fails, and need not be stopped.
        let _ = kernel::stream(&self.device.file, self.device.kind, false);
        let _ = self.buffers.free(&self.device.file);
    }
}

/// When a buffer's frame was captured, by the driver if it says so by our clock.
pub(super) fn captured(buffer: &Buffer, clock: Clock) -> (Timestamp, TimeMeaning) {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0));
    captured_at(buffer, now, clock.now())
}

/// The same where the kernel's monotonic clock reads `monotonic` and ours `now`.
fn captured_at(buffer: &Buffer, monotonic: Duration, now: Timestamp) -> (Timestamp, TimeMeaning) {
    let time = buffer.timestamp;
    #[allow(clippy::useless_conversion, reason = "C's long has 32 bits on some machines")]
    let (seconds, micros) = (i64::from(time.seconds), i64::from(time.microseconds));
    let stamp = u64::try_from(seconds).ok().zip(u64::try_from(micros).ok());
    let stamp = stamp
        .map(|(seconds, micros)| Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros)));
    let age = stamp.filter(|&stamp| stamp <= monotonic + AHEAD).map(|stamp| monotonic.saturating_sub(stamp));
    let age = age.filter(|&age| age <= OLDEST);
    let known = buffer.flags & FLAG_TIMESTAMP_MASK == FLAG_TIMESTAMP_MONOTONIC;
    match age.filter(|_| known) {
        Some(age) => {
            let sensor = buffer.flags & FLAG_SOURCE_MASK == FLAG_SOURCE_SOE;
            let meaning = if sensor { TimeMeaning::Sensor } else { TimeMeaning::Driver };
            let age = u64::try_from(age.as_micros()).unwrap_or(0);
            (Timestamp::from_micros(now.as_micros().saturating_sub(age)), meaning)
        }
        None => (now, TimeMeaning::Arrival),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::v4l2::abi::TimeValue;

    #[test]
    fn the_drivers_time_is_taken_where_it_is_one() {
        let now = Timestamp::from_micros(5_000_000);
        let at = |seconds, microseconds, flags| {
            let timestamp = TimeValue { seconds, microseconds };
            captured_at(&Buffer { timestamp, flags, ..Buffer::default() }, Duration::from_secs(1000), now)
        };
        let ago = |us: u64| Timestamp::from_micros(5_000_000 - us);
        assert_eq!(at(999, 990_000, FLAG_TIMESTAMP_MONOTONIC), (ago(10_000), TimeMeaning::Driver));
        let exposure = FLAG_TIMESTAMP_MONOTONIC | FLAG_SOURCE_SOE;
        assert_eq!(at(999, 950_000, exposure), (ago(50_000), TimeMeaning::Sensor));
        assert_eq!(at(1000, 30_000, FLAG_TIMESTAMP_MONOTONIC), (now, TimeMeaning::Driver), "a little ahead");
        // Another clock's, the future, long ago, no number.
        for (seconds, microseconds, flags) in [
            (999, 990_000, 0),
            (1001, 0, FLAG_TIMESTAMP_MONOTONIC),
            (900, 0, FLAG_TIMESTAMP_MONOTONIC),
            (-1, 0, FLAG_TIMESTAMP_MONOTONIC),
            (999, -5, FLAG_TIMESTAMP_MONOTONIC),
        ] {
            assert_eq!(at(seconds, microseconds, flags), (now, TimeMeaning::Arrival));
        }
    }
}
