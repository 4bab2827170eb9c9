//! What has arrived of what a viewer was sent: his page says it, or else the kernel does.
//!
//! The page's word counts for more: behind a proxy the kernel only knows what the proxy has got. Old pages say nothing. For
//! them the kernel is asked, and only when it matters (`Window::wants_look`).
//!
//! While an old page's link carries many times the stream the kernel is not even asked: it is told how much may be
//! unacknowledged at a time, as little as is on the way there in a good sixth of a second, and refuses more. A picture that
//! it takes is then the news that all is well, and costs no system call; one that it refuses is the doubt in which it is asked
//! again.
//!
//! Here belongs: where the window's news comes from, and when to look again. Not here: what follows from it (the hub's
//! `window`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wire::Pace;

use super::foretold::Foretold;
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
/// Where the kernel guards a link so much time's pictures are on their way at most, beside its round trip: should it break
/// down, these are what is late. A live page on such a link tells of one picture in this time.
const GUARDED_FOR: Duration = Duration::from_millis(170);
/// Any pace but the one of who is looked at all the time.
const GUARDED: Pace = Pace { every: 2 };
/// What the kernel adds to each message in its account, and some more for what does not fill its pages.
const MESSAGE_BYTES: f64 = 2048.0;
/// Where the window alone decides: as much as any window has; systems have a limit for what may be asked for.
const UNGUARDED_BYTES: usize = 4 << 20;

/// One viewer's link.
#[derive(Debug)]
pub(super) struct Meter {
    tap: Arc<Tap>,
    begun: Instant,
    window: Window,
    /// Whether his page says what has arrived.
    told: bool,
    /// Where it tells of some pictures only: of which, and of what stream.
    paced: Option<(Pace, Stream)>,
    foretold: Foretold,
    /// When it was looked last.
    looked: Timestamp,
    /// When it was seen last that something was on its way.
    busy: Option<Timestamp>,
    /// When the kernel was asked of the way last.
    asked: Option<Timestamp>,
    /// What the link was when the kernel was told how much to take; none: it was not.
    guarded: Option<Link>,
    /// The kernel was asked since that was decided last.
    is_fresh: bool,
    /// The kernel must be asked.
    is_in_doubt: bool,
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
            paced: None,
            foretold: Foretold::default(),
            looked,
            busy: None,
            asked: None,
            guarded: None,
            is_fresh: false,
            is_in_doubt: false,
        }
    }

    /// A message of so many bytes is about to be sent.
    pub(super) fn send(&mut self, bytes: usize) {
        self.window.sent(self.now(), bytes);
    }

    /// The same of a picture, or of a part of one, for which it was looked just now. `told`: whether his page will say that
    /// it has come.
    pub(super) fn send_part(&mut self, bytes: usize, part: Part, told: bool) {
        if self.guarded.is_none() && (told || !self.told) {
            self.window.sent_part(self.looked, bytes, part);
        } else {
            self.window.sent_untold(self.looked, bytes, part);
        }
        if told && part.last {
            self.is_to_be_told();
        }
    }

    /// His page acknowledges what was sent last.
    pub(super) fn is_to_be_told(&mut self) {
        if self.paced.is_some() {
            self.foretold.sent(self.now(), self.window.total_sent());
        }
    }

    /// Of which pictures of this stream his page is to tell, where it has told at `pace` of late.
    pub(super) fn pace(&self, pace: Pace, stream: &Stream) -> Pace {
        self.window.pace(self.now(), pace, stream)
    }

    /// From now on his page is to tell of these pictures of this stream.
    pub(super) fn set_pace(&mut self, pace: Pace, stream: &Stream) {
        if self.paced.map_or(Pace::EACH, |(pace, _)| pace) != pace {
            // What is on its way was sent when other pictures were told of.
            self.foretold = Foretold::default();
        }
        self.paced = (pace != Pace::EACH).then_some((pace, *stream));
    }

    /// Something came from him. Whether it is the acknowledgement that was to come, and says that all is well: it need not
    /// be read at once.
    pub(super) fn is_foretold(&mut self) -> bool {
        let (Some((pace, stream)), Some(least)) = (self.paced, self.window.least_round_trip()) else {
            return false;
        };
        let now = self.now();
        let Some(total) = self.foretold.comes(now, least) else { return false };
        self.window.arrived(now, total);
        self.window.pace(now, pace, &stream) == pace
    }

    /// Whether an acknowledgement should have come and has not.
    pub(super) fn is_overdue(&self) -> bool {
        self.foretold.is_overdue(self.now(), self.window.least_round_trip().unwrap_or_default())
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
            self.foretold.read(sent - u64::from(on_the_way));
        }
    }

    /// A picture of this stream was sent to an old page: from now on the kernel is to refuse what would be too much on its way,
    /// if the link is so wide that this is not to be expected; or no longer.
    pub(super) fn guard(&mut self, stream: &Stream) {
        if !std::mem::take(&mut self.is_fresh) || self.told {
            return;
        }
        let link = self.window.link(self.looked);
        let before = self.guarded.map_or(Pace::EACH, |_| GUARDED);
        if self.window.pace(self.looked, before, stream) == Pace::EACH {
            return self.doubt();
        }
        let way = self.window.least_round_trip().unwrap_or_default();
        let is_set = self.tap.take_until(most_on_the_way(stream, way)).is_ok();
        self.guarded = Some(Link { room: usize::MAX, idle: true, ..link }).filter(|_| is_set);
    }

    /// The kernel took less than it was to.
    pub(super) fn doubt(&mut self) {
        if self.guarded.take().is_some() {
            self.tap.take_any(UNGUARDED_BYTES);
            self.is_in_doubt = true;
        }
    }

    /// The link as it is now.
    pub(super) fn look(&mut self) -> Link {
        let now = self.now();
        self.looked = now;
        if let Some(link) = self.guarded.filter(|_| !self.is_to_ask(now)) {
            return Link { now, ..link };
        }
        let is_in_doubt = std::mem::take(&mut self.is_in_doubt) || self.guarded.is_some();
        if !self.told && (is_in_doubt || self.window.wants_look(now)) {
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
        self.is_fresh = true;
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

/// How much is on the way on a link that has no trouble with this stream, in the kernel's account.
fn most_on_the_way(stream: &Stream, round_trip: Duration) -> usize {
    let pictures_per_second = f64::from(stream.rate.0) / f64::from(stream.rate.1);
    let pictures = pictures_per_second * (GUARDED_FOR + round_trip).as_secs_f64();
    let share = f64::from(stream.bits_per_second) / 8.0 / pictures_per_second;
    // One more is about to be sent.
    ((pictures + 1.0) * (share + MESSAGE_BYTES)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FrameSize;
    use crate::hub::Rendition;
    use crate::server::tap::tests::connected;
    use socket2::SockRef;

    fn stream(bits_per_second: u32) -> Stream {
        let size = FrameSize::new(64, 48).unwrap();
        Stream { id: 1, rendition: Rendition::FULL, size, rate: (24, 1), bits_per_second }
    }

    #[tokio::test]
    async fn the_kernel_guards_a_wide_link_until_it_refuses_something() {
        let (tap, _other) = connected().await;
        let most = || SockRef::from(&*tap).send_buffer_size().unwrap();
        let mut meter = Meter::new(Arc::clone(&tap));
        // Nothing is known yet.
        meter.guard(&stream(800_000));
        assert!(meter.guarded.is_none());
        meter.ask_kernel(meter.now());
        meter.window.told(1e7, false);
        meter.guard(&stream(800_000));
        assert!(meter.guarded.is_some() && (20_000..50_000).contains(&most()), "{}", most());
        // However much was sent, it is not asked for a while: it took it.
        let asked = meter.asked;
        for _ in 0..100 {
            meter.send_part(5000, Part::WHOLE, true);
            assert!(meter.look().room > 1 << 20);
        }
        assert_eq!(meter.asked, asked);
        meter.doubt();
        assert!(meter.guarded.is_none() && most() > 100_000, "{}", most());
        meter.look();
        assert!(meter.is_fresh && meter.window.unacknowledged() == 0, "it was asked, and all has arrived");
        // A stream that the link carries, and no more.
        meter.guard(&stream(40_000_000));
        assert!(meter.guarded.is_none());
    }
}
