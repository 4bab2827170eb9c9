//! One viewer's counters, and how late pictures are shown by all of them.
//!
//! Each counter is written by one at a time, whoever serves the viewer, but for the delays; they need not agree with
//! each other.
//!
//! Here belongs: what is counted. Not here: who is on the list (`viewers`).

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::client::Client;
use super::standing::Sent;
use crate::hub::{Part, Stream};
use crate::time::Timestamp;

/// Which protocol a viewer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Live = 0,
    Legacy = 1,
    /// JPEG pictures by plain HTTP.
    Stills = 2,
}

impl Protocol {
    /// All.
    pub(super) const ALL: [Self; 3] = [Self::Live, Self::Legacy, Self::Stills];

    /// For programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Legacy => "legacy",
            Self::Stills => "mjpeg",
        }
    }
}

/// What a viewer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Activity {
    /// Is sent pictures.
    Watching,
    /// Nobody sees the page.
    Hidden,
    /// The viewer asked to pause.
    Paused,
}

/// The rate is that of so long; after twice as long without a picture there is none.
const RATE_OVER: Duration = Duration::from_secs(2);

/// One viewer's counters.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) client: Client,
    pub(super) protocol: Protocol,
    pub(super) since: Timestamp,
    /// Pictures sent.
    pub(super) sent: AtomicU64,
    /// How many of them he was sent in parts, while they were being coded.
    pub(super) in_parts: AtomicU64,
    /// Pictures left out because he was behind.
    pub(super) skipped: AtomicU64,
    /// Bytes sent.
    pub(super) bytes: AtomicU64,
    /// From capture to shown as the viewer measured it, or [`wire::UNKNOWN`].
    pub(super) delay_us: AtomicU32,
    /// What his last decoding took, or [`wire::UNKNOWN`].
    pub(super) decode_us: AtomicU32,
    activity: AtomicU8,
    /// What he is sent now.
    stream: Mutex<Option<Arc<Stream>>>,
    /// When the rate's time began, µs, and the bytes sent until then.
    rate_since: AtomicU64,
    rate_bytes: AtomicU64,
    /// Bits per second over the time before.
    rate: AtomicU64,
}

impl Record {
    /// One who has just come.
    pub(super) fn new(client: Client, protocol: Protocol, since: Timestamp) -> Self {
        Self {
            client,
            protocol,
            since,
            sent: 0.into(),
            in_parts: 0.into(),
            skipped: 0.into(),
            bytes: 0.into(),
            delay_us: wire::UNKNOWN.into(),
            decode_us: wire::UNKNOWN.into(),
            activity: (Activity::Watching as u8).into(),
            stream: Mutex::default(),
            rate_since: since.as_micros().into(),
            rate_bytes: 0.into(),
            rate: 0.into(),
        }
    }

    pub(super) fn set_activity(&self, activity: Activity) {
        self.activity.store(activity as u8, Relaxed);
    }

    pub(super) fn activity(&self) -> Activity {
        let number = self.activity.load(Relaxed);
        let known = [Activity::Watching, Activity::Hidden, Activity::Paused];
        known.into_iter().find(|one| *one as u8 == number).unwrap_or(Activity::Watching)
    }

    /// He is sent this stream from now on.
    pub(super) fn set_stream(&self, stream: &Arc<Stream>) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(stream));
    }

    /// The stream that he is sent.
    pub(super) fn stream(&self) -> Option<Arc<Stream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A picture, or a part of one, was sent that was captured at `now`, and `missed` were left out before it.
    pub(super) fn count(&self, missed: u32, bytes: usize, part: Part, now: Timestamp) {
        add(&self.sent, part.last.into());
        add(&self.in_parts, (part.last && !part.first).into());
        add(&self.skipped, missed.into());
        self.count_bytes(bytes as u64, now);
    }

    /// Some whole pictures were sent, one after the other.
    pub(super) fn count_more(&self, sent: &Sent) {
        add(&self.sent, sent.pictures.into());
        self.count_bytes(sent.bytes.into(), sent.last.captured);
    }

    fn count_bytes(&self, bytes: u64, now: Timestamp) {
        let bytes = add(&self.bytes, bytes);
        let time = now.since(Timestamp::from_micros(self.rate_since.load(Relaxed)));
        if time >= RATE_OVER {
            let before = self.rate_bytes.swap(bytes, Relaxed);
            self.rate_since.store(now.as_micros(), Relaxed);
            self.rate.store(((bytes - before) as f64 * 8.0 / time.as_secs_f64()) as u64, Relaxed);
        }
    }

    /// Bits per second of late.
    pub(super) fn rate(&self, now: Timestamp) -> u64 {
        let time = now.since(Timestamp::from_micros(self.rate_since.load(Relaxed)));
        if time > RATE_OVER * 2 { 0 } else { self.rate.load(Relaxed) }
    }
}

/// An atomic addition waits for the memory, once for each counter; a plain one does not.
fn add(counter: &AtomicU64, more: u64) -> u64 {
    let sum = counter.load(Relaxed) + more;
    counter.store(sum, Relaxed);
    sum
}

/// Upper bounds of delays that are counted apart, in ms.
pub(super) const DELAY_BOUNDS_MS: [u32; 9] = [25, 50, 100, 150, 200, 300, 500, 1000, 2000];

/// From capture to shown, of all pictures that viewers told it of.
#[derive(Debug, Default)]
pub(super) struct Delays {
    /// At most each bound, and above the last.
    counts: [AtomicU64; DELAY_BOUNDS_MS.len() + 1],
    sum_us: AtomicU64,
}

impl Delays {
    /// One picture's.
    pub(super) fn count(&self, delay_us: u32) {
        let bound = DELAY_BOUNDS_MS.iter().position(|bound| delay_us <= bound * 1000);
        self.counts[bound.unwrap_or(DELAY_BOUNDS_MS.len())].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(delay_us.into(), Relaxed);
    }

    /// How many were within each bound, and in all; and the sum of all, µs.
    pub(super) fn within(&self) -> ([u64; DELAY_BOUNDS_MS.len() + 1], u64) {
        let mut sum = 0;
        let within = self.counts.each_ref().map(|count| {
            sum += count.load(Relaxed);
            sum
        });
        (within, self.sum_us.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_counted_within_all_bounds_above_them() {
        let delays = Delays::default();
        [10_000, 25_000, 25_001, 5_000_000].into_iter().for_each(|us| delays.count(us));
        let (within, sum) = delays.within();
        assert_eq!((within[0], within[1], within[8], within[9], sum), (2, 3, 3, 4, 5_060_001));
    }
}
