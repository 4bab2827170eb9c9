//! A viewer's WebSocket as both protocols use it: what is sent leaves at once or is bounded, and an orderly end.
//!
//! Before a picture is taken, what he was sent before must have left: staleness waits in the ring, where it can be thrown
//! away, and not in the kernel, where it cannot. The kernel itself refuses a message while bytes wait
//! ([`Tap::take_only_when_drained`]), and says when none do: so a picture costs one system call, a viewer who is behind no
//! timer, and who takes nothing costs nothing. A picture that is refused was not given: the newest one then will be.
//!
//! Here belongs: what is the same for both protocols. Not here: what is sent.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use super::Site;
use super::frames::{self, close, code};
use super::gate::{Gate, Stalled};
use super::inbox::Inbox;
use super::link::Meter;
use super::tap::Tap;
use crate::hub::{Next, Notice, Viewer};

/// Once the server stops, what is being sent may take this much longer; what comes behind half a message would be taken
/// for its other half.
const LAST_SEND_WITHIN: Duration = Duration::from_millis(200);
/// How long the other end may take to answer our close.
const CLOSE_WITHIN: Duration = Duration::from_millis(300);
/// How often it is looked whether who is waited for takes anything. Progress is wanted within many seconds only.
const LOOK_FOR_PROGRESS: Duration = Duration::from_secs(1);

/// Why a viewer is served no longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// He said goodbye.
    Left,
    /// His connection broke.
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
    site: Arc<Site>,
    tap: Arc<Tap>,
    inbox: Inbox,
    /// What is still to be sent of a picture that was begun.
    rest: Bytes,
    /// Small messages behind it.
    small: Vec<u8>,
    gate: Gate,
    meter: Meter,
    /// Whether he had to be waited for when it was looked last.
    was_behind: bool,
}

impl Outlet {
    /// An outlet that is cut when nothing leaves for as long as `stall`; `part` came behind the request.
    pub(super) fn new(site: Arc<Site>, tap: Arc<Tap>, part: Vec<u8>, stall: Duration) -> Self {
        // Where it fails the connection is about to be found broken.
        let _ = tap.take_only_when_drained();
        Self {
            site,
            inbox: Inbox::new(part),
            rest: Bytes::new(),
            small: Vec::new(),
            gate: Gate::new(Arc::clone(&tap), stall),
            meter: Meter::new(Arc::clone(&tap)),
            was_behind: false,
            tap,
        }
    }

    /// Waits for what happens next. `watching`: whether he is to be sent pictures.
    pub(super) async fn next(&mut self, viewer: &mut Viewer, watching: bool) -> Result<Event, End> {
        loop {
            if self.site.stops() {
                return Err(End::Stopping);
            }
            // First of all what he asks: the answer to a clock probe must not wait behind a picture.
            if let Some(bytes) = self.inbox.receive(&self.tap, &mut self.small)? {
                // Who never ceases to ask lets others have their turn.
                consume_budget().await;
                return Ok(Event::Received(bytes));
            }
            self.flush()?;
            if self.is_behind() {
                self.room().await?;
                continue;
            }
            if let Some(notice) = viewer.notice() {
                return Ok(Event::Notice(notice));
            }
            if !watching || viewer.has_all() {
                self.news(viewer, None).await;
                continue;
            }
            let link = self.meter.look();
            if let Some(next) = viewer.step(link) {
                return Ok(Event::Picture(next));
            }
            if link.room == 0 {
                self.is_waited_for();
                self.gate.check()?;
            } else {
                self.was_behind = false;
            }
            let again = self.meter.look_again(&link, viewer.waits_for_idle(link));
            // Who takes nothing is looked at less and less often.
            self.news(viewer, again.map(|wait| wait.max(self.gate.since_progress() / 8))).await;
        }
    }

    /// He showed that he takes what he is sent.
    pub(super) fn progress(&mut self) {
        self.gate.progress();
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        self.meter.acknowledged(bytes);
    }

    /// Sends one small message, framed, behind those before it.
    pub(super) fn send(&mut self, message: &[u8]) {
        self.meter.send(frames::payload_bytes(message));
        self.small.extend_from_slice(message);
    }

    /// Sends a picture's message, framed, behind the messages `before` it, if all that was sent before has left: whether
    /// it has.
    pub(super) fn offer(&mut self, before: &[u8], mut message: Bytes) -> Result<bool, End> {
        self.flush()?;
        if self.is_behind() {
            return Ok(false);
        }
        if !before.is_empty() {
            message = [before, &message].concat().into();
        }
        match self.tap.try_send(&message) {
            Ok(sent) => {
                self.meter.send(frames::payload_bytes(&message));
                if sent < message.len() {
                    self.rest = message;
                    self.rest.advance(sent);
                }
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(_) => Err(End::Gone),
        }
    }

    /// Sends what can be sent of what waits.
    fn flush(&mut self) -> Result<(), End> {
        loop {
            let waiting = if self.rest.is_empty() { &self.small[..] } else { &self.rest[..] };
            if waiting.is_empty() {
                return Ok(());
            }
            match self.tap.try_send(waiting) {
                Ok(sent) if self.rest.is_empty() => drop(self.small.drain(..sent)),
                Ok(sent) => self.rest.advance(sent),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(End::Gone),
            }
        }
    }

    /// Whether something waits for room in the socket.
    fn is_behind(&self) -> bool {
        !self.rest.is_empty() || !self.small.is_empty() || !self.tap.is_writable()
    }

    /// From now on he is waited for, if he is not already. The time before is not held against him.
    fn is_waited_for(&mut self) {
        if !std::mem::replace(&mut self.was_behind, true) {
            self.gate.progress();
        }
    }

    /// Waits for room in the socket, or for what he sends.
    async fn room(&mut self) -> Result<(), End> {
        self.is_waited_for();
        let read = Inbox::is_open(&self.small);
        let ready = poll_fn(|cx| self.tap.poll_ready(cx, read, true));
        tokio::select! {
            ready = timeout(LOOK_FOR_PROGRESS, ready) => match ready {
                Ok(()) => Ok(()),
                Err(_) => Ok(self.gate.look().map(drop)?),
            },
            () = self.site.stop.cancelled() => Ok(()),
        }
    }

    /// Waits for news of the hub, the server's end among them, or for what he sends, or for as long as `most`.
    async fn news(&self, viewer: &mut Viewer, most: Option<Duration>) {
        let something = async {
            tokio::select! {
                biased;
                () = viewer.news() => {}
                () = poll_fn(|cx| self.tap.poll_ready(cx, true, false)) => {}
            }
        };
        match most {
            // There is no event for "it has arrived".
            Some(most) => drop(timeout(most, something).await),
            None => something.await,
        }
    }

    /// Ends the connection; with a `last` message if he can still be told.
    pub(super) async fn end(mut self, end: End, last: Option<Bytes>) {
        let words = match end {
            End::Gone | End::Cut => return,
            // The answer to his goodbye is there already.
            End::Left => Bytes::new(),
            End::Stopping => close(code::GOING_AWAY, "the server stops"),
            End::Refused(code, reason) => close(code, reason),
        };
        self.small.extend(last.unwrap_or_default());
        self.small.extend(words);
        if let Ok(Ok(())) = timeout(LAST_SEND_WITHIN, self.all_sent()).await {
            self.tap.finish();
            // Closing with unread bytes would reset the connection, and the goodbye might be lost with it.
            let _ = timeout(CLOSE_WITHIN, self.all_read()).await;
        }
    }

    async fn all_sent(&mut self) -> Result<(), End> {
        loop {
            self.flush()?;
            if self.rest.is_empty() && self.small.is_empty() {
                return Ok(());
            }
            poll_fn(|cx| self.tap.poll_ready(cx, false, true)).await;
        }
    }

    async fn all_read(&self) {
        let mut bytes = [0; 1024];
        loop {
            match self.tap.try_receive(&mut bytes) {
                Ok(count) if count > 0 => consume_budget().await,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll_fn(|cx| self.tap.poll_ready(cx, true, false)).await;
                }
                Ok(_) | Err(_) => return,
            }
        }
    }
}
