//! What the kernel says of an old page's link, and its watch over one that is wide: it is told how much may be
//! unacknowledged at a time, as little as is on the way there in a good sixth of a second, and refuses more. A picture that it takes
//! is then the news that all is well, and costs no system call; one that it refuses is the doubt in which it is asked again.
//!
//! Here belongs: when the kernel is asked, and told. Not here: what a page says (`link`), what follows (the hub's `window`).

use std::sync::Arc;
use std::time::Duration;

use wire::Pace;

use crate::hub::{Link, Stream, Window};
use crate::server::tap::Tap;
use crate::server::unsent::Way;
use crate::time::Timestamp;

/// How long the kernel's least round trip is believed.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// What was seen of a link that was busy is looked at again for so long: it may have been an accident.
const REST_AFTER: Duration = Duration::from_secs(2);
/// Where the kernel guards a link so much time's pictures are on their way at most, beside its round trip: should it break
/// down, these are what is late. A live page on such a link tells of one picture in this time.
pub(super) const GUARDED_FOR: Duration = Duration::from_millis(170);
/// Any pace but the one of who is looked at all the time.
const GUARDED: Pace = Pace { every: 2, from: 0 };
/// What the kernel adds to each message in its account, and some more for what does not fill its pages.
const MESSAGE_BYTES: f64 = 2048.0;
/// Where the window alone decides: as much as any window has; systems have a limit for what may be asked for.
const UNGUARDED_BYTES: usize = 4 << 20;

/// The kernel's side of one link.
#[derive(Debug)]
pub(super) struct Kernel {
    tap: Arc<Tap>,
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

impl Kernel {
    /// Nothing is known yet.
    pub(super) const fn new(tap: Arc<Tap>) -> Self {
        Self { tap, busy: None, asked: None, guarded: None, is_fresh: false, is_in_doubt: false }
    }

    /// Whether it refuses what would be too much.
    pub(super) const fn guards(&self) -> bool {
        self.guarded.is_some()
    }

    /// The link, if it is guarded and need not be asked of now.
    pub(super) fn guarded(&self, now: Timestamp) -> Option<Link> {
        self.guarded.filter(|_| !self.is_to_ask(now)).map(|link| Link { now, ..link })
    }

    /// Asks what has arrived, if there is reason to. `rate`: its word of the rate is to be believed.
    pub(super) fn ask_if_wanted(&mut self, now: Timestamp, window: &mut Window, rate: bool) {
        let is_in_doubt = std::mem::take(&mut self.is_in_doubt) || self.guards();
        if is_in_doubt || window.wants_look(now) {
            self.ask(now, window, rate);
        }
    }

    fn ask(&mut self, now: Timestamp, window: &mut Window, rate: bool) {
        self.is_fresh = true;
        // Who cannot be measured is taken for one to whom all comes at once: he is served, not gated.
        let unacknowledged = self.tap.unacknowledged().unwrap_or(0) as u64;
        if unacknowledged > 0 {
            self.busy = Some(now);
        }
        // A way that has carried away all that was sent for a while is quick enough, and what the kernel knows of it no news.
        let is_busy = self.busy.is_some_and(|busy| now.since(busy) < REST_AFTER);
        if (is_busy || self.is_to_ask(now))
            && let Some(way) = self.ask_way(now, window).filter(|_| rate)
        {
            window.told(way.rate, way.limited);
        }
        window.looked(now, window.total_sent().saturating_sub(unacknowledged));
    }

    /// Asks of the way of single segments, if that is long ago, or `anyway`.
    pub(super) fn ask_way_again(&mut self, now: Timestamp, window: &mut Window, anyway: bool) -> Option<Way> {
        if anyway || self.is_to_ask(now) { self.ask_way(now, window) } else { None }
    }

    fn ask_way(&mut self, now: Timestamp, window: &mut Window) -> Option<Way> {
        self.asked = Some(now);
        let way = self.tap.way()?;
        window.told_round_trip(way.round_trip);
        Some(way)
    }

    /// Whether what the kernel said of the way is old.
    fn is_to_ask(&self, now: Timestamp) -> bool {
        self.asked.is_none_or(|asked| now.since(asked) > ASK_AGAIN)
    }

    /// A picture of this stream was sent. From now on the kernel is to refuse what would be too much on its way, if the link
    /// is so wide that this is not to be expected; or no longer.
    pub(super) fn guard(&mut self, now: Timestamp, window: &mut Window, stream: &Stream) {
        if !std::mem::take(&mut self.is_fresh) {
            return;
        }
        let link = window.link(now);
        let before = self.guarded.map_or(Pace::EACH, |_| GUARDED);
        if window.pace(now, before, stream).is_each() {
            return self.doubt();
        }
        let way = window.least_round_trip().unwrap_or_default();
        let is_set = self.tap.take_until(most_on_the_way(stream, way)).is_ok();
        self.guarded = Some(Link { room: usize::MAX, idle: true, ..link }).filter(|_| is_set);
    }

    /// It took less than it was to.
    pub(super) fn doubt(&mut self) {
        if self.guarded.take().is_some() {
            self.tap.take_any(UNGUARDED_BYTES);
            self.is_in_doubt = true;
        }
    }
}

/// How much is on the way on a link that has no trouble with this stream, in the kernel's account.
fn most_on_the_way(stream: &Stream, round_trip: Duration) -> usize {
    let pictures_per_second = stream.pictures_per_second();
    let pictures = pictures_per_second * (GUARDED_FOR + round_trip).as_secs_f64();
    let share = f64::from(stream.bits_per_second) / 8.0 / pictures_per_second;
    // One more is about to be sent.
    ((pictures + 1.0) * (share + MESSAGE_BYTES)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FrameSize;
    use crate::hub::{BOUND, Part, Rendition};
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
        let now = Timestamp::from_micros(1000);
        let (mut kernel, mut window) = (Kernel::new(Arc::clone(&tap)), Window::new(BOUND));
        // Nothing is known yet.
        kernel.guard(now, &mut window, &stream(800_000));
        assert!(!kernel.guards());
        kernel.ask(now, &mut window, true);
        window.told(1e7, false);
        kernel.guard(now, &mut window, &stream(800_000));
        assert!(kernel.guards() && (20_000..50_000).contains(&most()), "{}", most());
        // However much was sent, it is not asked for a while: it took it.
        for _ in 0..100 {
            window.sent_untold(now, 5000, Part::WHOLE);
            assert!(kernel.guarded(now).unwrap().room > 1 << 20);
        }
        assert!(kernel.guarded(now.after(Duration::from_secs(6))).is_none());
        kernel.doubt();
        assert!(!kernel.guards() && most() > 100_000, "{}", most());
        kernel.ask_if_wanted(now, &mut window, true);
        assert!(kernel.is_fresh && window.unacknowledged() == 0, "it was asked, and all has arrived");
        // A stream that the link carries, and no more.
        kernel.guard(now, &mut window, &stream(40_000_000));
        assert!(!kernel.guards());
    }
}
