//! With adaptive quantisation the bits go where eyes see errors.

use crate::i420;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

const SIZE: (usize, usize) = (256, 128);

/// To the left a calm texture, to the right a busy one; both move.
fn picture(n: usize) -> Vec<u8> {
    // The same on a machine of 32 bits.
    let hash = |x: usize, y: usize| (x as u64 * 2_654_435_761 + y as u64 * 40_503) >> 7;
    let luma = |x: usize, y: usize| {
        let (x, hash) = (x + n, hash(x + n, y));
        if x - n < SIZE.0 / 2 { 100 + (x * y / 9 % 17) as u8 } else { 40 + (hash % 160) as u8 }
    };
    let mut picture = vec![128; PictureView::i420_len(SIZE.0, SIZE.1)];
    for (i, sample) in picture[..SIZE.0 * SIZE.1].iter_mut().enumerate() {
        *sample = luma(i % SIZE.0, i / SIZE.0);
    }
    picture
}

/// The luma's squared error of the two halves in all pictures, and all bytes.
fn errors(settings: Settings) -> ([u64; 2], usize) {
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let (mut errors, mut bytes) = ([0; 2], 0);
    for picture in (0..48).map(picture) {
        let view = PictureView::from_i420(&picture, SIZE.0, SIZE.1);
        let coded = encoder.encode(view, Intra::Auto, &mut Vec::new());
        bytes += coded.map_or(0, |coded| coded.bytes);
        let reference = i420(encoder.reference());
        for (i, (a, b)) in picture.iter().zip(&reference).take(SIZE.0 * SIZE.1).enumerate() {
            errors[i % SIZE.0 * 2 / SIZE.0] += u64::from(a.abs_diff(*b)).pow(2);
        }
    }
    (errors, bytes)
}

#[test]
fn what_is_calm_gets_better_for_the_same_bits_and_what_is_busy_pays() {
    let settings = Settings::new(SIZE.0, SIZE.1, 24.0, Rate::BitsPerSecond(250_000));
    let ([calm, busy], bytes) = errors(settings);
    let ([adaptive_calm, adaptive_busy], adaptive_bytes) = errors(Settings { adaptive: true, ..settings });
    assert!(adaptive_calm * 10 < calm * 8, "calm: {adaptive_calm} against {calm}");
    assert!(adaptive_busy > busy, "busy: {adaptive_busy} against {busy}");
    assert!(bytes.abs_diff(adaptive_bytes) * 20 < bytes, "{adaptive_bytes} against {bytes} bytes");
}
