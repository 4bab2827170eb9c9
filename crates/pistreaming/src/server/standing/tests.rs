//! Orders on real sockets, of pictures that a hub hands out.

use super::*;
use crate::frame::FrameSize;
use crate::hub::{Audience, Link, Next, NoticeCode, Stream, Viewer};
use crate::mailbox::Mailbox;
use crate::server::tap::tests::connected;
use crate::time::Timestamp;
use crate::unit::{AccessUnit, Picture, TimeMeaning};
use std::io::Read as _;

/// One viewer of the old protocol, who follows, and the other end of his socket.
struct Scene {
    hub: Arc<Hub>,
    stream: Arc<Stream>,
    sequence: u32,
    viewer: Viewer,
    tap: Arc<Tap>,
    other: std::net::TcpStream,
    orders: Orders,
}

const CHAIR: usize = 3;
/// Bytes behind a picture in its message.
const END: usize = shapes::RUN_OUT.len() + shapes::PICTURE_START.len();

impl Scene {
    async fn new() -> Self {
        Self::with(Orders::default()).await
    }

    async fn with(orders: Orders) -> Self {
        let hub = Hub::new(true, Arc::new(Mailbox::new()));
        let stream = hub.begin_stream(FrameSize::new(64, 48).unwrap(), (24, 1), 800_000);
        let (tap, other) = connected().await;
        let other = other.into_std().unwrap();
        other.set_nonblocking(false).unwrap();
        let viewer = hub.join_as(Audience::Old);
        let mut scene = Self { hub, stream, sequence: 0, viewer, tap, other, orders };
        scene.tap.take_only_when_drained().unwrap();
        assert!(scene.viewer.step(Link::default()).is_none() && scene.viewer.follows().is_none());
        scene.publish(true, 10);
        assert!(scene.viewer.step(Link::default()).is_some());
        scene
    }

    fn publish(&mut self, start: bool, bytes: usize) {
        let (now, sequence) = (Timestamp::from_micros(u64::from(self.sequence) * 40_000), self.sequence);
        self.sequence += 1;
        self.hub.publish(AccessUnit {
            stream: self.stream.id,
            sequence,
            picture: Picture::Predicted,
            start,
            captured: now,
            meaning: TimeMeaning::Arrival,
            coded: now,
            coding: Duration::ZERO,
            bytes: vec![sequence as u8; bytes].into(),
        });
    }

    fn sure() -> Sure {
        Sure { told: None, pictures: 4, room: 100_000 }
    }

    fn order(&mut self, sure: Sure) {
        let (tap, follows) = (Arc::clone(&self.tap), self.viewer.follows().expect("he follows"));
        self.orders.put(CHAIR, Some(Standing { tap, follows, shape: Shape::Legacy, sure }));
    }

    /// Whether he is to have a turn now.
    fn walk(&mut self) -> bool {
        self.orders.look(&self.hub);
        let mut turns = Vec::new();
        self.orders.send(std::iter::once(CHAIR), &mut turns);
        !turns.is_empty()
    }

    /// Whether he has a picture of so many bytes, each of them its number.
    fn has(&mut self, number: u32, bytes: usize) -> bool {
        let mut message = vec![0; bytes + END + 2];
        self.other.read_exact(&mut message).unwrap();
        message[2..2 + bytes] == vec![number as u8; bytes]
    }

    fn told(&mut self) -> Option<(u16, u32, u32)> {
        let sent = self.orders.take_sent(CHAIR)?;
        self.viewer.was_sent(sent.last);
        Some((sent.pictures, sent.bytes, sent.payload_bytes))
    }
}

#[tokio::test]
async fn who_follows_is_sent_what_he_ordered_and_told_of_it() {
    who_follows_is_sent_what_he_ordered_and_told_of_it_by(Orders::default).await;
    // Where there is no io_uring this is the same.
    who_follows_is_sent_what_he_ordered_and_told_of_it_by(Orders::new).await;
}

async fn who_follows_is_sent_what_he_ordered_and_told_of_it_by(orders: fn() -> Orders) {
    let mut scene = Scene::with(orders()).await;
    assert!(scene.walk(), "who has ordered nothing has a turn");
    scene.order(Scene::sure());
    assert!(!scene.walk(), "he has all there is");
    for number in 1..=3 {
        scene.publish(false, 20);
        assert!(!scene.walk() && scene.has(number, 20), "{number}");
        assert!(!scene.walk(), "once");
    }
    assert_eq!((scene.told(), scene.told()), (Some((3, 180, 174)), None));
    assert!(scene.viewer.has_all());
    scene.publish(false, 30);
    assert!(!scene.walk() && scene.has(4, 30));
    scene.publish(false, 30);
    assert!(scene.walk(), "four pictures were ordered");
    assert_eq!(scene.told(), Some((1, 70, 68)));
    let Next { missed, item } = scene.viewer.step(Link::default()).unwrap();
    assert_eq!((missed, item.unit.sequence), (0, 5), "what comes by his turn is the next");
}

fn telling(every: u16, behind: Option<u16>) -> Telling {
    Telling { pace: Pace { every, from: 0 }, behind }
}

#[tokio::test]
async fn a_picture_that_he_acknowledges_is_among_them_and_known_by_itself() {
    a_picture_that_he_acknowledges_is_among_them_and_known_by_itself_by(Orders::default).await;
    // Where there is no io_uring this is the same.
    a_picture_that_he_acknowledges_is_among_them_and_known_by_itself_by(Orders::new).await;
}

async fn a_picture_that_he_acknowledges_is_among_them_and_known_by_itself_by(orders: fn() -> Orders) {
    let mut scene = Scene::with(orders()).await;
    scene.order(Sure { told: Some(telling(3, Some(2))), pictures: 20, ..Scene::sure() });
    let begun = Instant::now();
    for number in 1..=5 {
        scene.publish(false, 20 + number as usize);
        assert!(!scene.walk() && scene.has(number, 20 + number as usize), "{number}");
    }
    scene.publish(false, 20);
    assert!(scene.walk(), "two behind it");
    let sent = scene.orders.take_sent(CHAIR).unwrap();
    let told = sent.told.unwrap();
    assert_eq!((sent.pictures, sent.payload_bytes), (5, 58 * 5 + 15));
    assert_eq!((told.before, told.payload_bytes), (58 * 2 + 3, 58 + 3));
    assert!(told.at >= begun && told.at <= Instant::now());
    // Where more might be behind it, no second one.
    let mut scene = Scene::with(orders()).await;
    scene.order(Sure { told: Some(telling(3, Some(9))), pictures: 20, ..Scene::sure() });
    for number in 1..=5 {
        scene.publish(false, 20);
        assert!(!scene.walk() && scene.has(number, 20), "{number}");
        // It is not forgotten when he is told of it in between.
        assert!(number != 4 || scene.told().is_some());
    }
    scene.publish(false, 20);
    assert!(scene.walk(), "a second one");
}

#[tokio::test]
async fn whatever_else_there_is_ends_an_order() {
    let sure = Scene::sure();
    let mut scene = Scene::new().await;
    scene.order(sure);
    scene.publish(true, 10);
    assert!(scene.walk(), "a start");
    for (sure, why) in [
        (Sure { told: Some(telling(2, None)), ..sure }, "a picture that he acknowledges with a turn"),
        (Sure { pictures: 0, ..sure }, "one too many"),
        (Sure { room: 83, ..sure }, "a large one"),
    ] {
        let mut scene = Scene::new().await;
        scene.publish(false, 10);
        assert!(scene.viewer.step(Link::default()).is_some());
        scene.order(sure);
        scene.publish(false, 46);
        assert!(scene.walk(), "{why}");
        scene.orders.put(CHAIR, None);
        scene.order(Scene::sure());
        assert!(!scene.walk() && scene.has(2, 46), "{why}: but for that he is sent it");
    }
    let mut scene = Scene::new().await;
    scene.order(sure);
    (0..2).for_each(|_| scene.publish(false, 10));
    assert!(scene.walk(), "he is behind");
    let mut scene = Scene::new().await;
    scene.order(sure);
    scene.publish(false, 10);
    scene.hub.tell(NoticeCode::Waking, "a word for all");
    assert!(scene.walk() && !scene.walk());
    let mut scene = Scene::new().await;
    scene.order(sure);
    scene.hub.begin_stream(FrameSize::new(32, 32).unwrap(), (24, 1), 800_000);
    assert!(!scene.walk(), "nothing of the other stream is there yet");
    scene.stream = scene.hub.stream().unwrap();
    scene.publish(true, 10);
    assert!(scene.walk(), "another stream");
}

#[tokio::test]
async fn what_the_kernel_does_not_take_is_seen_to_by_himself() {
    what_the_kernel_does_not_take_is_seen_to_by_himself_by(Orders::default).await;
    // Where there is no io_uring this is the same.
    what_the_kernel_does_not_take_is_seen_to_by_himself_by(Orders::new).await;
}

async fn what_the_kernel_does_not_take_is_seen_to_by_himself_by(orders: fn() -> Orders) {
    let mut scene = Scene::with(orders()).await;
    scene.tap.take_until(4096).unwrap();
    let mut sent = 0_u8;
    let rest = loop {
        scene.order(Scene::sure());
        scene.publish(false, 20_000);
        sent += 1;
        if scene.walk() {
            break scene.orders.take_sent(CHAIR);
        }
        assert_eq!(scene.told(), Some((1, 20_042, 20_038)));
    };
    // Either nothing of it was taken, or a part: the rest is handed over.
    let rest = rest.map_or(20_042, |sent| sent.rest.expect("a rest").len());
    let mut taken: Vec<u8> = (1..=sent).flat_map(|number| shapes::legacy(&[number; 20_000])).collect();
    taken.truncate(taken.len() - rest);
    let mut all = vec![0; taken.len()];
    scene.other.read_exact(&mut all).unwrap();
    assert!(all == taken, "all that was taken, in order");
}

#[tokio::test]
async fn all_are_told_when_no_more_comes() {
    let mut scene = Scene::new().await;
    scene.order(Scene::sure());
    assert!(!scene.walk() && scene.orders.told_at().is_none());
    scene.publish(false, 10);
    assert!(!scene.walk() && scene.orders.told_at() > Some(Instant::now()));
    scene.orders.are_told();
    assert!(scene.orders.told_at().is_none() && scene.told().is_some());
}
