//! A connection's socket, held by two: hyper reads and writes through it, who serves the viewer looks how much the
//! kernel has not sent yet.
//!
//! A WebSocket is read and written here, without hyper and without the runtime: one system call a message, none to learn
//! that there is nothing. Who waits for the socket has registered it himself (`waiting`, `watched`): the runtime wakes a
//! thread for each of its events, wanted or not.
//!
//! Here belongs: the shared socket and its options. Not here: what is done about unsent bytes (`gate`, `outlet`).

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{SockRef, TcpKeepalive};

use super::slots::Slot;
use super::unsent;

/// The kernel reports a socket as writable only while less than this is unsent: what waits, waits in our ring, where
/// it can be thrown away.
const UNSENT_LOW_WATER: u32 = 16 * 1024;
/// A viewer whose machine lost its power is noticed after about a minute even if nothing is being sent to him.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// A message is taken at once or not, nothing is put behind it into the same segment, and who is gone sends no signal.
pub(super) const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::EOR).union(SendFlags::NOSIGNAL);

/// A connection's socket. The connection counts against the limit until the last who holds this let it go.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) stream: TcpStream,
    /// The other end.
    pub(super) peer: SocketAddr,
    /// Our end.
    pub(super) local: SocketAddr,
    /// Whether an answer goes on for ever, by rules of its own.
    streams: AtomicBool,
    _slot: Slot,
}

impl Tap {
    /// Takes over an accepted connection and sets its options.
    pub(super) fn new(stream: tokio::net::TcpStream, peer: SocketAddr, slot: Slot) -> io::Result<Arc<Self>> {
        stream.set_nodelay(true)?;
        let options = SockRef::from(&stream);
        options.set_tcp_notsent_lowat(UNSENT_LOW_WATER)?;
        let keepalive =
            TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL).with_retries(3);
        options.set_tcp_keepalive(&keepalive)?;
        let local = plain(stream.local_addr()?);
        let stream = stream.into_std()?;
        Ok(Arc::new(Self { stream, peer: plain(peer), local, streams: AtomicBool::new(false), _slot: slot }))
    }

    /// An answer begins that goes on for ever.
    pub(super) fn begin_stream(&self) {
        self.streams.store(true, Relaxed);
    }

    /// Whether such an answer has begun.
    pub(super) fn streams(&self) -> bool {
        self.streams.load(Relaxed)
    }

    /// Ends the connection, whoever waits for it.
    pub(super) fn cut(&self) {
        // Fails only if it has ended already.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
    }

    /// From now on the kernel takes bytes only while none wait to leave, and says when that is so again: with one unsent
    /// byte as the low-water mark, looked at wherever a message begins, for each ends with `MSG_EOR` and nothing is put
    /// behind it into the same segment.
    pub(super) fn take_only_when_drained(&self) -> io::Result<()> {
        SockRef::from(&self.stream).set_tcp_notsent_lowat(1)
    }

    /// From now on the kernel refuses bytes while so many or more are unacknowledged, by its own account, in which each
    /// message takes some more than its length.
    pub(super) fn take_until(&self, bytes: usize) -> io::Result<()> {
        // The kernel doubles what it is told, for that reason.
        SockRef::from(&self.stream).set_send_buffer_size(bytes / 2)
    }

    /// From now on it takes `bytes` at least, as far as the system allows, and more where the way is long.
    pub(super) fn take_any(&self, bytes: usize) {
        // Where it fails less is on the way than might be. Old kernels have no way back to choosing themselves.
        let _ = self.take_until(bytes);
        let _ = unsent::let_kernel_choose(&self.stream);
    }

    /// Sends what the kernel takes at once. Less than all: there is no room until the kernel says so.
    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match send(&self.stream, bytes, SEND_FLAGS) {
            Err(Errno::WOULDBLOCK) => Ok(0),
            done => Ok(done?),
        }
    }

    /// Receives what is there; 0 bytes: the other end has closed. Less than there is room for: there is no more until the
    /// kernel says so.
    pub(super) fn try_receive(&self, bytes: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.stream, bytes, RecvFlags::DONTWAIT)?.0)
    }

    /// Nothing more will be sent.
    pub(super) fn finish(&self) {
        // Fails only if it has ended already.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Write);
    }

    /// Bytes that were written and have not left yet.
    pub(super) fn unsent(&self) -> usize {
        let unsent = unsent::unsent(&self.stream);
        // A kernel without it (none that is alive) would be as if nothing waited: viewers are served, not gated.
        unsent.unwrap_or(0)
    }

    /// Bytes that were written and that the other end has not acknowledged; none where the kernel does not say.
    pub(super) fn unacknowledged(&self) -> Option<usize> {
        unsent::unacknowledged(&self.stream).ok()
    }

    /// What the kernel has measured of the way; none where it does not say.
    pub(super) fn way(&self) -> Option<unsent::Way> {
        unsent::way(&self.stream).ok()
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl AsRawFd for Tap {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// An IPv4 address as itself, and not as the IPv6 one that it is to a socket of both families.
const fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::server::slots::Slots;
    use std::io::Write as _;
    use tokio::net::{TcpListener, TcpStream};

    /// A connection, and its other end.
    pub(crate) async fn connected() -> (Arc<Tap>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let tap = Tap::new(stream, peer, Slots::new(1).take().unwrap()).unwrap();
        assert_eq!(tap.unsent(), 0);
        (tap, silent)
    }

    /// A connection whose other end takes nothing more; it must be held.
    pub(crate) async fn blocked() -> (Arc<Tap>, TcpStream) {
        let (tap, silent) = connected().await;
        let block = vec![0; 1 << 20];
        while (&tap.stream).write(&block).is_ok() {}
        (tap, silent)
    }

    #[tokio::test]
    async fn unsent_bytes_are_seen_when_nobody_reads() {
        let (tap, _silent) = blocked().await;
        assert!(tap.unsent() > 0);
    }
}
