//! Transport packets with any content, and plain bytes: in pieces that the first byte sets. However it was cut, the
//! same pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pistreaming::encode::ts::{self, Reader};

const PACKET: usize = 188;

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, content)) = bytes.split_first() else { return };
    let _ = ts::kind(content);
    let pieces = usize::from(piece).max(1);
    for stream in [content.to_vec(), packets(content)] {
        let whole = pictures(&stream, stream.len().max(1));
        assert_eq!(pictures(&stream, pieces), whole);
    }
});

/// Each packet begins as it must; the rest is any.
fn packets(content: &[u8]) -> Vec<u8> {
    let packet = |content: &[u8]| {
        let mut packet = vec![0xff; PACKET];
        packet[0] = 0x47;
        packet[1..=content.len()].copy_from_slice(content);
        packet
    };
    content.chunks(PACKET - 1).flat_map(packet).collect()
}

fn pictures(stream: &[u8], len: usize) -> Vec<Vec<u8>> {
    let mut reader = Reader::new();
    let mut pictures = Vec::new();
    for piece in stream.chunks(len) {
        reader.push(piece, &mut |picture| pictures.push(picture.to_vec()));
    }
    pictures
}
