//! Any pictures with any settings, changed on the way: the decoder gets from the encoder's stream just what the encoder
//! has as its reference, picture by picture, without damage; and who joins can follow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, JoinSize, Preset, Rate, Refresh, Settings};

/// What is decided before each picture, in a byte: bits of it.
const FORCE_INTRA: u8 = 1;
const CHANGE_RATE: u8 = 2;
const JOIN: u8 = 4;
const BAND: u8 = 8;
/// Nothing of the picture changes.
const STILL: u8 = 16;

fuzz_target!(|bytes: &[u8]| {
    let Some(([width, height, fps, refresh, threads], bytes)) = bytes.split_first_chunk() else { return };
    let Some((first_rate, mut bytes)) = bytes.split_first_chunk() else { return };
    let (width, height) = (1 + usize::from(*width) % 80, 1 + usize::from(*height) % 80);
    let mut settings = Settings::new(width, height, 1.0 + f64::from(*fps), rate(*first_rate));
    settings.threads = 1 + usize::from(threads & 1);
    settings.adaptive = threads & 2 != 0;
    settings.preset = if threads & 4 == 0 { Preset::Balanced } else { Preset::Fast };
    settings.refresh = match 1 + u32::from(refresh & 0x7f) {
        pictures if refresh & 0x80 == 0 => Refresh::Rolling(pictures),
        pictures => Refresh::Periodic(pictures),
    };
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let mut viewers = [Decoder::new(), Decoder::new()];
    let mut picture = vec![0; PictureView::i420_len(width, height)];
    for number in 0..8 {
        let Some((order, rest)) = bytes.split_first_chunk::<4>() else { return };
        bytes = rest;
        if order[0] & CHANGE_RATE != 0 {
            encoder.set_rate(rate([order[1], order[2]])).expect("a legal rate");
        }
        if order[0] & STILL == 0 {
            // Fewer bytes than a picture change a part of it, as a camera's scene does.
            let (piece, rest) = bytes.split_at(bytes.len().min(picture.len()));
            picture[..piece.len()].copy_from_slice(piece);
            let turn = number % picture.len();
            picture.rotate_left(turn);
            bytes = rest;
        }
        let intra = if order[0] & FORCE_INTRA != 0 { Intra::Force } else { Intra::Auto };
        one_picture(&mut encoder, PictureView::from_i420(&picture, width, height), intra, &mut viewers);
        one_join(&mut encoder, *order, &mut viewers[1]);
    }
});

fn rate([kind, value]: [u8; 2]) -> Rate {
    match kind {
        scale @ 1..=31 => Rate::Quantiser(scale),
        other => Rate::BitsPerSecond(1 + u32::from(other).pow(2) * u32::from(value)),
    }
}

/// The first viewer has the stream from its beginning, the other one may have joined.
fn one_picture(
    encoder: &mut Encoder,
    picture: PictureView<'_>,
    intra: Intra,
    [first, joined]: &mut [Decoder; 2],
) {
    let mut unit = Vec::new();
    let Some(coded) = encoder.encode(picture, intra, &mut unit) else { return assert!(unit.is_empty()) };
    assert_eq!(coded.bytes, unit.len());
    let decoded = first.decode_unit(&unit).expect("every picture is shown");
    assert_eq!((decoded.concealed_macroblocks, decoded.kind), (0, coded.kind));
    assert_eq!(i420(decoded.picture), i420(encoder.reference()));
    let followed = joined.decode_unit(&unit).expect("it began with the first picture");
    assert_eq!(followed.concealed_macroblocks, 0);
}

/// A join picture or a band for one viewer; the encoder's reference stays.
fn one_join(encoder: &mut Encoder, order: [u8; 4], viewer: &mut Decoder) {
    let row = usize::from(order[3] & 7);
    let rows = match order[0] {
        orders if orders & JOIN != 0 => 0..encoder.rows(),
        orders if orders & BAND != 0 && row < encoder.rows() => row..row + 1,
        _ => return,
    };
    let size = match order[3] >> 3 {
        0 => JoinSize::Bytes(usize::from(order[1]) * 64),
        scale => JoinSize::Quantiser(scale),
    };
    let (before, mut unit) = (i420(encoder.reference()), Vec::new());
    encoder.encode_join(rows, size, &mut unit);
    assert!(before == i420(encoder.reference()), "a join changes nothing for others");
    assert_eq!(viewer.decode_unit(&unit).expect("it is shown").concealed_macroblocks, 0);
}

fn i420(picture: PictureView<'_>) -> Vec<u8> {
    let mut samples = Vec::new();
    picture.write_i420(&mut samples);
    samples
}
