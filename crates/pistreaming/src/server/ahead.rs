//! Fetching memory a little before it is used.
//!
//! What is kept of one viewer is looked at once a picture, and then the kernel sends a picture, which takes what there is of
//! nearby memory for itself: at a thousand viewers two thirds of the loop's own time were waiting for it.
//!
//! Here belongs: the CPU's instruction for it, where there is one. Not here: what is fetched when (`crowd`, `seat`).
#![allow(unsafe_code)]

/// What the CPU fetches at a time, at least.
const LINE_BYTES: usize = 64;

/// Begins to fetch all of it, and waits for nothing.
pub(super) fn fetch<T: ?Sized>(what: &T) {
    let first = std::ptr::from_ref(what).cast::<u8>();
    for at in (0..size_of_val(what)).step_by(LINE_BYTES) {
        fetch_line(first.wrapping_add(at));
    }
}

#[cfg(target_arch = "x86_64")]
fn fetch_line(line: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which reads nothing, and faults at no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
}

#[cfg(target_arch = "aarch64")]
fn fetch_line(line: *const u8) {
    // SAFETY: a hint, which reads nothing, and faults at no address.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) line, options(nostack, preserves_flags, readonly))
    }
}

/// Stable Rust knows no instruction for it.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn fetch_line(_: *const u8) {}
