//! Which pictures a page acknowledges: where a link carries many times the stream, one in four or eight tells enough.
//!
//! Here belongs: how wide a link is for a stream, and when it is to be watched more closely. Not here: what is learned from
//! acknowledgements (`window`), which of them are read (`server/foretold.rs`).

use std::time::Duration;

use wire::Pace;

use super::Window;
use crate::hub::item::Stream;
use crate::hub::rate::JITTER;
use crate::time::Timestamp;

/// Where not each picture need be acknowledged.
struct Wide {
    /// The link carries so many times the stream, and from then on that many.
    times: f64,
    times_still: f64,
    /// The least round trip is no longer than this part of the bound.
    near: u32,
    /// Of the pictures in this time one is acknowledged: should the link break down, so much is on its way before it is noticed.
    tell_after: Duration,
}

const WIDE: Wide = Wide { times: 6.0, times_still: 4.0, near: 3, tell_after: Duration::from_millis(170) };
/// The page tells of a late picture unasked. So more time matters only where nothing comes at all, and what is on its way then has
/// come soon when something does.
const VERY_WIDE: Wide =
    Wide { times: 16.0, times_still: 12.0, near: 6, tell_after: Duration::from_millis(340) };

/// After a wide link has held something up each picture is acknowledged for so long: what a link carries that has become a slow one
/// is learned from that within it.
const WATCHED_FOR: Duration = Duration::from_millis(500);

impl Window {
    /// Which pictures of this stream are to be acknowledged from now on, where they were at `pace` until now.
    #[must_use]
    pub fn pace(&mut self, now: Timestamp, pace: Pace, stream: &Stream) -> Pace {
        let wide = WIDE.every(stream);
        let is_news = self.news_at == now;
        if self.queue(now) > JITTER || is_news && self.is_filling(stream) {
            self.filled_at = Some(now);
        }
        if self.filled_at.is_some_and(|at| now.since(at) < WATCHED_FOR) {
            Pace { every: 1, ..pace }
        } else if self.is(&VERY_WIDE, now, pace.every > wide, stream) {
            Pace { every: VERY_WIDE.every(stream), ..pace }
        } else if self.is(&WIDE, now, !pace.is_each(), stream) {
            Pace { every: wide, ..pace }
        } else {
            Pace { every: 1, ..pace }
        }
    }

    /// Whether more pictures are on their way than a wide link has room for, just now when there was news: behind it come as many
    /// as were sent in a round trip, one that is being sent, and another. At any other time it may be that many of which nothing
    /// is told.
    fn is_filling(&self, stream: &Stream) -> bool {
        let least = self.least_round_trip().unwrap_or_default().as_secs_f64();
        let pictures = stream.pictures_per_second() * least + 2.0;
        let bytes = f64::from(stream.bits_per_second) / 8.0 / stream.pictures_per_second() * pictures;
        self.unacknowledged() as f64 > bytes
    }

    /// Whether the link is so wide for this stream; `still`: it was.
    fn is(&self, wide: &Wide, now: Timestamp, still: bool, stream: &Stream) -> bool {
        let times = if still { wide.times_still } else { wide.times };
        let is_near = self.least_round_trip().is_some_and(|least| least <= self.bound / wide.near);
        is_near && self.rate_now(now) >= Some(f64::from(stream.bits_per_second) / 8.0 * times)
    }
}

impl Wide {
    /// Of so many pictures of this stream one is acknowledged.
    fn every(&self, stream: &Stream) -> u16 {
        ((stream.pictures_per_second() * self.tell_after.as_secs_f64()) as u16).max(1)
    }
}
