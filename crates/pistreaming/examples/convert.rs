//! How fast pictures are converted, scaled and turned, by the CPU's best instructions and by none of its vectors, in turns:
//! `cargo xtask bench convert` runs it. The least time of several turns counts.
//!
//! `--only WORDS` takes what has these words in its name. For a count of instructions, `--frames N` with `--level best` or
//! `--level scalar` does each N times and prints nothing.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mpeg1::level::{self, Level};
use pistreaming::frame::{FramePool, FrameSize, TimeMeaning};
use pistreaming::source::convert::{Arrangement, Colour, Converter, Layout, Matrix, Scaler};
use pistreaming::source::flip::Flip;
use pistreaming::source::mjpeg::Mjpeg;
use pistreaming::source::turn::Turner;
use pistreaming::source::{Quarter, Window};
use pistreaming::stills;
use pistreaming::time::Timestamp;

const SIZES: [(u16, u16); 3] = [(640, 480), (1280, 720), (1920, 1080)];
/// So many turns, each of about this time by each level.
const TURNS: usize = 7;
const TURN: Duration = Duration::from_millis(25);

/// Something that is done to a picture.
type Work = Box<dyn FnMut()>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut only = String::new();
    let (mut frames, mut level) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match (name.as_str(), value.as_str()) {
            ("--only", words) => only = words.into(),
            ("--frames", number) => frames = Some(number.parse::<usize>()?),
            ("--level", "best") => level = Some(level::best()),
            ("--level", "scalar") => level = Some(Level::fallback()),
            _ => return Err(format!("unknown option {name} {value}").into()),
        }
    }
    if frames.is_none() {
        println!(
            "{:<44}{:>10}{:>10}{:>8}{:>22}",
            "frames/s", "vectors", "scalar", "ratio", "% of a core at 30/s"
        );
    }
    for (width, height) in SIZES {
        let size = FrameSize::new(width, height)?;
        for case in cases(size).into_iter().filter(|case| case.name.contains(&only)) {
            match (frames, level) {
                (Some(frames), Some(level)) => {
                    let mut work = (case.make)(level);
                    (0..frames).for_each(|_| work());
                }
                _ => compare(&case),
            }
        }
    }
    Ok(())
}

/// Prints both levels' frames per second.
fn compare(case: &Case) {
    let [mut vectors, mut scalar] = [level::best(), Level::fallback()].map(|level| (case.make)(level));
    let (mut best, mut least) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        best = best.min(seconds(&mut vectors));
        least = least.min(seconds(&mut scalar));
    }
    let (ratio, share) = (least / best, 3000.0 * best);
    println!("{:<44}{:>10.0}{:>10.0}{ratio:>8.2}{share:>22.2}", case.name, 1.0 / best, 1.0 / least);
}

/// Seconds that it takes once.
fn seconds(work: &mut Work) -> f64 {
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < TURN {
        work();
        count += 1;
    }
    begun.elapsed().as_secs_f64() / f64::from(count)
}

struct Case {
    name: String,
    make: Box<dyn Fn(Level) -> Work>,
}

fn cases(size: FrameSize) -> Vec<Case> {
    let case = |name: &str, make: Box<dyn Fn(Level) -> Work>| Case { name: format!("{size} {name}"), make };
    let packed = Arrangement::Packed { luma_first: true, cr_first: false };
    let planar = Arrangement::Planar { cr_first: false };
    let plain = Colour::default();
    let full = Colour { full_range: true, ..plain };
    let mut all = Vec::new();
    for (name, arrangement, colour) in [
        ("YUYV", packed, plain),
        ("UYVY", Arrangement::Packed { luma_first: false, cr_first: false }, plain),
        ("YUYV by BT.709", packed, Colour { matrix: Matrix::Bt709, ..plain }),
        ("NV12", Arrangement::SemiPlanar { cr_first: false }, plain),
        ("YU12", planar, plain),
        ("YU12 of full range (Pi camera)", planar, full),
        ("GREY", Arrangement::Grey, full),
    ] {
        all.push(case(name, Box::new(move |level| converting(size, arrangement, colour, level))));
    }
    all.push(case("coded as JPEG, in all", Box::new(move |level| coding(size, level))));
    all.push(case("MJPG 4:2:2, in all", Box::new(move |level| decoding(size, level))));
    for (name, part) in [("to a half", 2), ("to two thirds", 3)] {
        let to = |side: usize| (side * if part == 2 { 1 } else { 2 } / part) as u16;
        let small = FrameSize::new(to(size.width()), to(size.height())).expect("a size");
        all.push(case(&format!("scaled {name}"), Box::new(move |level| scaling(size, small, level))));
    }
    let half = FrameSize::new(size.width() as u16 / 2, size.height() as u16 / 2).expect("a size");
    all.push(case("scaled from a half", Box::new(move |level| scaling(half, size, level))));
    for (name, flips, quarter) in [
        ("turned by 90", (false, false), Some(Quarter::Right)),
        ("turned by 270 and mirrored", (true, false), Some(Quarter::Left)),
    ] {
        all.push(case(name, Box::new(move |level| turning(size, flips, quarter, level))));
    }
    all.push(case("turned by 180, in place", Box::new(move |level| flipping(size, (true, true), level))));
    all.push(case("mirrored, in place", Box::new(move |level| flipping(size, (true, false), level))));
    all
}

/// Something like a picture: gradients with noise on them.
fn picture(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 31
    };
    (0..bytes).map(|index| (60 + index / 97 % 120) as u8 + noise() as u8).collect()
}

fn converting(size: FrameSize, arrangement: Arrangement, colour: Colour, level: Level) -> Work {
    let wide = matches!(arrangement, Arrangement::Packed { .. });
    let stride = (size.width() * if wide { 2 } else { 1 }).next_multiple_of(64);
    let layout = Layout { size, arrangement, strides: [stride, 0, 0], colour };
    let memory = picture(2 * stride * size.height());
    let mut samples = vec![0; size.i420_len()];
    let mut converter = Converter::with_level(layout, level);
    Box::new(move || converter.convert(black_box(&[&memory]), &mut samples).expect("a whole picture"))
}

fn decoding(size: FrameSize, level: Level) -> Work {
    let (width, height) = (size.width() as u16, size.height() as u16);
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 85);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_1);
    let pixels = picture(3 * size.width() * size.height());
    encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Ycbcr).expect("a size that JPEG has");
    let mut samples = vec![0; size.i420_len()];
    let mut decoder = Mjpeg::with_level(size, Window::whole(size), level);
    Box::new(move || decoder.decode(black_box(&jpeg), &mut samples).expect("a whole picture"))
}

fn coding(size: FrameSize, level: Level) -> Work {
    let mut pool = FramePool::new(size);
    let mut blank = pool.blank();
    let samples = picture(size.i420_len());
    blank.samples().copy_from_slice(&samples);
    let frame = pool.freeze(blank, 0, Timestamp::default(), TimeMeaning::Arrival);
    Box::new(move || assert!(!stills::encode(black_box(&frame), level).is_empty()))
}

fn scaling(from: FrameSize, to: FrameSize, level: Level) -> Work {
    let (samples, mut scaled) = (picture(from.i420_len()), vec![0; to.i420_len()]);
    let mut scaler = Scaler::with_level(from, to, level);
    Box::new(move || scaler.scale(black_box(&samples), &mut scaled))
}

fn turning(size: FrameSize, flips: (bool, bool), quarter: Option<Quarter>, level: Level) -> Work {
    let (samples, mut turned) = (picture(size.i420_len()), vec![0; size.i420_len()]);
    let turner = Turner::with_level(size, flips, quarter, level);
    Box::new(move || turner.turn(black_box(&samples), &mut turned))
}

fn flipping(size: FrameSize, (horizontal, vertical): (bool, bool), level: Level) -> Work {
    let mut samples = picture(size.i420_len());
    Box::new(move || Flip { horizontal, vertical }.apply(level, black_box(&mut samples), size))
}
