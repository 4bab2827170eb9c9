//! Pictures as JPEG over plain HTTP: one, or one after the other in a reply that never ends.
//!
//! Here belongs: the replies, and to whom the next picture goes. Not here: coding (`crate::stills`), paths (`http`).
//!
//! The newest picture goes to each, once what he was sent before has left; nothing is kept for who is slow.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::body::Frame as Chunk;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::Site;
use super::gate::{Gate, Stalled};
use super::tap::Tap;
use super::viewers::Entry;
use crate::hub::Part;
use crate::stills::Still;

/// How long a picture is waited for: a camera that rests or starts needs a moment.
const PICTURE_WITHIN: Duration = Duration::from_secs(5);
/// Who takes nothing for so long is let go.
const STALL: Duration = Duration::from_secs(30);
/// The line between pictures, under the name that mjpg-streamer gave it: some programs look for that one alone.
const BOUNDARY: &str = "--boundarydonotcross\r\n";
/// The type of the reply that never ends.
pub(super) const STREAM_TYPE: &str = "multipart/x-mixed-replace;boundary=boundarydonotcross";

type Pictures = watch::Receiver<Option<Arc<Still>>>;

/// The next picture that the camera takes; none if it gives none.
pub(super) async fn picture(site: &Site) -> Option<Bytes> {
    let _need = site.camera.needs.hold();
    let mut pictures = site.camera.stills.subscribe();
    let within = PICTURE_WITHIN.max(site.camera.rate().interval() * 2);
    timeout(within, next(&mut pictures)).await.ok().flatten()
}

/// A picture newer than the last.
async fn next(pictures: &mut Pictures) -> Option<Bytes> {
    loop {
        pictures.changed().await.ok()?;
        if let Some((_, jpeg)) = newest(pictures).await {
            return Some(jpeg);
        }
    }
}

/// The newest picture and its frame's number.
async fn newest(pictures: &mut Pictures) -> Option<(u64, Bytes)> {
    let still = pictures.borrow_and_update().clone()?;
    let sequence = still.sequence();
    let jpeg = tokio::task::spawn_blocking(move || still.jpeg()).await.ok()?;
    (!jpeg.is_empty()).then_some((sequence, jpeg))
}

/// A body of pictures without end, until the viewer goes or the server stops.
pub(super) fn stream(site: &Arc<Site>, tap: &Arc<Tap>, entry: Entry) -> Body {
    let (sender, parts) = mpsc::channel(1);
    let (site, tap) = (Arc::clone(site), Arc::clone(tap));
    tap.begin_stream();
    site.tasks.clone().spawn(async move {
        let stalled = tokio::select! {
            () = site.stop.cancelled() => false,
            () = sender.closed() => false,
            stalled = feed(&site, &tap, &entry, &sender) => stalled,
        };
        drop(entry);
        if stalled {
            // hyper waits for the socket, not for us: only its end wakes it.
            tap.cut();
        }
    });
    Body::new(Parts(parts))
}

/// Sends picture after picture; ends when the viewer takes none any more: whether he is connected still.
async fn feed(site: &Site, tap: &Arc<Tap>, entry: &Entry, sender: &mpsc::Sender<Bytes>) -> bool {
    let _need = site.camera.needs.hold();
    let mut pictures = site.camera.stills.subscribe();
    let mut gate = Gate::new(Arc::clone(tap), STALL);
    // Behind each picture comes the line that ends it at once, for browsers show a picture only then.
    let mut before = None;
    loop {
        let room = tokio::select! {
            room = sender.reserve() => room,
            stalled = gate.stalled() => { let Stalled = stalled; return true }
        };
        let Ok(room) = room else { return false };
        if pictures.changed().await.is_err() {
            return false;
        }
        if let Err(Stalled) = gate.drained().await {
            return true;
        }
        // Taken now, not before what lay in the way had left.
        if let Some((sequence, jpeg)) = newest(&mut pictures).await {
            let part = part(&jpeg, before.is_none());
            let missed = before.replace(sequence).map_or(0, |before| sequence.saturating_sub(before + 1));
            entry.record.count(missed as u32, part.len(), Part::WHOLE, site.clock.now());
            room.send(part);
        }
    }
}

fn part(jpeg: &[u8], first: bool) -> Bytes {
    let mut part = BytesMut::with_capacity(jpeg.len() + 160);
    if first {
        part.put_slice(BOUNDARY.as_bytes());
    }
    let head = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    part.put_slice(head.as_bytes());
    part.put_slice(jpeg);
    part.put_slice(b"\r\n");
    part.put_slice(BOUNDARY.as_bytes());
    part.freeze()
}

/// What comes through the channel, as a body.
struct Parts(mpsc::Receiver<Bytes>);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Chunk<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|part| part.map(|bytes| Ok(Chunk::data(bytes))))
    }
}
