//! What the encoder writes, the decoder decodes to the encoder's own reconstruction, bit by bit, whatever the picture,
//! the setting, and the moment of an I picture; given whole or in pieces.

use crate::content;
use crate::i420;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, Preset, Rate, Refresh, Settings};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn decoding_gives_the_encoders_reconstruction(
        size in (1usize..120, 1usize..90), content in content::any(), seed: u64, count in 1usize..10,
        rate in prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..5_000_000).prop_map(Rate::BitsPerSecond)],
        threads in 1usize..3, forced in prop::collection::vec(any::<bool>(), 10), refresh in prop_oneof![(1u32..132).prop_map(Refresh::Periodic), (1u32..132).prop_map(Refresh::Rolling)],
        piece in 1usize..400,
    ) {
        let preset = if seed & 2 == 0 { Preset::Balanced } else { Preset::Fast };
        let settings = Settings { threads, refresh, preset, adaptive: seed % 2 == 1, ..Settings::new(size.0, size.1, 25.0, rate) };
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (mut whole, mut pieces) = (Decoder::new(), Decoder::new());
        let (mut unit, mut stream, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (picture, force) in content.pictures(size, count, seed).iter().zip(forced) {
            unit.clear();
            let view = PictureView::from_i420(picture, size.0, size.1);
            let intra = if force { Intra::Force } else { Intra::Auto };
            let Some(coded) = encoder.encode(view, intra, &mut unit) else {
                prop_assert!(unit.is_empty());
                continue;
            };
            let decoded = whole.decode_unit(&unit).expect("each unit shows a picture");
            prop_assert_eq!((decoded.kind, decoded.concealed_macroblocks), (coded.kind, 0));
            let reconstruction = i420(encoder.reference());
            prop_assert!(i420(decoded.picture) == reconstruction);
            expected.push(reconstruction);
            stream.extend_from_slice(&unit);
        }
        let mut seen = Vec::new();
        for bytes in stream.chunks(piece) {
            pieces.push(bytes);
            while let Some(decoded) = pieces.next_picture() {
                seen.push(i420(decoded.picture));
            }
        }
        seen.extend(pieces.finish().map(|decoded| i420(decoded.picture)));
        prop_assert!(seen == expected);
    }
}
