//! The rate is an upper bound, and no picture clogs a link of just that rate: whatever is to be seen, at rates and
//! picture rates from the lowest to the highest. Time is counted in pictures; there is no clock.

use crate::content::Content;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

/// Over this many seconds the mean is taken.
const WINDOW_SECONDS: f64 = 2.0;
/// By how much it may be over the rate.
const MOST_OVER: f64 = 0.05;
/// Intervals between pictures for which a picture is on a link of just the rate: usually, and where nothing of the
/// picture before is of use.
const MOST_INTERVALS: f64 = 2.0;
const MOST_INTERVALS_AT_CUT: f64 = 3.0;

struct Case {
    content: Content,
    size: (usize, usize),
    bits_per_second: u32,
    fps: f64,
}

/// Bits of each picture.
fn encode(case: &Case, pictures: &[Vec<u8>], count: usize) -> Vec<f64> {
    let Case { size: (width, height), bits_per_second, fps, .. } = *case;
    let settings = Settings::new(width, height, fps, Rate::BitsPerSecond(bits_per_second));
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let mut unit = Vec::new();
    let code = |picture: &Vec<u8>| {
        unit.clear();
        encoder.encode(PictureView::from_i420(picture, width, height), Intra::Auto, &mut unit);
        unit.len() as f64 * 8.0
    };
    pictures.iter().cycle().take(count).map(code).collect()
}

/// Whether the content has nothing of the picture before at picture `n`.
fn is_cut(content: Content, n: usize) -> bool {
    match content {
        Content::Noise | Content::BlackAndWhite | Content::SparseChange => true,
        Content::Cuts => n.is_multiple_of(7),
        _ => n == 0,
    }
}

/// What is not as it should be.
fn faults(case: &Case, bits: &[f64]) -> Vec<String> {
    let rate = f64::from(case.bits_per_second);
    let mut faults = Vec::new();
    let window = (case.fps * WINDOW_SECONDS) as usize;
    let mean = |bits: &[f64]| bits.iter().sum::<f64>() / bits.len() as f64 * case.fps / rate;
    let most = bits.windows(window).map(mean).fold(0.0, f64::max);
    if most > 1.0 + MOST_OVER {
        faults.push(format!("over 2 s {most:.3} times the rate"));
    }
    let intervals = bits.iter().map(|bits| bits * case.fps / rate).enumerate();
    let over = intervals.filter(|&(n, intervals)| {
        intervals > if is_cut(case.content, n) { MOST_INTERVALS_AT_CUT } else { MOST_INTERVALS }
    });
    if let Some((n, intervals)) = over.max_by(|a, b| a.1.total_cmp(&b.1)) {
        faults.push(format!("picture {n} takes {intervals:.2} intervals"));
    }
    faults
}

#[test]
#[ignore = "not kept everywhere yet: 1.16 times the rate over 2 s after cuts at 5 pictures/s, a first picture of 3.4 intervals"]
fn the_rate_is_an_upper_bound_for_any_content() {
    let mut faulty = Vec::new();
    for content in Content::ALL {
        // So large that the means of an I picture's blocks alone fit into what a cut may take.
        for (size, rates) in [
            ((96, 80), &[50_000][..]),
            ((176, 144), &[200_000, 2_000_000]),
            ((320, 240), &[800_000, 20_000_000]),
        ] {
            // Coded again and again: making them takes longer than coding them.
            let pictures = content.pictures(size, 84, 5);
            for &bits_per_second in rates {
                for fps in [5.0, 24.0, 60.0] {
                    let case = Case { content, size, bits_per_second, fps };
                    let bits = encode(&case, &pictures, (fps * 8.0) as usize);
                    for fault in faults(&case, &bits) {
                        faulty
                            .push(format!("{content:?} {size:?} {bits_per_second} bit/s at {fps}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(faulty.is_empty(), "{}", faulty.join("\n"));
}

/// Where the content can use it, the rate is used: within 5 % over any 2 s after the first ones.
#[test]
#[ignore = "not kept yet: a moving pattern at 24 pictures/s is up to 9 % over"]
fn the_rate_is_met_where_there_is_something_to_code() {
    let (content, size) = (Content::Moving, (320, 240));
    let pictures = content.pictures(size, 120, 5);
    for (bits_per_second, fps) in [(300_000, 24.0), (800_000, 24.0), (800_000, 60.0), (400_000, 5.0)] {
        let case = Case { content, size, bits_per_second, fps };
        let bits = encode(&case, &pictures, (fps * 12.0) as usize);
        let window = (fps * WINDOW_SECONDS) as usize;
        for (n, window) in bits.windows(window).enumerate().skip(window) {
            let mean = window.iter().sum::<f64>() / WINDOW_SECONDS / f64::from(bits_per_second);
            assert!(
                (mean - 1.0).abs() < 0.05,
                "{mean:.3} times {bits_per_second} at {fps}, from picture {n} on"
            );
        }
    }
}
