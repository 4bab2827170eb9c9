//! The live protocol, end to end.

use crate::support::viewer::{Received, open, receive};
use crate::support::{Live, Program, http};
use wire::{Ack, ByeReason, FromViewer, NoticeCode, Picture, Probe, State, UNKNOWN, UnitFlags};

#[test]
fn a_viewer_is_told_of_the_stream_and_gets_every_picture() {
    let program = Program::start(&["--size", "160x120", "--fps", "30000/1001"]);
    let mut viewer = Live::open(program.http);
    let (first, payload) = viewer.picture();
    let stream = viewer.stream.unwrap();
    assert_eq!((stream.width, stream.height, stream.rate), (160, 120, (30_000, 1001)));
    assert!(first.flags.has(UnitFlags::START) && first.picture == Picture::Intra);
    assert!(payload.starts_with(&[0, 0, 1, 0xb3]), "a start begins with a sequence header");
    let mut last = first;
    for _ in 0..30 {
        let (header, payload) = viewer.picture();
        assert_eq!(header.sequence, last.sequence + 1);
        assert!(header.captured_us > last.captured_us);
        assert!(payload.starts_with(&[0, 0, 1, if header.picture == Picture::Intra { 0xb3 } else { 0 }]));
        last = header;
    }
    assert_eq!(viewer.missed, 0);
}

#[test]
fn a_turned_picture_has_its_sides_exchanged() {
    let program = Program::start(&["--size", "160x120", "--rotate", "270"]);
    let page = http::get(program.http, "/index.html");
    assert!(page.text().contains(r#"width="120" height="160""#));
    let mut viewer = Live::open(program.http);
    viewer.picture();
    let stream = viewer.stream.unwrap();
    assert_eq!((stream.width, stream.height), (120, 160));
}

#[test]
fn clocks_are_compared_and_acknowledgements_reach_the_figures() {
    let program = Program::start(&["--size", "64x48"]);
    let mut viewer = Live::open(program.http);
    let (header, _) = viewer.picture();
    viewer.send(FromViewer::Probe(Probe { probe_us: 0x0123_4567_89ab_cdef, with_picture: false }));
    let reply = loop {
        if let Received::Clock(reply) = viewer.receive() {
            break reply;
        }
    };
    assert_eq!(reply.probe_us, 0x0123_4567_89ab_cdef);
    assert!(reply.server_us > header.captured_us, "the clock is that of the capture times");
    let ack = Ack {
        stream: header.stream,
        received: 0,
        shown: 0,
        decode_us: 1500,
        delay_us: 12_500,
        arrived: None,
    };
    viewer.send(FromViewer::Ack(ack));
    let stats = program.wait_for_stats(|stats| stats["viewers"][0]["decode_us"] == 1500);
    let entry = &stats["viewers"][0];
    assert_eq!((&entry["delay_ms"], &entry["protocol"]), (&12.5.into(), &"live".into()));
    viewer.send(FromViewer::Ack(Ack { delay_us: UNKNOWN, ..ack }));
    program.wait_for_stats(|stats| stats["viewers"][0]["delay_ms"].is_null());
    assert!(entry["pictures_sent"].as_u64() > Some(0));
    assert!(entry["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")));
    drop(viewer);
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().is_empty());
}

#[test]
fn who_does_not_look_is_sent_nothing_and_joins_anew() {
    let program = Program::start(&["--size", "64x48"]);
    let mut viewer = Live::open(program.http);
    viewer.picture();
    for (state, word) in [
        (State { hidden: true, ..State::default() }, "hidden"),
        (State { paused: true, ..State::default() }, "paused"),
    ] {
        viewer.set_state(state);
        let captured = |stats: &serde_json::Value| stats["source"]["frames_captured"].as_u64().unwrap();
        let before = program.wait_for_stats(|stats| stats["viewers"][0]["state"] == word);
        // Pictures that were on their way when he said so end at the answer to this.
        viewer.send(FromViewer::Probe(Probe { probe_us: 1, with_picture: false }));
        while !matches!(viewer.receive(), Received::Clock(_)) {}
        let after = program.wait_for_stats(|stats| captured(stats) > captured(&before) + 10);
        assert_eq!(
            before["encoder"]["pictures_encoded"], after["encoder"]["pictures_encoded"],
            "the encoder rests"
        );
        viewer.send(FromViewer::Probe(Probe { probe_us: 2, with_picture: false }));
        assert!(matches!(viewer.receive(), Received::Clock(_)), "nothing was sent in between");
        viewer.set_state(State::default());
        viewer.forget();
        assert!(viewer.picture().0.flags.has(UnitFlags::START));
    }
}

#[test]
fn several_viewers_get_the_same_pictures() {
    let program = Program::start(&["--size", "64x48"]);
    let mut viewers: Vec<_> = (0..3).map(|_| Live::open(program.http)).collect();
    let firsts: Vec<_> = viewers.iter_mut().map(Live::picture).collect();
    let from = firsts.iter().map(|(header, _)| header.sequence).max().unwrap();
    let mut seen = Vec::new();
    for (viewer, first) in viewers.iter_mut().zip(firsts) {
        let mut pictures = vec![first];
        while pictures.last().unwrap().0.sequence < from + 10 {
            pictures.push(viewer.picture());
        }
        pictures.retain(|(header, _)| header.sequence > from);
        seen.push(
            pictures.into_iter().map(|(header, payload)| (header.sequence, payload)).collect::<Vec<_>>(),
        );
    }
    assert!(seen.iter().all(|pictures| *pictures == seen[0] && pictures.len() == 10));
}

#[test]
fn a_slow_camera_s_joiner_gets_the_last_frame_at_once() {
    let program = Program::start(&["--size", "64x48", "--fps", "0.1"]);
    let (one, _) = Live::open(program.http).picture();
    let (two, _) = Live::open(program.http).picture();
    assert_eq!(one.captured_us, two.captured_us, "the same frame, coded again");
    assert!(two.flags.has(UnitFlags::START));
}

#[test]
fn pages_of_other_hosts_are_refused() {
    let mut program = Program::start(&["--allow-origin", "https://friend.example"]);
    let origin = |port: u16, path: &str, origin: &str| {
        let headers = [("origin", origin), ("sec-websocket-protocol", wire::SUBPROTOCOL)];
        open(http::connect(port), path, &headers).map(|_| ())
    };
    for (port, path) in [(program.http, "/live"), (program.ws, "/")] {
        assert_eq!(origin(port, path, "http://evil.example"), Err(403));
        assert_eq!(origin(port, path, "null"), Err(403));
        assert_eq!(origin(port, path, "http://localhost:1"), Ok(()), "the same host, another port");
        assert_eq!(origin(port, path, "https://friend.example"), Ok(()));
    }
    program.wait_for("Refused: a page of http://evil.example wants the video.");
    program.wait_for("--allow-origin null ");
    program.signal(rustix::process::Signal::TERM);
    assert!(program.ended().1.iter().all(|line| !line.contains("Refused")), "once for each");
}

#[test]
fn another_subprotocol_is_refused_with_the_right_one() {
    let program = Program::start(&[]);
    let with = [("sec-websocket-protocol", "pistreaming.99")];
    assert_eq!(open(http::connect(program.http), "/live", &with).map(|_| ()), Err(400));
    assert_eq!(open(http::connect(program.http), "/live", &[]).map(|_| ()), Err(400));
}

#[test]
fn nonsense_ends_only_its_sender() {
    let program = Program::start(&["--size", "64x48"]);
    let (mut bad, mut good) = (Live::open(program.http), Live::open(program.http));
    bad.socket.send(tungstenite::Message::text("words")).unwrap();
    bad.socket.send(tungstenite::Message::binary(vec![0x7f, 0])).unwrap();
    bad.picture();
    bad.socket.send(tungstenite::Message::binary(vec![0x82, 0])).unwrap();
    let close = loop {
        if let Err(close) = receive(&mut bad.socket) {
            break close.unwrap();
        }
    };
    assert_eq!(u16::from(close.code), 1002);
    (0..5).for_each(|_| drop(good.picture()));
    assert_eq!(good.missed, 0);
}

#[test]
fn a_failing_camera_is_told_of_and_started_again() {
    // One frame a life; the first life fails at once.
    let mark = std::env::temp_dir().join(format!("pistreaming-contract-{}.mark", std::process::id()));
    let command = format!(
        "exec:if [ -e {mark} ]; then printf 'YUV4MPEG2 W16 H16 F24:1\\nFRAME\\n'; head -c 384 /dev/zero; \
         exec sleep 600; fi; : > {mark}; echo lens cap >&2; exit 3",
        mark = mark.display()
    );
    let program = Program::start(&["--source", &command]);
    let mut viewer = Live::open(program.http);
    let (header, _) = viewer.picture();
    std::fs::remove_file(&mark).unwrap();
    assert!(header.flags.has(UnitFlags::START));
    let stream = viewer.stream.unwrap();
    assert_eq!((stream.width, stream.height), (16, 16));
    // Viewers are told what happened, not what its program said: that is for the console.
    let trouble = viewer.notices.iter().find(|(code, _)| *code == NoticeCode::CameraTrouble);
    let told = |text: &str| text.contains("has ended") && !text.contains("lens cap");
    assert!(trouble.is_some_and(|(_, text)| told(text)), "{:?}", viewer.notices);
    while viewer.notices.last().is_none_or(|(code, _)| *code != NoticeCode::Fine) {
        viewer.receive();
    }
}

#[test]
fn the_end_of_the_input_is_told() {
    let mut program = Program::start(&["--source", "stdin", "--size", "16x16"]);
    let mut stdin = program.stdin();
    let mut viewer = Live::open(program.http);
    std::io::Write::write_all(&mut stdin, &[128; 384]).unwrap();
    viewer.picture();
    drop(stdin);
    let ended = loop {
        if let Received::Ended(reason, code) = viewer.receive() {
            break (reason, code);
        }
    };
    assert_eq!(ended, (ByeReason::Ended, 1001));
    let (status, lines) = program.ended();
    assert!(status.success() && lines.iter().any(|line| line == "The input has ended"), "{lines:?}");
}
