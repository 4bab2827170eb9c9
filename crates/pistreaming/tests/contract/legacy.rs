//! Rows 5 and 7: the old protocol.

use crate::support::viewer::open;
use crate::support::{Live, Old, Program, http};

const PICTURE_START: [u8; 4] = [0, 0, 1, 0];

pub(crate) fn picture_starts(bytes: &[u8]) -> usize {
    bytes.windows(4).filter(|four| *four == PICTURE_START).count()
}

/// A run-out, which is user data that reads as no picture's header from any of its bits, and the next start code.
pub(crate) fn behind_a_picture() -> Vec<u8> {
    [&[0, 0, 1, 0xb2][..], &[0xff; 30], &PICTURE_START].concat()
}

#[test]
fn the_header_comes_first_on_any_path() {
    let program = Program::start(&["--size", "320x240"]);
    for path in ["/", "/any/path?x"] {
        assert_eq!(Old::open(program.ws, path).size, (320, 240));
    }
    let program = Program::start(&[]);
    assert_eq!(Old::open(program.ws, "/").size, (640, 480), "the original's size");
}

#[test]
fn each_message_ends_with_the_next_picture_s_start_code() {
    let program = Program::start(&["--size", "64x48", "--fps", "100"]);
    let mut client = Old::open(program.ws, "/");
    let first = client.message();
    assert!(first.starts_with(&[0, 0, 1, 0xb3]));
    assert_eq!(picture_starts(&first), 1);
    assert_eq!(client.message(), PICTURE_START);
    assert!([first, PICTURE_START.to_vec()].concat().ends_with(&behind_a_picture()));
    // Beyond the next start: its sequence header must not come.
    for _ in 0..150 {
        let message = client.message();
        assert_eq!(picture_starts(&message), 1);
        assert!(message.ends_with(&behind_a_picture()));
        assert!(!message.windows(4).any(|four| four == [0, 0, 1, 0xb3] || four == [0, 0, 1, 0xb8]));
    }
}

/// A recorder in an old page waits for an I picture, and nobody else pays for it.
#[test]
fn who_records_finds_an_i_picture_every_ten_seconds() {
    let program = Program::start(&["--size", "64x48"]);
    let mut client = Old::open(program.ws, "/");
    client.message();
    assert_eq!(client.message(), PICTURE_START);
    let mut live = Live::open(program.http);
    live.picture();
    // Behind the temporal reference, of 10 bits, come 3 of the picture's type, of which 1 is I.
    let mut pictures = std::iter::repeat_with(|| (client.message()[1] >> 3 & 7, live.picture().0));
    let count = pictures.by_ref().position(|(kind, header)| {
        assert!(!header.flags.has(wire::UnitFlags::START), "his own picture is a start for nobody else");
        kind == 1
    });
    let since = program.stats()["viewers"][0]["connected_s"].as_f64().unwrap();
    assert!(count > Some(100) && since > 9.5, "after {since} s, behind {count:?} pictures");
}

#[test]
fn without_a_port_of_their_own_old_clients_are_served_on_the_page_s() {
    let program = Program::start(&["--ws-port", "none", "--size", "64x48"]);
    for path in ["/", "/index.html", "/anything"] {
        assert_eq!(Old::open(program.http, path).size, (64, 48));
    }
    assert!(http::get(program.http, "/index.html").status == 200);
    Live::open(program.http).picture();
    let live_without_protocol = open(http::connect(program.http), "/live", &[]);
    assert_eq!(live_without_protocol.map(|_| ()), Err(400), "that path is the live protocol's");
}

#[test]
fn with_a_port_of_their_own_they_are_not() {
    let program = Program::start(&[]);
    assert_eq!(open(http::connect(program.http), "/", &[]).map(|_| ()), Err(301));
}

#[test]
fn a_protocol_that_an_old_client_asks_for_is_granted() {
    let program = Program::start(&[]);
    assert!(open(http::connect(program.ws), "/", &[("sec-websocket-protocol", "null")]).is_ok());
}

#[test]
fn another_size_ends_the_connection() {
    let mut program = Program::start(&["--source", "stdin", "--size", "64x48"]);
    let mut client = Old::open(program.ws, "/");
    assert_eq!(client.size, (64, 48));
    let mut stdin = program.stdin();
    let frame = [&b"YUV4MPEG2 W16 H16 F24:1\nFRAME\n"[..], &[128; 384]].concat();
    std::io::Write::write_all(&mut stdin, &frame).unwrap();
    let close = crate::support::viewer::receive(&mut client.socket).unwrap_err().unwrap();
    assert!(close.reason.contains("size"), "{close:?}");
    assert_eq!(Old::open(program.ws, "/").size, (16, 16), "loading the page again helps");
}

#[test]
fn the_first_client_is_told_the_size_that_the_source_has_itself() {
    // Nobody has watched it yet, and so nothing was coded.
    let frames = "printf 'YUV4MPEG2 W96 H80 F10:1\\nFRAME\\n'; head -c 11520 /dev/zero; sleep 600";
    let program = Program::start(&["--source", &format!("exec:{frames}")]);
    program.wait_for_stats(|stats| stats["source"]["frames_captured"] == 1);
    assert!(http::get(program.http, "/index.html").text().contains(r#"width="96" height="80""#));
    let mut client = Old::open(program.ws, "/");
    assert_eq!(client.size, (96, 80));
    client.message();
}

#[test]
fn several_clients_get_the_same_stream() {
    let program = Program::start(&["--size", "64x48"]);
    let (mut one, mut two) = (Old::open(program.ws, "/"), Old::open(program.ws, "/"));
    let seen: Vec<Vec<_>> =
        [&mut one, &mut two].map(|client| (0..20).map(|_| client.message()).collect()).into();
    let common = seen[1].iter().skip(2).filter(|message| seen[0].contains(message)).count();
    assert!(common > 10, "{common}");
}
