//! Standing orders: what viewers are sent without asking each of them.
//!
//! Most viewers of a crowd, most of the time, have all there is and a link that carries it easily: the next picture is theirs as it
//! is everybody's. To ask such a one what he needs costs more than his message's way through the program should: all that is
//! known of him is fetched, and his window, his rendition, his notices are looked at, to find that nothing has changed. So with his
//! turn a viewer may leave an order: so many pictures, one after the other, and no more bytes than that. They are sent to him
//! from a list that has nothing but orders, and what was sent he is told before his next turn. Anything else ends the
//! order, and he has a turn: a picture that is not the next, or begins anew, or is to be acknowledged, a word for all, something
//! from his socket, a time that he has set, a message that the kernel does not take.
//!
//! Here belongs: the list, and sending by it. Not here: who may leave an order (`outlet`, `link`, and the hub's `viewer`).

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::Pace;

use super::ahead;
use super::frames;
use super::shapes;
use super::tap::Tap;
use crate::hub::{Follows, Hub, Last, Newest, Shape};

/// Larger messages are nobody's by order: where one needs much room it is looked for.
const MOST_BYTES: usize = 64 * 1024;
/// After so long without a picture all are told what they were sent.
const TOLD_AFTER: Duration = Duration::from_millis(300);
/// So many viewers before one's message his socket is fetched, twice as many before it his order.
const AHEAD: usize = 2;

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
    /// Of which pictures his page tells: they are not among these.
    pub(super) told: Option<Pace>,
    /// So many pictures.
    pub(super) pictures: u16,
    /// So many bytes.
    pub(super) room: u32,
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
    /// The last of them.
    pub(super) last: Last,
    /// What the kernel has not taken of that one, if anything.
    pub(super) rest: Option<Box<Bytes>>,
}

/// All orders, by their chairs.
#[derive(Debug, Default)]
pub(super) struct Orders {
    orders: Vec<Option<Order>>,
    newest: Vec<Newest>,
    common: Vec<Common>,
    calls: u64,
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
enum Step<'a> {
    /// Nothing is to be sent now.
    Nothing,
    /// He is to have a turn.
    Turn,
    /// This is to be sent to him.
    Send(Last, &'a Message),
}

impl Orders {
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

    /// Sends to these what they are to have by their orders. Those who are to have turns are put behind `turns`.
    pub(super) fn send(&mut self, chairs: impl Iterator<Item = usize> + Clone, turns: &mut Vec<usize>) {
        let Self { orders, common, .. } = self;
        let (mut sooner, mut later) = (chairs.clone().skip(AHEAD), chairs.clone().skip(2 * AHEAD));
        let mut is_any = false;
        for at in chairs {
            if let Some(order) = later.next().and_then(|at| orders.get(at)) {
                ahead::fetch(order);
            }
            if let Some(order) = sooner.next().and_then(|at| orders.get(at)?.as_ref()) {
                ahead::fetch(&*order.standing.tap);
            }
            let Some(order) = orders.get_mut(at).and_then(Option::as_mut) else {
                turns.push(at);
                continue;
            };
            match step(common, &order.standing) {
                Step::Nothing => {}
                Step::Send(last, message) if order.send(last, message) => is_any = true,
                // What the kernel did not take is seen to by himself.
                Step::Turn | Step::Send(..) => turns.push(at),
            }
        }
        if is_any {
            self.sent_at = Some(Instant::now());
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
    /// Whether the kernel took all of it.
    fn send(&mut self, last: Last, message: &Message) -> bool {
        // What went wrong is found out with his turn.
        let count = self.standing.tap.try_send(&message.bytes).unwrap_or(0);
        if count > 0 {
            self.sent.add(last, message);
            self.standing.follows.position += 1;
            self.standing.sure.pictures -= 1;
            self.standing.sure.room -= message.payload_bytes;
        }
        let is_all = count == message.bytes.len();
        if count > 0 && !is_all {
            self.sent.rest = Some(Box::new(message.bytes.slice(count..)));
        }
        is_all
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

fn step<'a>(common: &'a [Common], standing: &Standing) -> Step<'a> {
    let of_his = |common: &&Common| common.newest.item.stream.id == standing.follows.stream;
    common.iter().find(of_his).map_or(Step::Turn, |common| common.step(standing))
}

impl Common {
    fn new(newest: Newest) -> Self {
        Self { newest, messages: Default::default() }
    }

    fn step(&self, standing: &Standing) -> Step<'_> {
        let Newest { item, last } = &self.newest;
        let Standing { follows, shape, sure, .. } = *standing;
        if last.position < follows.position {
            return Step::Nothing;
        }
        let unit = &item.unit;
        let is_next = last.position == follows.position && !unit.start;
        let is_told = sure.told.is_some_and(|pace| pace.has(unit.sequence, unit.start));
        if !is_next || is_told || sure.pictures == 0 {
            return Step::Turn;
        }
        let message =
            self.messages[shape as usize].get_or_init(|| Message::new(shapes::message(item, shape)));
        let is_small = message.bytes.len() <= MOST_BYTES && message.payload_bytes <= sure.room;
        if is_small { Step::Send(*last, message) } else { Step::Turn }
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
