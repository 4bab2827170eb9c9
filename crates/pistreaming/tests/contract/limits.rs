//! One who behaves badly costs only himself.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::support::{Live, Old, Program, http};
use socket2::{Domain, Socket, Type};
use wire::{FromViewer, Probe};

/// A connection whose kernel takes next to nothing for it.
fn narrow(port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
    socket.set_read_timeout(Some(http::PATIENCE)).unwrap();
    socket.into()
}

#[test]
fn who_does_not_read_loses_pictures_and_nobody_else_does() {
    let program = Program::start(&["--bitrate", "20M"]);
    let _stalled = Live::over(narrow(program.http));
    let mut good = Live::open(program.http);
    let mut old = Old::open(program.ws, "/");
    let dropped = |viewer: usize| program.stats()["viewers"][viewer]["pictures_dropped"].as_u64().unwrap();
    let mut sequence = good.picture().0.sequence;
    let sent = || program.stats()["viewers"][0]["pictures_sent"].as_u64().unwrap();
    loop {
        let before = sent();
        for _ in 0..24 {
            let header = good.picture().0;
            assert_eq!(header.sequence, sequence + 1);
            sequence = header.sequence;
            assert!(!old.message().is_empty());
        }
        // Nothing more is sent to him: he is stalled, and the others were not disturbed.
        if sent() == before {
            break;
        }
    }
    assert_eq!((dropped(1), dropped(2)), (0, 0));
    assert!(program.stats()["encoder"]["held_bytes"].as_u64() < Some(8 << 20));
}

#[test]
fn who_reads_again_after_a_while_goes_on_with_a_start() {
    let program = Program::start(&["--bitrate", "20M"]);
    let mut slow = Live::over(narrow(program.http));
    slow.picture();
    program.wait_for_stall(1);
    // Reading checks that what comes can be decoded.
    while slow.missed == 0 {
        slow.picture();
    }
    assert!(program.stats()["viewers"][0]["pictures_dropped"].as_u64() > Some(0));
}

#[test]
fn a_silent_connection_holds_nothing_up_and_is_closed() {
    let program = Program::start(&[]);
    let mut silent: Vec<_> = (0..20).map(|_| http::connect(program.http)).collect();
    silent[1].write_all(b"GET / HT").unwrap();
    assert_eq!(http::get(program.http, "/").status, 301);
    for stream in &mut silent {
        // Closed, or closed behind "408".
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 4"), "{said:?}");
    }
}

#[test]
fn more_connections_than_there_are_files_for_are_refused_in_words() {
    let program = Program::start_after("ulimit -n 80", &["--size", "64x48"]);
    let mut viewer = Live::open(program.http);
    let mut held = Vec::new();
    let refused = loop {
        let mut stream = http::connect(program.http);
        stream.write_all(b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        if status.starts_with(b"HTTP/1.1 503") {
            break held.len();
        }
        assert_eq!(&status, b"HTTP/1.1 200");
        held.push(stream);
    };
    assert!((5..80).contains(&refused), "{refused}");
    viewer.picture();
    drop(held);
    // The places are free again once the server has seen that they left.
    while http::get(program.http, "/stats").status != 200 {}
}

#[test]
fn too_large_a_request_is_refused() {
    let program = Program::start(&[]);
    let long = format!("X-Long: {}", "x".repeat(100_000));
    let mut stream = http::connect(program.http);
    // The server may close before it has read all.
    let _ = stream.write_all(format!("GET / HTTP/1.1\r\nHost: x\r\n{long}\r\n\r\n").as_bytes());
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&said));
    assert_eq!(http::get(program.http, "/stats").status, 200);
}

#[test]
fn too_large_a_message_ends_only_its_sender() {
    let program = Program::start(&["--size", "64x48"]);
    let (mut bad, mut good) = (Live::open(program.http), Live::open(program.http));
    // The server may close before it has read all.
    let _ = bad.socket.send(tungstenite::Message::binary(vec![0; 1 << 20]));
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().len() == 1);
    (0..5).for_each(|_| drop(good.picture()));
}

#[test]
fn a_flood_of_questions_holds_up_nobody_else() {
    let program = Program::start(&["--size", "64x48"]);
    let (mut flood, mut good) = (Live::over(narrow(program.http)), Live::open(program.http));
    flood.socket.get_ref().set_nonblocking(true).unwrap();
    // He asks and never reads the answers, until the server takes no more.
    let mut asked = 0;
    while asked < 1_000_000 {
        let mut bytes = [0; wire::LONGEST_FROM_VIEWER];
        let len = FromViewer::Probe(Probe { probe_us: 0, with_picture: false }).write(&mut bytes);
        if flood.socket.send(tungstenite::Message::binary(bytes[..len].to_vec())).is_err() {
            break;
        }
        asked += 1;
    }
    let mut sequence = good.picture().0.sequence;
    for _ in 0..10 {
        let header = good.picture().0;
        assert_eq!(header.sequence, sequence + 1);
        sequence = header.sequence;
    }
}

#[test]
fn memory_stays_small_with_viewers() {
    let program = Program::start(&[]);
    let mut viewers: Vec<_> = (0..20).map(|_| Live::open(program.http)).collect();
    (0..48).for_each(|_| viewers.iter_mut().for_each(|viewer| drop(viewer.picture())));
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 30_000, "{kib} KiB");
}
