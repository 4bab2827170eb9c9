//! With adaptive quantisation the bits go where eyes see errors.

use crate::i420;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

const SIZE: (usize, usize) = (256, 128);

/// What the busy half is made of.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// A texture that is like itself nowhere.
    New,
    /// One that comes again some way off, as it repeats modulo 2^32: what comes in at the border can be predicted, but from
    /// a reference that is not too coarse only.
    Again,
}

impl Busy {
    /// The same on a machine of 32 bits.
    fn hash(self, x: usize, y: usize) -> u64 {
        match self {
            Self::New => (x as u64 * 2_654_435_761 + y as u64 * 40_503) >> 7,
            Self::Again => {
                u64::from((x as u32).wrapping_mul(2_654_435_761).wrapping_add(y as u32 * 40_503) >> 7)
            }
        }
    }
}

/// To the left a calm texture, to the right a busy one; both move.
fn picture(busy: Busy, n: usize) -> Vec<u8> {
    let luma = |x: usize, y: usize| {
        let (x, hash) = (x + n, busy.hash(x + n, y));
        if x - n < SIZE.0 / 2 { 100 + (x * y / 9 % 17) as u8 } else { 40 + (hash % 160) as u8 }
    };
    let mut picture = vec![128; PictureView::i420_len(SIZE.0, SIZE.1)];
    for (i, sample) in picture[..SIZE.0 * SIZE.1].iter_mut().enumerate() {
        *sample = luma(i % SIZE.0, i / SIZE.0);
    }
    picture
}

/// The luma's squared error of the two halves in all pictures, and all bytes.
fn errors(settings: Settings, busy: Busy) -> ([u64; 2], usize) {
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let (mut errors, mut bytes) = ([0; 2], 0);
    for picture in (0..48).map(|n| picture(busy, n)) {
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
    // When the first picture was masked, too, all of `Again` was worse at these rates: twice the error and more.
    let cases = [(Busy::New, &[250_000][..], 80), (Busy::Again, &[180_000, 200_000, 225_000, 250_000], 90)];
    for (busy, rates, most_percent) in cases {
        for &rate in rates {
            let settings = Settings::new(SIZE.0, SIZE.1, 24.0, Rate::BitsPerSecond(rate));
            let ([calm, pays], bytes) = errors(settings, busy);
            let ([adaptive_calm, adaptive_pays], adaptive_bytes) =
                errors(Settings { adaptive: true, ..settings }, busy);
            let case = format!("{busy:?} at {rate}");
            assert!(
                adaptive_calm * 100 < calm * most_percent,
                "{case}, calm: {adaptive_calm} against {calm}"
            );
            assert!(adaptive_pays > pays, "{case}, busy: {adaptive_pays} against {pays}");
            assert!(adaptive_bytes * 20 < bytes * 21, "{case}: {adaptive_bytes} against {bytes} bytes");
        }
    }
}
