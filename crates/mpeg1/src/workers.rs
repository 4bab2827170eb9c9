//! A few threads that stand ready: to start one takes some 20 µs and a stack, which is too much for each picture.
//!
//! Here belongs: handing one piece of work to all of them, and waiting for its end. Not here: what it is, how it is
//! shared out (`encode/pool.rs`).
//!
//! The one place in this crate that is `unsafe`: the work borrows from its caller, and threads that outlive the call
//! run it. `std::thread::scope` would need new threads each time; a pool library (rayon was looked at) allocates.

#![allow(unsafe_code, reason = "work with borrows on threads that outlive it")]

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What all threads are to run at the same time. The lifetime is `run`'s, whatever the type says.
type Work = &'static (dyn Fn() + Sync);

/// Threads that wait for work; dropping them ends them.
#[derive(Debug)]
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Work was put there, or the end was ordered.
    begun: Condvar,
    /// The last thread has left the work.
    left: Condvar,
}

#[derive(Default)]
struct State {
    work: Option<Work>,
    /// Counts pieces of work, so that no thread takes one twice.
    round: u64,
    /// Threads that are inside of the work.
    inside: usize,
    panicked: bool,
    end: bool,
}

impl Workers {
    /// `count` threads, or fewer if the system gives no more.
    pub(crate) fn new(count: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let start = |_| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("slices".into()).spawn(move || shared.serve()).ok()
        };
        let threads = (0..count).map_while(start).collect();
        Self { shared, threads }
    }

    /// Runs `work` on this thread and on all others that come before it is done here. Returns when nobody is in it.
    ///
    /// # Panics
    /// If `work` panics on any of the threads.
    pub(crate) fn run(&mut self, work: &(dyn Fn() + Sync)) {
        // SAFETY: only the lifetime changes. Nobody calls `work` after this function: `Round` takes it away and waits
        // for those who are inside, also when `work` panics here. `&mut self` keeps a second piece of work out.
        let work = unsafe { std::mem::transmute::<&(dyn Fn() + Sync), Work>(work) };
        let round = Round::begin(&self.shared, work);
        work();
        drop(round);
        let panicked = std::mem::take(&mut self.shared.lock().panicked);
        assert!(!panicked, "a thread that coded slices panicked");
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.lock().end = true;
        self.shared.begun.notify_all();
        for thread in self.threads.drain(..) {
            // What it panicked with was told by `run`.
            _ = thread.join();
        }
    }
}

/// One piece of work's time: when it is dropped nobody has the work any more.
struct Round<'a>(&'a Shared);

impl<'a> Round<'a> {
    fn begin(shared: &'a Shared, work: Work) -> Self {
        let mut state = shared.lock();
        state.work = Some(work);
        state.round += 1;
        drop(state);
        shared.begun.notify_all();
        Self(shared)
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.work = None;
        while state.inside > 0 {
            state = self.0.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn serve(&self) {
        let mut seen = 0;
        let mut state = self.lock();
        while !state.end {
            match state.work.filter(|_| state.round != seen) {
                Some(work) => {
                    seen = state.round;
                    state.inside += 1;
                    drop(state);
                    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
                    state = self.lock();
                    state.panicked |= panicked;
                    state.inside -= 1;
                    self.left.notify_one();
                }
                None => state = self.begun.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("round", &self.round)
            .field("inside", &self.inside)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn all_is_done_once_when_run_returns_and_borrows_are_free_again() {
        let mut workers = Workers::new(3);
        for round in 0..500 {
            let mut sums = vec![0usize; 20];
            let queue = Mutex::new(sums.iter_mut().enumerate());
            workers.run(&|| {
                while let Some((n, sum)) = { queue.lock().unwrap().next() } {
                    *sum += n + round;
                }
            });
            assert_eq!(sums, (round..round + 20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_on_a_thread_is_a_panic_here_and_the_threads_live_on() {
        let mut workers = Workers::new(1);
        let here = std::thread::current().id();
        let failing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let entered = AtomicUsize::new(0);
            workers.run(&|| {
                entered.fetch_add(1, Ordering::SeqCst);
                // Wait for each other, so that the thread certainly comes.
                while entered.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
                assert_eq!(std::thread::current().id(), here, "on purpose");
            });
        }));
        assert!(failing.is_err());
        let ran = AtomicUsize::new(0);
        workers.run(&|| _ = ran.fetch_add(1, Ordering::SeqCst));
        assert!(ran.load(Ordering::SeqCst) > 0);
    }
}
