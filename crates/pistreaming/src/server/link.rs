//! What has arrived of what a viewer was sent: his page says it, or else the kernel does.
//!
//! The page's word counts for more: behind a proxy the kernel only knows what the proxy has got. Old pages say nothing. For
//! them the kernel is asked, and only when it matters (`Window::wants_look`).
//!
//! Here belongs: where the window's news comes from, and when to look again. Not here: what the kernel says (`kernel`), what
//! follows from it (the hub's `window`).

mod kernel;

use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::Pace;

use super::foretold::{Foretold, LATE};
use super::standing::{Sure, Telling, Told};
use super::tap::Tap;
use crate::hub::{BOUND, Link, Part, Stream, Window};
use crate::time::Timestamp;
use kernel::Kernel;

/// How soon the kernel is asked again while nothing may be sent: a third of a frame time at 24/s.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// No timer is finer than this.
const SOONEST: Duration = Duration::from_millis(3);
/// For so long an old page's link is not even looked at while the kernel guards it, and a live page's only through what it says.
/// What else is looked at with it is in no hurry, either.
const SURE_FOR: Duration = Duration::from_millis(500);

/// A page that is to tell what has arrived and has not for so long is taken for one that never does.
const SILENT_AFTER: Duration = Duration::from_secs(2);

/// One viewer's link.
#[derive(Debug)]
pub(super) struct Meter {
    begun: Instant,
    /// When it was looked at the clock last: once a turn, in which nothing waits.
    at: Instant,
    window: Window,
    /// Whether his page is to say what has arrived.
    is_to_tell: bool,
    /// Whether it does.
    told: bool,
    /// Where it tells of some pictures only: of which, and of what stream.
    paced: Option<(Pace, Stream)>,
    foretold: Foretold,
    /// All bytes that have arrived by the last word of his page that was read.
    read: u64,
    /// When it was looked last.
    looked: Timestamp,
    kernel: Kernel,
}

impl Meter {
    /// Nothing is known yet. `is_to_tell`: his page will say what has arrived, or should.
    pub(super) fn new(tap: Arc<Tap>, is_to_tell: bool) -> Self {
        let (looked, begun) = (Timestamp::default(), Instant::now());
        Self {
            begun,
            at: begun,
            window: Window::new(BOUND),
            is_to_tell,
            told: false,
            paced: None,
            foretold: Foretold::default(),
            read: 0,
            looked,
            kernel: Kernel::new(tap),
        }
    }

    /// A turn begins now.
    pub(super) fn look_at_the_clock(&mut self) {
        self.at = Instant::now();
    }

    /// When this turn began.
    pub(super) const fn at(&self) -> Instant {
        self.at
    }

    /// A message of so many bytes is about to be sent.
    pub(super) fn send(&mut self, bytes: usize) {
        self.window.sent(self.now(), bytes);
    }

    /// The same of one that is acknowledged with the next picture that is.
    pub(super) fn send_aside(&mut self, bytes: usize) {
        self.window.sent_aside(self.now(), bytes);
    }

    /// The same of a picture, or of a part of one, for which it was looked just now. `told`: whether his page will say that
    /// it has come.
    pub(super) fn send_part(&mut self, bytes: usize, part: Part, told: bool) {
        if !self.kernel.guards() && (told || !self.told) {
            self.window.sent_part(self.looked, bytes, part);
        } else {
            self.window.sent_untold(self.looked, bytes, part);
        }
        if told && part.last {
            self.is_to_be_told();
        }
    }

    /// Whole pictures of so many bytes in all were sent, of which his page will say nothing but of the one that is `told`.
    pub(super) fn was_sent(&mut self, bytes: u32, told: Option<Told>) {
        let mut untold = bytes as usize;
        if let Some(Told { at, before, payload_bytes }) = told {
            let (at, before, own) = (self.time(at), before as usize, payload_bytes as usize);
            self.window.sent_untold(at, before, Part::WHOLE);
            self.window.sent_part(at, own, Part::WHOLE);
            self.foretell(at);
            untold -= before + own;
        }
        if untold > 0 {
            self.window.sent_untold(self.now(), untold, Part::WHOLE);
        }
    }

    /// How much of this stream may be sent without looking again; none: it is looked before each picture. On a live page's link
    /// that is as much as makes no queue, and no more pictures than until the news of one of them is overdue.
    pub(super) fn sure(&self, stream: &Stream) -> Option<Sure> {
        let pictures = |time: Duration| (stream.pictures_per_second() * time.as_secs_f64()).max(1.0) as u16;
        if self.kernel.guards() {
            return Some(Sure { told: None, pictures: pictures(SURE_FOR), room: u32::MAX });
        }
        let (pace, _) = self.paced.filter(|(_, paced)| self.told && paced.id == stream.id)?;
        let (now, least) = (self.now(), self.window.least_round_trip().unwrap_or_default());
        let room = u32::try_from(self.window.spare(now)).unwrap_or(u32::MAX);
        let behind = pictures(least + LATE);
        let telling = Telling { pace, behind: self.is_fresh().then_some(behind) };
        Some(Sure { told: Some(telling), pictures: pace.every + behind, room })
    }

    /// Whether a look now, in a turn that he has anyway, spares him one of its own with a picture: without it the next that is
    /// acknowledged is not sure.
    pub(super) fn is_to_be_looked_at(&self) -> bool {
        self.told && self.paced.is_some() && !self.is_fresh()
    }

    /// Whether it was looked at not long ago.
    fn is_fresh(&self) -> bool {
        self.now().since(self.looked) < SURE_FOR
    }

    /// His page acknowledges what was sent last.
    pub(super) fn is_to_be_told(&mut self) {
        self.foretell(self.now());
    }

    /// The same of what was sent last by then.
    fn foretell(&mut self, at: Timestamp) {
        if self.paced.is_some() {
            self.foretold.sent(at, self.window.total_sent());
        }
    }

    /// Of which pictures of this stream his page is to tell, where it has told at `pace` of late.
    pub(super) fn pace(&mut self, pace: Pace, stream: &Stream) -> Pace {
        self.window.pace(self.now(), pace, stream)
    }

    /// From now on his page is to tell of these pictures of this stream.
    pub(super) fn set_pace(&mut self, pace: Pace, stream: &Stream) {
        if self.paced.map_or(1, |(pace, _)| pace.every) != pace.every {
            // What is on its way was sent when other pictures were told of.
            self.foretold = Foretold::default();
        }
        self.paced = (!pace.is_each()).then_some((pace, *stream));
    }

    /// Something came from him. Whether it is the acknowledgement that was to come, and says that all is well: it need not
    /// be read at once.
    pub(super) fn is_foretold(&mut self) -> bool {
        let (Some((pace, stream)), Some(least)) = (self.paced, self.window.least_round_trip()) else {
            return false;
        };
        let now = self.now();
        let Some(total) = self.foretold.comes(now, least) else { return false };
        self.window.seems_arrived(now, total);
        self.window.pace(now, pace, &stream) == pace
    }

    /// Whether an acknowledgement should have come and has not.
    pub(super) fn is_overdue(&self) -> bool {
        self.foretold.is_overdue(self.now(), self.window.least_round_trip().unwrap_or_default())
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        let is_first = !std::mem::replace(&mut self.told, true);
        let now = self.now();
        // The way of single segments: what a page's word is compared with.
        let way = self.kernel.ask_way_again(now, &mut self.window, is_first);
        let sent = self.window.total_sent();
        let on_the_way = u64::from((sent as u32).wrapping_sub(bytes));
        // More than was sent since the last word is no page's of ours: nothing is learned from it.
        if on_the_way > sent - self.read {
            return;
        }
        self.read = sent - on_the_way;
        if self.foretold.read(self.read) {
            self.window.has_not_arrived(now, self.read);
        } else {
            self.window.arrived(now, self.read);
        }
        // Where little is sent only the kernel sees a wide link.
        if let Some(way) = way.filter(|_| is_first) {
            self.window.told(way.rate, way.limited);
        }
    }

    /// A picture of this stream was sent to an old page: the kernel may be told how much it is to take.
    pub(super) fn guard(&mut self, stream: &Stream) {
        if !self.told {
            self.kernel.guard(self.looked, &mut self.window, stream);
        }
    }

    /// The kernel took less than it was to.
    pub(super) fn doubt(&mut self) {
        self.kernel.doubt();
    }

    /// The link as it is now.
    pub(super) fn look(&mut self) -> Link {
        let now = self.now();
        self.looked = now;
        if let Some(link) = self.kernel.guarded(now) {
            return link;
        }
        if !self.told {
            // By the first few packets the kernel knows more than a link carries: a page's word is better, and soon there.
            let is_old = !self.is_to_tell || now.as_micros() > SILENT_AFTER.as_micros() as u64;
            self.kernel.ask_if_wanted(now, &mut self.window, is_old);
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

    fn now(&self) -> Timestamp {
        self.time(self.at)
    }

    fn time(&self, at: Instant) -> Timestamp {
        let micros = at.duration_since(self.begun).as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
