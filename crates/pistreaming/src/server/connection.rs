//! Accepting connections, and what bounds them: their number, the size of a request, the time that it may take.
//!
//! Here belongs: a connection from its acceptance to its end or its upgrade. Not here: what is answered (`http`).
//!
//! hyper is used directly, not `axum::serve`, which has no limit of time for a request's head and keeps no hold of the
//! socket.

use std::convert::Infallible;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::tap::Tap;
use super::waiting::TapIo;
use super::{Site, http};

/// A request's head must have come by then; a silent connection is closed then.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a request's head at most.
const HEAD_BYTES: usize = 16 * 1024;
/// A connection answers requests for this long; then it ends behind the one it is answering, so that no reader, however
/// slow, holds it for ever. A WebSocket has left this stage and has limits of its own.
const REQUESTS_FOR: Duration = Duration::from_secs(120);
/// How long the last answer may take then.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// After the kernel refused a connection for want of files or memory.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Connections at once at most, where the files that we may open allow them: with every one of them watching, some
/// 200 MB, and as much again in the kernel.
const MOST: usize = 16 * 1024;
/// Of so many connections one is kept for requests when as many watch as may: the page that says so is one, too.
const FOR_REQUESTS: usize = 16;
/// Connections that are being told so when there are no more places, and how long that may take.
pub(super) const REFUSALS: usize = 16;
const REFUSE_WITHIN: Duration = Duration::from_secs(1);
/// Open files that are none of the connections': the program's own, its children's pipes, and room.
const OTHER_FILES: usize = 64;

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The page and the live protocol.
    Page,
    /// Old pages' WebSocket.
    OldPages,
}

/// What a browser shows when there are no more places; it tries again by itself.
const FULL_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"refresh\" content=\"10\">\
    <meta name=\"color-scheme\" content=\"dark\"><style>body{margin:20vh auto;max-width:30em;padding:0 1em;\
    font:16px/1.5 system-ui,sans-serif;text-align:center;background:#333;color:#e9e9ec}</style>\
    <title>pistreaming: full</title><p>Too many are connected. This page tries again every ten seconds.</p></html>\n";

/// How many connections there may be. The limit of open files is raised as far as we may first.
pub(super) fn limit() -> usize {
    let mut files = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: files.maximum, maximum: files.maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        files = raised;
    }
    let most = files.current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
    most.saturating_sub(OTHER_FILES).clamp(1, MOST)
}

/// How many of these connections may be viewers: all but a few, or as many as the user wants.
pub(super) fn viewers(connections: usize, wanted: Option<NonZero<usize>>) -> usize {
    let most = connections.saturating_sub(connections.div_ceil(FOR_REQUESTS)).max(1);
    wanted.map_or(most, |wanted| wanted.get().min(most))
}

/// Accepts connections until the server stops.
pub(super) fn accept(site: &Arc<Site>, listener: std::net::TcpListener, role: Role) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let site = Arc::clone(site);
    site.tasks.clone().spawn(async move {
        let stop = site.stop.clone();
        let accepting = async {
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => admit(&site, stream, peer, role),
                    // Of the errors only a want of files or memory lasts. No event tells that it is over.
                    Err(_) => sleep(ACCEPT_AGAIN).await,
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
    });
    Ok(())
}

/// Serves one connection, if there is room.
fn admit(site: &Arc<Site>, stream: TcpStream, peer: std::net::SocketAddr, role: Role) {
    let Some(slot) = site.slots.take() else {
        if let Ok(permit) = Arc::clone(&site.refusals).try_acquire_owned() {
            site.tasks.spawn(async move {
                let _ = timeout(REFUSE_WITHIN, refuse(stream)).await;
                drop(permit);
            });
        }
        return;
    };
    // Where setting options fails the other end is gone already.
    if let Ok(tap) = Tap::new(stream, peer, slot) {
        site.tasks.spawn(serve(Arc::clone(site), tap, role));
    }
}

/// Says that there is no room. Closing at once, with the request unread, would reset the connection and lose the words.
async fn refuse(stream: TcpStream) -> io::Result<()> {
    // A fresh connection's send buffer is empty: this does not wait.
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n\
         Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        FULL_PAGE.len()
    );
    stream.try_write(&[head.as_bytes(), FULL_PAGE.as_bytes()].concat())?;
    SockRef::from(&stream).shutdown(std::net::Shutdown::Write)?;
    loop {
        stream.readable().await?;
        match stream.try_read(&mut [0; 1024]) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
}

async fn serve(site: Arc<Site>, tap: Arc<Tap>, role: Role) {
    let stop = site.stop.clone();
    let Ok(io) = TapIo::new(Arc::clone(&tap)) else { return };
    let (io, held) = (TokioIo::new(io), Arc::clone(&tap));
    let service = service_fn(move |request| {
        let (site, tap) = (Arc::clone(&site), Arc::clone(&tap));
        async move { Ok::<_, Infallible>(http::answer(&site, &tap, role, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = sleep(REQUESTS_FOR) => {}
    }
    if held.streams() {
        // It has a limit of its own for who takes nothing.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stop.cancelled() => {}
        }
    }
    connection.as_mut().graceful_shutdown();
    // How a connection ended is its viewer's affair; there is nobody to tell.
    let _ = timeout(LAST_ANSWER_WITHIN, connection).await;
}
