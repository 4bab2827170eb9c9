//! Streams to pictures: by our decoder, and which of another decoder's pictures they have to be.

use mpeg1::bits::start_code::{self, GROUP, PICTURE, SEQUENCE_END, SLICE_FIRST, SLICE_LAST};
use mpeg1::decode::{Decoded, Decoder};
use mpeg1::syntax::picture::{CodingType, PictureHeader};

/// A decoded picture, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) size: (usize, usize),
    pub(crate) samples: Vec<u8>,
    pub(crate) concealed: u32,
}

impl From<Decoded<'_>> for Kept {
    fn from(decoded: Decoded<'_>) -> Self {
        let mut samples = Vec::new();
        decoded.picture.write_i420(&mut samples);
        let size = (decoded.picture.width, decoded.picture.height);
        Self { size, samples, concealed: decoded.concealed_macroblocks }
    }
}

/// All pictures of a stream, pushed in pieces of the lengths that `pieces` gives.
pub(crate) fn decode(stream: &[u8], pieces: impl IntoIterator<Item = usize>) -> Vec<Kept> {
    let (mut decoder, mut kept) = (Decoder::new(), Vec::new());
    let mut pieces = pieces.into_iter();
    let mut rest = stream;
    while !rest.is_empty() {
        let len = pieces.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(len);
        rest = behind;
        decoder.push(piece);
        while let Some(decoded) = decoder.next_picture() {
            kept.push(decoded.into());
        }
    }
    while let Some(decoded) = decoder.finish() {
        kept.push(decoded.into());
    }
    kept
}

/// All pictures of a stream, which must be without damage.
pub(crate) fn decode_sound(stream: &[u8]) -> Vec<Kept> {
    let kept = decode(stream, []);
    assert!(kept.iter().all(|picture| picture.concealed == 0), "the stream is sound");
    kept
}

/// The units of a stream: each a picture with the headers before it, the last with what ends the stream.
pub(crate) fn units(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut in_headers = false;
    let mut at = 0;
    while let Some(found) = start_code::find(stream, at) {
        let header = !matches!(found.code, SLICE_FIRST..=SLICE_LAST | SEQUENCE_END);
        if header && !in_headers {
            starts.push(found.at);
        }
        in_headers = header;
        at = found.at + 4;
    }
    starts.push(stream.len());
    starts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

/// The places of the reference pictures among all pictures in the order of display.
pub(crate) fn reference_places(stream: &[u8]) -> Vec<usize> {
    let (mut places, mut before, mut in_group) = (Vec::new(), 0, 0);
    for (code, payload) in start_code::split(stream) {
        match code {
            GROUP => (before, in_group) = (before + in_group, 0),
            PICTURE => {
                let header = PictureHeader::read(payload).expect("a legal header");
                in_group += 1;
                if matches!(header.coding_type, CodingType::Reference(_)) {
                    places.push(before + usize::from(header.temporal_reference));
                }
            }
            _ => {}
        }
    }
    places
}

/// Asserts that our pictures are those of another decoder that shows B pictures too; `most` is the largest difference
/// of a sample.
pub(crate) fn assert_references(stream: &[u8], theirs: &[&[u8]], most: u8) {
    let ours = decode_sound(stream);
    let places = reference_places(stream);
    assert_eq!(ours.len(), places.len(), "each reference picture is shown");
    for (n, (ours, place)) in ours.iter().zip(places).enumerate() {
        let theirs = theirs[place];
        assert_eq!(ours.samples.len(), theirs.len(), "size of picture {n}");
        let differences = ours.samples.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b));
        let worst = differences.max().unwrap_or(0);
        assert!(worst <= most, "picture {n} differs by up to {worst}");
    }
}
