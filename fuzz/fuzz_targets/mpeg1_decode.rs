//! Any bytes as a stream: in one unit, and in pieces that the first byte sets. However it was cut, the same pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mpeg1::decode::{Decoded, Decoder};

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, stream)) = bytes.split_first() else { return };
    let _ = Decoder::new().decode_unit(stream);
    let _ = Decoder::new().decode_picture_payload(stream);
    let whole = pictures(stream, stream.len().max(1));
    assert_eq!(pictures(stream, usize::from(piece).max(1)), whole);
});

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
    let rows = picture.planes().into_iter().flat_map(|(plane, width, height)| {
        let row = plane.row(height / 2);
        row[..width.min(64)].iter().copied()
    });
    (picture.width, picture.height, decoded.concealed_macroblocks, rows.collect())
}
