//! The decoder of the crate `oxideav-mpeg12video`, which shares no code with FFmpeg's, decodes the encoder's streams to
//! its own reconstruction, within what two IDCTs of the standard's accuracy may differ by.

use crate::content;
use crate::i420;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, JoinSize, Preset, Rate, Refresh, Settings};
use oxideav_mpeg12video::decode_video_sequence;
use proptest::prelude::*;

/// Two IDCTs differ by 1 in a picture; what is predicted from both drifts a little further.
const DRIFT: u8 = 3;

/// That the decoder's pictures of `stream` are `expected`, which is I420.
fn assert_decodes(mut stream: Vec<u8>, expected: &[Vec<u8>]) -> Result<(), TestCaseError> {
    stream.extend([0, 0, 1, 0xb7]);
    let decoded = decode_video_sequence(&stream).expect("oxideav decodes the stream");
    prop_assert_eq!(decoded.len(), expected.len());
    for (decoded, expected) in decoded.iter().zip(expected) {
        let frame = &decoded.frame;
        let (width, height) = frame.visible_chroma_dims();
        let luma = frame.y.packed_rect(frame.width, frame.height);
        let theirs =
            [luma, frame.cb.packed_rect(width, height), frame.cr.packed_rect(width, height)].concat();
        prop_assert_eq!(theirs.len(), expected.len());
        let worst = theirs.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        prop_assert!(worst <= DRIFT, "a picture differs by up to {}", worst);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn oxideav_decodes_the_encoders_own_reconstruction(
        size in (16usize..100, 16usize..80), content in content::any(), seed: u64, count in 1usize..6, threads in 1usize..4,
        rate in prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..5_000_000).prop_map(Rate::BitsPerSecond)],
        refresh in prop_oneof![(1u32..132).prop_map(Refresh::Periodic), (1u32..132).prop_map(Refresh::Rolling)],
    ) {
        let preset = if seed & 2 == 0 { Preset::Balanced } else { Preset::Fast };
        let settings = Settings { threads, refresh, preset, adaptive: seed % 2 == 1, ..Settings::new(size.0, size.1, 25.0, rate) };
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for picture in content.pictures(size, count, seed) {
            let coded = encoder.encode(PictureView::from_i420(&picture, size.0, size.1), Intra::Auto, &mut stream);
            expected.extend(coded.map(|_| i420(encoder.reference())));
        }
        assert_decodes(stream, &expected)?;
    }

    /// A joiner's stream: a join picture, bands, and what all get. What it should be is our own decoder's word, which is the
    /// encoder's reconstruction wherever there is one.
    #[test]
    fn oxideav_decodes_what_a_joiner_gets(
        size in (16usize..100, 33usize..80), content in content::any(), seed: u64, at in 0usize..4, bytes in 100usize..20_000,
        bands in prop::collection::vec(prop::option::of((0usize..2, 1usize..3)), 1..5),
    ) {
        let mut encoder = Encoder::new(Settings::new(size.0, size.1, 25.0, Rate::BitsPerSecond(300_000))).expect("legal");
        let (mut decoder, mut stream, mut expected) = (Decoder::new(), Vec::new(), Vec::new());
        let mut give = |unit: &[u8]| {
            stream.extend_from_slice(unit);
            expected.extend(decoder.decode_unit(unit).map(|decoded| i420(decoded.picture)));
        };
        let (mut common, mut private) = (Vec::new(), Vec::new());
        for (n, picture) in content.pictures(size, at + 1 + bands.len(), seed).iter().enumerate() {
            common.clear();
            private.clear();
            encoder.encode(PictureView::from_i420(picture, size.0, size.1), Intra::Auto, &mut common);
            if n == at {
                encoder.encode_join(0..encoder.rows(), JoinSize::Bytes(bytes), &mut private);
                give(&private);
            } else if n > at {
                give(&common);
                if let Some((first, count)) = bands[n - at - 1] {
                    encoder.encode_join(first..first + count, JoinSize::Bytes(bytes), &mut private);
                    give(&private);
                }
            }
        }
        assert_decodes(stream, &expected)?;
    }
}
