//! A legal stream with bytes changed: what is deep inside a picture, where random bytes hardly ever get.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

const SIZE: (usize, usize) = (72, 56);

fuzz_target!(|bytes: &[u8]| {
    let mut stream = stream().to_vec();
    // Each three bytes: where, and what is changed there.
    for edit in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % stream.len();
        stream[at] ^= edit[2];
    }
    let _ = Decoder::new().decode_unit(&stream);
    let mut decoder = Decoder::new();
    decoder.push(&stream);
    while decoder.next_picture().is_some() {}
    let _ = decoder.finish();
    // Whatever it was, the decoder finds its way back.
    let recovered = decoder.decode_unit(self::stream()).expect("a legal stream is shown");
    assert_eq!((recovered.picture.width, recovered.picture.height), SIZE);
    assert_eq!(recovered.concealed_macroblocks, 0);
});

/// An I and five P pictures of something that moves.
fn stream() -> &'static [u8] {
    static STREAM: OnceLock<Vec<u8>> = OnceLock::new();
    STREAM.get_or_init(|| {
        let settings = Settings::new(SIZE.0, SIZE.1, 25.0, Rate::Quantiser(4));
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let mut stream = Vec::new();
        for number in 0..6 {
            let samples = samples(number);
            encoder.encode(PictureView::from_i420(&samples, SIZE.0, SIZE.1), Intra::Auto, &mut stream);
        }
        stream
    })
}

fn samples(number: usize) -> Vec<u8> {
    let len = PictureView::i420_len(SIZE.0, SIZE.1);
    (0..len).map(|at| ((at % SIZE.0 + 3 * number) * (at / SIZE.0 + number) % 251) as u8).collect()
}
