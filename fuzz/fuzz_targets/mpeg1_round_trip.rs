//! Any pictures with any settings: the decoder gets from the encoder's stream just what the encoder has as its
//! reference, picture by picture, without damage.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

fuzz_target!(|bytes: &[u8]| {
    let Some((setup, samples)) = bytes.split_at_checked(6) else { return };
    let (width, height) = (1 + usize::from(setup[0]) % 80, 1 + usize::from(setup[1]) % 80);
    let rate = match setup[2] {
        scale @ 1..=31 => Rate::Quantiser(scale),
        other => Rate::BitsPerSecond(1 + u32::from(other).pow(2) * u32::from(setup[3])),
    };
    let mut settings = Settings::new(width, height, 1.0 + f64::from(setup[4]), rate);
    settings.threads = 1 + usize::from(setup[5] & 1);
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let mut decoder = Decoder::new();
    let len = PictureView::i420_len(width, height);
    let mut picture = vec![0; len];
    for (number, piece) in samples.chunks(len).take(6).enumerate() {
        // Fewer bytes than a picture change a part of it, as a camera's scene does.
        picture[..piece.len()].copy_from_slice(piece);
        picture.rotate_left(number % len);
        let intra = if setup[5] & 2 << number != 0 { Intra::Force } else { Intra::Auto };
        let mut unit = Vec::new();
        let coded = encoder.encode(PictureView::from_i420(&picture, width, height), intra, &mut unit);
        assert_eq!(coded.bytes, unit.len());
        let decoded = decoder.decode_unit(&unit).expect("every picture is shown");
        assert_eq!((decoded.concealed_macroblocks, decoded.kind), (0, coded.kind));
        assert_eq!(i420(decoded.picture), i420(encoder.reference()));
    }
});

fn i420(picture: PictureView<'_>) -> Vec<u8> {
    let mut samples = Vec::new();
    picture.write_i420(&mut samples);
    samples
}
