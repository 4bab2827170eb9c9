//! Viewers that are broken or mean: service to the others goes on, and what was taken is given back.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use crate::support::viewer::receive;
use crate::support::{Live, Program, http};
use socket2::{Domain, Socket, Type};
use tungstenite::Message;

/// A handshake without its end.
const HALF: &[u8] =
    b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Vers";

/// What the server holds: open files, and resident memory in KiB.
pub(crate) fn held(program: &Program) -> (usize, u64) {
    let files = std::fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (files, resident.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Waits until all that came is gone again; the memory that is held then may be more by `leeway` KiB.
pub(crate) fn gives_back(program: &Program, before: (usize, u64), leeway: u64) {
    while held(program).0 > before.0 {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    let after = held(program);
    assert!(after.1 < before.1 + leeway, "{before:?}, then {after:?}");
}

#[test]
fn all_are_back_after_a_server_that_was_killed() {
    let first = Program::start(&["--size", "64x48"]);
    let (port, ws) = (first.http.to_string(), first.ws.to_string());
    let mut viewers: Vec<_> = (0..200).map(|_| Live::open(first.http)).collect();
    viewers.iter_mut().for_each(|viewer| drop(viewer.picture()));
    // A killed server says nothing; the kernel closes its sockets.
    drop(first);
    let second = Program::start(&["--size", "64x48", "--port", &port, "--ws-port", &ws]);
    viewers = viewers.iter().map(|_| Live::open(second.http)).collect();
    viewers.iter_mut().for_each(|viewer| drop(viewer.picture()));
    assert_eq!(second.stats()["viewers"].as_array().unwrap().len(), viewers.len());
}

#[test]
fn handshakes_that_never_end_hold_nothing_up_and_are_closed() {
    let program = Program::start(&["--size", "64x48"]);
    let before = held(&program);
    let mut slow: Vec<_> = (0..200).map(|_| http::connect(program.http)).collect();
    let mut good = Live::open(program.http);
    for byte in HALF.chunks(1) {
        // Who is closed already may not be written to.
        slow.iter_mut().for_each(|stream| drop(stream.write(byte)));
        good.picture();
    }
    for stream in &mut slow {
        let mut said = Vec::new();
        // Closed, perhaps with bytes of ours unread.
        let _ = stream.read_to_end(&mut said);
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&said));
    }
    drop((slow, good));
    gives_back(&program, before, 8 << 10);
}

#[test]
fn junk_in_place_of_frames_ends_its_sender_with_a_code() {
    let program = Program::start(&["--size", "64x48"]);
    let mut good = Live::open(program.http);
    let masked = [0x80_u8, 0, 0, 0, 0];
    let long_ping = [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat();
    let huge = [0x82, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];
    let endless = [&[0x02, 0xfe, 0x80, 0, 0, 0, 0, 0][..], &[0; 0x8000]].concat();
    let endless = [&endless[..], &[0x00, 0xfe, 0x90, 0, 0, 0, 0, 0], &[0; 0x9000]].concat();
    for (junk, code) in [
        (&b"\x82\x05hello"[..], 1002),
        (&[&[0xf2][..], &masked].concat(), 1002),
        (&[&[0x83][..], &masked].concat(), 1002),
        (&[&[0x80][..], &masked].concat(), 1002),
        (&[&[0x09][..], &masked].concat(), 1002),
        (&long_ping, 1002),
        (b"\x81\x82\0\0\0\0\xff\xff", 1002),
        (b"\x82\x80\0\0\0\0", 1002),
        (b"\x82\x83\0\0\0\0\x82\0\0", 1002),
        (&huge, 1009),
        (&endless, 1009),
    ] {
        let mut bad = Live::open(program.http);
        // The server may have closed before it has read all.
        let _ = bad.socket.get_mut().write_all(junk);
        let close = loop {
            if let Err(close) = receive(&mut bad.socket) {
                break close.map(|frame| u16::from(frame.code));
            }
        };
        assert_eq!(close, Some(code), "{:?}", &junk[..junk.len().min(20)]);
        good.picture();
    }
}

#[test]
fn a_flood_of_pings_is_bounded_and_holds_up_nobody_else() {
    let program = Program::start(&["--size", "64x48"]);
    let (mut flood, mut good) = (Live::open(program.http), Live::open(program.http));
    good.picture();
    let before = held(&program);
    flood.socket.get_ref().set_nonblocking(true).unwrap();
    // Until the server reads no more of them: its answers are not read.
    let pings = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[7; 125]].concat().repeat(64);
    let (mut waits, mut at, mut sent) = (0, 0, 0);
    while waits < 50 {
        match flood.socket.get_mut().write(&pings[at..]) {
            Ok(count) => (waits, at, sent) = (0, (at + count) % pings.len(), sent + count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                waits += 1;
                good.picture();
            }
            Err(error) => panic!("closed: {error}"),
        }
    }
    let after = held(&program);
    assert!(after.1 < before.1 + (4 << 10), "{before:?}, then {after:?}");
    // Who reads in the end is answered, each time.
    flood.socket.get_ref().set_nonblocking(false).unwrap();
    let mut answers = sent / (6 + 125);
    while answers > 0 {
        answers -= usize::from(matches!(flood.socket.read().unwrap(), Message::Pong(_)));
    }
    drop(flood);
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().len() == 1);
}

/// A connection between these addresses of the machine's own.
pub(crate) fn between(from: Ipv4Addr, to: Ipv4Addr, port: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&SocketAddr::from((to, port)).into()).unwrap();
    socket.set_read_timeout(Some(http::PATIENCE)).unwrap();
    socket.into()
}

#[test]
fn thousands_who_come_and_go_at_once_leave_nothing_behind() {
    let program = Program::start(&["--size", "64x48"]);
    let mut good = Live::open(program.http);
    good.picture();
    let port = program.http;
    let storm = move || {
        for count in 0..1500_u16 {
            let from = Ipv4Addr::new(127, 0, 0, 2 + (count % 8) as u8);
            let mut stream = between(from, Ipv4Addr::LOCALHOST, port);
            match count % 5 {
                // At once, with a request, in the middle of one, without reading what comes; and as a viewer.
                0 => {}
                1 => drop(stream.write_all(b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n")),
                2 => drop(stream.write_all(HALF)),
                3 => drop(stream.write_all(b"GET /player.js HTTP/1.1\r\nHost: x\r\n\r\n")),
                _ => drop(Live::over(stream)),
            }
        }
    };
    // The first storm makes room in memory for the second.
    let mut before = held(&program);
    for leeway in [32 << 10, 4 << 10] {
        let storm = thread::spawn(storm);
        while !storm.is_finished() {
            good.picture();
        }
        storm.join().unwrap();
        gives_back(&program, before, leeway);
        before.1 = held(&program).1;
    }
    good.picture();
}

#[test]
fn what_a_crowd_took_of_memory_is_given_back_when_it_has_gone() {
    let program = Program::start(&["--size", "64x48"]);
    let mut good = Live::open(program.http);
    good.picture();
    let before = held(&program).1;
    let mut crowd: Vec<_> = (0..400).map(|_| Live::open(program.http)).collect();
    crowd.iter_mut().for_each(|viewer| drop(viewer.picture()));
    let taken = held(&program).1 - before;
    drop(crowd);
    let begun = Instant::now();
    while held(&program).1 > before + taken / 2 {
        assert!(begun.elapsed() < http::PATIENCE, "{before} KiB, {taken} more, then {:?}", held(&program));
        good.picture();
    }
}

#[test]
fn a_message_in_pieces_and_pings_between_is_understood() {
    let program = Program::start(&["--size", "64x48"]);
    let mut live = Live::open(program.http);
    let probe = wire::FromViewer::Probe(wire::Probe { probe_us: 77, with_picture: false });
    let mut bytes = [0; wire::LONGEST_FROM_VIEWER];
    let len = probe.write(&mut bytes);
    let (one, other) = bytes[..len].split_at(5);
    let frame = |first: u8, part: &[u8]| [&[first, 0x80 | part.len() as u8, 0, 0, 0, 0], part].concat();
    let pieces = [frame(0x02, one), frame(0x89, b"ping"), frame(0x80, other)].concat();
    live.socket.get_ref().set_nodelay(true).unwrap();
    pieces.chunks(3).for_each(|piece| live.socket.get_mut().write_all(piece).unwrap());
    let (mut pong, mut clock) = (false, false);
    while !(pong && clock) {
        match live.socket.read().unwrap() {
            Message::Pong(bytes) => pong = &bytes[..] == b"ping",
            Message::Binary(bytes) => {
                if let Ok(Some(wire::FromServer::Clock(reply))) = wire::FromServer::parse(&bytes) {
                    clock = reply.probe_us == 77;
                }
            }
            _ => {}
        }
    }
}
