//! The reader against streams made here, damaged ones, and any bytes.

use super::*;
use proptest::prelude::*;

/// Transport packets that carry a PES packet; `known` says whether its length is written.
fn packets(picture: &[u8], known: bool, counter: &mut u8) -> Vec<u8> {
    let mut pes = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1];
    pes.extend_from_slice(picture);
    if known {
        let length = u16::try_from(pes.len() - 6).unwrap().to_be_bytes();
        pes[4..6].copy_from_slice(&length);
    }
    let mut packets = Vec::new();
    let (mut rest, mut begins) = (pes.as_slice(), 0x40);
    while !rest.is_empty() {
        let (payload, behind) = rest.split_at(rest.len().min(184));
        packets.extend([SYNC, begins | 1, 0]);
        let stuffing = 184 - payload.len();
        packets.push(if stuffing == 0 { 0x10 } else { 0x30 } | *counter);
        *counter = (*counter + 1) & 15;
        if stuffing > 0 {
            packets.push(stuffing as u8 - 1);
            packets.extend((1..stuffing).map(|index| if index == 1 { 0 } else { 0xFF }));
        }
        packets.extend(payload);
        (rest, begins) = (behind, 0);
    }
    packets
}

/// A table's packet, of another PID.
fn table() -> Vec<u8> {
    let mut packet = vec![0xFF; PACKET];
    packet[..4].copy_from_slice(&[SYNC, 0x40, 0x11, 0x10]);
    packet
}

fn read(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut reader, mut pictures) = (Reader::new(), Vec::new());
    for piece in pieces {
        reader.push(piece, &mut |picture| pictures.push(picture.to_vec()));
    }
    pictures
}

fn picture(length: usize, first: u8) -> Vec<u8> {
    (0..length).map(|index| first.wrapping_add(index as u8)).collect()
}

#[test]
fn a_picture_is_handed_out_with_its_last_byte() {
    let mut counter = 14;
    let mut stream = [table(), packets(&picture(1000, 1), true, &mut counter), table()].concat();
    let whole = stream.len() - PACKET;
    assert_eq!(read(&[&stream[..whole - 1]]).len(), 0);
    assert_eq!(read(&[&stream[..whole]]), [picture(1000, 1)]);
    stream.extend(packets(&picture(3, 9), true, &mut counter));
    assert_eq!(read(&[&stream]), [picture(1000, 1), picture(3, 9)]);
}

#[test]
fn one_of_unknown_length_ends_with_stuffing() {
    let mut counter = 0;
    let stream = packets(&picture(100_000, 1), false, &mut counter);
    assert_eq!(read(&[&stream]), [picture(100_000, 1)]);
}

#[test]
fn one_of_unknown_length_that_fits_exactly_ends_with_the_next() {
    let mut counter = 0;
    let exact = picture(184 * 500 - 14, 1);
    let mut stream = packets(&exact, false, &mut counter);
    assert_eq!(read(&[&stream]).len(), 0);
    stream.extend(packets(&picture(5, 2), true, &mut counter));
    assert_eq!(read(&[&stream]), [exact, picture(5, 2)]);
}

#[test]
fn a_missing_packet_costs_its_picture_only() {
    let mut counter = 0;
    let pictures = [1, 2, 3].map(|first| picture(1000, first));
    let streams = pictures.each_ref().map(|picture| packets(picture, true, &mut counter));
    let cut =
        [&streams[0][..], &streams[1][..2 * PACKET], &streams[1][3 * PACKET..], &streams[2][..]].concat();
    assert_eq!(read(&[&cut]), [pictures[0].clone(), pictures[2].clone()]);
}

#[test]
fn rubbish_between_packets_is_passed_over() {
    let mut counter = 0;
    let one = packets(&picture(1000, 1), true, &mut counter);
    let other = packets(&picture(1000, 2), true, &mut counter);
    let stream = [b"rubbish".as_slice(), &one, &[0; 300], &other].concat();
    assert_eq!(read(&[&stream]), [picture(1000, 1), picture(1000, 2)]);
}

#[test]
fn damaged_and_scrambled_packets_are_no_packets() {
    for (byte, flag) in [(1, 0x80), (3, 0x40), (3, 0x80)] {
        let mut stream = packets(&picture(10, 1), true, &mut 0);
        stream[byte] |= flag;
        assert_eq!(read(&[&stream]).len(), 0);
    }
}

#[test]
fn a_picture_without_end_is_given_up() {
    let mut counter = 0;
    let mut endless = packets(&picture(184 * 10 - 14, 1), false, &mut counter);
    let continued = endless.split_off(PACKET);
    let (mut reader, mut pictures) = (Reader::new(), 0);
    reader.push(&endless, &mut |_| pictures += 1);
    let mut packet = continued[..PACKET].to_vec();
    for number in 1..=LARGEST / 184 + 2 {
        packet[3] = 0x10 | (number & 15) as u8;
        reader.push(&packet, &mut |_| pictures += 1);
        assert!(reader.pes.len() <= LARGEST);
    }
    assert!(pictures == 0 && reader.pes.is_empty());
}

#[test]
fn kinds_are_told_by_the_picture_header() {
    let i = [0, 0, 1, 0, 0, 0x08, 0xFF, 0xF8];
    let p = [0, 0, 1, 0, 0, 0x50, 0xFF, 0xF8];
    let b = [0, 0, 1, 0, 0, 0x58, 0xFF, 0xF8];
    let header = [0, 0, 1, 0xB3, 0x28, 0x01, 0xE0, 0x12];
    assert_eq!(kind(&i), Some((Picture::Intra, false)));
    assert_eq!(kind(&[&header[..], &i].concat()), Some((Picture::Intra, true)));
    assert_eq!(kind(&[&header[..], &p].concat()), Some((Picture::Predicted, false)));
    assert_eq!((kind(&b), kind(&header), kind(&[]), kind(&i[..5])), (None, None, None, None));
}

proptest! {
    #[test]
    fn pictures_come_out_as_they_went_in_however_cut(
        lengths in proptest::collection::vec((0_usize..2000, any::<bool>()), 1..8),
        cuts in proptest::collection::vec(1_usize..700, 1..20),
    ) {
        let mut counter = 0;
        let pictures: Vec<_> = lengths.iter().enumerate().map(|(index, &(length, _))| picture(length, index as u8)).collect();
        let mut stream: Vec<u8> = pictures.iter().zip(&lengths).flat_map(|(picture, &(_, known))| packets(picture, known, &mut counter)).collect();
        stream.extend(packets(b"the last", true, &mut counter));
        let mut pieces = Vec::new();
        let mut rest = stream.as_slice();
        for &cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        let mut read = read(&pieces);
        prop_assert_eq!(read.pop().unwrap(), b"the last");
        prop_assert_eq!(read, pictures);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read(&[&bytes]);
        let _ = kind(&bytes);
    }

    #[test]
    fn damage_is_read_without_harm(
        damage in proptest::collection::vec((0_usize..2000, any::<u8>()), 0..20),
    ) {
        let mut counter = 0;
        let mut stream = packets(&picture(900, 1), true, &mut counter);
        stream.extend(packets(&picture(900, 2), false, &mut counter));
        let length = stream.len();
        for (at, byte) in damage {
            stream[at % length] = byte;
        }
        stream.extend(packets(&picture(900, 3), true, &mut counter));
        stream.extend(packets(&picture(900, 4), true, &mut counter));
        prop_assert_eq!(read(&[&stream]).pop(), Some(picture(900, 4)));
    }
}
