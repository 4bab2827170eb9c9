//! What was seen on the screen and when, from a thread that looks all the time.
//!
//! Here belongs: looking, and the row of sights. Not here: what is reckoned from them (`figures`).

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Outcome;
use crate::bench::screen::Screen;
use crate::bench::strip::{self, Place, Stamp};
use crate::bench::systems::SIZE;

/// How often the strip's row is read: the error of every figure here. It costs less than 1 % of a core.
const TICK: Duration = Duration::from_millis(1);

/// A picture seen for the first time. Times in ms since the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    pub(super) at: f64,
    /// When it was stamped.
    pub(super) stamped: f64,
}

/// The sights so far.
pub(super) struct Sights<'a> {
    screen: &'a Screen,
    place: Mutex<Option<Place>>,
    begun: Stamp,
    seen: Mutex<Vec<Sight>>,
}

impl<'a> Sights<'a> {
    /// None yet; times count from now.
    pub(super) fn new(screen: &'a Screen) -> Self {
        Self { screen, place: Mutex::new(None), begun: Stamp::now(), seen: Mutex::new(Vec::new()) }
    }

    /// Looks until told to stop.
    pub(super) fn watch(&self, stop: &AtomicBool) {
        let (mut bytes, mut row) = (Vec::new(), Vec::new());
        let mut last = None;
        while !stop.load(Relaxed) {
            std::thread::sleep(TICK);
            let Some(place) = *lock(&self.place) else { continue };
            let read = self.screen.read_row(place.row, place.end(), &mut bytes, &mut row);
            let now = Stamp::now();
            let stamp = read.and_then(|()| place.read(&row, now));
            if stamp.is_some() && stamp != last {
                last = stamp;
                let sight = Sight { at: self.ms(now), stamped: stamp.map_or(0.0, |stamp| self.ms(stamp)) };
                lock(&self.seen).push(sight);
            }
        }
    }

    /// Looks where on the screen the strip is, from now on there.
    pub(super) fn find_place(&self) -> Outcome {
        let (mut bytes, mut row) = (Vec::new(), Vec::new());
        let read_row = |y| {
            self.screen.read_row(y, self.screen.size().0, &mut bytes, &mut row)?;
            Some(row.clone())
        };
        let place = strip::find(self.screen.size(), SIZE, read_row).ok_or("no picture with a clock strip")?;
        *lock(&self.place) = Some(place);
        Ok(())
    }

    /// The last one.
    pub(super) fn last(&self) -> Option<Sight> {
        lock(&self.seen).last().copied()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Sight> {
        lock(&self.seen).clone()
    }

    /// Now, in ms since the beginning.
    pub(super) fn now(&self) -> f64 {
        self.ms(Stamp::now())
    }

    fn ms(&self, stamp: Stamp) -> f64 {
        // A picture may have been stamped before we began.
        let since = stamp.since(self.begun);
        if since > Duration::ZERO {
            since.as_secs_f64() * 1000.0
        } else {
            self.begun.since(stamp).as_secs_f64() * -1000.0
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
