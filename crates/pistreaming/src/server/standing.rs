//! Standing orders: what viewers are sent without asking each of them.
//!
//! Most viewers of a crowd, most of the time, have all there is and a link that carries it easily: the next picture is theirs as it
//! is everybody's. To ask such a one what he needs costs more than his message's way through the program should: all that is
//! known of him is fetched, and his window, his rendition, his notices are looked at, to find that nothing has changed. So with his
//! turn a viewer may leave an order: so many pictures, one after the other, and no more bytes than that. They are sent to him
//! from a list that has nothing but orders, and what was sent he is told before his next turn: of a picture that his page
//! acknowledges also when, and behind what, for his window must know it as if he had sent it himself. Anything else ends
//! the order, and he has a turn: a picture that is not the next, or begins anew, a second one that is to be acknowledged, or one
//! too many while nothing was heard of the first, a word for all, something from his socket, a time that he has set, a message
//! that the kernel does not take.
//!
//! Here belongs: the list, and sending by it. Not here: who may leave an order (`outlet`, `link`, and the hub's `viewer`).

use std::cell::OnceCell;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::Pace;

use super::ahead;
use super::frames;
use super::shapes;
use super::tap::Tap;
use super::together::{self, Together};
use crate::hub::{Follows, Hub, Last, Newest, Shape};

/// Larger messages are nobody's by order: where one needs much room it is looked for.
const MOST_BYTES: usize = 64 * 1024;
/// After so long without a picture all are told what they were sent.
const TOLD_AFTER: Duration = Duration::from_millis(300);
/// So many viewers before one's message his socket is fetched.
const AHEAD: usize = 2;
/// So many have what they ordered at a time.
pub(super) const TOGETHER: usize = together::MOST;

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) tap: Arc<Tap>,
    pub(super) follows: Follows,
    pub(super) shape: Shape,
    pub(super) sure: Sure,
}

/// What one can be sent without another look at his link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sure {
    /// Of which pictures his page tells, if of any.
    pub(super) told: Option<Telling>,
    /// So many pictures.
    pub(super) pictures: u16,
    /// So many bytes.
    pub(super) room: u32,
}

/// Which pictures one's page tells of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) pace: Pace,
    /// Behind the first of them so many pictures are sent before something must have been heard of it, and no second one. None:
    /// not even the first.
    pub(super) behind: Option<u16>,
}

/// What one was sent by his order.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Whole pictures.
    pub(super) pictures: u16,
    /// Bytes of their messages.
    pub(super) bytes: u32,
    /// The same without the frames' headers.
    pub(super) payload_bytes: u32,
    /// The one that his page tells of, if there is one among them.
    pub(super) told: Option<Told>,
    /// The last of them.
    pub(super) last: Last,
    /// What the kernel has not taken of that one, if anything.
    pub(super) rest: Option<Box<Bytes>>,
}

/// A picture of which one's page tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// When it was sent, or a little before.
    pub(super) at: Instant,
    /// Bytes of what he was sent before it, without the frames' headers.
    pub(super) before: u32,
    /// Its own.
    pub(super) payload_bytes: u32,
}

/// All orders, by their chairs.
#[derive(Debug, Default)]
pub(super) struct Orders {
    orders: Vec<Option<Order>>,
    newest: Vec<Newest>,
    common: Vec<Common>,
    calls: u64,
    /// Who is to be sent what.
    picks: Vec<Pick>,
    /// How, if not one by one.
    together: Option<Together>,
    /// When the last picture was sent of which not all were told.
    sent_at: Option<Instant>,
}

/// An order, and what came of it.
#[derive(Debug)]
struct Order {
    standing: Standing,
    sent: Sent,
}

/// A picture for many.
#[derive(Debug)]
struct Common {
    newest: Newest,
    messages: [OnceCell<Message>; 2],
}

/// It as a message.
#[derive(Debug)]
struct Message {
    bytes: Bytes,
    payload_bytes: u32,
}

/// What follows from an order.
enum Step {
    /// Nothing is to be sent now.
    Nothing,
    /// He is to have a turn.
    Turn,
    /// This is to be sent to him: one of the common pictures.
    Send(usize),
}

/// One who is to be sent something.
#[derive(Clone, Copy, Debug)]
struct Pick {
    at: usize,
    common: usize,
}

impl Orders {
    /// None yet. Messages are sent together where that can be done.
    pub(super) fn new() -> Self {
        Self { together: Together::new(), ..Self::default() }
    }

    /// There may be a picture.
    pub(super) fn look(&mut self, hub: &Hub) {
        self.common.clear();
        // Whatever else is said concerns those who follow, too: all have turns.
        let calls = hub.calls();
        if std::mem::replace(&mut self.calls, calls) == calls {
            hub.newest(&mut self.newest);
            self.common.extend(self.newest.drain(..).map(Common::new));
        }
    }

    /// Sends to these, [`TOGETHER`] at most, what they are to have by their orders. Those who are to have turns are put behind
    /// `turns`.
    pub(super) fn send(&mut self, chairs: impl Iterator<Item = usize>, turns: &mut Vec<usize>) {
        self.picks.clear();
        for at in chairs {
            let order = self.orders.get(at).and_then(Option::as_ref);
            match order.map_or(Step::Turn, |order| step(&self.common, order)) {
                Step::Nothing => {}
                Step::Turn => turns.push(at),
                Step::Send(common) => self.picks.push(Pick { at, common }),
            }
        }
        if self.picks.is_empty() {
            return;
        }
        // None of them is sent before that: who is too slow by what the others take is not taken for too quick.
        let now = Instant::now();
        match self.together.take() {
            Some(mut together) => {
                self.send_together(&mut together, now, turns);
                self.together = Some(together);
            }
            None => self.send_one_by_one(turns),
        }
        self.sent_at = Some(now);
    }

    fn send_one_by_one(&mut self, turns: &mut Vec<usize>) {
        let Self { orders, common, picks, .. } = self;
        for (n, &Pick { at, common: which }) in picks.iter().enumerate() {
            if let Some(order) = picks.get(n + AHEAD).and_then(|pick| orders[pick.at].as_ref()) {
                ahead::fetch(&*order.standing.tap);
            }
            let Some(order) = &mut orders[at] else { continue };
            let message = common[which].message(order.standing.shape);
            // What went wrong is found out with his turn.
            let now = Instant::now();
            let count = order.standing.tap.try_send(&message.bytes).unwrap_or(0);
            if !order.took(count, &common[which], now) {
                turns.push(at);
            }
        }
    }

    fn send_together(&mut self, together: &mut Together, now: Instant, turns: &mut Vec<usize>) {
        let Self { orders, common, picks, .. } = self;
        let messages = picks.iter().filter_map(|pick| {
            let Standing { tap, shape, .. } = &orders[pick.at].as_ref()?.standing;
            Some((tap.as_fd(), &common[pick.common].message(*shape).bytes[..]))
        });
        let mut results = together.send(messages).iter();
        for &Pick { at, common: which } in &*picks {
            let Some(order) = &mut orders[at] else { continue };
            let count = results.next().map_or(0, |&result| usize::try_from(result).unwrap_or(0));
            if !order.took(count, &common[which], now) {
                turns.push(at);
            }
        }
    }

    /// One whose chair this is leaves an order, or none.
    pub(super) fn put(&mut self, at: usize, standing: Option<Standing>) {
        if self.orders.len() <= at {
            self.orders.resize_with(at + 1, || None);
        }
        self.orders[at] = standing.map(|standing| Order { standing, sent: Sent::default() });
    }

    /// What he was sent and has not been told of.
    pub(super) fn take_sent(&mut self, at: usize) -> Option<Sent> {
        let order = self.orders.get_mut(at)?.as_mut()?;
        (order.sent.pictures > 0).then(|| std::mem::take(&mut order.sent))
    }

    /// When all are to be told what they were sent.
    pub(super) fn told_at(&self) -> Option<Instant> {
        self.sent_at.map(|at| at + TOLD_AFTER)
    }

    /// All are being told.
    pub(super) const fn are_told(&mut self) {
        self.sent_at = None;
    }
}

impl Order {
    /// The kernel took so many bytes of this picture's message, which it was handed at `now`. Whether that is all.
    fn took(&mut self, count: usize, common: &Common, now: Instant) -> bool {
        let message = common.message(self.standing.shape);
        if count > 0 {
            self.standing.follows.position += 1;
            self.standing.sure.pictures -= 1;
            self.standing.sure.room -= message.payload_bytes;
            if let Some(telling) = self.telling(common) {
                let (before, payload_bytes) = (self.sent.payload_bytes, message.payload_bytes);
                self.sent.told = Some(Told { at: now, before, payload_bytes });
                let sure = &mut self.standing.sure;
                sure.pictures = sure.pictures.min(telling.behind.unwrap_or(0));
                sure.told = Some(Telling { behind: None, ..telling });
            }
            self.sent.add(common.newest.last, message);
        }
        let is_all = count == message.bytes.len();
        if count > 0 && !is_all {
            self.sent.rest = Some(Box::new(message.bytes.slice(count..)));
        }
        is_all
    }

    /// How his page tells of this picture, if it does.
    fn telling(&self, common: &Common) -> Option<Telling> {
        let unit = &common.newest.item.unit;
        self.standing.sure.told.filter(|telling| telling.pace.has(unit.sequence, unit.start))
    }

    /// What follows from this picture.
    fn step(&self, common: &Common, which: usize) -> Step {
        let Newest { item, last } = &common.newest;
        let Standing { follows, shape, sure, .. } = &self.standing;
        if last.position < follows.position {
            return Step::Nothing;
        }
        let is_next = last.position == follows.position && !item.unit.start;
        let is_for_a_turn = self.telling(common).is_some_and(|telling| telling.behind.is_none());
        if !is_next || is_for_a_turn || sure.pictures == 0 {
            return Step::Turn;
        }
        let message = common.message(*shape);
        let is_small = message.bytes.len() <= MOST_BYTES && message.payload_bytes <= sure.room;
        if is_small { Step::Send(which) } else { Step::Turn }
    }
}

impl Sent {
    fn add(&mut self, last: Last, message: &Message) {
        self.pictures += 1;
        self.bytes += message.bytes.len() as u32;
        self.payload_bytes += message.payload_bytes;
        self.last = last;
    }
}

fn step(common: &[Common], order: &Order) -> Step {
    let of_his = |common: &Common| common.newest.item.stream.id == order.standing.follows.stream;
    let Some(which) = common.iter().position(of_his) else { return Step::Turn };
    order.step(&common[which], which)
}

impl Common {
    fn new(newest: Newest) -> Self {
        Self { newest, messages: Default::default() }
    }

    fn message(&self, shape: Shape) -> &Message {
        self.messages[shape as usize].get_or_init(|| Message::new(shapes::message(&self.newest.item, shape)))
    }
}

impl Message {
    fn new(bytes: Bytes) -> Self {
        let payload_bytes = frames::payload_bytes(&bytes) as u32;
        Self { bytes, payload_bytes }
    }
}

#[cfg(test)]
mod tests;
