//! The system's allocator, counted.

#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what all threads ask for.
pub(crate) struct Counting {
    allocations: AtomicUsize,
}

impl Counting {
    pub(crate) const fn new() -> Self {
        Self { allocations: AtomicUsize::new(0) }
    }

    /// Allocations during `work`, of all threads, growing ones among them.
    pub(crate) fn during(&self, work: impl FnOnce()) -> usize {
        let before = self.so_far();
        work();
        self.so_far() - before
    }

    /// Allocations since the start.
    pub(crate) fn so_far(&self) -> usize {
        self.allocations.load(Ordering::SeqCst)
    }
}

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to what `alloc` asks of it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to what `alloc_zeroed` asks of it.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to what `realloc` asks of it.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to what `dealloc` asks of it.
        unsafe { System.dealloc(at, layout) }
    }
}
