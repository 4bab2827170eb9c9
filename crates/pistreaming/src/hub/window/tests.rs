//! Any link, any messages: the window knows the rate, keeps its bounds, and is never shut for ever.

mod untold;

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::hub::flights::MOST_FLIGHTS;
use crate::hub::round_trip::LEAST_KEPT;

const BOUND: Duration = Duration::from_millis(300);

/// A link that carries messages one after the other at a rate, and brings the news back.
struct Wire {
    window: Window,
    now_us: u64,
    rate: f64,
    way_us: u64,
    free_us: u64,
    /// What has arrived in all, and when that is known.
    news: VecDeque<(u64, u64)>,
}

impl Wire {
    fn new(rate: f64, way_us: u64) -> Self {
        let mut window = Window::new(BOUND);
        window.told_round_trip(Duration::from_micros(2 * way_us));
        Self { window, now_us: 0, rate, way_us, free_us: 0, news: VecDeque::new() }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_us)
    }

    fn send(&mut self, bytes: usize) {
        self.window.sent(self.now(), bytes);
        self.free_us = self.free_us.max(self.now_us) + (bytes as f64 / self.rate * 1e6) as u64;
        self.news.push_back((self.free_us + 2 * self.way_us, self.window.total_sent()));
    }

    /// Sends a picture as soon as its parts are coded, each `apart_us` behind the one before; the page acknowledges all of
    /// it. An answer to a clock probe is sent in the middle.
    fn send_in_parts(&mut self, bytes: usize, apart_us: u64, count: usize) {
        for n in 0..count {
            self.run(self.now_us + apart_us);
            let part = Part { first: n == 0, last: n + 1 == count };
            let bytes = bytes * (n + 1) / count - bytes * n / count;
            self.window.sent_part(self.now(), bytes, part);
            self.free_us = self.free_us.max(self.now_us) + (bytes as f64 / self.rate * 1e6) as u64;
            if n == 1 && !part.last {
                self.window.sent(self.now(), 24);
            }
        }
        self.news.push_back((self.free_us + 2 * self.way_us, self.window.total_sent()));
    }

    /// Time goes on; what is learned meanwhile is learned.
    fn run(&mut self, until_us: u64) {
        while let Some((at, total)) = self.news.front().copied().filter(|(at, _)| *at <= until_us) {
            self.news.pop_front();
            self.now_us = at;
            self.window.arrived(self.now(), total);
        }
        self.now_us = until_us;
    }

    /// Sends pictures of these sizes, one in `interval_us`, each when the window has room for it, in order.
    fn stream(&mut self, sizes: &[usize], interval_us: u64) {
        let begun = self.now_us;
        for (n, &bytes) in sizes.iter().enumerate() {
            self.run(self.now_us.max(begun + n as u64 * interval_us));
            while self.window.link(self.now()).room < bytes {
                self.run(self.now_us + 1000);
            }
            self.send(bytes);
        }
    }
}

fn sizes(mean: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(mean / 4..mean * 2, 150..250)
}

/// The answers to a page's first questions are on their way when its first picture is ready.
#[test]
fn the_first_picture_does_not_wait_for_small_messages() {
    let mut wire = Wire::new(2e6, 50_000);
    for _ in 0..4 {
        wire.send(24);
    }
    assert_eq!(wire.window.link(wire.now()).room, usize::MAX);
    wire.send(17_000);
    assert_eq!(wire.window.link(wire.now()).room, 0);
    wire.run(300_000);
    wire.send(24);
    let known = wire.window.link(wire.now()).room;
    assert!((100_000..2_000_000).contains(&known), "{known}");
}

proptest! {
    /// A stream that is more than the link takes shows the link's rate, and never more of it is on its way than the
    /// bound says.
    #[test]
    fn a_full_link_s_rate_is_known(rate in 10e3..200e3_f64, way_us in 0_u64..100_000, sizes in sizes(4000)) {
        let mut wire = Wire::new(rate, way_us);
        let interval_us = (4000.0 / rate * 0.8e6) as u64;
        wire.stream(&sizes, interval_us);
        let known = wire.window.rate().unwrap();
        prop_assert!((0.85..1.2).contains(&(known / rate)), "{known} of {rate}");
    }

    /// A stream that is a part of what the link takes neither lowers nor holds down what is known of it.
    #[test]
    fn sending_little_is_no_sign_of_a_slow_link(
        rate in 50e3..2000e3_f64, way_us in 0_u64..100_000, sizes in sizes(4000), part in 0.05..0.7_f64,
    ) {
        let mut wire = Wire::new(rate, way_us);
        wire.send(13_000);
        wire.stream(&sizes, (4500.0 / rate / part * 1e6) as u64);
        let known = wire.window.rate().unwrap();
        prop_assert!((0.8..1.25).contains(&(known / rate)), "{known} of {rate}");
    }

    /// Nor do pictures in parts, between which the link has nothing to do.
    #[test]
    fn waiting_for_the_encoder_is_no_sign_of_a_slow_link(
        rate in 50e3..2000e3_f64, way_us in 0_u64..100_000, sizes in sizes(4000), part in 0.05..0.7_f64,
        count in 2_usize..5, apart_us in 100_u64..60_000,
    ) {
        let mut wire = Wire::new(rate, way_us);
        wire.send(13_000);
        let interval_us = (4500.0 / rate / part * 1e6) as u64;
        for (n, &bytes) in sizes.iter().enumerate() {
            wire.run(wire.now_us.max(n as u64 * interval_us));
            while wire.window.link(wire.now()).room < bytes {
                wire.run(wire.now_us + 1000);
            }
            wire.send_in_parts(bytes, apart_us, count);
        }
        let known = wire.window.rate().unwrap();
        prop_assert!((0.8..1.25).contains(&(known / rate)), "{known} of {rate}");
        prop_assert!(wire.window.least_round_trip() < Some(Duration::from_micros(2 * way_us + 130_000)));
    }

    /// Unacknowledged bytes are at most what the true link carries in its round trip and the bound, once it is known; a
    /// link that becomes slower is known to be so when what was on its way has come.
    #[test]
    fn what_is_on_its_way_is_bounded(
        rate in 20e3..400e3_f64, drop in 0.1..1.0_f64, way_us in 0_u64..100_000, sizes in sizes(2000),
    ) {
        let mut wire = Wire::new(rate, way_us);
        wire.stream(&sizes, (2000.0 / rate * 0.9e6) as u64);
        wire.rate = rate * drop;
        wire.stream(&sizes, (2000.0 / wire.rate * 0.9e6) as u64);
        let most = wire.rate * (BOUND + Duration::from_micros(2 * way_us)).as_secs_f64() + 4000.0;
        prop_assert!((wire.window.unacknowledged() as f64) < most * 1.25 + 4000.0);
        let known = wire.window.rate().unwrap();
        prop_assert!((0.8..1.25).contains(&(known / wire.rate)), "{known} of {}", wire.rate);
    }

    /// Any news at any time, true or not: no panic, no flights without end, and an idle link takes anything.
    #[test]
    fn no_news_breaks_it(ops in prop::collection::vec((0_u64..400_000, 0_usize..70_000, any::<u32>()), 0..300)) {
        let mut window = Window::new(BOUND);
        let mut now_us = 0;
        for (wait, bytes, total) in ops {
            now_us += wait;
            let now = Timestamp::from_micros(now_us);
            match total % 4 {
                0 => window.sent(now, bytes),
                3 => {
                    let part = Part { first: total & 8 == 0, last: total & 16 == 0 };
                    window.sent_part(now, bytes, part);
                }
                1 => window.arrived(now, u64::from(total / 3) % (window.total_sent() + 10)),
                _ => window.told(f64::from(total), bytes % 2 == 0),
            }
            prop_assert!(window.flights.len() <= MOST_FLIGHTS);
            prop_assert!(window.rate().is_none_or(|rate| rate.is_finite() && rate >= 0.0));
            let link = window.link(now);
            prop_assert!(window.unacknowledged() > 0 || link.room == usize::MAX && link.idle);
        }
        window.arrived(Timestamp::from_micros(now_us + 1), u64::MAX);
        prop_assert_eq!(window.unacknowledged(), 0);
    }
}

#[test]
fn little_is_sent_until_something_has_arrived() {
    let mut wire = Wire::new(1e6, 500_000);
    assert_eq!(wire.window.link(wire.now()).room, usize::MAX);
    wire.send(13_000);
    assert_eq!(wire.window.link(wire.now()).room, 3000);
    wire.run(10_000_000);
    assert_eq!(wire.window.link(wire.now()).room, usize::MAX);
    assert!(wire.window.rate().is_some());
}

#[test]
fn silence_shuts_it_and_shows_in_the_queue() {
    let mut wire = Wire::new(100e3, 10_000);
    wire.stream(&[4000; 50], 42_000);
    wire.run(wire.now_us + 200_000);
    wire.send(4000);
    wire.rate = 1.0;
    wire.send(2000);
    assert!(wire.window.link(wire.now()).queue < Duration::from_millis(100));
    wire.run(wire.now_us + 1_000_000);
    let link = wire.window.link(wire.now());
    assert!(link.room == 0 && link.queue > Duration::from_millis(250), "{link:?}");
}

#[test]
fn an_answer_behind_the_last_picture_does_not_shut_it() {
    let mut wire = Wire::new(1e6, 1_000);
    wire.stream(&[4_000; 20], 40_000);
    wire.run(wire.now_us + 200_000);
    assert_eq!(wire.window.unacknowledged(), 0);
    wire.window.sent(wire.now(), 24);
    for _ in 0..50 {
        wire.now_us += 100_000;
        assert!(wire.window.link(wire.now()).room > 0, "{} ms behind it", wire.now_us / 1000);
    }
}

/// Of the first part of a picture nothing is ever heard if the encoder gives that picture up.
#[test]
fn a_picture_that_is_given_up_shuts_nothing() {
    let mut wire = Wire::new(2e6, 1000);
    wire.send(2000);
    let arrived = wire.window.total_sent();
    wire.window.arrived(Timestamp::from_micros(4000), arrived);
    let later = Timestamp::from_micros(4000).after(LEAST_KEPT * 2);
    wire.window.sent_untold(later, 5000, Part::WHOLE);
    wire.window.sent_part(later, 400, Part { first: true, last: false });
    for seconds in [1, 10, 100] {
        let link = wire.window.link(later.after(Duration::from_secs(seconds)));
        assert!(link.room > 5000, "{link:?}");
    }
}

/// A first picture of 4 s on the link shows hardly anything of the way: what comes behind it does.
#[test]
fn what_a_large_message_takes_is_not_the_way() {
    let mut wire = Wire::new(15e3, 10_000);
    wire.send(60_000);
    let sizes: Vec<usize> = (0..50).map(|n| 1000 + n * 737 % 2500).collect();
    wire.stream(&sizes, 140_000);
    let least = wire.window.least_round_trip().unwrap();
    assert!(least < Duration::from_millis(200), "{least:?}");
    let most = wire.rate * (least + BOUND).as_secs_f64() + 3500.0;
    assert!((wire.window.unacknowledged() as f64) < most);
}

/// A packet that was lost comes again, and all behind it at the same time: no sign of a quicker link.
#[test]
fn what_waited_for_a_lost_packet_shows_no_quicker_link() {
    let mut wire = Wire::new(26e3, 31_000);
    wire.send(7200);
    wire.run(700_000);
    for n in 0..100 {
        wire.run(wire.now_us + 80_000);
        wire.send(1800);
        if n % 10 == 0 {
            // Its packet was lost: it, and what is sent within the round trip, comes a round trip later.
            wire.run(wire.now_us + 60_000);
            wire.send(1700);
            let (first, total) = (wire.news[0].0 + 62_000, wire.window.total_sent());
            wire.news = VecDeque::from([(first, total - 1700), (first + 800, total)]);
        }
    }
    let known = wire.window.rate().unwrap();
    assert!(known < 1.5 * wire.rate, "{known}");
}

/// A page that is busy tells late of some pictures: no sign of a link that is slower or quicker.
#[test]
fn news_that_comes_unevenly_shows_the_rate_all_the_same() {
    let mut wire = Wire::new(28e3, 300);
    for n in 0..300 {
        wire.run(wire.now_us.max(wire.free_us.saturating_sub(60_000)));
        wire.send(1000);
        let before = wire.news.iter().rev().nth(1).map_or(0, |&(at, _)| at);
        let (at, total) = wire.news.pop_back().unwrap();
        wire.news.push_back(((at + [0, 30_000, 8_000, 17_000, 2_000][n % 5]).max(before), total));
        let known = wire.window.rate().map_or(1.0, |known| known / wire.rate);
        // Before, it is still the guess of the first second, or what that has left.
        assert!(n < 42 || (0.93..1.1).contains(&known), "{known} behind {n}");
    }
}

/// What has come is known at each look only, of whole messages: no sign of a quicker link.
#[test]
fn looks_in_between_show_the_rate_all_the_same() {
    let mut wire = Wire::new(56e3, 5_000);
    wire.window.told(56e3, true);
    let sizes = [1200, 3300, 1700, 2600, 900, 3900, 2000];
    for n in 0..600 {
        wire.now_us += 41_667;
        let come = wire.news.iter().take_while(|(at, _)| *at <= wire.now_us).count();
        let total = wire.news.drain(..come).next_back().map_or(wire.window.arrived, |(_, total)| total);
        wire.window.looked(wire.now(), total);
        wire.send(sizes[n % sizes.len()]);
        let known = wire.window.rate().unwrap() / wire.rate;
        assert!((0.9..1.1).contains(&known), "{known} behind {n}");
    }
}

/// Where a lone message is looked for and has not come, the link carries less than was known; where nobody looked it may have
/// come at once.
#[test]
fn what_is_looked_for_in_vain_shows_a_slower_link() {
    let at = |ms: u64| Timestamp::from_micros(ms * 1000);
    let after = |looks_ms: &[u64]| {
        let mut window = Window::new(BOUND);
        window.told_round_trip(Duration::from_millis(40));
        window.told(100e3, false);
        window.looked(at(0), 0);
        window.sent(at(0), 30_000);
        looks_ms.iter().for_each(|&ms| window.looked(at(ms), 0));
        window.looked(at(800), 30_000);
        window.rate().unwrap()
    };
    assert!(after(&[300, 600, 785]) < 80e3, "{}", after(&[300, 600, 785]));
    assert_eq!((after(&[]), after(&[250])), (100e3, 100e3));
}

/// The kernel keeps the highest rate that it has seen: said again it is no news.
#[test]
fn what_the_kernel_says_counts_once() {
    let mut window = Window::new(BOUND);
    window.told(50e3, true);
    for _ in 0..20 {
        window.told(400e3, true);
    }
    assert_eq!(window.rate(), Some(225e3));
    window.told(401e3, true);
    assert_eq!(window.rate(), Some(313e3));
}

/// A page's first word came behind a look, at which the kernel, by the first small packets, took the link for a wide one.
#[test]
fn what_a_page_does_not_say_is_missed_though_it_was_looked_for_before() {
    let mut wire = Wire::new(200e3, 200);
    wire.send(12_000);
    wire.window.told(1e6, true);
    wire.window.looked(wire.now(), 100);
    let mut late = Vec::new();
    for n in 0..240_u64 {
        wire.run(n * 41_667);
        if n == 120 {
            wire.rate = 60e3;
        }
        if wire.window.link(wire.now()).room > 4000 {
            wire.send(4000);
        }
        late.push(wire.free_us.saturating_sub(wire.now_us));
    }
    assert!(late.iter().all(|&late| late < 400_000), "{late:?}");
    assert!(late[150..].iter().all(|&late| late < 150_000), "{late:?}");
    let known = wire.window.rate().unwrap();
    assert!((0.8..1.25).contains(&(known / 60e3)), "{known}");
}

/// What was looked for and has come shows a quicker link, though the kernel says nothing new of it.
#[test]
fn what_is_looked_for_and_found_shows_a_quicker_link() {
    let at = |ms: u64| Timestamp::from_micros(ms * 1000);
    let mut window = Window::new(BOUND);
    window.told_round_trip(Duration::from_millis(20));
    window.told(5e3, true);
    window.looked(at(0), 0);
    for n in 0..6_u64 {
        window.sent(at(n * 100), 2000);
        window.looked(at(n * 100 + 15), n * 2000);
        window.looked(at(n * 100 + 60), (n + 1) * 2000);
    }
    let known = window.rate().unwrap();
    assert!((45e3..50e3).contains(&known), "{known}");
}

/// A packet of small pictures was lost on a long way: what came behind it came late, and says nothing of the link.
#[test]
fn little_that_waited_for_a_lost_packet_shows_no_slower_link() {
    let mut wire = Wire::new(200e3, 98_000);
    wire.send(13_000);
    wire.run(1_000_000);
    for n in 0..40 {
        wire.run(wire.now_us + 126_000);
        (0..3).for_each(|_| wire.send(250));
        let last = wire.news.len() - 3;
        if n % 5 == 4 {
            // All behind the first of the three comes a round trip later.
            wire.news.iter_mut().skip(last + 1).for_each(|(at, _)| *at += 198_000);
        }
        // In order.
        let mut before = 0;
        for (at, _) in &mut wire.news {
            *at = before.max(*at);
            before = *at;
        }
    }
    let known = wire.window.rate().unwrap();
    assert!(known > 0.5 * wire.rate, "{known}");
}

/// On a long way a window for little lets only messages through that are too small to tell anything each.
#[test]
fn small_messages_together_show_what_a_link_carries() {
    let mut wire = Wire::new(4e3, 75_000);
    wire.stream(&[400; 60], 100_000);
    assert!(wire.window.rate() < Some(6e3));
    wire.rate = 200e3;
    wire.stream(&[400; 200], 33_000);
    let known = wire.window.rate().unwrap();
    assert!(known > 12e3, "{known}");
    assert!(wire.now_us < 13_500_000, "the pictures wait no longer");
}

/// Pictures that are sent behind one that was begun and given up are waited for like any others.
#[test]
fn silence_behind_a_picture_that_was_given_up_shuts_it() {
    let mut wire = Wire::new(2e6, 1000);
    wire.stream(&[4000; 20], 40_000);
    wire.run(wire.now_us + 100_000);
    wire.window.sent_part(wire.now(), 1000, Part { first: true, last: false });
    for _ in 0..5 {
        wire.now_us += 40_000;
        wire.window.sent(wire.now(), 4000);
    }
    wire.now_us += 400_000;
    assert_eq!(wire.window.link(wire.now()).room, 0);
}
