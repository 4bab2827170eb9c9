//! Rows of macroblocks side by side on threads that live as long as the encoder. Not here: what is done with a row.

#[cfg(feature = "threads")]
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The threads that code one picture's rows, the caller's own among them.
#[derive(Debug)]
pub(super) struct Pool {
    #[cfg(feature = "threads")]
    workers: Option<crate::workers::Workers>,
}

impl Pool {
    /// Of `threads` threads, if the crate has them.
    pub(super) fn new(threads: usize) -> Self {
        let _ = threads;
        Self {
            #[cfg(feature = "threads")]
            workers: (threads > 1).then(|| crate::workers::Workers::new(threads - 1)),
        }
    }

    /// Calls `work` for every row. Each thread takes the next row that nobody has taken, so that rows which take long
    /// do not hold up the others. Nothing is allocated.
    pub(super) fn for_each<R: Send>(
        &mut self,
        rows: impl Iterator<Item = R> + Send,
        work: impl Fn(R) + Sync,
    ) {
        self.for_each_in_order(rows, work, |()| ());
    }

    /// The same for as many rows as a picture has, and `then` gets what becomes of each, in the order of the rows and as soon
    /// as it and all before it are done; from one thread at a time.
    pub(super) fn for_each_in_order<R: Send, D: Send>(
        &mut self,
        rows: impl Iterator<Item = R> + Send,
        work: impl Fn(R) -> D + Sync,
        mut then: impl FnMut(D) + Send,
    ) {
        #[cfg(feature = "threads")]
        if let Some(workers) = &mut self.workers {
            let queue = Mutex::new(rows.enumerate());
            let order = Mutex::new(Order { done: [const { None }; MOST_ROWS], next: 0, then });
            return workers.run(&|| {
                while let Some((n, row)) = { lock(&queue).next() } {
                    let done = work(row);
                    lock(&order).put(n, done);
                }
            });
        }
        rows.for_each(|row| then(work(row)));
    }
}

/// Rows of the highest pictures.
#[cfg(feature = "threads")]
const MOST_ROWS: usize = super::Settings::MOST_HEIGHT.div_ceil(16);

/// Brings what is done in any order into that of the rows.
#[cfg(feature = "threads")]
struct Order<D, F> {
    done: [Option<D>; MOST_ROWS],
    next: usize,
    then: F,
}

#[cfg(feature = "threads")]
impl<D, F: FnMut(D)> Order<D, F> {
    fn put(&mut self, n: usize, done: D) {
        self.done[n] = Some(done);
        while let Some(done) = self.done.get_mut(self.next).and_then(Option::take) {
            self.next += 1;
            (self.then)(done);
        }
    }
}

#[cfg(feature = "threads")]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn what_is_done_comes_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 5] {
            let (mut pool, mut seen) = (Pool::new(threads), Vec::new());
            let work = |n: u32| {
                (0..(n * 7919) % 1000).for_each(|n| _ = core::hint::black_box(n));
                n * 2
            };
            pool.for_each_in_order(0..150, work, |done| seen.push(done));
            assert_eq!(seen, (0..150).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
