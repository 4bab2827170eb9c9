//! A viewer of the old protocol: the stream in every way in which it may be cut into messages.

mod common;

use common::{Camera, assert_same};
use mpeg1::encode::Intra;
use player::Events;
use player::old::Old;
use proptest::prelude::*;

const PICTURE_CODE: [u8; 4] = [0, 0, 1, 0];

fn header(camera: &Camera) -> Vec<u8> {
    [b"jsmp", &(camera.width as u16).to_be_bytes()[..], &(camera.height as u16).to_be_bytes()].concat()
}

/// A player that has the connection's header.
fn joined(camera: &Camera) -> Old {
    let mut player = Old::new();
    assert_eq!(player.message(&header(camera), 0), Events::RESIZE, "the canvas takes the size at once");
    assert_eq!((player.screen().width(), player.screen().height()), (camera.width, camera.height));
    assert_eq!(player.message(&header(camera), 0), Events::NONE);
    player
}

#[test]
fn a_message_that_ends_with_the_next_start_code_is_shown_at_once() {
    let mut camera = Camera::new(64, 48);
    let mut player = joined(&camera);
    let start = camera.unit(Intra::Auto);
    assert_eq!(player.message(&start, 0), Events::NONE, "nothing says yet that it is whole");
    for n in 0..12 {
        let unit = camera.unit(Intra::Auto);
        // Behind the first picture its own start code is still to come; then it was in the message before.
        let from = if n == 0 { 0 } else { PICTURE_CODE.len() };
        let message = [&unit[from..], &PICTURE_CODE].concat();
        assert_eq!(player.message(&message, 0), Events::PAINT);
        assert_same(player.screen().pixels(), &camera.shown());
    }
}

#[test]
fn one_picture_a_message_is_soon_shown_at_once() {
    let mut camera = Camera::new(64, 48);
    let mut player = joined(&camera);
    let mut late = 0;
    for n in 0..20 {
        let unit = camera.unit(if n % 7 == 0 { Intra::Force } else { Intra::Auto });
        let _ = player.message(&unit, 0);
        if player.screen().pixels() == camera.shown() {
            continue;
        }
        late += 1;
        assert!(n < 4, "picture {n} is still late");
    }
    assert_eq!(late, 4);
}

#[test]
fn trust_in_boundaries_that_was_wrong_costs_no_more_than_until_the_next_i_picture() {
    let mut camera = Camera::new(64, 48);
    let mut player = joined(&camera);
    for _ in 0..8 {
        let _ = player.message(&camera.unit(Intra::Auto), 0);
    }
    for cut in [7, 30, 61] {
        let unit = camera.unit(Intra::Auto);
        let (head, tail) = unit.split_at(cut.min(unit.len()));
        let _ = player.message(head, 0);
        let _ = player.message(tail, 0);
    }
    let _ = player.message(&camera.unit(Intra::Force), 0);
    let expected = camera.shown();
    let _ = player.message(&camera.unit(Intra::Auto)[..4], 0);
    assert_same(player.screen().pixels(), &expected);
}

#[test]
fn a_stream_without_the_header_plays_too() {
    // A page that makes its player after the first message came has not seen it.
    let mut camera = Camera::new(48, 48);
    let mut player = Old::new();
    let start = [camera.unit(Intra::Auto), PICTURE_CODE.to_vec()].concat();
    assert_eq!(player.message(&start, 0), Events::PAINT.with(Events::RESIZE));
    assert_same(player.screen().pixels(), &camera.shown());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// As a relay passes on what it reads from a pipe: pieces of any length.
    #[test]
    fn pieces_of_any_length_show_the_same_pictures(cuts in prop::collection::vec(1usize..900, 1..60)) {
        let mut camera = Camera::new(64, 48);
        let mut player = joined(&camera);
        let mut stream = Vec::new();
        for n in 0..12 {
            stream.extend(camera.unit(if n % 5 == 0 { Intra::Force } else { Intra::Auto }));
        }
        // The last picture's end shows at another start code; the sequence end code is one (2.4.1).
        let expected = camera.shown();
        stream.extend([0, 0, 1, 0xb7]);
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            let _ = player.message(piece, 0);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        assert_same(player.screen().pixels(), &expected);
    }

    #[test]
    fn nothing_that_comes_does_harm(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
        let mut camera = Camera::new(48, 32);
        let mut player = Old::new();
        for message in &messages {
            let _ = player.message(message, 0);
            let _ = player.message(&camera.unit(Intra::Auto), 0);
        }
        let _ = player.message(&[camera.unit(Intra::Force), PICTURE_CODE.to_vec()].concat(), 0);
        assert_same(player.screen().pixels(), &camera.shown());
    }
}
