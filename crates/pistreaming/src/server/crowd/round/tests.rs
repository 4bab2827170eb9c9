//! Members that count, on real sockets.

use super::*;
use crate::mailbox::Mailbox;
use crate::server::crowd::{Crowd, Place};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Notes when his turns are, all in one order.
struct Ear {
    socket: UnixStream,
    heard: Arc<Mutex<Vec<usize>>>,
    order: Arc<AtomicUsize>,
    /// What his turns end with.
    then: fn() -> Result<Option<Instant>, Over>,
    left: Arc<AtomicUsize>,
}

impl Member for Ear {
    fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn turn(&mut self, _: Ready) -> Result<Turn, Over> {
        self.heard.lock().unwrap().push(self.order.fetch_add(1, Relaxed));
        (self.then)().map(|until| Turn { until, standing: None })
    }

    fn leave(self: Box<Self>) {
        self.left.fetch_add(1, Relaxed);
    }
}

/// A round that is gone by hand, and what its members note.
struct Scene {
    round: Round,
    order: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
    heard: Vec<Arc<Mutex<Vec<usize>>>>,
    others: Vec<UnixStream>,
}

impl Scene {
    fn new() -> Self {
        let door = Arc::new(Door { calls: Mutex::default(), bell: Bell::new().unwrap() });
        let (round, order, left) = (
            Round::new(door, Hub::new(true, Arc::new(Mailbox::new()))).unwrap(),
            Arc::default(),
            Arc::default(),
        );
        Self { round, order, left, heard: Vec::new(), others: Vec::new() }
    }

    /// Seats one more, who has his first turn.
    fn seat(&mut self, then: fn() -> Result<Option<Instant>, Over>) {
        let (socket, other) = UnixStream::pair().unwrap();
        let (heard, order, left) = (Arc::default(), Arc::clone(&self.order), Arc::clone(&self.left));
        self.heard.push(Arc::clone(&heard));
        self.others.push(other);
        let number = self.heard.len() as u64 - 1;
        self.round.seat(number, Box::new(Ear { socket, heard, order, then, left }));
    }

    /// The turns so far.
    fn turns(&self) -> Vec<usize> {
        self.heard.iter().map(|heard| heard.lock().unwrap().len()).collect()
    }
}

/// What the kernel says of new sockets is said.
fn settled(scene: &mut Scene) {
    scene.round.watched.wait(Some(Instant::now()));
}

#[test]
fn all_hear_once_a_walk_and_nobody_is_always_the_last() {
    let mut scene = Scene::new();
    (0..20).for_each(|_| scene.seat(|| Ok(None)));
    let mut last = [0; 20];
    for round in 1..=60 {
        scene.round.walk();
        for (n, heard) in scene.heard.iter().enumerate() {
            let heard = heard.lock().unwrap();
            assert_eq!(heard.len(), round + 1);
            last[n] += usize::from(heard[round] == round * 20 + 19);
        }
    }
    assert!(last.iter().all(|&times| (1..=9).contains(&times)), "{last:?}");
}

#[test]
fn who_left_has_no_turn_and_his_chair_is_another_s() {
    let mut scene = Scene::new();
    (0..3).for_each(|_| scene.seat(|| Ok(None)));
    let place = Place { door: Some(Arc::clone(&scene.round.door)), number: 1 };
    drop(place);
    assert!(scene.round.answer());
    scene.round.walk();
    assert_eq!(scene.turns(), [2, 1, 2]);
    assert_eq!(scene.others[1].read(&mut [0]).unwrap(), 0, "his socket is closed");
    scene.seat(|| Ok(None));
    assert_eq!((scene.round.chairs.len(), scene.turns()), (3, vec![2, 1, 2, 1]));
    // One who is no longer there changes nothing.
    drop(Place { door: Some(Arc::clone(&scene.round.door)), number: 1 });
    assert!(scene.round.answer());
    scene.round.walk();
    assert_eq!(scene.turns(), [3, 1, 3, 2]);
}

#[test]
fn who_is_served_to_the_end_or_at_fault_leaves_alone() {
    let mut scene = Scene::new();
    scene.seat(|| Err(Over));
    scene.seat(|| panic!("one viewer's fault"));
    scene.seat(|| Ok(Some(Instant::now())));
    scene.round.walk();
    assert_eq!((scene.turns(), scene.left.load(Relaxed)), (vec![1, 1, 2], 1));
}

#[test]
fn a_socket_s_news_and_a_time_are_their_member_s_alone() {
    let mut scene = Scene::new();
    scene.seat(|| Ok(None));
    scene.seat(|| Ok(Some(Instant::now() + Duration::from_millis(1))));
    scene.seat(|| Ok(None));
    settled(&mut scene);
    while scene.turns()[1] < 3 {
        assert!(scene.round.go());
    }
    assert_eq!((scene.turns()[0], scene.turns()[2]), (1, 1));
    assert_eq!(scene.round.times.len(), 1);
    scene.others[2].write_all(b"x").unwrap();
    while scene.turns()[2] < 2 {
        assert!(scene.round.go());
    }
    assert_eq!(scene.turns()[0], 1);
}

#[test]
fn a_loop_ends_with_its_crowd_and_serves_until_then() {
    let hub = Hub::new(true, Arc::new(Mailbox::new()));
    let crowd = Crowd::start(&hub).unwrap();
    let (socket, mut other) = UnixStream::pair().unwrap();
    let (heard, order, left) = (Arc::<Mutex<Vec<_>>>::default(), Arc::default(), Arc::default());
    let ear = Ear { socket, heard: Arc::clone(&heard), order, then: || Ok(None), left };
    let place = crowd.enter(Box::new(ear));
    let turns = || heard.lock().unwrap().len();
    for _ in 0..3 {
        let before = turns();
        hub.wake();
        while turns() == before {
            thread::yield_now();
        }
    }
    drop(crowd);
    assert_eq!(other.read(&mut [0]).unwrap(), 0, "all that the loop held is let go");
    drop(place);
}
