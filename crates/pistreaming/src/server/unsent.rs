//! How many bytes of a socket the kernel has not sent yet, or nobody has acknowledged, and how fast they arrive.
//!
//! Here belongs: two ioctls and two socket options, which no safe interface has. Not here: what is done about it (`gate`,
//! `link`).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

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

/// Bytes of linux/tcp.h's `struct tcp_info` as far as it is read here; an older kernel fills in less of it.
const TCP_INFO_BYTES: usize = 168;
/// Where `tcpi_min_rtt` stands in it: µs, 32 bits.
const MIN_RTT: usize = 148;
/// Where `tcpi_delivery_rate` stands in it: bytes a second, 64 bits.
const DELIVERY_RATE: usize = 160;
/// The byte with `tcpi_delivery_rate_app_limited`, the first of its bit fields.
const LIMITED: usize = 7;

/// What the kernel has measured of a TCP connection's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    /// The least round trip of late.
    pub(super) round_trip: Duration,
    /// Bytes a second that arrived of late; 0 where nothing is known.
    pub(super) rate: f64,
    /// Whether the rate is that of what was sent, and not what the way takes.
    pub(super) limited: bool,
}

/// The kernel's measurements (linux/tcp.h, since Linux 4.9).
pub(super) fn way(socket: impl AsFd) -> Result<Way, Errno> {
    let mut info = [0_u64; TCP_INFO_BYTES / 8];
    let mut len = TCP_INFO_BYTES as libc::socklen_t;
    let file = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most `len` bytes to `info`, which has as many, and any bytes are valid in it; the file
    // is open while it is borrowed.
    let done = unsafe {
        libc::getsockopt(file, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &raw mut len)
    };
    if done != 0 || (len as usize) < TCP_INFO_BYTES {
        return Err(Errno::NOPROTOOPT);
    }
    let bytes = |at: usize| info[at / 8].to_ne_bytes();
    let [.., a, b, c, d] = bytes(MIN_RTT);
    // A bit field's first bit is the lowest where bytes are, too.
    let limited = bytes(LIMITED)[LIMITED] & if cfg!(target_endian = "little") { 1 } else { 0x80 };
    Ok(Way {
        round_trip: Duration::from_micros(u32::from_ne_bytes([a, b, c, d]).into()),
        rate: info[DELIVERY_RATE / 8] as f64,
        limited: limited != 0,
    })
}

/// From now on the kernel chooses itself again how much it holds of a socket, however it was told before (`SO_BUF_LOCK` of
/// socket(7)'s options, since Linux 5.14).
pub(super) fn let_kernel_choose(socket: impl AsFd) -> Result<(), Errno> {
    let nothing: c_int = 0;
    let file = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel reads one C int, which is there; the file is open while it is borrowed.
    let done = unsafe {
        libc::setsockopt(
            file,
            libc::SOL_SOCKET,
            libc::SO_BUF_LOCK,
            (&raw const nothing).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(Errno::NOPROTOOPT) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_s_figures_are_read_where_they_stand() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut far = listener.accept().unwrap().0;
        for _ in 0..50 {
            near.write_all(&[7; 3000]).unwrap();
            far.read_exact(&mut [0; 3000]).unwrap();
            far.write_all(&[7; 3]).unwrap();
            near.read_exact(&mut [0; 3]).unwrap();
        }
        let way = way(&near).unwrap();
        // Not a time to be kept, but one that cannot be something else: loopback, and a test that has just begun.
        assert!(way.round_trip > Duration::ZERO && way.round_trip < Duration::from_secs(5), "{way:?}");
        assert!(way.rate > 1e4 && way.rate < 1e12 && way.limited, "{way:?}");
        assert_eq!(unacknowledged(&near), Ok(0));
    }
}
