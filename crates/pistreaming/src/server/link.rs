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
use wire::Pace;

use super::tap::Tap;
use super::unsent::Way;
use crate::hub::{BOUND, Link, Part, Stream, Window};
use crate::time::Timestamp;

/// How soon the kernel is asked again while nothing may be sent: a third of a frame time at 24/s.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// How long the kernel's least round trip is believed.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// What was seen of a link that was busy is looked at again for so long: it may have been an accident.
const REST_AFTER: Duration = Duration::from_secs(2);
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
    /// When it was looked last.
    looked: Timestamp,
    /// When it was seen last that something was on its way.
    busy: Option<Timestamp>,
    /// When the kernel was asked of the way last.
    asked: Option<Timestamp>,
}

impl Meter {
    /// Nothing is known yet.
    pub(super) fn new(tap: Arc<Tap>) -> Self {
        let looked = Timestamp::default();
        Self {
            tap,
            begun: Instant::now(),
            window: Window::new(BOUND),
            told: false,
            looked,
            busy: None,
            asked: None,
        }
    }

    /// A message of so many bytes is about to be sent.
    pub(super) fn send(&mut self, bytes: usize) {
        self.window.sent(self.now(), bytes);
    }

    /// The same of a picture, or of a part of one, for which it was looked just now. `told`: whether his page will say that
    /// it has come.
    pub(super) fn send_part(&mut self, bytes: usize, part: Part, told: bool) {
        if told || !self.told {
            self.window.sent_part(self.looked, bytes, part);
        } else {
            self.window.sent_untold(self.looked, bytes, part);
        }
    }

    /// Of which pictures of this stream his page is to tell, where it has told at `pace` of late.
    pub(super) fn pace(&self, pace: Pace, stream: &Stream) -> Pace {
        self.window.pace(self.now(), pace, stream)
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        self.told = true;
        let now = self.now();
        // The way of single segments: what a page's word is compared with.
        if self.is_to_ask(now) {
            self.ask_way(now);
        }
        let sent = self.window.total_sent();
        let on_the_way = (sent as u32).wrapping_sub(bytes);
        // More than was sent since the last word is no page's of ours: nothing is learned from it.
        if on_the_way as usize <= self.window.unacknowledged() {
            self.window.arrived(now, sent - u64::from(on_the_way));
        }
    }

    /// The link as it is now.
    pub(super) fn look(&mut self) -> Link {
        let now = self.now();
        self.looked = now;
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
        // Who cannot be measured is taken for one to whom all comes at once: he is served, not gated.
        let unacknowledged = self.tap.unacknowledged().unwrap_or(0) as u64;
        if unacknowledged > 0 {
            self.busy = Some(now);
        }
        // A way that has carried away all that was sent for a while is quick enough, and what the kernel knows of it no news.
        let is_busy = self.busy.is_some_and(|busy| now.since(busy) < REST_AFTER);
        if (is_busy || self.is_to_ask(now))
            && let Some(way) = self.ask_way(now)
        {
            self.window.told(way.rate, way.limited);
        }
        self.window.looked(now, self.window.total_sent().saturating_sub(unacknowledged));
    }

    /// Whether what the kernel said of the way is old.
    fn is_to_ask(&self, now: Timestamp) -> bool {
        self.asked.is_none_or(|asked| now.since(asked) > ASK_AGAIN)
    }

    fn ask_way(&mut self, now: Timestamp) -> Option<Way> {
        self.asked = Some(now);
        let way = self.tap.way()?;
        self.window.told_round_trip(way.round_trip);
        Some(way)
    }

    fn now(&self) -> Timestamp {
        let micros = self.begun.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}
