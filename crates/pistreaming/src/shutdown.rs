//! The end of the program as an event that every task and every thread can wait for beside its own work.
//!
//! Here belongs: telling everybody at once, and waiting for it, async or by `poll(2)`. Not here: signals, the order in
//! which stations stop, what they say.
//!
//! Two forms of one event: a watch channel for tasks, an eventfd for threads that block in the kernel. A condition
//! variable was rejected for the threads: it cannot be waited for together with a pipe.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use tokio::sync::watch;

/// The event "stop now". Copies are of the same event; once triggered, it stays so.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<Event>);

#[derive(Debug)]
struct Event {
    tasks: watch::Sender<bool>,
    threads: OwnedFd,
    /// What ends with it.
    parts: Mutex<Vec<Weak<Event>>>,
}

/// What a thread was woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// The event was triggered; it goes before everything else.
    Triggered,
    /// The file has what was waited for, or its other end is gone.
    File,
    /// Neither in time.
    TimedOut,
}

impl Shutdown {
    /// An event that has not happened yet.
    ///
    /// # Errors
    /// If the kernel gives no eventfd: the program may open no more files.
    pub fn new() -> io::Result<Self> {
        let threads = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(Event { tasks: watch::Sender::new(false), threads, parts: Mutex::default() })))
    }

    /// The end of a part of the program: an event of its own, which this one triggers too.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn part(&self) -> io::Result<Self> {
        let part = Self::new()?;
        let mut parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.retain(|part| part.strong_count() > 0);
        parts.push(Arc::downgrade(&part.0));
        drop(parts);
        // Looked at behind the push: who triggers either finds the part or was seen here.
        if self.is_triggered() {
            part.trigger();
        }
        Ok(part)
    }

    /// Tells everybody. To tell them again changes nothing.
    pub fn trigger(&self) {
        // The count is never read, so that it stays readable for all; it cannot overflow within u64::MAX triggers.
        let _ = rustix::io::write(&self.0.threads, &1_u64.to_ne_bytes());
        self.0.tasks.send_replace(true);
        let parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        parts.iter().filter_map(Weak::upgrade).for_each(|part| Self(part).trigger());
    }

    /// Whether it was triggered.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.0.tasks.borrow()
    }

    /// Returns once it is triggered. May be dropped at any time.
    pub async fn wait(&self) {
        // The sender lives as long as `self`: the wait cannot fail.
        let _ = self.0.tasks.subscribe().wait_for(|&triggered| triggered).await;
    }

    /// Waits on a thread for as long as `timeout`; whether it was triggered.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let mut files = [PollFd::new(&self.0.threads, PollFlags::IN)];
        poll_within(&mut files, Some(timeout)).is_ok_and(|count| count > 0) || self.is_triggered()
    }

    /// Waits on a thread until `file` can be read (with `timeout`: no longer than that).
    ///
    /// # Errors
    /// If the kernel refuses to wait for such a file.
    pub fn wait_readable(&self, file: impl AsFd, timeout: Option<Duration>) -> io::Result<Ready> {
        let mut files = [PollFd::new(&self.0.threads, PollFlags::IN), PollFd::new(&file, PollFlags::IN)];
        if poll_within(&mut files, timeout)? == 0 {
            return Ok(Ready::TimedOut);
        }
        Ok(if files[0].revents().is_empty() { Ready::File } else { Ready::Triggered })
    }

    /// A file that is readable once the event was triggered, for a `poll` of one's own. Never read it.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.threads.as_fd()
    }
}

/// `poll(2)` to the nanosecond, which goes on after a signal with what is left of the time.
pub(crate) fn poll_within(files: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<usize> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left =
            left.map(|left| Timespec::try_from(left).expect("a time from now to an instant is in range"));
        match poll(files, left.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn one_trigger_wakes_threads_and_tasks_and_lasts() {
        let shutdown = Shutdown::new().unwrap();
        assert!(!shutdown.wait_timeout(Duration::ZERO) && !shutdown.is_triggered());
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || shutdown.wait_timeout(Duration::from_secs(60))
        });
        let task = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(shutdown.wait());
            }
        });
        shutdown.clone().trigger();
        shutdown.trigger();
        assert!(thread.join().unwrap());
        task.join().unwrap();
        assert!(shutdown.is_triggered() && shutdown.wait_timeout(Duration::MAX));
    }

    #[test]
    fn a_part_ends_by_itself_and_with_the_whole() {
        let whole = Shutdown::new().unwrap();
        let (one, other) = (whole.part().unwrap(), whole.part().unwrap());
        one.trigger();
        assert!(one.wait_timeout(Duration::ZERO) && !other.is_triggered() && !whole.is_triggered());
        whole.trigger();
        assert!(other.wait_timeout(Duration::ZERO));
        assert!(whole.part().unwrap().is_triggered(), "what begins too late ends at once");
    }

    #[test]
    fn a_pipe_and_the_end_are_waited_for_together() {
        let shutdown = Shutdown::new().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        assert_eq!(shutdown.wait_readable(&reader, Some(Duration::ZERO)).unwrap(), Ready::TimedOut);
        writer.write_all(b"x").unwrap();
        assert_eq!(shutdown.wait_readable(&reader, None).unwrap(), Ready::File);
        shutdown.trigger();
        assert_eq!(shutdown.wait_readable(&reader, None).unwrap(), Ready::Triggered);
    }

    #[test]
    fn a_closed_pipe_wakes_its_reader() {
        let shutdown = Shutdown::new().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert_eq!(shutdown.wait_readable(&reader, None).unwrap(), Ready::File);
    }
}
