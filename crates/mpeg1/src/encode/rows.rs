//! Rows of macroblocks side by side on threads. Not here: what is done with a row.

/// Calls `work` for every row, on `threads` threads if the crate has them. Without threads nothing is allocated.
///
/// Threads live for one picture: starting them costs some 20 µs each, which only pays where coding takes
/// milliseconds. That is what the number of threads is set for.
pub(super) fn for_each<R: Send>(
    rows: impl ExactSizeIterator<Item = R>,
    threads: usize,
    work: impl Fn(R) + Sync,
) {
    #[cfg(feature = "threads")]
    if threads > 1 {
        return on_threads(rows, threads, &work);
    }
    let _ = threads;
    rows.for_each(work);
}

/// Each thread takes the next row that nobody has taken, so that rows which take long do not hold up the others.
#[cfg(feature = "threads")]
fn on_threads<R: Send>(rows: impl Iterator<Item = R>, threads: usize, work: &(impl Fn(R) + Sync)) {
    let rows: alloc::vec::Vec<R> = rows.collect();
    let queue = std::sync::Mutex::new(rows.into_iter());
    let take = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let run = || {
        while let Some(row) = take() {
            work(row);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
}
