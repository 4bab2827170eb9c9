//! A viewer's WebSocket as both protocols use it: what is sent leaves at once or is bounded, and an orderly end. But for
//! that end nothing here waits.
//!
//! Before a picture is taken, what he was sent before must have left: staleness waits in the ring, where it can be thrown
//! away, and not in the kernel, where it cannot. The kernel itself refuses a message while bytes wait
//! ([`Tap::take_only_when_drained`]), and says when none do: so a picture costs one system call, a viewer who is behind no
//! timer, and who takes nothing costs nothing. A picture that is refused was not given: the newest one then will be.
//!
//! Here belongs: what is the same for both protocols. Not here: what is sent, the end (`goodbye`).

mod goodbye;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use wire::Pace;

use super::Site;
use super::frames;
use super::gate::{Gate, Stalled};
use super::inbox::Inbox;
use super::link::Meter;
use super::standing::{Sent, Standing};
use super::tap::Tap;
use super::watched::Ready;
use crate::hub::{Follows, Link, Next, Notice, Part, Shape, Stream, Viewer};

/// What need not be read at once is read after so long with a picture's sending, or without one when there is none.
const READ_AFTER: Duration = Duration::from_millis(1500);
const READ_WITHIN: Duration = Duration::from_secs(2);

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
    /// Nothing, until news of the hub or of the socket, or that time.
    Nothing(Option<Instant>),
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
    /// The kernel took less than it was to: it takes nothing more until it says so.
    refused: bool,
    /// Whether he had to be waited for when it was looked last.
    was_behind: bool,
}

impl Outlet {
    /// An outlet that is cut when nothing leaves for as long as `stall`; `part` came behind the request. `is_to_tell`: his page
    /// will say what has arrived, or should.
    pub(super) fn new(
        site: Arc<Site>,
        tap: Arc<Tap>,
        part: Vec<u8>,
        stall: Duration,
        is_to_tell: bool,
    ) -> Self {
        // Where it fails the connection is about to be found broken.
        let _ = tap.take_only_when_drained();
        Self {
            site,
            inbox: Inbox::new(part),
            rest: Bytes::new(),
            small: Vec::new(),
            gate: Gate::new(Arc::clone(&tap), stall),
            meter: Meter::new(Arc::clone(&tap), is_to_tell),
            refused: false,
            was_behind: false,
            tap,
        }
    }

    /// His socket.
    pub(super) fn tap(&self) -> &Tap {
        &self.tap
    }

    /// This is news of the socket.
    pub(super) fn happened(&mut self, ready: Ready, viewer: &Viewer) {
        self.meter.look_at_the_clock();
        if ready.read {
            // News of room says that there is something to be read, too, as long as that is so.
            let is_news = !ready.last && !self.refused && !viewer.wants_more();
            let may_wait = is_news && self.meter.is_foretold();
            self.inbox.comes(self.meter.at(), ready.last, may_wait);
        }
        self.refused &= !ready.write;
    }

    /// What happens next. `watches`: whether he is to be sent pictures.
    pub(super) fn next(&mut self, viewer: &mut Viewer, watches: bool) -> Result<Event, End> {
        if self.site.stops() {
            return Err(End::Stopping);
        }
        let put_off = self.inbox.put_off();
        if put_off.is_some_and(|since| self.meter.at() >= since + READ_AFTER || self.meter.is_overdue()) {
            self.inbox.hurry();
        }
        let event = self.next_but_what_waits(viewer, watches)?;
        let Event::Nothing(until) = event else { return Ok(event) };
        let read = self.inbox.put_off().map(|since| since + READ_WITHIN);
        Ok(Event::Nothing([until, read].into_iter().flatten().min()))
    }

    /// The same, but for what he has sent that need not be read yet.
    fn next_but_what_waits(&mut self, viewer: &mut Viewer, watches: bool) -> Result<Event, End> {
        // First of all what he asks: the answer to a clock probe must not wait behind a picture.
        if let Some(bytes) = self.inbox.receive(&self.tap, &mut self.small)? {
            return Ok(Event::Received(bytes));
        }
        self.flush()?;
        if self.is_behind() {
            return self.room();
        }
        if self.inbox.is_held_up() {
            // All answers have left: no event tells that he can be read from again.
            return Ok(Event::Nothing(Some(Instant::now())));
        }
        if let Some(notice) = viewer.notice() {
            return Ok(Event::Notice(notice));
        }
        if !watches || viewer.has_all() && !self.meter.is_to_be_looked_at() {
            return Ok(Event::Nothing(None));
        }
        let link = self.meter.look();
        match viewer.step(link) {
            Some(next) => Ok(Event::Picture(next)),
            None => self.no_picture(viewer, link),
        }
    }

    /// There is no picture for him.
    fn no_picture(&mut self, viewer: &Viewer, link: Link) -> Result<Event, End> {
        if link.room == 0 {
            self.is_waited_for();
            self.gate.check()?;
        } else {
            self.was_behind = false;
        }
        // There is no event for "it has arrived".
        let again = self.meter.look_again(&link, viewer.waits_for_idle(link));
        // Who takes nothing is looked at less and less often.
        let again = again.map(|wait| wait.max(self.gate.since_progress() / 8));
        Ok(Event::Nothing(again.map(|wait| self.meter.at() + wait)))
    }

    /// He showed that he takes what he is sent.
    pub(super) fn progress(&mut self) {
        self.gate.progress();
    }

    /// His page has got so many bytes of messages in all, modulo 2³².
    pub(super) fn acknowledged(&mut self, bytes: u32) {
        self.meter.acknowledged(bytes);
    }

    /// Of which pictures of this stream his page is to tell, where it has told at `pace` of late.
    pub(super) fn pace(&mut self, pace: Pace, stream: &Stream) -> Pace {
        self.meter.pace(pace, stream)
    }

    /// He is told of this pace, or was.
    pub(super) fn set_pace(&mut self, pace: Pace, stream: &Stream) {
        self.meter.set_pace(pace, stream);
    }

    /// A picture of this stream was sent to one whose page says nothing of it.
    pub(super) fn guard(&mut self, stream: &Stream) {
        self.meter.guard(stream);
    }

    /// Sends one small message, framed, behind those before it.
    pub(super) fn send(&mut self, message: &[u8]) {
        self.meter.send(frames::payload_bytes(message));
        self.small.extend_from_slice(message);
    }

    /// The same of what he asked for, which his page acknowledges as it does a picture: by itself, or `with_picture`.
    pub(super) fn reply(&mut self, message: &[u8], with_picture: bool) {
        if with_picture {
            self.meter.send_aside(frames::payload_bytes(message));
            self.small.extend_from_slice(message);
        } else {
            self.send(message);
            self.meter.is_to_be_told();
        }
    }

    /// Sends the message of a picture or of a part of it, framed, behind the messages `before` it, if all that was sent
    /// before has left: whether it has. `told`: whether his page will say that it has come.
    pub(super) fn offer(
        &mut self,
        before: &[u8],
        mut message: Bytes,
        part: Part,
        told: bool,
    ) -> Result<bool, End> {
        self.flush()?;
        if self.is_behind() {
            return Ok(false);
        }
        if !before.is_empty() {
            message = [before, &message].concat().into();
        }
        let sent = self.try_send(&message)?;
        if sent > 0 {
            self.meter.send_part(frames::payload_bytes(&message), part, told);
            if sent < message.len() {
                self.rest = message;
                self.rest.advance(sent);
            }
        }
        Ok(sent > 0)
    }

    /// What he can be sent by order, if he has all there is and follows this stream.
    pub(super) fn standing(&self, stream: &Stream, follows: Follows, shape: Shape) -> Option<Standing> {
        if self.is_behind() || self.inbox.has_some() {
            return None;
        }
        let sure = self.meter.sure(stream)?;
        Some(Standing { tap: Arc::clone(&self.tap), follows, shape, sure })
    }

    /// He was sent this by order.
    pub(super) fn was_sent(&mut self, sent: Sent) {
        self.meter.look_at_the_clock();
        self.meter.was_sent(sent.payload_bytes, sent.told);
        if let Some(rest) = sent.rest {
            self.rest = *rest;
            self.refused = true;
            self.meter.doubt();
        }
    }

    /// How many of these bytes the kernel takes now.
    fn try_send(&mut self, bytes: &[u8]) -> Result<usize, End> {
        let sent = self.tap.try_send(bytes).map_err(|_| End::Gone)?;
        self.refused = sent < bytes.len();
        if self.refused {
            self.meter.doubt();
        }
        Ok(sent)
    }

    /// Sends what can be sent of what waits.
    fn flush(&mut self) -> Result<(), End> {
        while !self.rest.is_empty() && !self.refused {
            let rest = self.rest.clone();
            let sent = self.try_send(&rest)?;
            self.rest.advance(sent);
        }
        while self.rest.is_empty() && !self.small.is_empty() && !self.refused {
            let small = std::mem::take(&mut self.small);
            let sent = self.try_send(&small);
            self.small = small;
            drop(self.small.drain(..sent?));
        }
        Ok(())
    }

    /// Whether something waits for room in the socket.
    fn is_behind(&self) -> bool {
        !self.rest.is_empty() || !self.small.is_empty() || self.refused
    }

    /// From now on he is waited for, if he is not already. The time before is not held against him.
    fn is_waited_for(&mut self) {
        if !std::mem::replace(&mut self.was_behind, true) {
            self.gate.progress();
        }
    }

    /// What waits needs room in the socket first.
    fn room(&mut self) -> Result<Event, End> {
        self.is_waited_for();
        let look = self.gate.look_now_and_then()?;
        Ok(Event::Nothing(Some(look.into_std())))
    }
}
