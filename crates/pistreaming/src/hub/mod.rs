//! Where the river forks: the encode thread publishes each picture once, every viewer takes it at his own pace.
//!
//! ```text
//! encode thread ── publish ──▶ [ ring of the newest pictures ] ◀── step ── a cursor for each viewer
//!        ▲                                                                        │
//!        └──────────── orders (who watches, who waits for a start) ◀── ask ───────┘
//! ```
//!
//! **Contract: what a viewer is given can always be decoded (it is a start, or follows right on what he was given
//! before), is in order, is at most the bound behind the newest, and a viewer who takes nothing costs no memory and
//! no time of others.**
//!
//! Here belongs: fan-out and demand. Not here: sockets, protocols, what is inside a unit (never looked at).
//! There is one such ring for each rendition (`ladder`), and a viewer is in one of them (`climb`, `viewer`). `ring`,
//! `cursor`, `demand`, `climb` and `window`, with `rate` and `round_trip` in it, do no waiting and know no clock; this file
//! adds the lock and the waking.
//!
//! A std mutex: it is held for a few moves of pointers, never across an await.

mod choice;
mod climb;
mod cursor;
mod demand;
mod fit;
mod flights;
mod fork;
mod item;
mod ladder;
mod newest;
mod parts;
mod rate;
mod ring;
mod round_trip;
mod sharpen;
mod tries;
mod upload;
mod viewer;
mod window;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Release;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
pub use wire::NoticeCode;

pub use climb::Wants;
pub use cursor::Next;
use cursor::{Rules, Wish};
pub use demand::Orders;
pub use fit::{Fit, Link, PerFit};
use fork::Fork;
pub use item::{Item, Part, Role, Shape, Stream};
pub use ladder::{Audience, Rendition};
pub use newest::{Follows, Last, Newest};
pub use parts::MOST_PARTS;
use ring::Limits;
use upload::Upload;
pub use viewer::Viewer;
pub use window::Window;

use crate::bell::Bell;
use crate::frame::{Frame, FrameSize};
use crate::mailbox::Mailbox;
use crate::unit::AccessUnit;

/// How far behind, in capture time, a viewer may be before he skips; over his link's least round trip.
pub const BOUND: Duration = Duration::from_millis(300);

/// What viewers are to be told in words, for as long as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub code: NoticeCode,
    /// The sentence.
    pub text: String,
}

/// What went through a hub, and what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pictures published so far.
    pub published: u64,
    /// Viewers who are watching now.
    pub watching: usize,
    /// Bytes of coded pictures held now.
    pub held_bytes: usize,
    /// Time that coding the last picture took, µs.
    pub coding_last_us: u64,
    /// The same, averaged over about the last 32.
    pub coding_mean_us: u64,
}

impl Counts {
    fn count(&mut self, coding: Duration) {
        self.published += 1;
        self.coding_last_us = u64::try_from(coding.as_micros()).unwrap_or(u64::MAX);
        let mean = if self.published == 1 { self.coding_last_us } else { self.coding_mean_us };
        self.coding_mean_us = mean - mean / 32 + self.coding_last_us / 32;
    }
}

/// One camera's fork.
#[derive(Debug)]
pub struct Hub {
    core: Mutex<Core>,
    news: watch::Sender<()>,
    /// They ring with each news.
    bells: Mutex<Vec<Arc<Bell>>>,
    rules: Rules,
    frames: Arc<Mailbox<Frame>>,
    /// Counts the changes of notices.
    notice_changes: AtomicU64,
    /// Counts the pictures for all, and parts of them.
    publications: AtomicU64,
    /// Counts the news that is no picture.
    calls: AtomicU64,
}

#[derive(Debug)]
struct Core {
    /// One for each rendition.
    forks: [Fork; Rendition::COUNT],
    /// How many lower renditions an audience may have.
    renditions: usize,
    /// What all viewers together may be sent, if that is limited.
    upload: Option<Upload>,
    streams: u32,
    counts: Counts,
    notices: Vec<Notice>,
}

impl Core {
    const fn fork(&mut self, rendition: Rendition) -> &mut Fork {
        &mut self.forks[rendition.index()]
    }

    /// The fork whose pictures are those of this stream now.
    fn fork_of(&mut self, stream: u32) -> Option<&mut Fork> {
        self.forks.iter_mut().find(|fork| fork.stream.as_ref().is_some_and(|one| one.id == stream))
    }

    /// The full rendition's bits per second.
    fn full_rate(&self) -> Option<u32> {
        self.forks[0].stream.as_ref().map(|stream| stream.bits_per_second)
    }

    /// What an audience can be given, from the full one down.
    fn open(&self, rules: Rules, audience: Audience) -> impl Iterator<Item = Rendition> {
        let most = if rules.can_ask { self.renditions } else { 0 };
        let lower = Rendition::lower(audience, most).filter(|one| !self.forks[one.index()].barred);
        std::iter::once(Rendition::FULL).chain(lower)
    }

    /// Shares out anew what all may be sent together, if that is limited.
    fn share_out(&mut self, rules: Rules) {
        let Some(full) = self.full_rate() else { return };
        let Some(mut upload) = self.upload.take() else { return };
        let all = self.open(rules, Audience::Live).chain(self.open(rules, Audience::Old));
        upload.set_steps(all.map(|one| choice::needs_to_go_up(one, full)));
        upload.share_out();
        self.upload = Some(upload);
    }

    fn watching(&self) -> usize {
        self.forks.iter().map(|fork| fork.demand.watching()).sum()
    }
}

impl Hub {
    /// A hub. `can_ask`: whether the encoder makes a start when asked, and rests when nobody watches. `frames` is where
    /// the encode thread waits: a viewer who joins nudges it.
    #[must_use]
    pub fn new(can_ask: bool, frames: Arc<Mailbox<Frame>>) -> Arc<Self> {
        Self::with_limits(can_ask, frames, Limits::default())
    }

    fn with_limits(can_ask: bool, frames: Arc<Mailbox<Frame>>, limits: Limits) -> Arc<Self> {
        let rules = Rules { can_ask, bound: BOUND };
        let core = Core {
            forks: std::array::from_fn(|_| Fork::new(limits, rules)),
            renditions: 0,
            upload: None,
            streams: 0,
            counts: Counts::default(),
            notices: Vec::new(),
        };
        Arc::new(Self {
            core: Mutex::new(core),
            news: watch::Sender::new(()),
            bells: Mutex::default(),
            rules,
            frames,
            notice_changes: AtomicU64::new(0),
            publications: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        })
    }

    /// From now on viewers may be given lower renditions, each at most so many: whoever calls this makes those that
    /// [`Self::orders_of`] says are watched.
    pub fn offer_renditions(&self, most: usize) {
        self.lock().renditions = most;
    }

    /// All viewers who come from now on are together sent at most so many bits a second, shared fairly.
    pub fn limit_upload(&self, bits_per_second: u32) {
        self.lock().upload = Some(Upload::new(f64::from(bits_per_second) / 8.0));
    }

    /// This rendition cannot be made for now, for want of time, or can again. Who has it is given another.
    pub fn bar(&self, rendition: Rendition, barred: bool) {
        self.lock().fork(rendition).barred = barred && rendition != Rendition::FULL;
    }

    /// Begins a stream of the full rendition and returns it. Units that are published from now on belong to it; the
    /// first must be a start.
    pub fn begin_stream(&self, size: FrameSize, rate: (u32, u32), bits_per_second: u32) -> Arc<Stream> {
        self.begin_rendition(Rendition::FULL, size, rate, bits_per_second)
    }

    /// The same for any rendition.
    pub fn begin_rendition(
        &self,
        rendition: Rendition,
        size: FrameSize,
        rate: (u32, u32),
        bits_per_second: u32,
    ) -> Arc<Stream> {
        let mut core = self.lock();
        core.streams = core.streams.wrapping_add(1);
        let stream = Arc::new(Stream { id: core.streams, rendition, size, rate, bits_per_second });
        core.fork(rendition).begin(Arc::clone(&stream));
        stream
    }

    /// The stream of the full rendition whose pictures are published now.
    #[must_use]
    pub fn stream(&self) -> Option<Arc<Stream>> {
        self.lock().forks[0].stream.clone()
    }

    /// Hands out a picture of a current stream; one of another stream is dropped.
    pub fn publish(&self, unit: AccessUnit) {
        let mut core = self.lock();
        let coding = unit.coding;
        let Some(fork) = core.fork_of(unit.stream) else { return };
        let watched = fork.publish(unit, self.rules);
        self.publications.fetch_add(1, Release);
        core.counts.count(coding);
        core.share_out(self.rules);
        drop(core);
        if watched {
            self.tell_of_pictures();
        }
    }

    /// Hands out the next part, not the last, of a picture of a current stream that is still being coded: `unit` has that
    /// part's bytes alone. [`Self::publish`] of the whole ends it, or else [`Self::abandon`]. Parts beyond [`MOST_PARTS`] come
    /// with the last one.
    pub fn publish_part(&self, unit: AccessUnit) {
        let mut core = self.lock();
        let watched = core.fork_of(unit.stream).is_some_and(|fork| fork.publish_part(unit));
        self.publications.fetch_add(1, Release);
        drop(core);
        if watched {
            self.tell_of_pictures();
        }
    }

    /// The picture of this stream of which parts were handed out will never be whole. Who has them goes on as if he had not.
    pub fn abandon(&self, stream: u32) {
        if let Some(fork) = self.lock().fork_of(stream) {
            fork.ring.abandon();
        }
    }

    /// Whether parts of pictures that are still being coded are of use to anybody who has this rendition.
    #[must_use]
    pub fn wants_parts(&self, rendition: Rendition) -> bool {
        self.lock().fork(rendition).demand.wants_parts()
    }

    /// Hands out a join or a band that was made of the newest picture. If it is not the newest any more nobody gets it.
    pub fn attach(&self, unit: AccessUnit, fit: Fit, role: Role) {
        let mut core = self.lock();
        let Some(fork) = core.fork_of(unit.stream) else { return };
        fork.demand.fulfil(if role == Role::Join { Wish::Join(fit) } else { Wish::Band(fit) });
        fork.attach(unit, fit, role);
        drop(core);
        self.tell_of_pictures();
    }

    /// Lets go of all pictures: they are too old for who comes later.
    pub fn forget(&self) {
        self.lock().forks.iter_mut().for_each(|fork| fork.ring.clear());
    }

    /// What the encoder is to do now for the full rendition.
    #[must_use]
    pub fn orders(&self) -> Orders {
        self.orders_of(Rendition::FULL)
    }

    /// What the encoder is to do now for any rendition.
    #[must_use]
    pub fn orders_of(&self, rendition: Rendition) -> Orders {
        self.lock().fork(rendition).demand.orders()
    }

    /// Tells all viewers, and those to come, until [`Self::withdraw`] of the same code.
    pub fn tell(&self, code: NoticeCode, text: impl Into<String>) {
        let notice = Notice { code, text: text.into() };
        let mut core = self.lock();
        if core.notices.contains(&notice) {
            return;
        }
        core.notices.retain(|other| other.code != code);
        core.notices.push(notice);
        self.notice_changes.fetch_add(1, Release);
        drop(core);
        self.wake();
    }

    /// What was told no longer holds.
    pub fn withdraw(&self, code: NoticeCode) {
        let mut core = self.lock();
        let before = core.notices.len();
        core.notices.retain(|notice| notice.code != code);
        let changed = core.notices.len() != before;
        if changed {
            self.notice_changes.fetch_add(1, Release);
        }
        drop(core);
        if changed {
            self.wake();
        }
    }

    /// All that viewers are told now, the newest last.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.lock().notices.clone()
    }

    /// What went through so far, and what is there now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let core = self.lock();
        let held_bytes = core.forks.iter().map(|fork| fork.ring.bytes()).sum();
        Counts { watching: core.watching(), held_bytes, ..core.counts }
    }

    /// A new viewer, who can be given pictures of any size. He watches from his first [`Viewer::step`].
    #[must_use]
    pub fn join(self: &Arc<Self>) -> Viewer {
        self.join_as(Audience::Live)
    }

    /// The same for any audience.
    #[must_use]
    pub fn join_as(self: &Arc<Self>, audience: Audience) -> Viewer {
        Viewer::new(Arc::clone(self), audience)
    }

    /// Changes whenever [`Viewer::step`] or [`Viewer::notice`] may have something new for somebody.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The same for a thread that waits in the kernel: it rings then.
    pub fn ring_for_news(&self, bell: Arc<Bell>) {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).push(bell);
    }

    /// Wakes all who wait for [`Self::news`], and there is something else than a picture.
    pub fn wake(&self) {
        self.calls.fetch_add(1, Release);
        self.tell_of_pictures();
    }

    fn tell_of_pictures(&self) {
        self.news.send_replace(());
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|bell| bell.ring());
    }

    /// A panic of another holder leaves the core whole enough: the worst is a viewer's place, which checks itself.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
