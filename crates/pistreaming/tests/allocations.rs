//! No frame costs an allocation on its way from a source to where it is coded: read, converted, scaled, cut, flipped and
//! turned. The library that decodes a webcam's JPEG is the exception. Nor does it cost one to share out anew with each picture
//! what all viewers together may be sent.
//!
//! Here belongs one test alone: what another one allocates meanwhile would be counted.

#[path = "../../mpeg1/tests/allocations/counting.rs"]
mod counting;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use counting::Counting;
use mpeg1::level;
use pistreaming::frame::{Frame, FrameSize};
use pistreaming::hub::{Hub, Link, Viewer};
use pistreaming::mailbox::Mailbox;
use pistreaming::shutdown::Shutdown;
use pistreaming::source::convert::{Arrangement, Colour, Converter, Layout, Matrix, Scaler};
use pistreaming::source::mjpeg::Mjpeg;
use pistreaming::source::{self, Ended, FrameRate, Quarter, Settings, Sink};
use pistreaming::time::{Clock, Timestamp};
use pistreaming::unit::{AccessUnit, Picture, TimeMeaning};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// Counts what is allocated from its tenth frame to its thirtieth, which is the last.
struct Counter {
    shutdown: Shutdown,
    frames: AtomicUsize,
    before: AtomicUsize,
    meanwhile: AtomicUsize,
}

impl Sink for Counter {
    fn size_known(&self, _: FrameSize, _: FrameRate) {}

    fn frame(&self, _: Frame) {
        match self.frames.fetch_add(1, Ordering::SeqCst) {
            10 => self.before.store(ALLOCATOR.so_far(), Ordering::SeqCst),
            30 => {
                self.meanwhile
                    .store(ALLOCATOR.so_far() - self.before.load(Ordering::SeqCst), Ordering::SeqCst);
                self.shutdown.trigger();
            }
            _ => {}
        }
    }

    fn note(&self, text: String) {
        panic!("{text}");
    }
}

/// Allocations of a source in twenty frames.
fn of_source(settings: &Settings) -> usize {
    let shutdown = Shutdown::new().unwrap();
    let zero = AtomicUsize::default;
    let counter = Counter { shutdown: shutdown.clone(), frames: zero(), before: zero(), meanwhile: zero() };
    let chosen = source::choose(settings).unwrap();
    let ended = source::run(&chosen, settings, Clock::start(), &counter, &shutdown);
    assert_eq!(ended.unwrap(), Ended::Stopped);
    counter.meanwhile.into_inner()
}

/// Allocations of what has been done once already.
fn of_second(mut work: impl FnMut()) -> usize {
    work();
    ALLOCATOR.during(work)
}

/// Allocations for twenty pictures that eight viewers are given, who together may be sent so many bits a second, if there is
/// a limit.
fn of_crowd(limit: Option<u32>) -> usize {
    let hub = Hub::new(true, Arc::new(Mailbox::new()));
    hub.offer_renditions(4);
    if let Some(bits_per_second) = limit {
        hub.limit_upload(bits_per_second);
    }
    let stream = hub.begin_stream(FrameSize::new(640, 480).unwrap(), (24, 1), 800_000);
    let mut viewers: Vec<Viewer> = (0..8).map(|_| hub.join()).collect();
    let mut go_on = |sequence: u32| {
        let now = Timestamp::from_micros(1_000_000 + 41_000 * u64::from(sequence));
        hub.publish(AccessUnit {
            stream: stream.id,
            sequence,
            picture: Picture::Predicted,
            start: sequence == 0,
            captured: now,
            meaning: TimeMeaning::Arrival,
            coded: now,
            coding: Duration::ZERO,
            bytes: Bytes::from_static(&[0; 1000]),
        });
        for (n, viewer) in viewers.iter_mut().enumerate() {
            let link = Link { now, rate: Some(20e3 * f64::from(n as u32 + sequence)), ..Link::default() };
            assert!(std::iter::from_fn(|| viewer.step(link)).count() <= 1);
        }
    };
    // The first ones make room.
    (0..100).for_each(&mut go_on);
    ALLOCATOR.during(|| (100..120).for_each(&mut go_on))
}

#[test]
fn a_frame_costs_none() {
    let size = FrameSize::new(162, 98).unwrap();
    let file = std::env::temp_dir().join(format!("pistreaming-frames-{}", std::process::id()));
    std::fs::write(&file, vec![90; 3 * size.i420_len()]).unwrap();
    for (source, flips) in [("pattern".to_owned(), false), (format!("file:{}", file.display()), true)] {
        for turn in [None, Some(Quarter::Left)] {
            for crop in [None, Some("64x49+2+4".parse().unwrap())] {
                let rate = FrameRate::new(240, 1).unwrap();
                let settings = Settings::new(source.parse().unwrap(), size, rate);
                let settings = Settings { hflip: flips, vflip: flips, turn, crop, ..settings };
                assert_eq!(of_source(&settings), 0, "{source} {turn:?} {crop:?}");
            }
        }
    }
    std::fs::remove_file(&file).unwrap();

    let memory = vec![100; 8 * size.i420_len()];
    let mut samples = vec![0; size.i420_len()];
    for arrangement in [
        Arrangement::Packed { luma_first: true, cr_first: false },
        Arrangement::SemiPlanar { cr_first: true },
        Arrangement::Planar { cr_first: false },
        Arrangement::Grey,
    ] {
        let colour = Colour { matrix: Matrix::Bt709, full_range: true };
        let mut converter = Converter::new(Layout { size, arrangement, strides: [400, 0, 0], colour });
        assert_eq!(of_second(|| converter.convert(&[&memory], &mut samples).unwrap()), 0, "{arrangement:?}");
    }
    let mut scaler = Scaler::new(size, FrameSize::new(64, 64).unwrap());
    let mut small = vec![0; 64 * 96];
    assert_eq!(of_second(|| scaler.scale(&samples, &mut small)), 0);

    assert_eq!(of_crowd(Some(50_000_000)), of_crowd(None));

    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 85);
    encoder.encode(&vec![80; 162 * 98 * 3], 162, 98, jpeg_encoder::ColorType::Ycbcr).unwrap();
    let mut decoder = Mjpeg::with_level(size, source::Window::whole(size), level::best());
    let count = of_second(|| decoder.decode(&jpeg, &mut samples).unwrap());
    // Tables and rows of one picture: the library has no way to keep them.
    assert!(count < 60, "{count} allocations for a JPEG picture");
    println!("{count} allocations for a JPEG picture");
}
