//! One loop that hands each picture to all who are ready for it, and takes in what they send.
//!
//! A task for each viewer, woken for each picture, costs more than the sending: the runtime's queues, wakers and timers.
//! So one thread waits in the kernel for news of the hub and of all sockets, and does what there is to do: first of all, at
//! news of the hub, for everybody; then for whose socket something happened to; then for whom the time has come. Nothing in
//! it waits. Acknowledgements that come while a picture is being sent are so taken in when it has been sent to all.
//!
//! Tried before: the runtime's own threads read and the loop only sent. Each acknowledgement then woke a thread, which took
//! the time of the loop or of a viewer in the middle of a picture, and what both needed went from core to core.
//!
//! A thread of its own, and not one of the runtime's tasks: the others would wait behind a walk of some milliseconds. Sending
//! from the encode thread would delay the next picture.
//!
//! Here belongs: whose turn it is. Not here: what is done for each (`seat`), waiting in the kernel (`watched`).

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::ahead;
use super::watched::{Ready, Watched};
use crate::bell::Bell;
use crate::hub::Hub;

/// The numbers of the bells among those of the members.
const NEWS: u64 = u64::MAX;
const CALLS: u64 = u64::MAX - 1;

/// One who is served.
pub(super) trait Member: Send {
    /// His socket.
    fn socket(&self) -> BorrowedFd<'_>;
    /// Begins to fetch what his turn will need beside himself.
    fn fetch(&self) {}
    /// Does all that can be done for him now, and waits for nothing. His next turn is with news of the hub or of his socket,
    /// or at that time.
    fn turn(&mut self, ready: Ready) -> Result<Option<Instant>, Over>;
    /// He is served no longer.
    fn leave(self: Box<Self>);
}

/// He is to be served no longer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over;

/// All who are served. Dropping it ends the loop.
pub(super) struct Crowd {
    door: Arc<Door>,
    numbers: AtomicU64,
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

/// Where others call to the loop.
struct Door {
    calls: Mutex<Calls>,
    bell: Bell,
}

#[derive(Default)]
struct Calls {
    come: Vec<(u64, Box<dyn Member>)>,
    gone: Vec<u64>,
    shut: bool,
}

/// A member's place; dropping it is leaving.
pub(super) struct Place {
    door: Option<Arc<Door>>,
    number: u64,
}

impl Crowd {
    /// A loop that serves nobody yet, until this is dropped.
    pub(super) fn start(hub: &Hub) -> io::Result<Arc<Self>> {
        let door = Arc::new(Door { calls: Mutex::default(), bell: Bell::new()? });
        let mut round = Round::new(Arc::clone(&door))?;
        let news = Arc::new(Bell::new()?);
        round.watched.add(&*news, NEWS)?;
        hub.ring_for_news(news);
        thread::Builder::new().name("crowd".into()).spawn(move || while round.go() {})?;
        Ok(Arc::new(Self { door, numbers: AtomicU64::new(0) }))
    }

    /// One more.
    pub(super) fn enter(&self, member: Box<dyn Member>) -> Place {
        let number = self.numbers.fetch_add(1, Relaxed);
        self.door.call(|calls| calls.come.push((number, member)));
        Place { door: Some(Arc::clone(&self.door)), number }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.door.call(|calls| calls.shut = true);
    }
}

impl Place {
    /// Its member has left.
    pub(super) fn leave(mut self) {
        self.door = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(door) = self.door.take() {
            door.call(|calls| calls.gone.push(self.number));
        }
    }
}

impl Door {
    fn call(&self, what: impl FnOnce(&mut Calls)) {
        what(&mut self.lock());
        self.bell.ring();
    }

    /// Nothing that is done under the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the loop knows of a member.
struct Chair {
    member: Box<dyn Member>,
    number: u64,
    /// When he has a turn, whatever happens.
    until: Option<Instant>,
}

/// The loop.
struct Round {
    door: Arc<Door>,
    watched: Watched,
    chairs: Vec<Option<Chair>>,
    free: Vec<usize>,
    /// The chairs of those who are to have a turn at a time.
    times: BTreeSet<(Instant, usize)>,
    /// Whose turn is the first at the next news.
    first: usize,
}

impl Round {
    fn new(door: Arc<Door>) -> io::Result<Self> {
        let watched = Watched::new()?;
        watched.add(&door.bell, CALLS)?;
        let (chairs, free, times) = (Vec::new(), Vec::new(), BTreeSet::new());
        Ok(Self { door, watched, chairs, free, times, first: 0 })
    }

    /// Waits for something, and does what follows from it. False: nobody will ever come again.
    fn go(&mut self) -> bool {
        self.watched.wait(self.times.first().map(|&(time, _)| time));
        let rings = |bell| self.watched.happened().iter().any(|&(number, _)| number == bell);
        let (news, calls) = (rings(NEWS), rings(CALLS));
        if news {
            self.walk();
        }
        if calls && !self.answer() {
            return false;
        }
        let mut at = 0;
        while let Some(&(number, ready)) = self.watched.happened().get(at) {
            // A bell has no chair.
            self.turn(usize::try_from(number).unwrap_or(usize::MAX), ready);
            at += 1;
        }
        self.look_at_the_clock();
        true
    }

    /// Everybody's turn, each time another first.
    fn walk(&mut self) {
        let count = self.chairs.len();
        let first = self.first.min(count);
        for at in 0..count {
            let at = |ahead| (first + at + ahead) % count;
            // Two viewers before his turn he is fetched, one before it what he holds.
            if let Some(member) = self.member(at(2)) {
                ahead::fetch(member);
            }
            if let Some(member) = self.member(at(1)) {
                member.fetch();
            }
            self.turn(at(0), Ready::default());
        }
        self.first = (first + count / 8 + 1) % count.max(1);
    }

    fn member(&self, at: usize) -> Option<&dyn Member> {
        Some(&*self.chairs[at].as_ref()?.member)
    }

    /// Those whose time has come.
    fn look_at_the_clock(&mut self) {
        let Some(&(first, _)) = self.times.first() else { return };
        let now = Instant::now();
        if first > now {
            return;
        }
        let due: Vec<usize> =
            self.times.iter().take_while(|(time, _)| *time <= now).map(|&(_, at)| at).collect();
        due.into_iter().for_each(|at| self.turn(at, Ready::default()));
    }

    fn turn(&mut self, at: usize, ready: Ready) {
        let Some(chair) = self.chairs.get_mut(at).and_then(Option::as_mut) else { return };
        // A fault in serving one is his alone, as it is in a task.
        match catch_unwind(AssertUnwindSafe(|| chair.member.turn(ready))) {
            Ok(Ok(until)) if until == chair.until => {}
            Ok(Ok(until)) => {
                let before = std::mem::replace(&mut chair.until, until);
                before.map(|before| self.times.remove(&(before, at)));
                self.times.extend(until.map(|until| (until, at)));
            }
            Ok(Err(Over)) => self.let_go(at, Member::leave),
            Err(_) => self.let_go(at, drop),
        }
    }

    fn let_go(&mut self, at: usize, how: impl FnOnce(Box<dyn Member>)) {
        let Some(Chair { member, until, .. }) = self.chairs.get_mut(at).and_then(Option::take) else {
            return;
        };
        until.map(|until| self.times.remove(&(until, at)));
        self.free.push(at);
        self.watched.remove(member.socket());
        let _ = catch_unwind(AssertUnwindSafe(|| how(member)));
    }

    /// Takes in who has come, lets go of who has gone. False: nobody will ever come again.
    fn answer(&mut self) -> bool {
        let Calls { come, gone, shut } = std::mem::take(&mut *self.door.lock());
        for (number, member) in come {
            self.seat(number, member);
        }
        for number in gone {
            let has = |chair: &Option<Chair>| chair.as_ref().is_some_and(|chair| chair.number == number);
            if let Some(at) = self.chairs.iter().position(has) {
                self.let_go(at, drop);
            }
        }
        !shut
    }

    fn seat(&mut self, number: u64, member: Box<dyn Member>) {
        let at = self.free.pop().unwrap_or(self.chairs.len());
        if self.watched.add(member.socket(), at as u64).is_err() {
            // The kernel has no room for one more.
            return member.leave();
        }
        if at == self.chairs.len() {
            self.chairs.push(None);
        }
        self.chairs[at] = Some(Chair { member, number, until: None });
        self.turn(at, Ready::default());
    }
}

#[cfg(test)]
mod tests;
