//! The decoder of the crate `oxideav-mpeg12video`, which shares no code with FFmpeg's, decodes the encoder's streams to
//! its own reconstruction, within what two IDCTs of the standard's accuracy may differ by.

use crate::content;
use crate::i420;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Refresh, Settings};
use oxideav_mpeg12video::decode_video_sequence;
use proptest::prelude::*;

/// Two IDCTs differ by 1 in a picture; what is predicted from both drifts a little further.
const DRIFT: u8 = 3;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn oxideav_decodes_the_encoders_own_reconstruction(
        size in (16usize..100, 16usize..80), content in content::any(), seed: u64, count in 1usize..6, quantiser in 1u8..=31,
        refresh in prop_oneof![(1u32..132).prop_map(Refresh::Periodic), (1u32..132).prop_map(Refresh::Rolling)],
    ) {
        let settings = Settings { refresh, ..Settings::new(size.0, size.1, 25.0, Rate::Quantiser(quantiser)) };
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (mut stream, mut expected) = (Vec::new(), Vec::new());
        for picture in content.pictures(size, count, seed) {
            encoder.encode(PictureView::from_i420(&picture, size.0, size.1), Intra::Auto, &mut stream);
            expected.push(i420(encoder.reference()));
        }
        stream.extend([0, 0, 1, 0xb7]);
        let decoded = decode_video_sequence(&stream).expect("oxideav decodes the stream");
        prop_assert_eq!(decoded.len(), expected.len());
        for (decoded, expected) in decoded.iter().zip(expected) {
            let frame = &decoded.frame;
            let (width, height) = frame.visible_chroma_dims();
            let luma = frame.y.packed_rect(frame.width, frame.height);
            let theirs = [luma, frame.cb.packed_rect(width, height), frame.cr.packed_rect(width, height)].concat();
            prop_assert_eq!(theirs.len(), expected.len());
            let worst = theirs.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
            prop_assert!(worst <= DRIFT, "a picture differs by up to {}", worst);
        }
    }
}
