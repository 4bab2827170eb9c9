//! A connection's socket, held by two: hyper reads and writes through it, who serves the viewer looks how much the
//! kernel has not sent yet.
//!
//! A WebSocket is read and written here, without hyper: one system call a message, none to learn that there is
//! nothing. Where less was read or written than could have been, the next bytes or the room for them are an event.
//!
//! Here belongs: the shared socket and its options. Not here: what is done about unsent bytes (`gate`, `outlet`).

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::unsent;

/// The kernel reports a socket as writable only while less than this is unsent: what waits, waits in our ring, where
/// it can be thrown away.
const UNSENT_LOW_WATER: u32 = 16 * 1024;
/// A viewer whose machine lost its power is noticed after about a minute even if nothing is being sent to him.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// A connection's socket. The connection counts against the limit until the last who holds this let it go.
#[derive(Debug)]
pub(super) struct Tap {
    stream: TcpStream,
    /// The other end.
    pub(super) peer: SocketAddr,
    /// Our end.
    pub(super) local: SocketAddr,
    /// Whether an answer goes on for ever, by rules of its own.
    streams: AtomicBool,
    _permit: OwnedSemaphorePermit,
}

impl Tap {
    /// Takes over an accepted connection and sets its options.
    pub(super) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Arc<Self>> {
        stream.set_nodelay(true)?;
        let options = SockRef::from(&stream);
        options.set_tcp_notsent_lowat(UNSENT_LOW_WATER)?;
        let keepalive =
            TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL).with_retries(3);
        options.set_tcp_keepalive(&keepalive)?;
        let local = plain(stream.local_addr()?);
        Ok(Arc::new(Self {
            stream,
            peer: plain(peer),
            local,
            streams: AtomicBool::new(false),
            _permit: permit,
        }))
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

    /// Sends what the kernel takes at once.
    ///
    /// Whether the runtime believes in room is not asked first: it nearly always does, and its note lies in memory that
    /// nothing else here needs. Where the kernel takes less it is asked again with the runtime's eyes open, so that the event
    /// is waited for that comes after that, and none is missed.
    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::EOR | SendFlags::NOSIGNAL;
        let sent = match send(&self.stream, bytes, flags) {
            Ok(sent) if sent == bytes.len() => return Ok(sent),
            Ok(sent) => sent,
            Err(Errno::WOULDBLOCK) => 0,
            Err(error) => return Err(error.into()),
        };
        let rest = &bytes[sent..];
        match self.at_once(Interest::WRITABLE, rest.len(), || Ok(send(&self.stream, rest, flags)?)) {
            Ok(more) => Ok(sent + more),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && sent > 0 => Ok(sent),
            Err(error) => Err(error),
        }
    }

    /// Receives what is there; 0 bytes: the other end has closed.
    pub(super) fn try_receive(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = bytes.len();
        let receive = || Ok(recv(&self.stream, &mut *bytes, RecvFlags::DONTWAIT)?.0);
        self.at_once(Interest::READABLE, len, receive)
    }

    /// Does `part` if the socket is ready for it. Less than `whole` means that it is ready no longer: the next try waits for
    /// the event, where another system call would only say so.
    fn at_once(
        &self,
        interest: Interest,
        whole: usize,
        part: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut done = None;
        let tried = self.stream.try_io(interest, || match part() {
            Ok(count) if count < whole => {
                done = Some(count);
                Err(io::ErrorKind::WouldBlock.into())
            }
            other => other,
        });
        done.map_or(tried, Ok)
    }

    /// Whether there is room, or may be: where [`Self::try_send`] sent less than all there is none until the event.
    pub(super) fn is_writable(&self) -> bool {
        self.stream.try_io(Interest::WRITABLE, || Ok(())).is_ok()
    }

    /// Whether [`Self::try_receive`] would try.
    pub(super) fn is_readable(&self) -> bool {
        self.stream.try_io(Interest::READABLE, || Ok(())).is_ok()
    }

    /// Waits for bytes to receive, where `read`, or for room to send, where `write`.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>, read: bool, write: bool) -> Poll<()> {
        // An error is ready, too: the next try gets it.
        let read = read && self.stream.poll_read_ready(cx).is_ready();
        let write = write && self.stream.poll_write_ready(cx).is_ready();
        if read || write { Poll::Ready(()) } else { Poll::Pending }
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

/// An IPv4 address as itself, and not as the IPv6 one that it is to a socket of both families.
const fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The socket as hyper uses it.
#[derive(Debug)]
pub(super) struct TapIo(pub(super) Arc<Tap>);

impl AsyncRead for TapIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match stream.try_read(buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl TapIo {
    fn poll_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.stream.poll_write_ready(cx))?;
            match write(&self.0.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncWrite for TapIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_with(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, |stream| stream.try_write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.0.stream).shutdown(std::net::Shutdown::Write))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    /// A connection whose other end takes nothing more; it must be held.
    pub(crate) async fn blocked() -> (Arc<Tap>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let tap = Tap::new(stream, peer, permit).unwrap();
        assert_eq!(tap.unsent(), 0);
        let block = vec![0; 1 << 20];
        tap.stream.writable().await.unwrap();
        while tap.stream.try_write(&block).is_ok() {}
        (tap, silent)
    }

    #[tokio::test]
    async fn unsent_bytes_are_seen_when_nobody_reads() {
        let (tap, _silent) = blocked().await;
        assert!(tap.unsent() > 0);
    }
}
