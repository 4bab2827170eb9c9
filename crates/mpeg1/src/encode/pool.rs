//! Rows of macroblocks side by side on threads that live as long as the encoder. Not here: what is done with a row.

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
        #[cfg(feature = "threads")]
        if let Some(workers) = &mut self.workers {
            let queue = std::sync::Mutex::new(rows);
            let take = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            return workers.run(&|| {
                while let Some(row) = take() {
                    work(row);
                }
            });
        }
        rows.for_each(work);
    }
}
