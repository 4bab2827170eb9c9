//! Waking a thread that waits in the kernel for files: an eventfd.
//!
//! Here belongs: the file alone. Not here: what is waited for beside it, and what is to be done then.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

/// A file that is readable from each ringing until it is hushed. Who waits for edges need not hush it.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// One that is silent.
    ///
    /// # Errors
    /// If the kernel gives no eventfd: the program may open no more files.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes who waits for it.
    pub fn ring(&self) {
        // It fails only if nobody has hushed it for 2^64 times: then it is readable.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// It is not readable until it rings again.
    pub fn hush(&self) {
        // It fails only if it is silent.
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
