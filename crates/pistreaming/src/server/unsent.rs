//! How many bytes of a socket the kernel has not sent yet.
//!
//! Here belongs: one ioctl, which no safe interface has. Not here: what is done about it (`gate`).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::ioctl::{Getter, Opcode, ioctl};

/// `SIOCOUTQNSD` of linux/sockios.h: bytes that were written and not sent yet, without those in flight.
const SIOCOUTQNSD: Opcode = 0x894b;

/// Bytes that were written to a TCP socket and have not left yet.
pub(super) fn unsent(socket: impl AsFd) -> Result<usize, Errno> {
    // SAFETY: SIOCOUTQNSD writes one C int, whatever the socket (linux net/ipv4/tcp.c, tcp_ioctl), and nothing else.
    let getter = unsafe { Getter::<SIOCOUTQNSD, c_int>::new() };
    // SAFETY: opcode and type of the result belong together, as said above; the file is open while it is borrowed.
    let bytes = unsafe { ioctl(socket, getter) }?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}
