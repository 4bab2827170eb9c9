//! A decoder that begins with garbage is exact when the first whole cycle of the rolling refresh is over, and stays so.

use crate::content::Content;
use crate::i420;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, Rate, Refresh, Settings};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn garbage_is_gone_after_one_cycle(
        size in (17usize..150, 17usize..150), cycle in 1u32..20, quantiser in 1u8..20, seed: u64,
    ) {
        let settings = Settings {
            refresh: Refresh::Rolling(cycle), ..Settings::new(size.0, size.1, 25.0, Rate::Quantiser(quantiser))
        };
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (mut unit, mut decoder) = (Vec::new(), Decoder::new());
        // The decoder's reference is another picture than the encoder's.
        let garbage = &Content::Noise.pictures(size, 1, seed)[0];
        let mut other = Encoder::new(settings).expect("legal settings");
        other.encode(PictureView::from_i420(garbage, size.0, size.1), Intra::Auto, &mut unit);
        prop_assert!(decoder.decode_unit(&unit).is_some());
        for (n, picture) in Content::Shaking.pictures(size, 2 * cycle as usize + 3, seed).iter().enumerate() {
            unit.clear();
            encoder.encode(PictureView::from_i420(picture, size.0, size.1), Intra::Auto, &mut unit);
            if n > 0 {
                let decoded = i420(decoder.decode_unit(&unit).expect("a picture").picture);
                if n >= cycle as usize {
                    prop_assert!(decoded == i420(encoder.reference()), "picture {} of a cycle of {}", n, cycle);
                }
            }
        }
    }
}
