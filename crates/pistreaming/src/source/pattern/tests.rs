//! Pictures drawn and looked at: the strip, the colours, that none comes twice.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings as Coding};

use super::*;
use crate::source::play::tests::{Keeper, settings};

fn drawn(width: u16, height: u16, unix_us: u64) -> Vec<u8> {
    let size = FrameSize::new(width, height).unwrap();
    let mut samples = vec![0; size.i420_len()];
    Pattern::new(size, "24".parse().unwrap()).draw(&mut samples, unix_us);
    samples
}

#[test]
fn the_time_alone_decides_the_picture() {
    assert_eq!(drawn(64, 48, 1_700_000_000_123_456), drawn(64, 48, 1_700_000_000_123_456));
    assert_ne!(drawn(64, 48, 1_700_000_000_123_456), drawn(64, 48, 1_700_000_001_123_456));
}

#[test]
fn it_does_not_repeat_within_a_minute() {
    let size = FrameSize::new(64, 48).unwrap();
    let pattern = Pattern::new(size, "24".parse().unwrap());
    let mut samples = vec![0; size.i420_len()];
    let mut seen = HashSet::new();
    for frame in 0..24 * 60 {
        pattern.draw(&mut samples, 1_700_000_000_000_000 + frame * 1_000_000 / 24);
        let mut hasher = DefaultHasher::new();
        samples.hash(&mut hasher);
        assert!(seen.insert(hasher.finish()), "frame {frame}");
    }
}

#[test]
fn every_size_is_drawn_within_the_video_range() {
    for (width, height) in [(16, 16), (17, 33), (160, 16), (640, 480), (4095, 17), (33, 2800)] {
        let samples = drawn(width, height, 1_700_000_000_123_456);
        assert!(samples.iter().all(|sample| (16..=240).contains(sample)), "{width}x{height}");
    }
}

#[test]
fn the_clock_reads_as_a_clock() {
    assert_eq!(&clock_text(0), b"00:00:00.000");
    assert_eq!(&clock_text(86_400_000_000 + 45_296_789_999), b"12:34:56.789");
}

#[test]
fn frames_are_counted_and_their_strip_is_their_time_though_flipped() {
    let mut settings = settings("160x32", "240");
    (settings.hflip, settings.vflip) = (true, true);
    let clock = Clock::start();
    let keeper = Keeper::new(5);
    assert_eq!(run(&settings, clock, &keeper, &keeper.shutdown), Ended::Stopped);
    let kept = keeper.kept();
    assert_eq!(kept.known, [(settings.size, settings.frames_per_second)]);
    let frames = kept.frames;
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(frame.sequence, number as u64);
        let shown = strip::read(frame.planes()[0], 160, 160, 32);
        assert_eq!(shown, Some(strip::value(clock.to_unix_us(frame.captured))));
    }
    assert!(frames.is_sorted_by(|one, next| one.captured < next.captured));
}

/// What changes from black to white changes most of all, so it waits for nothing: not even where there are hardly enough
/// bits, and the macroblocks around it have little to code, which is hard to foretell. (It did in one picture in 300.)
#[test]
fn the_strip_is_right_in_every_coded_picture() {
    let size = FrameSize::new(640, 480).unwrap();
    let pattern = Pattern::new(size, "24".parse().unwrap());
    let rate = Rate::BitsPerSecond(500_000);
    let mut encoder = Encoder::new(Coding { adaptive: true, ..Coding::new(640, 480, 24.0, rate) }).unwrap();
    let mut samples = vec![0; size.i420_len()];
    for frame in 0..1200 {
        let unix_us = 1_800_000_000_000_000 + frame * 1_000_000 / 24;
        pattern.draw(&mut samples, unix_us);
        strip::draw(&mut samples, size, strip::value(unix_us));
        encoder.encode(PictureView::from_i420(&samples, 640, 480), Intra::Auto, &mut Vec::new());
        let luma = encoder.reference().y;
        assert_eq!(
            strip::read(luma.samples, luma.stride, 640, 480),
            Some(strip::value(unix_us)),
            "picture {frame}"
        );
    }
}
