//! One viewer's way down and up, by hand.

use super::*;
use crate::hub::fit::Link;
use crate::hub::ladder::Audience;
use crate::hub::tries::FIRST_WAIT;

const BOUND: Duration = Duration::from_millis(300);
const RATE: u32 = 800_000;

struct Way {
    climb: Climb,
    now_ms: u64,
    /// Bytes a second.
    rate: Option<f64>,
    late_ms: u64,
    used: f64,
    share: f64,
    start_takes: Duration,
    open: Vec<Rendition>,
}

impl Way {
    fn new(rate: f64) -> Self {
        let lower = Rendition::lower(Audience::Live, 4);
        let open = std::iter::once(Rendition::FULL).chain(lower).collect();
        Self {
            climb: Climb::new(),
            now_ms: 5000,
            rate: Some(rate),
            late_ms: 0,
            used: 1.0,
            share: f64::INFINITY,
            start_takes: Duration::ZERO,
            open,
        }
    }

    /// Lets time pass; the number of the rendition then.
    fn run(&mut self, ms: u64) -> u16 {
        for _ in 0..ms / 10 {
            self.now_ms += 10;
            self.decide(false);
        }
        self.climb.rendition().number()
    }

    fn decide(&mut self, skipped: bool) {
        let now = Timestamp::from_micros(self.now_ms * 1000);
        let link = Link { now, rate: self.rate, ..Link::default() };
        let late = Duration::from_millis(self.late_ms);
        let (used, share) = (self.used, self.share);
        let state = State {
            link,
            late,
            bound: BOUND,
            skipped,
            pending: false,
            used,
            share,
            start_takes: self.start_takes,
        };
        self.climb.decide(state, &self.open, RATE);
    }
}

#[test]
fn down_at_once_to_what_the_link_carries() {
    for (rate, number) in [(60e3, 1), (30e3, 3), (20e3, 5), (10e3, 7), (1e3, 7)] {
        let mut way = Way::new(rate);
        assert_eq!(way.run(10_000), 0, "no trouble, no change: little may be going on");
        way.late_ms = 200;
        assert_eq!(way.run(400), number, "{rate}");
    }
}

#[test]
fn an_accident_changes_nothing_and_a_second_one_does() {
    let mut way = Way::new(500e3);
    way.decide(true);
    assert_eq!(way.run(10_000), 0);
    way.decide(true);
    assert_eq!(way.run(1000), 0);
    way.decide(true);
    assert_eq!(way.run(10), 1);
}

/// On a link that carries what he has, but little more, what was late when it changed is caught up with slowly.
#[test]
fn who_catches_up_has_no_second_trouble() {
    let mut way = Way::new(500e3);
    way.late_ms = 400;
    for _ in 0..20 {
        assert_eq!(way.run(100), 0, "{} ms", way.late_ms);
        way.late_ms -= 10;
    }
    way.late_ms = 400;
    assert_eq!(way.run(1000), 1);
}

/// Once it is known that the link carries more than it seemed to when he went down, he has that soon, but only once what he
/// was not given then.
#[test]
fn what_was_passed_over_needs_no_more_than_on_the_way_down() {
    let mut way = Way::new(10e3);
    way.late_ms = 200;
    assert_eq!(way.run(400), 7);
    (way.late_ms, way.rate) = (0, Some(27e3));
    assert_eq!((way.run(2500), way.run(1000)), (7, 3), "a quarter takes 25 kB/s");
    way.late_ms = 200;
    assert_eq!(way.run(2500), 7);
    way.late_ms = 0;
    assert_eq!(way.run(10_000), 5, "a quarter is too much");
}

/// A start that takes so long makes what is tried without a sign cost seconds.
#[test]
fn where_a_start_takes_long_hardly_anything_is_tried() {
    let mut way = Way::new(32e3);
    way.late_ms = 200;
    assert_eq!(way.run(400), 3);
    (way.late_ms, way.start_takes) = (0, BOUND * 3);
    assert_eq!(way.run(300_000), 3);
}

#[test]
fn up_after_a_while_and_later_each_time_that_it_goes_wrong() {
    let mut way = Way::new(60e3);
    way.late_ms = 200;
    way.run(400);
    (way.late_ms, way.rate) = (0, Some(200e3));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let begun = way.now_ms;
        while way.run(10) > 0 {}
        waits.push((way.now_ms - begun) / 1000);
        way.run(2000);
        (way.late_ms, way.rate) = (200, Some(60e3));
        way.run(1500);
        (way.late_ms, way.rate) = (0, Some(200e3));
    }
    assert!(waits[0] <= 4 && waits.is_sorted() && waits[7] >= 55, "{waits:?}");
    // What holds for long is believed again.
    while way.run(10) > 0 {}
    assert_eq!(way.run(20_000), 0);
    assert_eq!(way.climb.tries.wait(Sign::Shown, 0.0, None, false), FIRST_WAIT);
}

/// Without a sign that the link has become better the next one up is tried more and more seldom; with one, soon.
#[test]
fn tries_without_a_sign_become_rare_and_do_not_delay_those_with_one() {
    let mut way = Way::new(32e3);
    let mut waits = Vec::new();
    way.late_ms = 200;
    assert_eq!(way.run(400), 3);
    for _ in 0..5 {
        way.late_ms = 0;
        let begun = way.now_ms;
        while way.run(10) > 1 {}
        waits.push((way.now_ms - begun) / 1000);
        way.late_ms = 200;
        assert_eq!(way.run(1300), 3, "what went well before");
    }
    assert!((23..26).contains(&waits[0]) && waits.is_sorted() && waits[4] > 290, "{waits:?}");
    way.late_ms = 0;
    assert_eq!(way.run(5_000), 3);
    way.rate = Some(40e3);
    assert_eq!(way.run(100), 1, "it shows more, though not enough");
}

/// A start of what needs far more than the link was seen to carry would be on its way for longer than the bound.
#[test]
fn what_is_far_more_than_was_seen_is_hardly_ever_tried() {
    let mut way = Way::new(8e3);
    way.late_ms = 200;
    assert_eq!(way.run(400), 7);
    way.late_ms = 0;
    assert_eq!(way.run(300_000), 7);
    assert_eq!(way.run(100_000), 5, "small pictures may have shown nothing of it");
}

/// What a try left on its way does not take him further down than he was; what is still late then does.
#[test]
fn what_a_try_leaves_behind_is_no_sign_against_what_was_before() {
    let mut way = Way::new(32e3);
    way.late_ms = 200;
    way.run(400);
    way.late_ms = 0;
    while way.run(10) > 1 {}
    way.late_ms = 200;
    assert_eq!((way.run(1300), way.run(3000)), (3, 3));
    assert!(way.run(3000) > 3);
}

#[test]
fn a_still_scene_needs_less() {
    let mut way = Way::new(60e3);
    way.late_ms = 200;
    way.run(400);
    way.late_ms = 0;
    assert_eq!(way.run(10_000), 1, "a link of 0.6 x does not carry it");
    way.used = 0.3;
    assert_eq!(way.run(100), 0);
}

#[test]
fn what_he_has_no_share_of_is_not_tried() {
    let mut way = Way::new(60e3);
    way.late_ms = 200;
    way.run(400);
    (way.late_ms, way.share) = (0, 60e3);
    assert_eq!(way.run(600_000), 1);
    way.share = 120e3;
    assert_eq!(way.run(10), 0);
}

#[test]
fn what_he_asks_for_is_a_limit() {
    let mut way = Way::new(1e6);
    way.climb.want(Wants { most_bits_per_second: 300_000, slow_device: false });
    assert_eq!(way.run(10), 3);
    way.climb.want(Wants { most_bits_per_second: 1, slow_device: false });
    assert_eq!(way.run(10), 7, "there is nothing lower");
    way.climb.want(Wants::default());
    assert_eq!(way.run(10_000), 0);
    way.climb.want(Wants { most_bits_per_second: 0, slow_device: true });
    assert_eq!(way.run(10), 3, "the best with smaller or fewer pictures");
}

#[test]
fn what_cannot_be_made_is_given_to_nobody() {
    let mut way = Way::new(60e3);
    way.late_ms = 200;
    assert_eq!(way.run(400), 1);
    way.open.remove(1);
    assert_eq!(way.run(10), 3);
    way.open.truncate(1);
    assert_eq!(way.run(10), 0);
}
