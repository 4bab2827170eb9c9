//! How many bytes of a socket the kernel has not sent yet, or nobody has acknowledged.
//!
//! Here belongs: two ioctls, which no safe interface has. Not here: what is done about it (`gate`).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::ioctl::{Getter, Opcode, ioctl};

/// `SIOCOUTQNSD` of linux/sockios.h: bytes that were written and not sent yet, without those in flight.
const SIOCOUTQNSD: Opcode = 0x894b;
/// `SIOCOUTQ` of linux/sockios.h, which is `TIOCOUTQ` of asm-generic/ioctls.h (x86, ARM, RISC-V): bytes that were written
/// and not acknowledged yet. Where it has another number the ioctl fails.
const SIOCOUTQ: Opcode = 0x5411;

/// Bytes that were written to a TCP socket and that the other end has not acknowledged.
pub(super) fn unacknowledged(socket: impl AsFd) -> Result<usize, Errno> {
    // SAFETY: SIOCOUTQ writes one C int for a TCP socket (linux net/ipv4/tcp.c, tcp_ioctl), and nothing else.
    let getter = unsafe { Getter::<SIOCOUTQ, c_int>::new() };
    // SAFETY: opcode and type of the result belong together, as said above; the file is open while it is borrowed.
    let bytes = unsafe { ioctl(socket, getter) }?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Bytes that were written to a TCP socket and have not left yet.
pub(super) fn unsent(socket: impl AsFd) -> Result<usize, Errno> {
    // SAFETY: SIOCOUTQNSD writes one C int, whatever the socket (linux net/ipv4/tcp.c, tcp_ioctl), and nothing else.
    let getter = unsafe { Getter::<SIOCOUTQNSD, c_int>::new() };
    // SAFETY: opcode and type of the result belong together, as said above; the file is open while it is borrowed.
    let bytes = unsafe { ioctl(socket, getter) }?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}
