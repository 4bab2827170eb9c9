//! A viewer who is served by the crowd's loop, and his task, which waits until that is over.
//!
//! [`Seat::turn`] does all that can be done for him now, waits for nothing, and says when he is to be looked at again if no
//! news of the hub or of his socket comes first.
//!
//! Here belongs: a viewer's turn. Not here: what is done for him (`outlet`, and the protocols), the loop (`crowd`).

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::ahead;
use super::crowd::{Crowd, Member, Over, Turn};
use super::outlet::{End, Event, Outlet};
use super::record::Record;
use super::standing::{Sent, Standing};
use super::watched::Ready;
use crate::hub::Viewer;

/// So much happens in one turn at most: who never ceases to ask lets others have theirs.
const MOST_EVENTS: usize = 32;

/// A protocol's side of a viewer.
pub(super) trait Speaker: Send + 'static {
    /// His socket.
    fn outlet(&mut self) -> &mut Outlet;
    /// The same to look at.
    fn socket(&self) -> &Outlet;
    /// What is counted of him.
    fn record(&self) -> &Record;
    /// Whether he is to be sent pictures.
    fn watches(&self) -> bool;
    /// What he can be sent without another turn, once nothing is to be done for him.
    fn standing(&self, viewer: &Viewer) -> Option<Standing>;
    /// What follows from what happened.
    fn happens(&mut self, event: Event, viewer: &mut Viewer) -> Result<(), End>;
}

/// A viewer's place.
struct Seat<S> {
    speaker: S,
    viewer: Viewer,
    /// Why he is served no longer, once that is so.
    end: End,
    /// Where his task waits for that: it is given the seat, which is much larger than the way there.
    over: Option<oneshot::Sender<Box<Self>>>,
}

/// Serves a viewer until he leaves, stalls, or the server stops: why, and what is left to be said by.
pub(super) async fn serve<S: Speaker>(crowd: &Arc<Crowd>, speaker: S, viewer: Viewer) -> (Option<S>, End) {
    let (over, ended) = oneshot::channel();
    let place = crowd.enter(Box::new(Seat { speaker, viewer, end: End::Gone, over: Some(over) }));
    let ended = ended.await;
    place.leave();
    match ended {
        // He watches no longer, however long his goodbye takes.
        Ok(seat) => (Some(seat.speaker), seat.end),
        // A fault in serving him.
        Err(_) => (None, End::Gone),
    }
}

impl<S: Speaker> Member for Seat<S> {
    fn socket(&self) -> BorrowedFd<'_> {
        self.speaker.socket().tap().as_fd()
    }

    fn fetch(&self) {
        ahead::fetch(self.speaker.socket().tap());
        ahead::fetch(self.speaker.record());
    }

    fn turn(&mut self, ready: Ready) -> Result<Turn, Over> {
        let Self { speaker, viewer, .. } = self;
        speaker.outlet().happened(ready, viewer);
        match turn(speaker, viewer) {
            Ok(until) => Ok(Turn { until, standing: speaker.standing(viewer) }),
            Err(end) => {
                self.end = end;
                Err(Over)
            }
        }
    }

    fn was_sent(&mut self, sent: Sent) {
        self.viewer.was_sent(sent.last);
        self.speaker.record().count_more(&sent);
        self.speaker.outlet().was_sent(sent);
    }

    fn leave(mut self: Box<Self>) {
        if let Some(over) = self.over.take() {
            // His task is gone only where the whole program ends.
            let _ = over.send(self);
        }
    }
}

/// Does all that can be done now. When he is to be looked at again.
fn turn<S: Speaker>(speaker: &mut S, viewer: &mut Viewer) -> Result<Option<Instant>, End> {
    for _ in 0..MOST_EVENTS {
        let watches = speaker.watches();
        match speaker.outlet().next(viewer, watches)? {
            Event::Nothing(until) => return Ok(until),
            event => speaker.happens(event, viewer)?,
        }
    }
    Ok(Some(Instant::now()))
}
