//! Many viewers who only follow: what they are sent without being asked is what they would have asked for.

use std::collections::HashMap;
use std::thread::{JoinHandle, spawn};

use crate::support::viewer::Received;
use crate::support::{Live, Old, Program};
use rustix::process::Signal;
use wire::{FromViewer, Probe, UnitFlags};

/// More than can be given pictures in parts.
const EACH: usize = 10;
/// So many pictures each sees once his link is known to be wide.
const PICTURES: usize = 200;
/// Of pictures that are large enough to show what a link carries, whatever else the machine did a moment ago: one of 75 bytes shows
/// nothing, and a link over which some of them came late for once was never known to be wide again.
const PROGRAM: &[&str] = &["--size", "320x240", "--fps", "100"];

/// What a live viewer was given: not what was made for him alone.
type Pictures = HashMap<u32, Vec<u8>>;

fn watch(mut viewer: Live) -> (Live, Pictures) {
    let mut pictures = Pictures::new();
    let mut paced = 0;
    while paced < PICTURES {
        let (header, payload) = viewer.picture();
        viewer.acknowledge(&header);
        paced += usize::from(!viewer.pace.is_each());
        if paced == PICTURES / 2 && header.sequence % 8 == 0 {
            viewer.send(FromViewer::Probe(Probe { probe_us: header.captured_us, with_picture: true }));
        }
        if !header.flags.has(UnitFlags::START) {
            pictures.insert(header.sequence, payload);
        }
    }
    (viewer, pictures)
}

fn all<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn all_get_every_picture_and_the_same_ones() {
    all_get_the_same(Program::start(PROGRAM));
}

#[test]
fn all_get_them_where_there_is_no_io_uring() {
    all_get_the_same(Program::start_under(&["env", "PISTREAMING_NO_IO_URING=1"], PROGRAM));
}

fn all_get_the_same(program: Program) {
    let (http, ws) = (program.http, program.ws);
    let live: Vec<_> = (0..EACH).map(|_| spawn(move || watch(Live::open(http)))).collect();
    let old: Vec<_> = (0..EACH)
        .map(|_| {
            spawn(move || {
                let mut viewer = Old::open(ws, "/");
                let messages: Vec<_> = (0..2 * PICTURES).map(|_| viewer.message()).collect();
                (viewer, messages)
            })
        })
        .collect();
    // `picture` has checked that no picture was missing without a word.
    let live = all(live);
    let mut common = Pictures::new();
    for (sequence, payload) in live.iter().flat_map(|(_, pictures)| pictures) {
        let known = common.entry(*sequence).or_insert_with(|| payload.clone());
        assert_eq!(known, payload, "{sequence}");
    }
    let old = all(old);
    // Behind a start of his own, of which only the first has headers, each has what is everybody's.
    let (_, first) = &old[0];
    for (_, messages) in &old[1..] {
        let at = first.iter().position(|message| Some(message) == messages.last());
        let from = messages.iter().position(|message| Some(message) == first.last());
        let same = match (at, from) {
            (Some(at), _) => (&first[..=at], &messages[..]),
            (_, Some(from)) => (&first[..], &messages[..=from]),
            _ => panic!("they watched at different times"),
        };
        let pairs = same.0.iter().rev().zip(same.1.iter().rev());
        let count = pairs.take_while(|(one, other)| one == other).count();
        assert!(count > PICTURES / 2, "{count}");
    }
    program.signal(Signal::TERM);
    for (mut viewer, _) in live {
        while !matches!(viewer.receive(), Received::Ended(..)) {}
    }
}
