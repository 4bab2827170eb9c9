//! What a viewer's link carries: learned from how soon what was sent to him has arrived.
//!
//! A sample is the time from the first byte sent on an idle link until all is acknowledged. It is a lower bound: little
//! may have been sent, and it is looked at now and then only. So a low sample takes little from what is known.
//!
//! Here belongs: measuring, and the step that follows. Not here: what is sent in the room that there is (the hub).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::tap::Tap;
use crate::hub::{Fit, Link};

/// What is known of a link is worth this much of it at the next sample.
const KEEP: f64 = 0.95;
/// Less than this tells nothing.
const TELLING_BYTES: usize = 1000;

/// One viewer's link.
#[derive(Debug)]
pub(super) struct Meter {
    tap: Arc<Tap>,
    /// Since when the link is busy, and with how many bytes.
    busy: Option<(Instant, usize)>,
    /// Bytes a second that it carries at least.
    carries: f64,
    /// Bytes a second that the stream takes.
    stream: f64,
}

impl Meter {
    /// Nothing is known yet.
    pub(super) const fn new(tap: Arc<Tap>) -> Self {
        Self { tap, busy: None, carries: 0.0, stream: f64::INFINITY }
    }

    /// So many bytes are about to be sent, of a stream of `bits_per_second`.
    pub(super) fn send(&mut self, bytes: usize, bits_per_second: u32) {
        self.stream = f64::from(bits_per_second) / 8.0;
        self.busy.get_or_insert_with(|| (Instant::now(), 0)).1 += bytes;
    }

    /// The link as it is now.
    pub(super) fn look(&mut self) -> Link {
        let idle = self.tap.unacknowledged() == 0;
        if let Some((since, bytes)) = self.busy.filter(|_| idle) {
            self.busy = None;
            self.arrived(bytes, since.elapsed());
        }
        Link { fit: Fit::of(self.carries / self.stream), idle }
    }

    /// He fell behind: what was known no longer holds.
    pub(super) const fn forget(&mut self) {
        self.carries = 0.0;
    }

    fn arrived(&mut self, bytes: usize, within: Duration) {
        if bytes >= TELLING_BYTES {
            let sample = bytes as f64 / within.as_secs_f64().max(1e-4);
            self.carries = sample.max(self.carries * KEEP);
        }
    }
}
