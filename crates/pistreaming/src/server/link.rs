//! What has arrived of what a viewer was sent: his page says it, or else the kernel does.
//!
//! The page's word counts for more: behind a proxy the kernel only knows what the proxy has got. Old pages say nothing. For
//! them the kernel is asked, and only when it matters (`Window::wants_look`).
//!
//! Here belongs: where the window's news comes from, and when to look again. Not here: what follows from it (the hub's
//! `window`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::tap::Tap;
use super::unsent::Way;
use crate::hub::{BOUND, Link, Part, Window};
use crate::time::Timestamp;

/// How soon the kernel is asked again while nothing may be sent: a third of a frame time at 24/s.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// How long the kernel's least round trip is believed.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// No timer is finer than this.
const SOONEST: Duration = Duration::from_millis(3);

/// One viewer's link.
#[derive(Debug)]
pub(super) struct Meter {
    tap: Arc<Tap>,
    begun: Instant,
    window: Window,
    /// Whether his page says what has arrived.
    told: bool,
    /// When the kernel was asked last.
    asked: Option<Instant>,
}

impl Meter {
    /// Nothing is known yet.
    pub(super) fn new(tap: Arc<Tap>) -> Self {
        Self { tap, begun: Instant::now(), window: Window::new(BOUND), told: false, asked: None }
    }

    /// A message of so many bytes is about to be sent.
    pub(super) fn send(&mut self, bytes: usize) {
        self.window.sent(self.now(), bytes);
    }

    /// The same of a picture, or of a part of one.
    pub(super) fn send_part(&mut self, bytes: usize, part: Part) {
        self.window.sent_part(self.now(), bytes, part);
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        self.told = true;
        // The way of single segments: what a page's word is compared with.
        if self.asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) {
            self.ask_way();
        }
        let sent = self.window.total_sent();
        let on_the_way = (sent as u32).wrapping_sub(bytes);
        // More than was sent since the last word is no page's of ours: nothing is learned from it.
        if on_the_way as usize <= self.window.unacknowledged() {
            self.window.arrived(self.now(), sent - u64::from(on_the_way));
        }
    }

    /// The link as it is now.
    pub(super) fn look(&mut self) -> Link {
        let now = self.now();
        if !self.told && self.window.wants_look(now) {
            self.ask_kernel(now);
        }
        self.window.link(now)
    }

    /// After how long it is to be looked again, where no event tells that more may be sent. `idle`: only an idle link
    /// will do.
    pub(super) fn look_again(&self, link: &Link, idle: bool) -> Option<Duration> {
        if link.room == 0 || idle && !self.told {
            return (!self.told).then_some(LOOK_AGAIN);
        }
        self.window.idle_in(self.now()).filter(|_| idle).map(|wait| wait.max(SOONEST))
    }

    fn ask_kernel(&mut self, now: Timestamp) {
        if let Some(way) = self.ask_way() {
            self.window.told(way.rate, way.limited);
        }
        // Who cannot be measured is taken for one to whom all comes at once: he is served, not gated.
        let unacknowledged = self.tap.unacknowledged().unwrap_or(0) as u64;
        self.window.looked(now, self.window.total_sent().saturating_sub(unacknowledged));
    }

    fn ask_way(&mut self) -> Option<Way> {
        self.asked = Some(Instant::now());
        let way = self.tap.way()?;
        self.window.told_round_trip(way.round_trip);
        Some(way)
    }

    fn now(&self) -> Timestamp {
        let micros = self.begun.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}
