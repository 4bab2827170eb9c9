//! A whole viewer of the live protocol against messages as the server writes them, and a clock that the test sets.

#[path = "../common/mod.rs"]
mod common;
mod parts;

use common::{Camera, assert_same};
use mpeg1::encode::Intra;
use parts::in_parts;
use player::Events;
use player::live::Live;
use proptest::prelude::*;
use wire::{
    Ack, Bye, ByeReason, ClockReply, Codec, FromServer, FromViewer, Gap, Hello, Notice, NoticeCode, Pace,
    Picture, Probe, State, StreamHeader, TimeMeaning, UNKNOWN, UnitFlags, UnitHeader,
};

const MS: u64 = 1000;
const WHOLE: UnitFlags = UnitFlags::FIRST.with(UnitFlags::LAST);

/// A viewer with a clock, and what he wants to send.
struct Viewer {
    live: Live,
    now_us: u64,
    /// Bytes of all messages that it was given.
    sent_bytes: u32,
}

impl Viewer {
    fn new() -> Self {
        let mut viewer = Self { live: Live::new(None), now_us: 5_000 * MS, sent_bytes: 0 };
        assert_eq!(viewer.live.connected(viewer.now_us), Events::SEND, "a probe goes out at once");
        assert_eq!(
            viewer.sent(),
            [FromViewer::Probe(Probe { probe_us: viewer.now_us, with_picture: false })]
        );
        viewer
    }

    fn take(&mut self, message: FromServer<'_>) -> Events {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.sent_bytes += bytes.len() as u32;
        self.live.message(&bytes, self.now_us)
    }

    /// Takes the message, paints if asked to, and gives the acknowledgement.
    fn take_and_paint(&mut self, message: FromServer<'_>) -> (Events, Option<Ack>) {
        let events = self.take(message);
        if events.has(Events::PAINT) {
            self.now_us += 2 * MS;
            assert_eq!(self.live.painted(1_500, self.now_us), Events::SEND);
        }
        let ack =
            self.sent().into_iter().find_map(|m| if let FromViewer::Ack(ack) = m { Some(ack) } else { None });
        (events, ack)
    }

    fn sent(&mut self) -> Vec<FromViewer> {
        std::iter::from_fn(|| self.live.next_outgoing()).collect()
    }

    fn pixels(&mut self) -> &[u8] {
        self.live.convert();
        self.live.screen().pixels()
    }
}

fn stream(stream: u32, camera: &Camera) -> FromServer<'static> {
    FromServer::Stream(StreamHeader {
        stream,
        codec: Codec::Mpeg1,
        width: camera.width as u16,
        height: camera.height as u16,
        rate: (25, 1),
        epoch_unix_us: 1 << 50,
        bits_per_second: 800_000,
        rendition: 0,
    })
}

fn header(stream: u32, sequence: u32, flags: UnitFlags) -> UnitHeader {
    let captured_us = 900_000_000 + u64::from(sequence) * 40 * MS;
    UnitHeader {
        stream,
        sequence,
        picture: Picture::Predicted,
        flags,
        meaning: TimeMeaning::Driver,
        captured_us,
    }
}

#[test]
fn a_picture_is_painted_when_its_message_comes_and_is_acknowledged() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(64, 48));
    assert_eq!(viewer.take(stream(7, &camera)), Events::NONE);
    for sequence in 0..10 {
        let unit = camera.unit(Intra::Auto);
        let flags = if sequence == 0 { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let (events, ack) = viewer.take_and_paint(FromServer::Unit(header(7, sequence, flags), &unit));
        assert_eq!(events, Events::PAINT.with(Events::RESIZE.when(sequence == 0)));
        assert_same(viewer.pixels(), &camera.shown());
        let expected = Ack {
            stream: 7,
            received: sequence,
            shown: sequence,
            decode_us: 1_500,
            delay_us: UNKNOWN,
            arrived: Some(viewer.sent_bytes),
        };
        assert_eq!(ack, Some(expected));
    }
    assert_eq!(viewer.live.statistics().missed, 0);
    assert_eq!(viewer.live.meaning(), Some(TimeMeaning::Driver));
    assert_eq!(viewer.live.rendition(), (0, 800_000));
}

#[test]
fn the_delay_is_from_capture_to_painted_by_the_server_s_clock() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    // The server's clock is ahead by 895 s, and a message takes 3 ms either way.
    for _ in 0..4 {
        let probe_us = viewer.now_us;
        viewer.now_us += 6 * MS;
        let server_us = probe_us + 3 * MS + 895_000 * MS;
        let _ = viewer.take(FromServer::Clock(ClockReply { probe_us, server_us }));
    }
    assert_eq!(viewer.sent().len(), 1, "only the newest probe waits");
    let _ = viewer.take(stream(1, &camera));
    let unit = camera.unit(Intra::Auto);
    let mut header = header(1, 0, WHOLE.with(UnitFlags::START));
    header.captured_us = viewer.now_us + 895_000 * MS - 20 * MS;
    let (_, ack) = viewer.take_and_paint(FromServer::Unit(header, &unit));
    assert_eq!(ack.unwrap().delay_us, 22 * 1000);
    let statistics = viewer.live.statistics();
    assert_eq!((statistics.delay_us, statistics.delay_error_us / MS), (Some(22 * MS), 3));
}

#[test]
fn another_stream_keeps_the_old_picture_until_its_own_first() {
    let (mut viewer, mut small, mut large) = (Viewer::new(), Camera::new(48, 32), Camera::new(80, 64));
    let _ = viewer.take(stream(1, &small));
    let first = small.unit(Intra::Auto);
    let _ = viewer.take_and_paint(FromServer::Unit(header(1, 0, WHOLE.with(UnitFlags::START)), &first));
    assert_eq!(viewer.take(stream(2, &large)), Events::NONE);
    assert_same(viewer.pixels(), &small.shown());

    let late = small.unit(Intra::Auto);
    let (events, ack) = viewer.take_and_paint(FromServer::Unit(header(1, 1, WHOLE), &late));
    assert_eq!((events, ack), (Events::NONE, None), "the old stream is no more");

    let start = large.unit(Intra::Auto);
    let (events, _) =
        viewer.take_and_paint(FromServer::Unit(header(2, 0, WHOLE.with(UnitFlags::START)), &start));
    assert_eq!(events, Events::PAINT.with(Events::RESIZE));
    assert_eq!((viewer.live.screen().width(), viewer.live.screen().height()), (80, 64));
    assert_same(viewer.pixels(), &large.shown());
}

#[test]
fn what_comes_between_pictures_is_acknowledged_too() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let reply = |at| FromServer::Clock(ClockReply { probe_us: at, server_us: at });
    let notice = FromServer::Notice(Notice { code: NoticeCode::CameraTrouble, text: "gone" });
    let now_us = viewer.now_us;
    assert_eq!(viewer.take_and_paint(reply(now_us)).1, None, "of what there is no picture yet");
    let _ = viewer.take(stream(1, &camera));
    let unit = camera.unit(Intra::Auto);
    let _ = viewer.take_and_paint(FromServer::Unit(header(1, 5, WHOLE.with(UnitFlags::START)), &unit));
    for message in [reply(now_us), notice, reply(now_us)] {
        let (_, ack) = viewer.take_and_paint(message);
        let arrived = Some(viewer.sent_bytes);
        assert_eq!(ack.map(|ack| (ack.received, ack.shown, ack.arrived)), Some((5, 5, arrived)));
    }
}

#[test]
fn pictures_are_acknowledged_at_the_server_s_pace_and_late_ones_at_once() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let _ = viewer.take(stream(1, &camera));
    let mut told = Vec::new();
    for sequence in 0..24 {
        if sequence == 2 {
            let (events, ack) = viewer.take_and_paint(FromServer::Pace(Pace { every: 5, from: 0 }));
            assert_eq!((events, ack.map(|ack| ack.received)), (Events::SEND, Some(1)));
        }
        // A queue of 40 ms from the 17th on: the first of them is late, by comparison with the one told before it.
        viewer.now_us += if sequence == 17 { 80 * MS } else { 38 * MS };
        let flags = if sequence == 0 || sequence == 8 { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let unit = FromServer::Unit(header(1, sequence, flags), &camera.unit(Intra::Auto));
        let events = viewer.take(unit);
        assert!(events.has(Events::PAINT));
        viewer.now_us += 2 * MS;
        let events = viewer.live.painted(1_500, viewer.now_us);
        let acks = viewer.sent();
        assert_eq!(events.has(Events::SEND), !acks.is_empty());
        for message in acks {
            let FromViewer::Ack(ack) = message else { panic!("{message:?}") };
            assert_eq!((ack.received, ack.arrived), (sequence, Some(viewer.sent_bytes)));
            told.push(sequence);
        }
    }
    assert_eq!(told, [0, 1, 5, 8, 10, 15, 17, 20]);
    assert_eq!(viewer.live.connected(viewer.now_us), Events::SEND);
    let _ = (viewer.sent(), viewer.take(stream(1, &camera)));
    for sequence in 0..3 {
        let flags = if sequence == 0 { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let unit = camera.unit(if sequence == 0 { Intra::Force } else { Intra::Auto });
        let ack = viewer.take_and_paint(FromServer::Unit(header(1, sequence, flags), &unit)).1;
        assert_eq!(ack.map(|ack| ack.received), Some(sequence), "another connection, each again");
    }
}

#[test]
fn while_pictures_flow_the_clock_is_acknowledged_with_one_of_them() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let _ = viewer.take(stream(1, &camera));
    let mut picture = |viewer: &mut Viewer, sequence| {
        let flags = if sequence == 0 { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let unit = camera.unit(Intra::Auto);
        let _ = viewer.take(FromServer::Unit(header(1, sequence, flags), &unit));
        let _ = viewer.live.painted(1_500, viewer.now_us);
        viewer.sent()
    };
    let asked = |viewer: &mut Viewer, silent_ms| {
        viewer.now_us += silent_ms * MS;
        assert_eq!(viewer.live.tick(viewer.now_us), Events::SEND);
        let [FromViewer::Probe(probe)] = viewer.sent()[..] else { panic!("no probe") };
        let reply = FromServer::Clock(ClockReply { probe_us: probe.probe_us, server_us: 5 });
        (probe.with_picture, viewer.take(reply))
    };
    let _ = picture(&mut viewer, 0);
    assert_eq!(asked(&mut viewer, 40), (false, Events::SEND), "each is told of still");
    let _ = (viewer.sent(), viewer.take_and_paint(FromServer::Pace(Pace { every: 3, from: 4 })));
    assert_eq!(picture(&mut viewer, 3), []);
    // The first replies each ask again: the clocks are not known yet.
    for _ in 0..4 {
        let (with_picture, _) = asked(&mut viewer, 40);
        let kinds: Vec<bool> =
            viewer.sent().iter().map(|message| matches!(message, FromViewer::Ack(_))).collect();
        assert!(with_picture && !kinds.contains(&true), "{kinds:?}");
    }
    let ack = picture(&mut viewer, 4);
    let arrived = Some(viewer.sent_bytes);
    assert!(matches!(ack[..], [FromViewer::Ack(Ack { received: 4, arrived: all, .. })] if all == arrived));
    assert_eq!(asked(&mut viewer, 200), (false, Events::SEND), "none flow");
}

#[test]
fn after_a_gap_nothing_is_shown_before_a_start() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(64, 48));
    let _ = viewer.take(stream(1, &camera));
    let first = camera.unit(Intra::Auto);
    let _ = viewer.take_and_paint(FromServer::Unit(header(1, 0, WHOLE.with(UnitFlags::START)), &first));
    let before = viewer.pixels().to_vec();
    for _ in 0..3 {
        let _ = camera.unit(Intra::Auto);
    }
    assert_eq!(viewer.take(FromServer::Gap(Gap { stream: 1, missed: 3 })), Events::NONE);
    let unit = camera.unit(Intra::Auto);
    let (events, ack) = viewer.take_and_paint(FromServer::Unit(header(1, 4, WHOLE), &unit));
    assert_eq!(events, Events::SEND, "it is acknowledged, not shown");
    assert_eq!(ack.map(|ack| (ack.received, ack.shown)), Some((4, 0)));
    assert_same(viewer.pixels(), &before);
    let start = camera.unit(Intra::Force);
    let (events, _) =
        viewer.take_and_paint(FromServer::Unit(header(1, 5, WHOLE.with(UnitFlags::START)), &start));
    assert_eq!(events, Events::PAINT);
    assert_same(viewer.pixels(), &camera.shown());
    assert_eq!(viewer.live.statistics().missed, 4);
}

#[test]
fn a_hole_without_a_gap_message_is_counted() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let _ = viewer.take(stream(1, &camera));
    // Sequence numbers wrap; a picture of the same number is a second coding of it.
    let start = WHOLE.with(UnitFlags::START);
    for (sequence, flags) in [(u32::MAX - 1, start), (u32::MAX, WHOLE), (2, WHOLE), (2, WHOLE), (70, start)] {
        let unit = camera.unit(Intra::Auto);
        let header = UnitHeader { sequence, ..header(1, 0, flags) };
        let (events, _) = viewer.take_and_paint(FromServer::Unit(header, &unit));
        assert!(events.has(Events::PAINT));
    }
    assert_eq!(viewer.live.statistics().missed, 2);
}

#[test]
fn a_second_coding_of_a_picture_is_shown_but_is_no_picture_more() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(48, 32));
    let _ = viewer.take(stream(1, &camera));
    let begin_us = viewer.now_us;
    let _ = viewer.take(FromServer::Clock(ClockReply { probe_us: begin_us, server_us: begin_us }));
    for sequence in 0..50 {
        let captured_us = begin_us + u64::from(sequence) * 40 * MS;
        viewer.now_us = captured_us + 5 * MS;
        let start = if sequence == 0 { UnitFlags::START } else { UnitFlags::default() };
        let header = UnitHeader { captured_us, ..header(1, sequence, WHOLE.with(start)) };
        for delay_ms in [0, 10] {
            viewer.now_us += delay_ms * MS;
            let unit = camera.unit(Intra::Auto);
            let (events, ack) = viewer.take_and_paint(FromServer::Unit(header, &unit));
            assert!(events.has(Events::PAINT));
            assert_eq!(ack.map(|ack| (ack.shown, ack.delay_us)), Some((sequence, 7_000)));
            assert_same(viewer.pixels(), &camera.shown());
        }
    }
    let now_us = viewer.now_us;
    let per_second = viewer.live.statistics().shown.per_second(now_us);
    assert!((per_second - 25.0).abs() < 0.1, "{per_second}");
}

#[test]
fn a_page_of_other_files_loads_itself_anew() {
    let hello = |assets| FromServer::Hello(Hello { version: 1, capabilities: 0, assets });
    let mut viewer = Viewer::new();
    assert_eq!(viewer.take(hello(5)), Events::NONE, "who does not know his own files cannot say");
    viewer.live = Live::new(Some(5));
    assert_eq!(viewer.take(hello(5)), Events::NONE);
    assert_eq!(viewer.take(hello(6 << 40)), Events::RELOAD);
    assert_eq!(viewer.live.server_assets(), 6 << 40);
}

#[test]
fn words_of_the_server_reach_the_page() {
    let mut viewer = Viewer::new();
    let text = "The camera is gone: plug it in";
    let notice = Notice { code: NoticeCode::CameraTrouble, text };
    assert_eq!(viewer.take(FromServer::Notice(notice)), Events::NOTICE);
    assert_eq!((viewer.live.notice_code(), viewer.live.text()), (1, text));
    let bye = Bye { reason: ByeReason::Stopping, retry_after_ms: 2_500, text: "ended" };
    assert_eq!(viewer.take(FromServer::Bye(bye)), Events::BYE);
    assert_eq!((viewer.live.retry_after_ms(), viewer.live.text()), (2_500, "ended"));
}

#[test]
fn silence_is_noticed_and_any_message_ends_it() {
    let mut viewer = Viewer::new();
    for _ in 0..3 {
        for _ in 0..6 {
            viewer.now_us += 1_000 * MS;
            assert_eq!(viewer.live.tick(viewer.now_us), Events::SEND, "each tick asks");
        }
        assert_eq!(viewer.take(FromServer::Gap(Gap { stream: 0, missed: 0 })), Events::NONE);
    }
    for _ in 0..6 {
        let _ = viewer.live.tick(viewer.now_us);
    }
    assert_eq!(viewer.live.tick(viewer.now_us), Events::STALE);
}

#[test]
fn while_pictures_flow_one_tick_in_ten_asks_for_the_clock() {
    let mut viewer = Viewer::new();
    for _ in 0..4 {
        let reply = ClockReply { probe_us: viewer.now_us, server_us: 5 };
        let _ = viewer.take(FromServer::Clock(reply));
    }
    let mut tick = |silent_ms: u64| {
        viewer.now_us += 1_000 * MS - silent_ms * MS;
        let _ = viewer.take(FromServer::Gap(Gap { stream: 0, missed: 0 }));
        viewer.now_us += silent_ms * MS;
        viewer.live.tick(viewer.now_us) == Events::SEND
    };
    let _ = tick(500);
    let asked: Vec<_> = (1..=20).filter(|_| tick(40)).collect();
    assert_eq!(asked, [10, 20]);
    assert_eq!([40, 150, 40].map(tick), [false, true, false], "who might soon be taken for silent is asked");
}

#[test]
fn what_the_viewer_wants_is_said_once_and_again_after_coming_back() {
    let mut viewer = Viewer::new();
    let hidden = FromViewer::State(State { hidden: true, ..State::default() });
    assert_eq!(viewer.live.want(true, false), Events::SEND);
    assert_eq!(viewer.sent(), [hidden]);
    assert_eq!(viewer.live.want(true, false), Events::NONE);
    assert_eq!(viewer.live.connected(viewer.now_us), Events::SEND);
    assert_eq!(
        viewer.sent(),
        [hidden, FromViewer::Probe(Probe { probe_us: viewer.now_us, with_picture: false })]
    );
    assert_eq!(viewer.live.want(false, false), Events::SEND);
    assert_eq!(viewer.sent(), [FromViewer::State(State::default())]);
}

#[test]
fn a_device_that_is_too_slow_says_so() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let _ = viewer.take(stream(1, &camera));
    let mut said = Vec::new();
    for sequence in 0..200 {
        let unit = camera.unit(Intra::Auto);
        let flags = if sequence == 0 { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let _ = viewer.take(FromServer::Unit(header(1, sequence, flags), &unit));
        // A picture every 40 ms; decoding takes 50, from the 100th on 5.
        let _ = viewer.live.painted(if sequence < 100 { 50_000 } else { 5_000 }, viewer.now_us);
        said.extend(viewer.sent().into_iter().filter(|message| matches!(message, FromViewer::State(_))));
    }
    let slow = |slow_device| FromViewer::State(State { slow_device, ..State::default() });
    assert_eq!(said, [slow(true), slow(false)]);
}

#[test]
fn a_slow_device_leaves_out_what_is_old_and_joins_anew() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(32, 32));
    let _ = viewer.take(stream(1, &camera));
    // The clocks are the same: a reply at once says so.
    let begin_us = viewer.now_us;
    let _ = viewer.take(FromServer::Clock(ClockReply { probe_us: begin_us, server_us: begin_us }));
    let (mut ages_us, mut joins, mut start) = (Vec::new(), 0, true);
    let mut sequence = 0;
    while sequence < 500 {
        // A picture every 40 ms; it waits until the one before is decoded, which takes 60. A start is the newest one.
        let newest = (viewer.now_us - begin_us) / (40 * MS);
        sequence = if start { newest.max(sequence) } else { sequence + 1 };
        let captured_us = begin_us + sequence * 40 * MS;
        viewer.now_us = viewer.now_us.max(captured_us);
        let unit = camera.unit(if start { Intra::Force } else { Intra::Auto });
        let flags = if start { WHOLE.with(UnitFlags::START) } else { WHOLE };
        let header = UnitHeader { captured_us, ..header(1, sequence as u32, flags) };
        start = false;
        if viewer.take(FromServer::Unit(header, &unit)).has(Events::PAINT) {
            viewer.now_us += 60 * MS;
            let _ = viewer.live.painted(60_000, viewer.now_us);
            ages_us.push(viewer.now_us - captured_us);
        }
        let state = |message| if let FromViewer::State(state) = message { Some(state) } else { None };
        let states: Vec<State> = viewer.sent().into_iter().filter_map(state).collect();
        if let [away, back] = states[..] {
            assert!(away.hidden && !back.hidden && back.slow_device);
            (joins, start) = (joins + 1, true);
        }
    }
    let settled = &ages_us[100..];
    let oldest_us = settled.iter().max().copied().unwrap_or_default();
    assert!(joins > 5 && settled.len() > 100, "{joins} joins, {} pictures", settled.len());
    assert!(oldest_us < 700 * MS, "{oldest_us} µs old");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Damaged, cut, swapped and invented messages: no panic, and a start afterwards shows the right picture.
    #[test]
    fn nothing_that_comes_does_harm(
        edits in prop::collection::vec((0usize..16, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..40),
        invented in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
    ) {
        let (mut viewer, mut camera) = (Viewer::new(), Camera::new(48, 32));
        let mut messages = Vec::new();
        let mut add = |message: FromServer<'_>| {
            let mut bytes = Vec::new();
            message.write(&mut bytes);
            messages.push(bytes);
        };
        add(stream(1, &camera));
        for sequence in 0..10 {
            let unit = camera.unit(Intra::Auto);
            let start = if sequence == 0 { UnitFlags::START } else { UnitFlags::default() };
            // Whole ones and ones in two parts.
            in_parts(header(1, sequence, start), &unit, 1 + sequence as usize % 2).into_iter().for_each(&mut add);
        }
        messages.extend(invented);
        for (message, at, value, cut) in edits {
            let count = messages.len();
            let message = &mut messages[message % count];
            let at = at.index(message.len().max(1));
            if cut { message.truncate(at) } else if let Some(byte) = message.get_mut(at) { *byte = value }
        }
        for message in &messages {
            let events = viewer.live.message(message, viewer.now_us);
            if events.has(Events::PAINT) {
                let _ = viewer.live.painted(1, viewer.now_us);
            }
        }
        let start = camera.unit(Intra::Force);
        prop_assert_eq!(viewer.take(stream(9, &camera)), Events::NONE);
        let (events, _) = viewer.take_and_paint(FromServer::Unit(header(9, 0, WHOLE.with(UnitFlags::START)), &start));
        prop_assert!(events.has(Events::PAINT));
        assert_same(viewer.pixels(), &camera.shown());
    }
}
