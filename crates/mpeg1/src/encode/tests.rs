//! What the encoder promises of its units, looked at without a decoder; the round trip is in `tests/round_trip.rs`.
use super::*;
use crate::bits::start_code;

fn moving(size: (usize, usize), n: usize) -> Vec<u8> {
    let len = PictureView::i420_len(size.0, size.1);
    (0..len).map(|i| ((i % size.0).wrapping_mul(5) ^ (i / size.0 + n * 3)) as u8 / 2 + 40).collect()
}

fn encode(encoder: &mut Encoder, samples: &[u8], intra: Intra) -> (Vec<u8>, EncodedPicture) {
    let mut out = Vec::new();
    let Settings { width, height, .. } = encoder.settings;
    let coded = encoder.encode(PictureView::from_i420(samples, width, height), intra, &mut out);
    let coded = coded.expect("it is not left out");
    assert_eq!(coded.bytes, out.len());
    (out, coded)
}

fn codes(unit: &[u8]) -> Vec<u8> {
    start_code::split(unit).map(|(code, _)| code).collect()
}

#[test]
fn a_unit_is_headers_and_slices_of_as_many_rows_as_pay() {
    let mut encoder = Encoder::new(Settings::new(40, 40, 25.0, Rate::Quantiser(8))).unwrap();
    let (first, coded) = encode(&mut encoder, &moving((40, 40), 0), Intra::Auto);
    assert_eq!(coded.kind, PictureKind::Intra);
    assert_eq!(codes(&first), [0xb3, 0xb8, 0, 1, 2, 3]);
    let (second, coded) = encode(&mut encoder, &moving((40, 40), 1), Intra::Auto);
    assert_eq!(coded.kind, PictureKind::Predicted);
    assert_eq!(codes(&second), [0, 1], "so little is one slice");
    let (third, coded) = encode(&mut encoder, &moving((40, 40), 2), Intra::Force);
    assert_eq!(coded.kind, PictureKind::Intra);
    assert_eq!(codes(&third), [0xb3, 0xb8, 0, 1, 2, 3]);
}

#[test]
fn a_slice_has_one_row_where_there_is_much_to_code() {
    let mut encoder = Encoder::new(Settings::new(640, 48, 25.0, Rate::Quantiser(1))).unwrap();
    let noise = |n: usize| -> Vec<u8> {
        let len = PictureView::i420_len(640, 48);
        (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761).rotate_left(n as u32) >> 24) as u8).collect()
    };
    encode(&mut encoder, &noise(0), Intra::Auto);
    assert_eq!(codes(&encode(&mut encoder, &noise(9), Intra::Auto).0), [0, 1, 2, 3]);
}

#[test]
fn i_pictures_come_at_their_interval_counted_from_the_last() {
    let settings =
        Settings { refresh: Refresh::Periodic(4), ..Settings::new(16, 16, 25.0, Rate::Quantiser(4)) };
    let mut encoder = Encoder::new(settings).unwrap();
    let kinds: Vec<_> = (0..11)
        .map(|n| {
            let intra = if n == 6 { Intra::Force } else { Intra::Auto };
            encode(&mut encoder, &moving((16, 16), n), intra).1.kind == PictureKind::Intra
        })
        .collect();
    assert_eq!(
        kinds.iter().enumerate().filter(|kind| *kind.1).map(|kind| kind.0).collect::<Vec<_>>(),
        [0, 4, 6, 10]
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for preset in [Preset::Balanced, Preset::Fast] {
        let run = |threads| {
            let settings = Settings::new(72, 200, 25.0, Rate::BitsPerSecond(200_000));
            let mut encoder = Encoder::new(Settings { threads, preset, ..settings }).unwrap();
            (0..6)
                .flat_map(|n| encode(&mut encoder, &moving((72, 200), n), Intra::Auto).0)
                .collect::<Vec<_>>()
        };
        let one = run(1);
        assert_eq!(run(2), one);
        assert_eq!(run(7), one);
    }
}

#[test]
fn a_still_picture_costs_next_to_nothing() {
    let settings = Settings::new(640, 480, 24.0, Rate::Quantiser(4));
    let mut encoder = Encoder::new(Settings { refresh: Refresh::Periodic(132), ..settings }).unwrap();
    let samples = moving((640, 480), 0);
    for _ in 0..5 {
        encode(&mut encoder, &samples, Intra::Auto);
    }
    let before = encoder.reference.planes[0].samples.clone();
    let (unit, _) = encode(&mut encoder, &samples, Intra::Auto);
    assert!(unit.len() < 400, "{} bytes for a picture in which nothing is left to code", unit.len());
    assert_eq!(before, encoder.reference.planes[0].samples);
}

#[test]
fn a_rolling_refresh_needs_no_i_pictures_and_keeps_sizes_even() {
    let mut encoder = Encoder::new(Settings::new(320, 240, 10.0, Rate::Quantiser(6))).unwrap();
    let coded: Vec<_> =
        (0..100).map(|n| encode(&mut encoder, &moving((320, 240), n), Intra::Auto).1).collect();
    assert!(coded[1..].iter().all(|coded| coded.kind == PictureKind::Predicted));
    let largest = coded[2..].iter().map(|coded| coded.bytes).max().unwrap();
    assert!(largest < coded[0].bytes, "{largest} bytes, an I picture has {}", coded[0].bytes);
}

#[test]
fn the_rate_is_met_on_moving_pictures() {
    for (rate, fps) in [(500_000, 25.0), (800_000, 24.0), (3_000_000, 50.0)] {
        let mut encoder = Encoder::new(Settings::new(320, 240, fps, Rate::BitsPerSecond(rate))).unwrap();
        let pictures = 200;
        let noise = |n: usize| -> Vec<u8> {
            let mut samples = moving((320, 240), n);
            let mut state = (n as u32 + 1).wrapping_mul(2_654_435_761);
            samples.iter_mut().for_each(|sample| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = sample.wrapping_add((state >> 29) as u8);
            });
            samples
        };
        let bytes: usize = (0..pictures).map(|n| encode(&mut encoder, &noise(n), Intra::Auto).0.len()).sum();
        let seen = bytes as f64 * 8.0 * fps / pictures as f64;
        let off = seen / f64::from(rate) - 1.0;
        assert!(off.abs() < 0.1, "{seen} bits/s for {rate}");
    }
}

#[test]
fn psnr_is_that_of_the_reference() {
    let mut encoder = Encoder::new(Settings::new(40, 24, 25.0, Rate::Quantiser(4))).unwrap();
    let grey = |y: u8| -> Vec<u8> {
        let len = PictureView::i420_len(40, 24);
        (0..len).map(|i| if i < 40 * 24 { y } else { 128 }).collect()
    };
    encode(&mut encoder, &grey(100), Intra::Auto);
    let psnr = |y| encoder.psnr_y(PictureView::from_i420(&grey(y), 40, 24));
    assert!(psnr(100).is_infinite());
    // A difference of 5 everywhere: 20 lg (255 / 5).
    assert!((psnr(105) - 34.151).abs() < 0.001);
}

/// Noise, and a cut to other noise now and then.
fn cuts(size: (usize, usize), n: usize) -> Vec<u8> {
    let mut state = (n / 16) as u32 * 7_919 + 1;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let still: Vec<u8> = (0..PictureView::i420_len(size.0, size.1)).map(|_| noise()).collect();
    still
        .iter()
        .enumerate()
        .map(|(i, sample)| sample.wrapping_add((i.wrapping_mul(n * n) >> 5) as u8 % 64))
        .collect()
}

#[test]
fn no_picture_takes_longer_than_three_intervals_and_nothing_waits_for_over_a_second() {
    for (rate, fps) in [(150_000, 5.0), (200_000, 24.0), (300_000, 60.0), (2_000_000, 30.0)] {
        let size = (320, 240);
        let mut encoder =
            Encoder::new(Settings::new(size.0, size.1, fps, Rate::BitsPerSecond(rate))).unwrap();
        let share = f64::from(rate) / fps / 8.0;
        for n in 0..120 {
            let (unit, _) = encode(&mut encoder, &cuts(size, n), Intra::Auto);
            // The first one is an I picture: it cannot leave anything out.
            assert!(n == 0 || unit.len() as f64 <= 3.0 * share, "picture {n}: {} for {share}", unit.len());
            let longest = encoder.waiting.iter().max().copied().unwrap_or(0);
            assert!(f64::from(longest) <= fps, "picture {n}: one waits for {longest} pictures at {rate}");
        }
    }
}

/// What changes all over, in one way or another: noise, a ramp that runs, a texture that shakes, one that jumps, one that moves.
fn restless(content: usize, (width, height): (usize, usize), n: usize) -> alloc::vec::Vec<u8> {
    let mut state = n as u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let texture = |x: usize, y: usize| ((x * x / 9 + y * y / 5 + x * y / 13) % 180) as u8 + 40;
    let mut sample = |x: usize, y: usize| match content {
        0 => random(),
        1 => (x * 3 + n * 2) as u8 ^ (random() & 3),
        2 => texture(x + n * 5 % 7, y + [0, 9, 3, 14, 6][n % 5]),
        3 => texture(x + n / 7 * 40, y + n / 7 * 13),
        _ => texture(x + n * 3, y + n),
    };
    (0..PictureView::i420_len(width, height)).map(|i| sample(i % width, i / width)).collect()
}

/// Where the rate is enough for a third of what changes, each has its turn within a second all the same: at 50 kbit/s those at
/// the end of the picture waited for up to 2.8 s while there was something to do before them.
#[test]
fn nothing_waits_for_over_a_second_at_the_least_rates() {
    for (fps, content) in
        [5.0, 24.0, 60.0].into_iter().flat_map(|fps| (0..5).map(move |content| (fps, content)))
    {
        let settings = Settings::new(320, 240, fps, Rate::BitsPerSecond(50_000));
        let mut encoder = Encoder::new(Settings { adaptive: true, ..settings }).unwrap();
        for n in 0..150 {
            let picture = restless(content, (320, 240), n);
            let view = PictureView::from_i420(&picture, 320, 240);
            encoder.encode(view, Intra::Auto, &mut alloc::vec::Vec::new());
            let longest = encoder.waiting.iter().max().copied().unwrap_or(0);
            assert!(f64::from(longest) <= fps, "{content}, picture {n} at {fps}: one waits for {longest}");
        }
    }
}

#[test]
fn a_new_rate_holds_from_the_next_picture_on() {
    let settings = Settings::new(320, 240, 25.0, Rate::BitsPerSecond(4_000_000));
    let mut encoder = Encoder::new(settings).unwrap();
    for n in 0..20 {
        encode(&mut encoder, &cuts((320, 240), n), Intra::Auto);
    }
    encoder.set_rate(Rate::BitsPerSecond(400_000)).unwrap();
    for n in 20..40 {
        let (unit, _) = encode(&mut encoder, &cuts((320, 240), n), Intra::Auto);
        assert!(unit.len() <= 3 * 400_000 / 8 / 25, "picture {n}: {} bytes", unit.len());
    }
    assert!(encoder.set_rate(Rate::BitsPerSecond(0)).is_err());
}

#[test]
fn settings_out_of_range_are_refused_with_what_is_allowed() {
    let good = Settings::new(640, 480, 24.0, Rate::BitsPerSecond(800_000));
    for bad in [
        Settings { width: 0, ..good },
        Settings { height: 2801, ..good },
        Settings { frames_per_second: f64::NAN, ..good },
        Settings { frames_per_second: 0.0, ..good },
        Settings { rate: Rate::Quantiser(32), ..good },
        Settings { rate: Rate::BitsPerSecond(0), ..good },
        Settings { finest: 0, ..good },
        Settings { threads: 0, ..good },
        Settings { refresh: Refresh::Rolling(133), ..good },
    ] {
        let error = Encoder::new(bad).unwrap_err();
        assert!(alloc::string::ToString::to_string(&error).len() > 20);
    }
}
