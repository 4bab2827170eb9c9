//! Any bytes as a stream: in one unit, in its slices, and in pieces that the first byte sets. However it was cut, the same
//! pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mpeg1::PictureView;
use mpeg1::bits::start_code::{self, SLICE_FIRST, SLICE_LAST};
use mpeg1::decode::{Decoded, Decoder, Part};

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, stream)) = bytes.split_first() else { return };
    let (mut by_unit, mut by_parts) = (Decoder::new(), Decoder::new());
    let _ = by_unit.decode_unit(stream);
    decode_parts(&mut by_parts, stream);
    assert_eq!(by_parts.newest().map(rows), by_unit.newest().map(rows));
    let _ = Decoder::new().decode_picture_payload(stream);
    let whole = pictures(stream, stream.len().max(1));
    assert_eq!(pictures(stream, usize::from(piece).max(1)), whole);
});

/// The stream as one unit that comes slice by slice.
fn decode_parts(decoder: &mut Decoder, stream: &[u8]) {
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = start_code::find(stream, at) {
        if (SLICE_FIRST..=SLICE_LAST).contains(&found.code) {
            let place = Part { first: from == 0, last: false };
            assert!(decoder.decode_part(&stream[from..found.at], place).is_none());
            from = found.at;
        }
        at = found.at + 4;
    }
    let _ = decoder.decode_part(&stream[from..], Part { first: from == 0, last: true });
}

/// What is shown of each picture of a stream pushed in pieces of `len` bytes: size, damage, samples.
fn pictures(stream: &[u8], len: usize) -> Vec<(usize, usize, u32, Vec<u8>)> {
    let mut decoder = Decoder::new();
    let mut shown = Vec::new();
    for piece in stream.chunks(len) {
        decoder.push(piece);
        while let Some(decoded) = decoder.next_picture() {
            shown.push(digest(&decoded));
        }
    }
    while let Some(decoded) = decoder.finish() {
        shown.push(digest(&decoded));
    }
    shown
}

/// Of the samples one row of each plane: large pictures many times over would only fill the memory.
fn digest(decoded: &Decoded<'_>) -> (usize, usize, u32, Vec<u8>) {
    let picture = decoded.picture;
    (picture.width, picture.height, decoded.concealed_macroblocks, rows(picture))
}

fn rows(picture: PictureView<'_>) -> Vec<u8> {
    let rows = picture.planes().into_iter().flat_map(|(plane, width, height)| {
        let row = plane.row(height / 2);
        row[..width.min(64)].iter().copied()
    });
    rows.collect()
}
