//! A viewer who is served: by the crowd's loop while he only waits for news of the hub, else by his own task.
//!
//! Both do the same, which waits for nothing: [`Session::turn`] does all that can be done for him now, and says what he
//! waits for. His task waits for that. The loop comes by at each news, and where something is left that no news of the hub
//! will tell of (room in the socket, a time to look again), it wakes his task.
//!
//! Here belongs: whose turn it is. Not here: what is done for a viewer (`outlet`, and the protocols), the loop (`crowd`).

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

use super::crowd::{Crowd, Member};
use super::outlet::{End, Event, Outlet};
use super::tap::Tap;
use crate::hub::Viewer;

/// So much happens in one turn at most: who never ceases to ask lets others have theirs.
const MOST_EVENTS: usize = 32;

/// A protocol's side of a viewer.
pub(super) trait Speaker: Send + 'static {
    /// His socket.
    fn outlet(&mut self) -> &mut Outlet;
    /// Whether he is to be sent pictures.
    fn watches(&self) -> bool;
    /// What follows from what happened.
    fn happens(&mut self, event: Event, viewer: &mut Viewer) -> Result<(), End>;
}

/// What a viewer waits for beside news of the hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wait {
    /// For bytes of his.
    pub(super) read: bool,
    /// For room in his socket.
    pub(super) write: bool,
    /// Until then at most.
    pub(super) until: Option<Instant>,
}

impl Wait {
    /// Whether who waits for this wakes up in time for `other`.
    fn covers(&self, other: &Self) -> bool {
        let in_time = other.until.is_none_or(|until| self.until.is_some_and(|mine| mine <= until));
        in_time && self.read >= other.read && self.write >= other.write
    }
}

/// A viewer's place.
struct Seat<S> {
    /// None: he is served no longer.
    session: Mutex<Option<Session<S>>>,
    /// Wakes his task.
    wake: Notify,
}

struct Session<S> {
    speaker: S,
    viewer: Viewer,
    /// What his task waits for.
    waits: Wait,
    /// Why he is served no longer, if the loop found it out.
    end: Option<End>,
}

/// Serves a viewer until he leaves, stalls, or the server stops: why, and what is left to be said by.
pub(super) async fn serve<S: Speaker>(
    crowd: &Arc<Crowd>,
    mut speaker: S,
    viewer: Viewer,
) -> (Option<S>, End) {
    let tap = speaker.outlet().tap();
    let session = Session { speaker, viewer, waits: Wait::default(), end: None };
    let seat = Arc::new(Seat { session: Mutex::new(Some(session)), wake: Notify::new() });
    let place = crowd.enter(Arc::<Seat<S>>::clone(&seat));
    // If this is dropped before its end, what the loop still holds must not hold the viewer.
    let leaving = Leaving(&seat);
    let end = loop {
        let wait = match seat.turn() {
            Ok(wait) => wait,
            Err(end) => break end,
        };
        seat.wait(&tap, wait).await;
        consume_budget().await;
    };
    let session = leaving.0.take();
    drop(place);
    (session.map(|session| session.speaker), end)
}

struct Leaving<'a, S>(&'a Seat<S>);

impl<S> Drop for Leaving<'_, S> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl<S> Seat<S> {
    fn take(&self) -> Option<Session<S>> {
        self.lock().take()
    }

    /// After a panic of the other holder the session is in no known state: see [`Self::turn`].
    fn lock(&self) -> MutexGuard<'_, Option<Session<S>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(&self, tap: &Tap, wait: Wait) {
        let until = async {
            match wait.until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.wake.notified() => {}
            () = poll_fn(|cx| tap.poll_ready(cx, wait.read, wait.write)) => {}
            () = until => {}
        }
    }
}

impl<S: Speaker> Seat<S> {
    /// His own task's turn.
    fn turn(&self) -> Result<Wait, End> {
        if self.session.is_poisoned() {
            return Err(End::Gone);
        }
        let mut session = self.lock();
        let session = session.as_mut().ok_or(End::Gone)?;
        if let Some(end) = session.end.take() {
            return Err(end);
        }
        session.waits = session.turn(true)?;
        Ok(session.waits)
    }
}

impl<S: Speaker> Member for Seat<S> {
    fn news(&self) {
        // If it is locked his task is at it, and is to look once more.
        let is_covered =
            self.session.try_lock().is_ok_and(|mut session| session.as_mut().is_none_or(Session::news));
        if !is_covered {
            self.wake.notify_one();
        }
    }
}

impl<S: Speaker> Session<S> {
    /// The loop's turn. Whether his task wakes in time by itself.
    fn news(&mut self) -> bool {
        match self.turn(false) {
            Ok(wait) => self.waits.covers(&wait),
            Err(end) => {
                self.end = Some(end);
                false
            }
        }
    }

    /// Does all that can be done now. `reads`: takes in, too, what he has sent.
    fn turn(&mut self, reads: bool) -> Result<Wait, End> {
        let Self { speaker, viewer, .. } = self;
        for _ in 0..MOST_EVENTS {
            let watches = speaker.watches();
            match speaker.outlet().next(viewer, watches, reads)? {
                Event::Nothing(wait) => return Ok(wait),
                event => speaker.happens(event, viewer)?,
            }
        }
        Ok(Wait { until: Some(Instant::now()), ..Wait::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn who_wakes_sooner_or_for_more_wakes_in_time() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let wait = |write, until| Wait { read: true, write, until };
        assert!(wait(false, None).covers(&wait(false, None)));
        assert!(wait(true, Some(now)).covers(&wait(false, None)));
        assert!(wait(false, Some(now)).covers(&wait(false, Some(later))));
        assert!(!wait(false, Some(later)).covers(&wait(false, Some(now))));
        assert!(!wait(false, None).covers(&wait(false, Some(later))));
        assert!(!wait(false, None).covers(&wait(true, None)));
        assert!(!Wait::default().covers(&wait(false, None)));
    }
}
