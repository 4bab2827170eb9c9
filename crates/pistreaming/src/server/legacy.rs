//! The original's WebSocket protocol, shaped so that its clients, which cannot be changed, show each picture when it
//! arrives.
//!
//! Such a client searches each message for one picture start code (`00 00 01 00`), and decodes a picture when it finds
//! the *next* one. So each message but the first two ends with the next picture's start code:
//!
//! ```text
//! 8 bytes          "jsmp", width, height (16-bit big-endian)
//! I picture whole  sequence header, group header, 00 00 01 00, picture, run-out   it finds an I picture, begins
//! 00 00 01 00      the next one's start code                                      it decodes the I picture
//! picture behind its start code, run-out, 00 00 01 00                             it decodes this picture
//! …
//! ```
//!
//! Joined, it is an MPEG-1 elementary stream. Later sequence and group headers are left out: these clients never read
//! them, and FFmpeg and players made since need them once.
//!
//! The run-out is for several pictures that come between two of the page's animation frames. Such a client decodes each
//! but the last when the next one comes, the last in the animation frame, and there tries to decode once more for each of
//! the others: it reads 29 bits from where it stands as a picture's header. The first time that is the next start code,
//! whose bits are no picture's; then it is behind its data, in what longer pictures have left in its buffer. Where that
//! reads as a picture of type I or P, it shows its picture before last, and predicts the next one from that. So user data
//! comes before the next start code, of bits that are no picture's, enough for twelve pictures at once. The standard has
//! user data before a picture's slices only; decoders pass over it here as well.
//!
//! Here belongs: one viewer of the old protocol. Not here: the socket (`outlet`), which picture is next (the hub's).

use std::sync::Arc;
use std::time::Duration;

use super::Site;
use super::frames::{self, code};
use super::outlet::{End, Event, Outlet};
use super::record::Record;
use super::seat::{self, Speaker};
use super::shapes::{self, PICTURE_START, RUN_OUT};
use super::standing::Standing;
use super::tap::Tap;
use super::viewers::{Entry, Full};
use crate::frame::FrameSize;
use crate::hub::{Audience, Next, Shape, Stream, Viewer};
use crate::time::Timestamp;

/// An old client cannot connect anew by itself: he is given up late.
const STALL: Duration = Duration::from_secs(120);
/// The clients' buffer has 512 KiB, and throws what does not fit.
const MOST_BYTES: usize = 256 * 1024;

/// From one start to the next: who records in his page waits for one.
const START_INTERVAL: Duration = Duration::from_secs(10);

/// Serves one viewer until he leaves, stalls, or the server stops; or tells him that there is no room.
pub(super) async fn serve(site: Arc<Site>, tap: Arc<Tap>, part: Vec<u8>, entry: Result<Entry, Full>) {
    let outlet = Outlet::new(Arc::clone(&site), tap, part, STALL, false);
    let Ok(entry) = entry else {
        return outlet.end(End::Refused(code::TRY_AGAIN_LATER, "no room"), None).await;
    };
    let viewer = site.camera.hub.join_as(Audience::Old);
    let _need = site.camera.needs.hold();
    let mut legacy = Legacy { outlet, entry, size: site.camera.size(), stream: None, begun: None };
    legacy.outlet.send(&frames::message(&[&header(legacy.size)]));
    let (Some(legacy), end) = seat::serve(&site.crowd, legacy, viewer).await else { return };
    let Legacy { outlet, entry, .. } = legacy;
    drop(entry);
    outlet.end(end, None).await;
}

struct Legacy {
    outlet: Outlet,
    entry: Entry,
    /// The size that he was told: it can never change.
    size: FrameSize,
    /// The stream that he is sent.
    stream: Option<Arc<Stream>>,
    /// When his last start was captured; none: he has no picture yet.
    begun: Option<Timestamp>,
}

impl Speaker for Legacy {
    fn outlet(&mut self) -> &mut Outlet {
        &mut self.outlet
    }

    fn socket(&self) -> &Outlet {
        &self.outlet
    }

    fn record(&self) -> &Record {
        &self.entry.record
    }

    fn watches(&self) -> bool {
        true
    }

    fn standing(&self, viewer: &Viewer) -> Option<Standing> {
        let follows = viewer.follows().filter(|_| self.begun.is_some())?;
        let stream = self.stream.as_ref().filter(|known| known.id == follows.stream)?;
        self.outlet.standing(stream, follows, Shape::Legacy)
    }

    fn happens(&mut self, event: Event, viewer: &mut Viewer) -> Result<(), End> {
        match event {
            Event::Picture(next) => self.picture(&next, viewer),
            // He has no words for notices, and nothing that he might send means anything.
            Event::Notice(_) | Event::Received(_) | Event::Nothing(_) => Ok(()),
        }
    }
}

impl Legacy {
    /// Sends a picture, or gives it back.
    fn picture(&mut self, next: &Next, viewer: &mut Viewer) -> Result<(), End> {
        let Next { missed, item } = next;
        if item.stream.size != self.size {
            return Err(End::Refused(
                code::GOING_AWAY,
                "the picture's size has changed: load the page again",
            ));
        }
        let message = if self.begun.is_some() {
            shapes::message(item, Shape::Legacy)
        } else {
            let two = [frames::message(&[&item.unit.bytes, &RUN_OUT]), frames::message(&[&PICTURE_START])];
            two.concat().into()
        };
        if message.len() > MOST_BYTES {
            return Err(End::Refused(code::UNSUITABLE, "the pictures are too large for this page"));
        }
        let count = message.len();
        if !self.outlet.offer(&[], message, item.part, true)? {
            viewer.give_back();
            return Ok(());
        }
        self.outlet.guard(&item.stream);
        let captured = item.unit.captured;
        self.entry.record.count(*missed, count, item.part, captured);
        if self.stream.as_ref().is_none_or(|known| known.id != item.stream.id) {
            self.stream = Some(Arc::clone(&item.stream));
            self.entry.record.set_stream(&item.stream);
        }
        let begun = self.begun.filter(|_| !item.unit.start).unwrap_or(captured);
        self.begun = Some(begun);
        if captured.since(begun) >= START_INTERVAL {
            viewer.want_start();
        }
        Ok(())
    }
}

fn header(size: FrameSize) -> [u8; 8] {
    // A size has at most 12 bits.
    let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX).to_be_bytes();
    let ([a, b], [c, d]) = (side(size.width()), side(size.height()));
    [b'j', b's', b'm', b'p', a, b, c, d]
}

#[cfg(test)]
mod tests;
