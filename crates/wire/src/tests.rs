//! Round trips of every message, and any bytes at all into both parsers.
use super::*;
use proptest::prelude::*;

fn round_trip_server(message: FromServer<'_>) {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    assert_eq!(FromServer::parse(&bytes), Ok(Some(message)));
    for len in 0..bytes.len() {
        // A cut message is malformed or a shorter text; it is never read past its end.
        let _ = FromServer::parse(&bytes[..len]);
    }
}

fn round_trip_viewer(message: FromViewer) {
    let mut bytes = [0; LONGEST_FROM_VIEWER];
    let len = message.write(&mut bytes);
    assert_eq!(FromViewer::parse(&bytes[..len]), Ok(Some(message)));
    for cut in 0..len {
        let parsed = FromViewer::parse(&bytes[..cut]);
        // What an older page says is shorter.
        let older = matches!(parsed, Ok(Some(FromViewer::Ack(Ack { arrived: None, .. })))) && cut >= 24;
        assert!(parsed.is_err() || older);
    }
}

#[test]
fn every_server_message_round_trips() {
    round_trip_server(FromServer::Hello(Hello {
        version: 1,
        capabilities: 0x8000_0001,
        assets: u64::MAX - 1,
    }));
    round_trip_server(FromServer::Gap(Gap { stream: 3, missed: 70_000 }));
    round_trip_server(FromServer::Clock(ClockReply { probe_us: 1 << 50, server_us: 17 }));
    round_trip_server(FromServer::Pace(Pace { every: 0x0102, from: 0x0304 }));
    for code in 0..5 {
        let code = NoticeCode::from_number(code).unwrap();
        round_trip_server(FromServer::Notice(Notice { code, text: "the camera is gone: ü" }));
    }
    for reason in 1..5 {
        let reason = ByeReason::from_number(reason).unwrap();
        round_trip_server(FromServer::Bye(Bye { reason, retry_after_ms: 500, text: "" }));
    }
}

#[test]
fn a_pace_names_pictures_and_every_start() {
    let told =
        |every, from, start| (0..7).filter(|&n| Pace { every, from }.has(n, start)).collect::<Vec<u32>>();
    assert_eq!(told(3, 0, false), [0, 3, 6]);
    assert_eq!(told(3, 1, false), [1, 4]);
    assert_eq!(told(3, 5, false), [2, 5]);
    assert!([told(0, 5, false), told(1, 5, false), told(3, 5, true)].iter().all(|told| told.len() == 7));
    assert_eq!([0, 1, 2].map(|every| Pace { every, from: 7 }.is_each()), [true, true, false]);
}

#[test]
fn layout_is_as_drawn() {
    let unit = UnitHeader {
        stream: 0x0403_0201,
        sequence: 0x0807_0605,
        picture: Picture::Predicted,
        flags: UnitFlags::FIRST.with(UnitFlags::LAST),
        meaning: TimeMeaning::Driver,
        captured_us: 0x1817_1615_1413_1211,
    };
    assert_eq!(
        unit.to_bytes(),
        [3, 0, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 0, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]
    );
}

#[test]
fn unknown_kinds_and_appended_fields_are_skipped() {
    assert_eq!(FromServer::parse(&[0x7f, 1, 2]), Ok(None));
    assert_eq!(FromViewer::parse(&[0x01]), Ok(None));
    let mut bytes = Vec::new();
    let gap = FromServer::Gap(Gap { stream: 1, missed: 2 });
    gap.write(&mut bytes);
    bytes.extend([9; 5]);
    assert_eq!(FromServer::parse(&bytes), Ok(Some(gap)));
    // An older server's pace is of the first of them.
    let pace = FromServer::Pace(Pace { every: 4, from: 0 });
    assert_eq!(FromServer::parse(&[8, 0, 4, 0]), Ok(Some(pace)));
    assert_eq!(FromServer::parse(&[]), Err(Malformed { kind: 0, len: 0 }));
}

proptest! {
    #[test]
    fn streams_and_units_round_trip(
        stream: u32, sequence: u32, size in (1u16.., 1u16..), rate in (1u32.., 1u32..), at: u64, flags in 0u8..8,
        picture in 1u8..4, meaning in 1u8..4, payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        round_trip_server(FromServer::Stream(StreamHeader {
            stream, codec: Codec::Mpeg1, width: size.0, height: size.1, rate, epoch_unix_us: at,
            bits_per_second: stream ^ rate.0, rendition: size.0,
        }));
        let header = UnitHeader {
            stream, sequence, picture: Picture::from_number(picture).unwrap(), flags: UnitFlags(flags),
            meaning: TimeMeaning::from_number(meaning).unwrap(), captured_us: at,
        };
        round_trip_server(FromServer::Unit(header, &payload));
    }

    #[test]
    fn every_viewer_message_round_trips(probe_us: u64, a: u32, b: u32, c: u32, d: u32, e: u32, flags in 0u8..8) {
        round_trip_viewer(FromViewer::Probe(Probe { probe_us, with_picture: flags & 1 != 0 }));
        let ack = Ack { stream: a, received: b, shown: c, decode_us: d, delay_us: e, arrived: None };
        round_trip_viewer(FromViewer::Ack(ack));
        round_trip_viewer(FromViewer::Ack(Ack { arrived: Some(a), ..ack }));
        round_trip_viewer(FromViewer::Wish(Wish { most_bits_per_second: a }));
        let state = State { hidden: flags & 1 != 0, paused: flags & 2 != 0, slow_device: flags & 4 != 0 };
        round_trip_viewer(FromViewer::State(state));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), kind in 0u8..10) {
        let _ = FromServer::parse(&bytes);
        let _ = FromViewer::parse(&bytes);
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        let _ = FromServer::parse(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = 0x80 | kind;
        }
        let _ = FromViewer::parse(&bytes);
    }
}
