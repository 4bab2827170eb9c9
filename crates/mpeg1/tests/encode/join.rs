//! Who joins with a picture of his own follows what all get, sharper from band to band, and changes nothing for others.

use crate::content::{self, Content};
use crate::i420;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, JoinSize, Rate, Refresh, Settings};
use proptest::prelude::*;

/// The mean square difference of two pictures' samples.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>() / a.len() as f64
}

fn encode(encoder: &mut Encoder, size: (usize, usize), picture: &[u8]) -> Vec<u8> {
    let mut unit = Vec::new();
    encoder.encode(PictureView::from_i420(picture, size.0, size.1), Intra::Auto, &mut unit);
    unit
}

fn join(encoder: &mut Encoder, rows: std::ops::Range<usize>, size: JoinSize) -> Vec<u8> {
    let mut unit = Vec::new();
    let coded = encoder.encode_join(rows, size, &mut unit);
    assert_eq!(coded.bytes, unit.len());
    unit
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// Joins and bands at any time, of any size: the common stream stays the same, and who joined is exact when every
    /// row had its turn behind them: in the first whole cycle, for before it rows predict from any others.
    #[test]
    fn nobody_else_notices_and_the_joiner_is_exact_after_a_cycle(
        size in (16usize..100, 16usize..100), cycle in 1u32..12, content in content::any(), at in 0usize..6,
        scale in 1u8..=31, bytes in 100usize..20_000, band in (0usize..7, 1usize..7), threads in 1usize..3, seed: u64,
    ) {
        let settings = Settings {
            refresh: Refresh::Rolling(cycle), threads, ..Settings::new(size.0, size.1, 25.0, Rate::BitsPerSecond(300_000))
        };
        let mut alone = Encoder::new(settings).expect("legal settings");
        let mut joined = Encoder::new(settings).expect("legal settings");
        let mut decoder = Decoder::new();
        let pictures = content.pictures(size, at + 2 * cycle as usize + 4, seed);
        let last = if seed % 3 == 0 { at + 2 } else { at };
        for (n, picture) in pictures.iter().enumerate() {
            let unit = encode(&mut joined, size, picture);
            prop_assert_eq!(&unit, &encode(&mut alone, size, picture), "picture {}", n);
            if n > at {
                let decoded = decoder.decode_unit(&unit).expect("a picture").picture;
                let exact = i420(decoded) == i420(joined.reference());
                prop_assert!(exact || n <= last + 2 * cycle as usize, "picture {} after a band at {}", n, last);
            }
            if n == at {
                let join_size = if seed % 2 == 0 { JoinSize::Quantiser(scale) } else { JoinSize::Bytes(bytes) };
                let all = 0..joined.rows();
                let unit = join(&mut joined, all, join_size);
                prop_assert!(decoder.decode_unit(&unit).is_some_and(|decoded| decoded.concealed_macroblocks == 0));
            } else if n > at && n <= last {
                let unit = join(&mut joined, band.0..band.0 + band.1, JoinSize::Bytes(bytes));
                prop_assert!(decoder.decode_unit(&unit).is_some_and(|decoded| decoded.concealed_macroblocks == 0));
            }
        }
    }
}

#[test]
fn bands_over_all_rows_make_the_joiners_picture_that_of_the_others() {
    let size = (176, 144);
    let mut encoder = Encoder::new(Settings::new(size.0, size.1, 25.0, Rate::Quantiser(8))).expect("legal");
    let pictures = Content::Moving.pictures(size, 3, 5);
    for picture in &pictures {
        encode(&mut encoder, size, picture);
    }
    let mut decoder = Decoder::new();
    let coarse = join(&mut encoder, 0..9, JoinSize::Quantiser(31));
    let before = i420(decoder.decode_unit(&coarse).expect("a picture").picture);
    let reference = i420(encoder.reference());
    let before = difference(&before, &reference);
    let mut sharp = [false; 9];
    while !sharp.iter().all(|&sharp| sharp) {
        let rows = encoder.rows_of_band(|row| !sharp[row], 2, 3000);
        assert!(sharp[rows.clone()].iter().all(|&sharp| !sharp), "{rows:?} once more");
        sharp[rows.clone()].fill(true);
        decoder.decode_unit(&join(&mut encoder, rows, JoinSize::Quantiser(2))).expect("a picture");
    }
    let after = i420(decoder.newest().expect("a picture"));
    let after = difference(&after, &reference);
    assert!(after < 2.0 && before > 20.0 * after, "{after}, before {before}");
}

#[test]
fn bands_begin_where_the_refresh_comes_last() {
    let size = (96, 80);
    let settings =
        Settings { refresh: Refresh::Rolling(5), ..Settings::new(size.0, size.1, 25.0, Rate::Quantiser(8)) };
    let mut encoder = Encoder::new(settings).expect("legal");
    // The first is an I picture, behind which the refresh begins with row 0.
    for picture in Content::Still.pictures(size, 4, 5) {
        encode(&mut encoder, size, &picture);
    }
    assert_eq!([0, 1, 2, 3, 4].map(|row| encoder.was_refreshed(row, 3)), [true, true, true, false, false]);
    let mut rows = |wanted: &[usize], bytes| encoder.rows_of_band(|row| wanted.contains(&row), 8, bytes);
    assert_eq!(rows(&[0, 1, 2, 3, 4], 1), 2..3, "row 3 is the next to be refreshed");
    assert_eq!(rows(&[0, 1, 2, 3, 4], 1 << 20), 0..5);
    assert_eq!(rows(&[0, 3, 4], 1), 0..1);
    assert_eq!(rows(&[3, 4], 1), 4..5);
    assert_eq!(rows(&[0, 3, 4], 1 << 20), 0..1, "neighbours only");
    assert_eq!(rows(&[], 1 << 20), 0..0);
}

#[test]
fn a_join_is_no_larger_than_allowed() {
    let size = (320, 240);
    for content in [Content::Noise, Content::Moving, Content::SparseChange] {
        let mut encoder =
            Encoder::new(Settings::new(size.0, size.1, 25.0, Rate::Quantiser(6))).expect("legal");
        for picture in content.pictures(size, 3, 9) {
            encode(&mut encoder, size, &picture);
            for bytes in [10_000, 14_000, 30_000, 60_000] {
                let unit = join(&mut encoder, 0..15, JoinSize::Bytes(bytes));
                assert!(unit.len() <= bytes + bytes / 14, "{content:?}: {} bytes for {bytes}", unit.len());
            }
        }
    }
}
