//! Once its buffers have grown, a player allocates nothing for a message: parts and whole pictures, bands, probes, what is
//! sent back, figures for the overlay.
//!
//! Here belongs one test alone: what another one allocates meanwhile would be counted.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../mpeg1/tests/allocations/counting.rs"]
mod counting;

use common::Camera;
use counting::Counting;
use mpeg1::encode::Intra;
use player::Events;
use player::live::Live;
use wire::{
    ClockReply, Codec, FromServer, LONGEST_FROM_VIEWER, Picture, StreamHeader, TimeMeaning, UnitFlags,
    UnitHeader,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

const SIZE: (usize, usize) = (64, 48);

fn bytes(message: FromServer<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes);
    bytes
}

fn stream_header() -> Vec<u8> {
    bytes(FromServer::Stream(StreamHeader {
        stream: 1,
        codec: Codec::Mpeg1,
        width: SIZE.0 as u16,
        height: SIZE.1 as u16,
        rate: (25, 1),
        epoch_unix_us: 0,
        bits_per_second: 0,
        rendition: 0,
    }))
}

/// Pictures, every third one in two messages, every fifth one twice; between them replies to probes.
fn messages() -> Vec<Vec<u8>> {
    let mut camera = Camera::new(SIZE.0, SIZE.1);
    let mut messages = Vec::new();
    for sequence in 0..60 {
        let unit = camera.unit(if sequence == 0 { Intra::Force } else { Intra::Auto });
        let start = if sequence == 0 { UnitFlags::START } else { UnitFlags::default() };
        let message = |flags: UnitFlags, payload: &[u8]| {
            let meaning = TimeMeaning::Driver;
            let captured_us = 40_000 * u64::from(sequence);
            let (stream, picture, flags) = (1, Picture::Predicted, flags.with(start));
            let header = UnitHeader { stream, sequence, picture, flags, meaning, captured_us };
            bytes(FromServer::Unit(header, payload))
        };
        let whole = UnitFlags::FIRST.with(UnitFlags::LAST);
        if sequence % 3 == 2 {
            messages.push(message(UnitFlags::FIRST, &unit));
            messages.push(message(UnitFlags::LAST, &[]));
        } else {
            messages.push(message(whole, &unit));
        }
        if sequence % 5 == 4 {
            messages.push(message(whole, &camera.unit(Intra::Auto)));
        }
        let time_us = 40_000 * u64::from(sequence);
        messages.push(bytes(FromServer::Clock(ClockReply { probe_us: time_us, server_us: time_us })));
    }
    messages
}

/// Plays all messages, as a page does.
fn play(live: &mut Live, messages: &[Vec<u8>], now_us: &mut u64) -> u32 {
    let mut painted = 0;
    let mut out = [0; LONGEST_FROM_VIEWER];
    for message in messages {
        *now_us += 20_000;
        if live.message(message, *now_us).has(Events::PAINT) {
            live.convert();
            let _ = live.painted(1_000, *now_us);
            painted += 1;
        }
        let _ = live.tick(*now_us);
        while let Some(message) = live.next_outgoing() {
            message.write(&mut out);
        }
        let _ = live.statistics().shown.per_second(*now_us);
    }
    painted
}

#[test]
fn nothing_is_allocated_for_a_picture() {
    let (messages, header) = (messages(), stream_header());
    let (mut live, mut now_us, mut painted) = (Live::new(None), 1_000_000, 0);
    let _ = live.connected(now_us);
    let _ = live.message(&header, now_us);
    play(&mut live, &messages, &mut now_us);
    let allocated = ALLOCATOR.during(|| painted = play(&mut live, &messages, &mut now_us));
    assert_eq!((painted, allocated), (72, 0));
    assert_eq!(ALLOCATOR.during(|| drop(std::hint::black_box(vec![1u8; 9]))), 1, "allocations are counted");
}
