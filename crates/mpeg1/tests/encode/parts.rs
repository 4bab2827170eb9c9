//! A picture handed out in parts is the same picture, part by part, whatever is to be seen and however many threads code it.

use crate::content;
use mpeg1::PictureView;
use mpeg1::bits::start_code;
use mpeg1::encode::{EncodedPart, Encoder, Intra, Rate, Settings};
use proptest::prelude::*;

/// The start codes of a part.
fn codes(part: &[u8]) -> Vec<u8> {
    start_code::split(part).map(|(code, _)| code).collect()
}

fn is_slice(code: u8) -> bool {
    (start_code::SLICE_FIRST..=start_code::SLICE_LAST).contains(&code)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn parts_are_whole_slices_in_order_and_make_the_same_unit(
        size in (1usize..120, 1usize..150), content in content::any(), seed: u64, threads in 1usize..5,
        rate in prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..5_000_000).prop_map(Rate::BitsPerSecond)],
    ) {
        let settings = Settings::new(size.0, size.1, 25.0, rate);
        let mut whole = Encoder::new(settings).expect("legal settings");
        let mut parted = Encoder::new(Settings { threads, ..settings }).expect("legal settings");
        for picture in content.pictures(size, 6, seed) {
            let view = PictureView::from_i420(&picture, size.0, size.1);
            let (mut expected, mut unit, mut parts) = (vec![7], vec![7], Vec::new());
            let coded = whole.encode(view, Intra::Auto, &mut expected);
            let (mut rows, mut kinds) = (vec![0], Vec::new());
            let same = parted.encode_parts(view, Intra::Auto, &mut unit, |part: EncodedPart<'_>| {
                parts.push(part.bytes.to_vec());
                rows.push(part.rows_done);
                kinds.push(part.kind);
            });
            prop_assert_eq!(coded, same);
            if let Some(coded) = coded {
                prop_assert!(rows.is_sorted_by(|one, next| one < next), "{:?}", rows);
                prop_assert_eq!(rows.last(), Some(&parted.rows()));
                prop_assert!(kinds.iter().all(|&kind| kind == coded.kind));
            }
            prop_assert!(unit == expected && parts.concat() == unit[1..]);
            for (n, part) in parts.iter().enumerate() {
                let codes = codes(part);
                prop_assert!(part.starts_with(&[0, 0, 1]) && is_slice(codes[codes.len() - 1]));
                prop_assert_eq!(codes.iter().filter(|&&code| is_slice(code)).count(), 1);
                prop_assert!(n == 0 || codes.len() == 1, "headers in part {}", n);
                prop_assert_eq!(usize::from(codes[codes.len() - 1]), rows[n] + 1, "behind the rows of those before");
            }
        }
    }
}

#[test]
fn where_there_is_much_each_row_is_a_part() {
    let size = (640, 480);
    let mut encoder = Encoder::new(Settings::new(size.0, size.1, 25.0, Rate::Quantiser(2))).expect("legal");
    let mut unit = Vec::new();
    let mut parts = Vec::new();
    for picture in content::Content::Noise.pictures(size, 2, 3) {
        parts.clear();
        let view = PictureView::from_i420(&picture, size.0, size.1);
        encoder.encode_parts(view, Intra::Auto, &mut unit, |part| parts.push(part.bytes.len()));
        assert_eq!(parts.len(), 30, "a part for each row");
    }
}
