//! What is not acknowledged by itself, what seemed to be and was not, and which pictures are.

use wire::Pace;

use super::*;
use crate::frame::FrameSize;
use crate::hub::Rendition;
use crate::hub::item::Stream;

/// What is acknowledged with a picture is on its way like any other, and its silence says nothing.
#[test]
fn what_is_said_aside_is_not_waited_for() {
    let mut wire = Wire::new(2e6, 1000);
    wire.stream(&[4000; 20], 40_000);
    wire.run(wire.now_us + 100_000);
    (0..50).for_each(|_| wire.window.sent_aside(wire.now(), 24));
    wire.now_us += 5_000_000;
    assert_eq!(wire.window.unacknowledged(), 50 * 24);
    let link = wire.window.link(wire.now());
    assert!(link.idle && link.room > 100_000 && link.rate == wire.window.rate(), "{link:?}");
    let total = wire.window.total_sent();
    wire.window.arrived(wire.now(), total);
    assert_eq!(wire.window.unacknowledged(), 0);
}

/// On a wide link what was told of with a picture comes late: an accident, or it carries less now.
#[test]
fn behind_what_was_late_no_more_is_sent_than_it_allows_until_more_is_known() {
    let mut wire = Wire::new(2e6, 1000);
    wire.stream(&[4000; 20], 40_000);
    wire.run(wire.now_us + 100_000);
    let rooms = [250_000, 5_000].map(|took_us| {
        wire.window.sent_untold(wire.now(), 12_000, Part::WHOLE);
        wire.window.sent(wire.now(), 4000);
        wire.now_us += took_us;
        wire.window.arrived(wire.now(), wire.window.total_sent());
        wire.window.sent_untold(wire.now(), 1, Part::WHOLE);
        let room = wire.window.link(wire.now()).room;
        wire.window.arrived(wire.now(), wire.window.total_sent());
        room
    });
    assert!((15_000..25_000).contains(&rooms[0]) && rooms[1] > 200_000, "{rooms:?}");
}

/// A page that is told to acknowledge each picture, and says nothing of those before, is sent another.
#[test]
fn who_is_asked_for_no_news_is_not_waited_for() {
    let mut wire = Wire::new(2e6, 1000);
    wire.stream(&[4000; 20], 40_000);
    wire.run(wire.now_us + 100_000);
    wire.window.sent_untold(wire.now(), 4 << 20, Part::WHOLE);
    assert_eq!(wire.window.link(wire.now()).room, FIRST_BYTES);
    wire.window.sent(wire.now(), 4000);
    assert_eq!(wire.window.link(wire.now()).room, 0);
}

/// A late picture's acknowledgement was taken for that of one behind it.
#[test]
fn what_seemed_to_have_arrived_and_has_not_is_on_its_way_again() {
    let mut wire = Wire::new(2e6, 1000);
    wire.stream(&[4000; 20], 40_000);
    wire.run(wire.now_us + 100_000);
    let (before, known) = (wire.window.total_sent(), wire.window.rate().unwrap());
    wire.window.sent_untold(wire.now(), 8000, Part::WHOLE);
    wire.window.sent(wire.now(), 4000);
    wire.now_us += 50_000;
    wire.window.seems_arrived(wire.now(), before + 12_000);
    assert_eq!(wire.window.unacknowledged(), 0);
    // Others are read before it, and are no news.
    wire.window.arrived(wire.now(), before);
    wire.window.has_not_arrived(wire.now(), before + 3000);
    assert_eq!(wire.window.unacknowledged(), 9000);
    // From now on its silence is heard, and what has come says how slow the link has become.
    wire.now_us += 200_000;
    let link = wire.window.link(wire.now());
    assert!(link.queue > JITTER && link.rate < Some(known / 10.0), "{link:?}");
    wire.window.arrived(wire.now(), before + 12_000);
    assert_eq!(wire.window.unacknowledged(), 0);
    wire.window.has_not_arrived(wire.now(), before);
    assert_eq!(wire.window.unacknowledged(), 0, "it was heard");
}

/// A stream of 800 kbit/s at 24 pictures a second, and a link of so many times that over which some of it has come.
fn stream_and_link(times: f64, way_us: u64) -> (Stream, Wire) {
    let size = FrameSize::new(640, 480).unwrap();
    let stream = Stream { id: 1, rendition: Rendition::FULL, size, rate: (24, 1), bits_per_second: 800_000 };
    let mut wire = Wire::new(times * 100e3, way_us);
    wire.stream(&[20_000; 4], 400_000);
    wire.run(2_000_000);
    (stream, wire)
}

/// How often a picture is acknowledged, once one in so many was.
fn pace(times: f64, way_us: u64, before: u16) -> u16 {
    let (stream, mut wire) = stream_and_link(times, way_us);
    wire.window.pace(wire.now(), Pace { every: before, from: 0 }, &stream).every
}

#[test]
fn each_picture_is_acknowledged_for_a_while_when_a_wide_link_fills() {
    let (stream, mut wire) = stream_and_link(20.0, 1000);
    let mut pace = Pace { every: 8, from: 0 };
    let mut next = |wire: &mut Wire| {
        pace = wire.window.pace(wire.now(), pace, &stream);
        pace.every
    };
    // Many of which nothing is told are nothing to wonder at, but behind one of which it was told just now.
    (0..8).for_each(|_| wire.window.sent_untold(wire.now(), 4000, Part::WHOLE));
    assert_eq!(next(&mut wire), 8);
    for (behind, every) in [(2, 8), (3, 1)] {
        wire.now_us += 1000;
        wire.window.arrived(wire.now(), wire.window.total_sent() - behind * 4000);
        assert_eq!(next(&mut wire), every, "{behind} on their way");
        wire.window.sent_untold(wire.now(), 12_000, Part::WHOLE);
    }
    wire.window.arrived(wire.now(), wire.window.total_sent());
    wire.now_us += 400_000;
    assert_eq!(next(&mut wire), 1);
    wire.now_us += 200_000;
    assert_eq!(next(&mut wire), 8);
}

#[test]
fn the_wider_a_link_the_fewer_pictures_are_acknowledged() {
    let paces = |times, way_us| [1, 4, 8].map(|before| pace(times, way_us, before));
    assert_eq!(paces(3.0, 1000), [1, 1, 1]);
    assert_eq!(paces(5.0, 1000), [1, 4, 4]);
    assert_eq!(paces(8.0, 1000), [4, 4, 4]);
    assert_eq!(paces(14.0, 1000), [4, 4, 8]);
    assert_eq!(paces(20.0, 1000), [8, 8, 8]);
    assert_eq!(paces(20.0, 40_000), [4, 4, 4], "a long way");
    assert_eq!(paces(20.0, 60_000), [1, 1, 1], "a longer one");
}
