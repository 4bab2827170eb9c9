//! Any order of publishing, joining, taking and resting, checked by a viewer that knows what needs what.

mod cases;

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;
use crate::unit::{Picture, TimeMeaning};

const LIMITS: Limits = Limits { units: 12, bytes: 4000 };

/// An encoder's place in its stream.
struct Source {
    hub: Arc<Hub>,
    stream: Arc<Stream>,
    sequence: u32,
    now_us: u64,
    /// Length of the picture of which parts were handed out.
    begun: Option<usize>,
}

impl Source {
    fn new(can_ask: bool) -> Self {
        let hub = Hub::with_limits(can_ask, Arc::new(Mailbox::new()), LIMITS);
        let stream = hub.begin_stream(FrameSize::new(64, 48).unwrap(), (24, 1), 800_000);
        Self { hub, stream, sequence: 0, now_us: 0, begun: None }
    }

    fn orders(&self) -> Orders {
        self.hub.orders()
    }

    fn publish(&mut self, start: bool, len: usize, ms: u64) {
        self.now_us += ms * 1000;
        self.hub.publish(self.unit(start, len, self.sequence));
        self.sequence += 1;
    }

    /// Hands out these parts of the next picture, of which there will be `len` bytes; one that was begun is not finished.
    fn begin(&mut self, len: usize, parts: &[usize], ms: u64) {
        self.abandon();
        self.begun = Some(len);
        self.now_us += ms * 1000;
        let (unit, mut from) = (self.unit(false, len, self.sequence), 0);
        for &part in parts {
            let until = (from + part).min(len);
            self.hub.publish_part(AccessUnit { bytes: unit.bytes.slice(from..until), ..unit.clone() });
            from = until;
        }
    }

    fn unit(&self, start: bool, len: usize, sequence: u32) -> AccessUnit {
        let at = Timestamp::from_micros(self.now_us);
        AccessUnit {
            stream: self.stream.id,
            sequence,
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            captured: at,
            meaning: TimeMeaning::Arrival,
            coded: at,
            coding: Duration::ZERO,
            bytes: content(len).into(),
        }
    }

    fn finish(&mut self) {
        if let Some(len) = self.begun.take() {
            self.publish(false, len, 0);
            self.serve();
        }
    }

    fn abandon(&mut self) {
        if self.begun.take().is_some() {
            self.hub.abandon(self.stream.id);
        }
    }

    /// Makes what single viewers want of the newest picture, as the embedded encoder does between two frames.
    fn serve(&mut self) {
        let Some(newest) = self.sequence.checked_sub(1) else { return };
        let orders = self.orders();
        for fit in Fit::ALL {
            if orders.joins[fit] {
                self.hub.attach(self.unit(true, 50, newest), fit, Role::Join);
            }
            if orders.bands[fit] {
                self.hub.attach(self.unit(false, 20, newest), fit, Role::Band(0..2));
            }
        }
    }

    fn change_stream(&mut self) {
        self.stream = self.hub.begin_stream(FrameSize::new(32, 32).unwrap(), (24, 1), 800_000);
        (self.sequence, self.begun) = (0, None);
    }

    /// The same for a picture in parts.
    fn begin_if_asked(&mut self, len: usize, parts: &[usize], ms: u64) {
        let orders = self.orders();
        if orders.watched && !orders.start && self.sequence > 0 {
            self.begin(len, parts, ms);
        }
    }

    /// As the embedded encoder does: obeys, and rests when nobody watches.
    fn obey(&mut self, start: bool, len: usize, ms: u64) {
        let orders = self.orders();
        self.abandon();
        if orders.watched {
            self.publish(start || orders.start || self.sequence == 0, len, ms);
            self.serve();
        }
    }
}

/// The bytes of a picture of any length: each tells its place, and the last one that it is the last.
fn content(len: usize) -> Vec<u8> {
    (1..=len).map(|n| if n == len { 255 } else { (n % 255) as u8 }).collect()
}

/// Knows what can be decoded: nothing but a start, or what comes right behind the last one; and parts only in order.
#[derive(Default)]
struct Checker {
    last: Option<(u32, u32)>,
    /// The picture of which parts came, and their bytes.
    begun: Option<((u32, u32), Vec<u8>)>,
    /// Pictures that came in parts.
    in_parts: u32,
}

impl Checker {
    /// Whether something was given.
    fn check(&mut self, next: Option<Next>) -> bool {
        let Some(Next { missed, item }) = next else { return false };
        let (unit, part) = (&item.unit, item.part);
        assert_eq!(unit.stream, item.stream.id);
        if !part.first {
            let (begun, bytes) = self.begun.as_mut().expect("parts begin with the first");
            assert_eq!((*begun, missed, unit.start), ((unit.stream, unit.sequence), 0, false));
            bytes.extend_from_slice(&unit.bytes);
            if part.last {
                assert_eq!(*bytes, content(bytes.len()), "all of it, in order");
                self.last = self.begun.take().map(|(this, _)| this);
                self.in_parts += 1;
            }
            return true;
        }
        self.begun = None;
        if item.role != Role::Common && self.last == Some((unit.stream, unit.sequence)) {
            assert_eq!(missed, 0, "what goes with the picture that he has");
            return true;
        }
        assert!(!matches!(item.role, Role::Band(_)), "a band goes with the picture that he has");
        if let Some((stream, sequence)) = self.last {
            assert!((unit.stream, unit.sequence) > (stream, sequence), "order");
            let follows = unit.stream == stream && unit.sequence == sequence + 1;
            assert!((missed > 0) != follows || unit.stream != stream, "a hole is told, and nothing else");
            assert!(unit.start || follows, "{:?} then {unit:?}", self.last);
            assert!(unit.start || missed == 0);
        } else {
            assert!(unit.start && missed == 0);
        }
        let this = (unit.stream, unit.sequence);
        match part.last {
            true => self.last = Some(this),
            false => self.begun = Some((this, unit.bytes.to_vec())),
        }
        true
    }
}

#[derive(Clone, Debug)]
enum Op {
    Publish {
        start: bool,
        len: usize,
        ms: u64,
    },
    /// Parts of a picture.
    Begin {
        len: usize,
        parts: Vec<usize>,
        ms: u64,
    },
    /// All of it.
    Finish,
    ChangeStream,
    Join(Audience),
    Leave(usize),
    Rest(usize),
    Take(usize, usize, Link),
    /// He is sent the newest by somebody who does not ask him.
    Follow(usize),
    WantStart(usize),
    Serve,
}

fn link() -> impl Strategy<Value = Link> {
    let rate = prop::option::of(prop::sample::select(&[50e3, 150e3, 400e3, 4e6][..]));
    let room = prop::sample::select(&[0, 15, 100, usize::MAX][..]);
    let queue = (0_u64..400).prop_map(Duration::from_millis);
    (rate, room, queue, any::<bool>()).prop_map(|(rate, room, queue, idle)| Link {
        rate,
        room: if idle { usize::MAX } else { room },
        idle,
        queue,
        ..Link::default()
    })
}

fn parts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..300, 1..6)
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (prop::bool::weighted(0.2), 1usize..900, 1u64..120).prop_map(|(start, len, ms)| Op::Publish { start, len, ms }),
        6 => (1usize..900, parts(), 1u64..120).prop_map(|(len, parts, ms)| Op::Begin { len, parts, ms }),
        6 => Just(Op::Finish),
        1 => Just(Op::ChangeStream),
        2 => prop::sample::select(&[Audience::Live, Audience::Old][..]).prop_map(Op::Join),
        1 => any::<usize>().prop_map(Op::Leave),
        1 => any::<usize>().prop_map(Op::Rest),
        8 => (any::<usize>(), 1usize..20, link()).prop_map(|(who, n, link)| Op::Take(who, n, link)),
        8 => any::<usize>().prop_map(Op::Follow),
        1 => any::<usize>().prop_map(Op::WantStart),
        4 => Just(Op::Serve),
    ];
    prop::collection::vec(op, 0..200)
}

fn run(can_ask: bool, ops: Vec<Op>) {
    let mut source = Source::new(can_ask);
    let mut viewers: Vec<(Viewer, Checker)> = Vec::new();
    for op in ops {
        let count = viewers.len();
        match op {
            Op::Publish { start, len, ms } if can_ask => source.obey(start, len, ms),
            Op::Publish { start, len, ms } => {
                let start = start || source.sequence == 0;
                source.publish(start, len, ms);
            }
            Op::Begin { len, parts, ms } if can_ask => source.begin_if_asked(len, &parts, ms),
            Op::Finish => source.finish(),
            Op::ChangeStream => source.change_stream(),
            Op::Join(audience) => viewers.push((source.hub.join_as(audience), Checker::default())),
            Op::Leave(who) if count > 0 => drop(viewers.swap_remove(who % count)),
            Op::Rest(who) if count > 0 => {
                let (viewer, checker) = &mut viewers[who % count];
                viewer.rest();
                // He joins anew: no gap is told, and he waits for a start.
                *checker = Checker::default();
            }
            Op::Follow(who) if count > 0 => {
                let (viewer, checker) = &mut viewers[who % count];
                follow(&source.hub, viewer, checker);
            }
            Op::WantStart(who) if count > 0 => viewers[who % count].0.want_start(),
            Op::Serve if can_ask => source.serve(),
            Op::Take(who, n, link) if count > 0 => {
                let (viewer, checker) = &mut viewers[who % count];
                for _ in 0..n {
                    let next = viewer.step(link);
                    let fits = |next: &Next| !next.item.part.first || next.item.unit.bytes.len() <= link.room;
                    assert!(next.as_ref().is_none_or(fits));
                    if next.is_some() && who % 5 == 0 {
                        // It is not sent: he gets it, or what is better by then, another time.
                        viewer.give_back();
                        break;
                    }
                    if !checker.check(next) {
                        break;
                    }
                }
            }
            Op::Leave(_) | Op::Rest(_) | Op::Take(..) | Op::Follow(_) | Op::WantStart(_) => {}
            Op::Begin { .. } | Op::Serve => {}
        }
        let core = source.hub.lock();
        assert!(core.forks[0].ring.bytes() <= LIMITS.bytes);
        assert!(core.watching() <= viewers.len());
    }
    if can_ask {
        // Whatever happened: who asks now has the newest picture after one more.
        for (viewer, checker) in &mut viewers {
            while checker.check(viewer.step(Link::default())) {}
            viewer.rest();
            *checker = Checker::default();
            while checker.check(viewer.step(Link::default())) {}
        }
        source.obey(false, 10, 40);
        for (viewer, checker) in &mut viewers {
            while checker.check(viewer.step(Link::default())) {}
            assert_eq!(checker.last, Some((source.stream.id, source.sequence - 1)));
        }
    }
}

/// Who follows can decode the newest picture, if it is the next for him.
fn follow(hub: &Hub, viewer: &mut Viewer, checker: &mut Checker) {
    let mut all = Vec::new();
    hub.newest(&mut all);
    let Some(follows) = viewer.follows() else { return };
    let next = |one: &Newest| {
        let at = Follows { stream: one.item.stream.id, position: one.last.position };
        at == follows && !one.item.unit.start
    };
    if let Some(Newest { item, last }) = all.into_iter().find(next) {
        assert!(checker.check(Some(Next { missed: 0, item })));
        viewer.was_sent(last);
        assert!(viewer.has_all());
    }
}

proptest! {
    #[test]
    fn an_encoder_that_can_be_asked_serves_all(ops in ops()) {
        run(true, ops);
    }

    #[test]
    fn an_encoder_that_goes_its_own_way_serves_all(ops in ops()) {
        run(false, ops);
    }
}
