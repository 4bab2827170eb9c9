//! A connection's socket while the runtime waits for it: for as long as hyper has it, and at a viewer's goodbye.
//!
//! Here belongs: registering with the runtime, and reading and writing as hyper does. Not here: the socket (`tap`), whom the
//! crowd's loop waits for (`watched`).
#![allow(unsafe_code)]

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tap::Tap;

/// A socket for which the runtime waits while this is there.
pub(super) type Waiting = AsyncFd<Arc<Tap>>;

/// Registers the socket; must be called within the runtime.
pub(super) fn wait_for(tap: Arc<Tap>) -> io::Result<Waiting> {
    // SAFETY: a tap has the same file for as long as it lives, open, and gives it to nobody; the result holds it.
    Ok(unsafe { AsyncFd::register(tap) }?)
}

/// The socket as hyper uses it.
#[derive(Debug)]
pub(super) struct TapIo(Waiting);

impl TapIo {
    /// Must be called within the runtime.
    pub(super) fn new(tap: Arc<Tap>) -> io::Result<Self> {
        wait_for(tap).map(Self)
    }

    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&mut &TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.0.poll_write_ready(cx))?;
            if let Ok(done) = ready.try_io(|tap| write(&mut &tap.get_ref().stream)) {
                return Poll::Ready(done);
            }
        }
    }
}

impl AsyncRead for TapIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.0.poll_read_ready(cx))?;
            let read = |tap: &Waiting| (&tap.get_ref().stream).read(buf.initialize_unfilled());
            if let Ok(done) = ready.try_io(read) {
                return Poll::Ready(done.map(|count| buf.advance(count)));
            }
        }
    }
}

impl AsyncWrite for TapIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream| stream.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream| stream.write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.get_ref().stream.shutdown(Shutdown::Write))
    }
}
