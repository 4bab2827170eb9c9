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
//! `ring`, `cursor`, `demand` and `window` do no waiting and know no clock; this file adds the lock and the waking.
//!
//! A std mutex: it is held for a few moves of pointers, never across an await.

mod cursor;
mod demand;
mod fit;
mod item;
mod ring;
mod sharpen;
mod window;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
pub use wire::NoticeCode;

pub use cursor::Next;
use cursor::{Cursor, Rules, Step, Wish};
use demand::Demand;
pub use demand::Orders;
pub use fit::{Fit, Link, PerFit};
pub use item::{Item, Role, Shape, Stream};
use ring::{Limits, Ring};
pub use window::Window;

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
    rules: Rules,
    frames: Arc<Mailbox<Frame>>,
    /// Counts the changes of notices.
    notice_changes: AtomicU64,
}

#[derive(Debug)]
struct Core {
    ring: Ring,
    demand: Demand,
    stream: Option<Arc<Stream>>,
    streams: u32,
    counts: Counts,
    notices: Vec<Notice>,
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
            ring: Ring::new(limits, rules),
            demand: Demand::default(),
            stream: None,
            streams: 0,
            counts: Counts::default(),
            notices: Vec::new(),
        };
        Arc::new(Self {
            core: Mutex::new(core),
            news: watch::Sender::new(()),
            rules,
            frames,
            notice_changes: AtomicU64::new(0),
        })
    }

    /// Begins a stream and returns it. Units that are published from now on belong to it; the first must be a start.
    pub fn begin_stream(&self, size: FrameSize, rate: (u32, u32), bits_per_second: u32) -> Arc<Stream> {
        let mut core = self.lock();
        core.streams = core.streams.wrapping_add(1);
        let stream = Arc::new(Stream { id: core.streams, size, rate, bits_per_second });
        core.stream = Some(Arc::clone(&stream));
        stream
    }

    /// The stream whose pictures are published now.
    #[must_use]
    pub fn stream(&self) -> Option<Arc<Stream>> {
        self.lock().stream.clone()
    }

    /// Hands out a picture of the current stream; one of another stream is dropped.
    pub fn publish(&self, unit: AccessUnit) {
        let mut core = self.lock();
        let Some(stream) = core.stream.clone().filter(|stream| stream.id == unit.stream) else {
            return;
        };
        core.counts.count(unit.coding);
        core.demand.published();
        if unit.start {
            core.demand.started();
        }
        // Who joins later and can ask for a start wants a new one.
        if core.demand.watching() == 0 && self.rules.can_ask {
            return;
        }
        core.ring.push(Arc::new(Item::new(unit, stream, Role::Common)));
        drop(core);
        self.wake();
    }

    /// Hands out a join or a band that was made of the newest picture. If it is not the newest any more nobody gets it.
    pub fn attach(&self, unit: AccessUnit, fit: Fit, role: Role) {
        let mut core = self.lock();
        let Some(stream) = core.stream.clone().filter(|stream| stream.id == unit.stream) else {
            return;
        };
        core.demand.fulfil(if role == Role::Join { Wish::Join(fit) } else { Wish::Band(fit) });
        core.ring.attach(fit, Item::new(unit, stream, role));
        drop(core);
        self.wake();
    }

    /// Lets go of all pictures: they are too old for who comes later.
    pub fn forget(&self) {
        self.lock().ring.clear();
    }

    /// What the encoder is to do now.
    #[must_use]
    pub fn orders(&self) -> Orders {
        self.lock().demand.orders()
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
        Counts { watching: core.demand.watching(), held_bytes: core.ring.bytes(), ..core.counts }
    }

    /// A new viewer. He watches from his first [`Viewer::step`].
    #[must_use]
    pub fn join(self: &Arc<Self>) -> Viewer {
        let news = self.news.subscribe();
        Viewer {
            hub: Arc::clone(self),
            cursor: None,
            before: None,
            has_newest: false,
            news,
            told: None,
            told_of: 0,
        }
    }

    /// Wakes all who wait for [`Viewer::news`].
    pub fn wake(&self) {
        self.news.send_replace(());
    }

    /// A panic of another holder leaves the core whole enough: the worst is a viewer's place, which checks itself.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who watches. Dropping it is leaving.
#[derive(Debug)]
pub struct Viewer {
    hub: Arc<Hub>,
    /// None while he does not watch.
    cursor: Option<Cursor>,
    /// His place before the last step.
    before: Option<Cursor>,
    /// Whether the last step gave him the newest picture, and there was no news since.
    has_newest: bool,
    news: watch::Receiver<()>,
    told: Option<Notice>,
    /// So many changes of notices had there been when he was told last.
    told_of: u64,
}

impl Viewer {
    /// The next picture for him, if there is one now; he begins to watch if he did not. `link`: what more than the stream
    /// he can be given.
    pub fn step(&mut self, link: Link) -> Option<Next> {
        let hub = &*self.hub;
        let mut core = hub.lock();
        let cursor = self.cursor.get_or_insert_with(|| {
            core.demand.enter();
            Cursor::default()
        });
        self.before = Some(*cursor);
        match cursor.step(&core.ring, hub.rules, link) {
            Step::Next(next) => {
                if next.item.role == Role::Join {
                    let newest = core.ring.newest().map_or(0, |newest| newest.unit.sequence);
                    core.demand.joined(newest.wrapping_sub(next.item.unit.sequence).into());
                }
                self.has_newest = cursor.has_newest(&core.ring);
                Some(next)
            }
            Step::Wait => None,
            Step::Ask(wish) => {
                let wake = core.demand.ask(wish);
                drop(core);
                if wake {
                    hub.frames.nudge();
                }
                None
            }
        }
    }

    /// What he was given by the last step could not be sent to him: he has it not.
    pub fn give_back(&mut self) {
        if self.cursor.is_some() {
            self.cursor = self.before;
        }
        self.has_newest = false;
    }

    /// Whether another [`Self::step`] before the next news would give nothing.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.has_newest && !self.wants_more() && !self.news.has_changed().unwrap_or(true)
    }

    /// Whether he may be given more than the common pictures: it is worth a look at his link.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.cursor.is_some_and(|cursor| cursor.wants_more())
    }

    /// Whether he would be given more if this link, which is busy, were idle.
    #[must_use]
    pub fn waits_for_idle(&self, link: Link) -> bool {
        self.cursor.is_some_and(|cursor| cursor.waits_for_idle(&self.hub.lock().ring, link))
    }

    /// He is to be given a start once more, when there is room for it: a recorder behind him may wait for one.
    pub fn want_start(&mut self) {
        if let Some(cursor) = &mut self.cursor {
            cursor.want_start();
        }
    }

    /// He does not watch for now: nothing is kept or coded for him. The next [`Self::step`] joins anew.
    pub fn rest(&mut self) {
        self.has_newest = false;
        if self.cursor.take().is_some() {
            let mut core = self.hub.lock();
            core.demand.leave();
            // What nobody watched is old when somebody comes back and can ask for a new start.
            if core.demand.watching() == 0 && self.hub.rules.can_ask {
                core.ring.clear();
            }
        }
    }

    /// What he must be told: a notice that he was not told yet, or that all is well again.
    pub fn notice(&mut self) -> Option<Notice> {
        // Asked before each picture, and changed once in a while.
        let changes = self.hub.notice_changes.load(Acquire);
        if changes == self.told_of {
            return None;
        }
        self.told_of = changes;
        let newest = self.hub.lock().notices.last().cloned();
        if newest == self.told {
            return None;
        }
        self.told.clone_from(&newest);
        Some(newest.unwrap_or(Notice { code: NoticeCode::Fine, text: String::new() }))
    }

    /// Waits until [`Self::step`] or [`Self::notice`] may have something new: something happened since the last waiting.
    pub async fn news(&mut self) {
        // The sender lives in the hub that this viewer holds: there is no error to wait for.
        let _ = self.news.changed().await;
        self.has_newest = false;
    }

    /// The hub.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.rest();
    }
}

#[cfg(test)]
mod tests;
