//! A picture whose coding takes long is sent in parts while it is being coded, to those who know what parts are.

use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;
use tungstenite::Message;

use crate::legacy::behind_a_picture;
use crate::support::{Live, Old, Program};

/// Pictures until some have come in parts, at most.
const PATIENCE: u32 = 300;

#[test]
fn large_pictures_come_in_parts_and_are_those_that_an_old_page_gets_whole() {
    // One thread takes more than 5 ms for these, whatever the machine.
    let large = ["--size", "2560x1440", "--fps", "8", "--bitrate", "4M", "--threads", "1"];
    let program = Program::start(&[&large[..], &["--renditions", "0"]].concat());
    let (mut live, old) = (Live::open(program.http), messages(Old::open(program.ws, "/")));
    live.picture();
    let mut pictures = Vec::new();
    while live.in_parts < 5 {
        pictures.push(live.picture().1);
        assert!(pictures.len() < PATIENCE as usize, "{} in parts", live.in_parts);
    }
    assert_eq!(live.missed, 0);
    // A picture is counted when it was sent; it may have been read by then.
    program.wait_for_stats(|stats| in_parts(stats, "live") >= 5);
    assert_eq!(in_parts(&program.stats(), "legacy"), 0);
    // The old page gets what stands behind the picture's start code, a run-out, and then the next one's.
    let last = &pictures[pictures.len() - 1][4..];
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message| *message != last) {
        let message = old.recv().unwrap();
        messages.push(message.strip_suffix(&behind_a_picture()[..]).unwrap_or(&message).to_vec());
        assert!(messages.len() < PATIENCE as usize, "the old page is sent the same pictures");
    }
    for (message, picture) in messages.iter().rev().zip(pictures.iter().rev()).take(5) {
        assert!(*message == picture[4..]);
    }
}

/// What an old page is sent, taken as it comes: who leaves pictures lying for as long as it takes to code some is behind, and
/// is sent others.
fn messages(mut old: Old) -> Receiver<Vec<u8>> {
    let (messages, taken) = channel();
    std::thread::spawn(move || {
        while let Ok(Message::Binary(bytes)) = old.socket.read() {
            if messages.send(bytes.to_vec()).is_err() {
                return;
            }
        }
    });
    taken
}

/// How many pictures the viewer of this protocol was sent in parts, by `/stats`.
fn in_parts(stats: &Value, protocol: &str) -> u64 {
    let viewers = stats["viewers"].as_array().unwrap();
    let viewer = viewers.iter().find(|viewer| viewer["protocol"] == protocol).unwrap();
    viewer["pictures_in_parts"].as_u64().unwrap()
}
