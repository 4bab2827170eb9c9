//! One loop that hands each picture to all who are ready for it.
//!
//! A task for each viewer, woken for each picture, costs more than the sending: the runtime's queues, wakers and timers.
//! So one thread walks over all when there is news of the hub, and does for each what his own task would do (`seat`):
//! nothing in it waits. Whom the kernel refuses a picture, who sends something, or is to be looked at again after some
//! time, is served by his own task until he waits for news of the hub alone. Who is slow costs a walk one look at his lock.
//!
//! A thread of its own, and not one of the runtime's tasks: the others would wait behind a walk of some milliseconds. Sending
//! from the encode thread would delay the next picture.
//!
//! Here belongs: who is walked over, and when. Not here: what is done for each (`seat`).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// One who is to hear of news.
pub(super) trait Member: Send + Sync {
    /// There is news of the hub. Does not wait.
    fn news(&self);
}

/// All who are served.
#[derive(Default)]
pub(super) struct Crowd {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    numbers: u64,
    members: BTreeMap<u64, Arc<dyn Member>>,
    /// Whether somebody came or went since the last walk.
    changed: bool,
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

/// A member's place; dropping it is leaving.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    /// Walks over all whenever there is news, until the hub is gone or `stop`, of which all hear, too.
    pub(super) fn start(
        self: &Arc<Self>,
        mut news: watch::Receiver<()>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let (crowd, runtime, mut walk) = (Arc::clone(self), Handle::current(), Walk::default());
        let mut goes_on = async move || {
            tokio::select! {
                biased;
                () = stop.cancelled() => false,
                news = news.changed() => news.is_ok(),
            }
        };
        let walk_on = move || loop {
            let goes_on = runtime.block_on(goes_on());
            walk.over(&crowd);
            if !goes_on {
                return;
            }
        };
        thread::Builder::new().name("crowd".into()).spawn(walk_on).map(drop)
    }

    /// One more.
    pub(super) fn enter(self: &Arc<Self>, member: Arc<dyn Member>) -> Place {
        let mut list = self.lock();
        list.numbers += 1;
        let number = list.numbers;
        list.members.insert(number, member);
        list.changed = true;
        Place { crowd: Arc::clone(self), number }
    }

    /// Nothing that is done under the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut list = self.crowd.lock();
        let member = list.members.remove(&self.number);
        list.changed = true;
        // What it holds may take its time to be dropped.
        drop(list);
        drop(member);
    }
}

/// The walks so far.
#[derive(Default)]
struct Walk {
    /// All who were there at the last one: a lock that is held for a whole walk would keep others from coming and going.
    members: Vec<Arc<dyn Member>>,
    /// Who is the first.
    first: usize,
}

impl Walk {
    /// Each of them hears of news, each time another first.
    fn over(&mut self, crowd: &Crowd) {
        self.look(crowd);
        let (before, after) = self.members.split_at(self.first.min(self.members.len()));
        for member in after.iter().chain(before) {
            // A fault in serving one is his alone, as it is in a task.
            let _ = catch_unwind(AssertUnwindSafe(|| member.news()));
        }
        self.first = (self.first + self.members.len() / 8 + 1) % self.members.len().max(1);
    }

    fn look(&mut self, crowd: &Crowd) {
        let mut list = crowd.lock();
        if std::mem::take(&mut list.changed) {
            let gone = std::mem::take(&mut self.members);
            self.members.extend(list.members.values().cloned());
            drop(list);
            drop(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Counts what it hears, all in one order.
    struct Ear {
        heard: Mutex<Vec<usize>>,
        order: Arc<AtomicUsize>,
    }

    impl Member for Ear {
        fn news(&self) {
            self.heard.lock().unwrap().push(self.order.fetch_add(1, Relaxed));
        }
    }

    struct Faulty;

    impl Member for Faulty {
        fn news(&self) {
            panic!("one viewer's fault");
        }
    }

    fn ears(crowd: &Arc<Crowd>, count: usize) -> Vec<(Arc<Ear>, Place)> {
        let order = Arc::new(AtomicUsize::new(0));
        let ear = || Arc::new(Ear { heard: Mutex::default(), order: Arc::clone(&order) });
        let enter = |ear: Arc<Ear>| (Arc::clone(&ear), crowd.enter(ear));
        (0..count).map(|_| enter(ear())).collect()
    }

    #[test]
    fn all_hear_once_a_walk_and_nobody_is_always_the_last() {
        let (crowd, mut walk) = (Arc::new(Crowd::default()), Walk::default());
        let ears = ears(&crowd, 20);
        let mut last = [0; 20];
        for round in 0..60 {
            walk.over(&crowd);
            for (n, (ear, _)) in ears.iter().enumerate() {
                let heard = ear.heard.lock().unwrap();
                assert_eq!(heard.len(), round + 1);
                last[n] += usize::from(heard[round] == round * 20 + 19);
            }
        }
        assert!(last.iter().all(|&times| (1..=9).contains(&times)), "{last:?}");
    }

    #[test]
    fn who_left_hears_nothing_and_is_let_go() {
        let (crowd, mut walk) = (Arc::new(Crowd::default()), Walk::default());
        let mut ears = ears(&crowd, 2);
        walk.over(&crowd);
        let (ear, place) = ears.pop().unwrap();
        drop(place);
        walk.over(&crowd);
        assert_eq!((ear.heard.lock().unwrap().len(), Arc::strong_count(&ear)), (1, 1));
        assert_eq!(ears[0].0.heard.lock().unwrap().len(), 2);
        walk.over(&Arc::new(Crowd::default()));
    }

    #[test]
    fn a_fault_is_one_viewer_s_alone() {
        let (crowd, mut walk) = (Arc::new(Crowd::default()), Walk::default());
        let _faulty = crowd.enter(Arc::new(Faulty));
        let ears = ears(&crowd, 1);
        walk.over(&crowd);
        assert_eq!(ears[0].0.heard.lock().unwrap().len(), 1);
    }
}
