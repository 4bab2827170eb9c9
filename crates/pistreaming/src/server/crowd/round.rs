//! The loop itself: waiting, and whose turn it is.
//!
//! Here belongs: turns, and the order in which they are had. Not here: what is done in a turn (`seat`), waiting in the kernel
//! (`watched`), what is sent without a turn (`standing`).

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::{Calls, Door, Member, Over, Turn};
use crate::bell::Bell;
use crate::hub::Hub;
use crate::server::ahead;
use crate::server::standing::{Orders, TOGETHER};
use crate::server::watched::{Ready, Watched};

/// The numbers of the bells among those of the members.
const NEWS: u64 = u64::MAX;
const CALLS: u64 = u64::MAX - 1;

/// What the loop knows of a member.
struct Chair {
    member: Box<dyn Member>,
    number: u64,
    /// When he has a turn, whatever happens.
    until: Option<Instant>,
}

/// The loop.
pub(super) struct Round {
    door: Arc<Door>,
    hub: Arc<Hub>,
    watched: Watched,
    chairs: Vec<Option<Chair>>,
    free: Vec<usize>,
    /// The chairs of those who are to have a turn at a time.
    times: BTreeSet<(Instant, usize)>,
    /// Whose turn is the first at the next news.
    first: usize,
    orders: Orders,
    /// Who is to have a turn.
    turns: Vec<usize>,
}

impl Round {
    /// One with nobody in it.
    pub(super) fn new(door: Arc<Door>, hub: Arc<Hub>) -> io::Result<Self> {
        let watched = Watched::new()?;
        watched.add(&door.bell, CALLS)?;
        let news = Arc::new(Bell::new()?);
        watched.add(&*news, NEWS)?;
        hub.ring_for_news(news);
        let (chairs, free, times) = (Vec::new(), Vec::new(), BTreeSet::new());
        let (orders, turns) = (Orders::new(), Vec::new());
        Ok(Self { door, hub, watched, chairs, free, times, first: 0, orders, turns })
    }

    /// Waits for something, and does what follows from it. False: nobody will ever come again.
    pub(super) fn go(&mut self) -> bool {
        let first = self.times.first().map(|&(time, _)| time);
        self.watched.wait([first, self.orders.told_at()].into_iter().flatten().min());
        let rings = |bell| self.watched.happened().iter().any(|&(number, _)| number == bell);
        let (news, calls) = (rings(NEWS), rings(CALLS));
        if news {
            self.walk();
        }
        if calls && !self.answer() {
            return false;
        }
        // A bell has no chair.
        let chair = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let mut n = 0;
        while let Some(&(number, ready)) = self.watched.happened().get(n) {
            let [in_one, in_two] =
                [n + 1, n + 2].map(|n| self.watched.happened().get(n).map(|&(number, _)| chair(number)));
            self.fetch(in_one, in_two);
            self.turn(chair(number), ready);
            n += 1;
        }
        self.look_at_the_clock();
        true
    }

    /// Everybody's turn, or what he has ordered, each time another's first.
    fn walk(&mut self) {
        self.orders.look(&self.hub);
        let count = self.chairs.len();
        let first = self.first.min(count);
        let mut turns = std::mem::take(&mut self.turns);
        for from in (0..count).step_by(TOGETHER) {
            let some = from..count.min(from + TOGETHER);
            self.orders.send(some.map(|at| (first + at) % count), &mut turns);
            self.all_of(&turns);
            turns.clear();
        }
        self.turns = turns;
        self.first = (first + count / 8 + 1) % count.max(1);
    }

    /// A turn for each of these.
    fn all_of(&mut self, turns: &[usize]) {
        for (n, &at) in turns.iter().enumerate() {
            self.fetch(turns.get(n + 1).copied(), turns.get(n + 2).copied());
            self.turn(at, Ready::default());
        }
    }

    /// Two viewers before his turn one is fetched, one before it what he holds.
    fn fetch(&self, in_one: Option<usize>, in_two: Option<usize>) {
        let member = |at: usize| Some(&*self.chairs.get(at)?.as_ref()?.member);
        if let Some(member) = in_two.and_then(member) {
            ahead::fetch(member);
        }
        if let Some(member) = in_one.and_then(member) {
            member.fetch();
        }
    }

    /// Those whose time has come.
    fn look_at_the_clock(&mut self) {
        let (first, told_at) = (self.times.first().map(|&(time, _)| time), self.orders.told_at());
        let Some(next) = [first, told_at].into_iter().flatten().min() else { return };
        let now = Instant::now();
        if next > now {
            return;
        }
        if told_at.is_some_and(|time| time <= now) {
            self.orders.are_told();
            (0..self.chairs.len()).for_each(|at| self.tell_what_was_sent(at));
        }
        let due: Vec<usize> =
            self.times.iter().take_while(|(time, _)| *time <= now).map(|&(_, at)| at).collect();
        due.into_iter().for_each(|at| self.turn(at, Ready::default()));
    }

    fn turn(&mut self, at: usize, ready: Ready) {
        let Some(chair) = self.chairs.get_mut(at).and_then(Option::as_mut) else { return };
        let sent = self.orders.take_sent(at);
        // A fault in serving one is his alone, as it is in a task.
        let turn = catch_unwind(AssertUnwindSafe(|| {
            sent.into_iter().for_each(|sent| chair.member.was_sent(sent));
            chair.member.turn(ready)
        }));
        match turn {
            Ok(Ok(Turn { until, standing })) => {
                self.orders.put(at, standing);
                if until != chair.until {
                    let before = std::mem::replace(&mut chair.until, until);
                    before.map(|before| self.times.remove(&(before, at)));
                    self.times.extend(until.map(|until| (until, at)));
                }
            }
            Ok(Err(Over)) => self.let_go(at, Member::leave),
            Err(_) => self.let_go(at, drop),
        }
    }

    fn tell_what_was_sent(&mut self, at: usize) {
        let Some(chair) = self.chairs[at].as_mut() else { return };
        let Some(sent) = self.orders.take_sent(at) else { return };
        if catch_unwind(AssertUnwindSafe(|| chair.member.was_sent(sent))).is_err() {
            self.let_go(at, drop);
        }
    }

    fn let_go(&mut self, at: usize, how: impl FnOnce(Box<dyn Member>)) {
        let Some(Chair { member, until, .. }) = self.chairs.get_mut(at).and_then(Option::take) else {
            return;
        };
        until.map(|until| self.times.remove(&(until, at)));
        self.orders.put(at, None);
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
