//! A viewer's WebSocket as both protocols use it: sends that cannot wait for ever, an orderly end.
//!
//! Here belongs: what is the same for both protocols. Not here: what is sent.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Stalled};
use super::link::Meter;
use super::tap::Tap;
use crate::hub::{Link, Next, Notice, Viewer};

/// Once the server stops, a send in progress may take this much longer; what comes behind half a message would be
/// taken for its other half.
const LAST_SEND_WITHIN: Duration = Duration::from_millis(200);
/// How long the other end may take to answer our close.
const CLOSE_WITHIN: Duration = Duration::from_millis(300);

/// WebSocket close codes (RFC 6455, 7.4.1).
pub(super) mod code {
    /// The server stops.
    pub(crate) const GOING_AWAY: u16 = 1001;
    /// He sent what no message is.
    pub(crate) const PROTOCOL_ERROR: u16 = 1002;
    /// What he would have to be sent he could not take.
    pub(crate) const UNSUITABLE: u16 = 1003;
}

/// Why a viewer is served no longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// He left, or his connection broke.
    Gone,
    /// He takes nothing, perhaps in the middle of a message: no goodbye would reach him.
    Cut,
    /// The server stops.
    Stopping,
    /// He cannot be served: close code and reason.
    Refused(u16, &'static str),
}

impl From<Stalled> for End {
    fn from(_: Stalled) -> Self {
        Self::Cut
    }
}

/// What happens to a viewer.
pub(super) enum Event {
    /// He sent something.
    Received(Bytes),
    /// He is to be told something.
    Notice(Notice),
    /// He is to be sent a picture.
    Picture(Next),
}

/// A viewer's socket.
pub(super) struct Outlet {
    socket: WebSocket,
    pub(super) gate: Gate,
    meter: Meter,
    stop: CancellationToken,
}

impl Outlet {
    /// An outlet that is cut when nothing leaves for as long as `stall`.
    pub(super) fn new(socket: WebSocket, tap: Arc<Tap>, stall: Duration, stop: CancellationToken) -> Self {
        let meter = Meter::new(Arc::clone(&tap));
        Self { socket, gate: Gate::new(tap, stall), meter, stop }
    }

    /// Waits for what happens next. `watching`: whether he is to be sent pictures.
    pub(super) async fn next(&mut self, viewer: &mut Viewer, watching: bool) -> Result<Event, End> {
        let Self { socket, gate, meter, stop } = self;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(End::Stopping),
                // First of all what he asks: the answer to a clock probe must not wait behind a picture.
                message = socket.recv() => match message {
                    Some(Ok(Message::Binary(bytes))) => return Ok(Event::Received(bytes)),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
                    Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                },
                event = outgoing(gate, meter, viewer, watching) => return Ok(event?),
            }
        }
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        self.meter.acknowledged(bytes);
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, message: Bytes) -> Result<(), End> {
        self.meter.send(message.len());
        let Self { socket, gate, stop, .. } = self;
        let stopped = async {
            stop.cancelled().await;
            sleep(LAST_SEND_WITHIN).await;
        };
        tokio::select! {
            biased;
            sent = socket.send(Message::Binary(message)) => sent.map_err(|_| End::Gone),
            stalled = gate.stalled() => Err(stalled.into()),
            () = stopped => Err(End::Cut),
        }
    }

    /// Ends the connection; with a `last` message if he can still be told.
    pub(super) async fn end(mut self, end: End, last: Option<Bytes>) {
        let (code, reason) = match end {
            End::Gone | End::Cut => return,
            End::Stopping => (code::GOING_AWAY, "the server stops"),
            End::Refused(code, reason) => (code, reason),
        };
        let goodbye = async {
            if let Some(last) = last {
                self.socket.send(Message::Binary(last)).await?;
            }
            let close = CloseFrame { code, reason: reason.into() };
            self.socket.send(Message::Close(Some(close))).await?;
            // Closing with unread bytes would reset the connection, and the goodbye might be lost with it.
            while self.socket.recv().await.is_some_and(|message| message.is_ok()) {}
            Ok::<_, axum::Error>(())
        };
        let _ = timeout(CLOSE_WITHIN, goodbye).await;
    }
}

/// The next thing to send. May be dropped at any time: nothing is taken before it is returned.
async fn outgoing(
    gate: &mut Gate,
    meter: &mut Meter,
    viewer: &mut Viewer,
    watching: bool,
) -> Result<Event, Stalled> {
    loop {
        let mut link = Link::default();
        if let Some(notice) = viewer.notice() {
            return Ok(Event::Notice(notice));
        }
        if watching {
            // Only when the last picture has left is the newest one chosen.
            gate.drained().await?;
            link = meter.look();
            if let Some(next) = viewer.step(link) {
                return Ok(Event::Picture(next));
            }
        }
        match meter.look_again(&link, viewer.waits_for_idle(link)).filter(|_| watching) {
            Some(wait) => drop(timeout(wait, viewer.news()).await),
            None => viewer.news().await,
        }
    }
}
