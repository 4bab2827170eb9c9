//! The ways in, and what is shown when.

use crate::generator::{self, Shape};
use crate::pictures::{Kept, decode, decode_sound, units};
use mpeg1::bits::start_code::{
    self, EXTENSION, GROUP, PICTURE, SEQUENCE, SEQUENCE_END, SLICE_FIRST, SLICE_LAST, USER_DATA,
};
use mpeg1::decode::{Decoder, Part};
use mpeg1::syntax::picture::PictureKind;
use proptest::prelude::*;

const SHAPE: Shape = Shape { width: 50, height: 40, pictures: 6, row_slices: false };

fn decode_units<'a>(decoder: &mut Decoder, units: impl IntoIterator<Item = &'a [u8]>) -> Vec<Option<Kept>> {
    units.into_iter().map(|unit| decoder.decode_unit(unit).map(Kept::from)).collect()
}

/// The unit with another picture_coding_type.
fn with_type(unit: &[u8], coding_type: u8) -> Vec<u8> {
    let mut unit = unit.to_vec();
    let mut at = 0;
    while let Some(found) = start_code::find(&unit, at) {
        if found.code == PICTURE {
            unit[found.at + 5] = unit[found.at + 5] & !0x38 | coding_type << 3;
        }
        at = found.at + 4;
    }
    unit
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn pieces_and_units_give_the_same(seed: u64, width in 1usize..60, height in 1usize..60, pieces in prop::collection::vec(1usize..500, 1..40)) {
        let stream = generator::stream(seed, Shape { width, height, ..SHAPE });
        let whole = decode_sound(&stream);
        prop_assert_eq!(whole.len(), SHAPE.pictures);
        prop_assert!(whole.iter().all(|picture| picture.size == (width, height)));
        prop_assert!(decode(&stream, pieces.iter().copied().cycle()) == whole);
        let by_units: Option<Vec<Kept>> = decode_units(&mut Decoder::new(), units(&stream)).into_iter().collect();
        prop_assert!(by_units == Some(whole));
    }
}

/// Where a unit may be cut: before each of its slices.
fn slice_starts(unit: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = start_code::find(unit, at) {
        if (SLICE_FIRST..=SLICE_LAST).contains(&found.code) {
            starts.push(found.at);
        }
        at = found.at + 4;
    }
    starts
}

/// The unit in parts, cut at those of its slices that `cut` says.
fn parts(unit: &[u8], mut cut: impl FnMut() -> bool) -> Vec<(&[u8], Part)> {
    let mut cuts = vec![0];
    cuts.extend(slice_starts(unit).into_iter().filter(|_| cut()));
    cuts.push(unit.len());
    let last = cuts.len() - 2;
    let part =
        |(n, ends): (usize, &[usize])| (&unit[ends[0]..ends[1]], Part { first: n == 0, last: n == last });
    cuts.windows(2).enumerate().map(part).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn parts_give_the_same_as_the_whole(seed: u64, width in 1usize..60, height in 1usize..100, cuts in prop::collection::vec(any::<bool>(), 1..40)) {
        let stream = generator::stream(seed, Shape { width, height, ..SHAPE });
        let whole = decode_sound(&stream);
        let (mut decoder, mut cuts, mut shown) = (Decoder::new(), cuts.into_iter().cycle(), Vec::new());
        for unit in units(&stream) {
            for (part, place) in parts(unit, || cuts.next() == Some(true)) {
                let decoded = decoder.decode_part(part, place);
                prop_assert_eq!(decoded.is_some(), place.last);
                shown.extend(decoded.map(Kept::from));
            }
        }
        prop_assert!(shown == whole);
    }

    /// Parts that are lost, come twice or out of turn: no panic, never a picture between parts, and the next I picture
    /// that comes whole is right.
    #[test]
    fn parts_that_go_astray_do_no_harm(seed: u64, orders in prop::collection::vec(0u8..8, 1..60)) {
        let stream = generator::stream(seed, SHAPE);
        let expected = decode_sound(&stream);
        let (mut decoder, mut orders, mut held) = (Decoder::new(), orders.into_iter().cycle(), None);
        for unit in units(&stream) {
            for (part, place) in parts(unit, || true) {
                match orders.next() {
                    Some(0) => continue,
                    Some(1) => prop_assert_eq!(decoder.decode_part(part, place).is_some() && !place.last, false),
                    Some(2) => held = Some((part, place)),
                    _ => {}
                }
                if let Some((part, place)) = held.take_if(|_| orders.next() > Some(4)) {
                    let _ = decoder.decode_part(part, place);
                }
                let shown = decoder.decode_part(part, place).is_some();
                prop_assert!(place.last || !shown);
            }
        }
        let first = units(&stream)[0];
        let shown = parts(first, || true).into_iter().filter_map(|(part, place)| decoder.decode_part(part, place).map(Kept::from)).last();
        prop_assert!(shown.as_ref() == Some(&expected[0]));
    }
}

#[test]
fn a_picture_in_work_is_not_the_newest_one_and_leaves_no_trace_if_it_is_begun_again() {
    let stream = generator::stream(11, SHAPE);
    let expected = decode_sound(&stream);
    let mut decoder = Decoder::new();
    let newest = |decoder: &Decoder| {
        let mut samples = Vec::new();
        decoder.newest().expect("a picture").write_i420(&mut samples);
        samples
    };
    for (unit, expected) in units(&stream).into_iter().zip(&expected) {
        let parts = parts(unit, || true);
        let before = decoder.newest().map(|_| newest(&decoder));
        for (part, place) in &parts[..parts.len() - 1] {
            assert!(decoder.decode_part(part, *place).is_none());
            if let Some(before) = &before {
                assert!(newest(&decoder) == *before);
            }
        }
        let shown =
            parts.iter().filter_map(|(part, place)| decoder.decode_part(part, *place).map(Kept::from));
        assert!(shown.last().as_ref() == Some(expected));
    }
}

#[test]
fn single_bytes_will_do() {
    let stream = generator::stream(5, SHAPE);
    assert!(decode(&stream, std::iter::repeat(1)) == decode_sound(&stream));
}

#[test]
fn a_pushed_picture_is_shown_at_the_next_start_code() {
    let stream = generator::stream(1, SHAPE);
    let all = units(&stream);
    let mut decoder = Decoder::new();
    decoder.push(all[0]);
    assert!(decoder.next_picture().is_none());
    decoder.push(&all[1][..3]);
    assert!(decoder.next_picture().is_none(), "a slice could follow");
    decoder.push(&all[1][3..4]);
    let kind = decoder.next_picture().map(|decoded| decoded.kind);
    assert_eq!(kind, Some(PictureKind::Intra));
    decoder.push(&all[1][4..]);
    assert!(decoder.next_picture().is_none());
    assert!(decoder.finish().is_some());
    assert!(decoder.finish().is_none());
}

/// The original's protocol, as sent to be decoded on arrival: each message ends with the next picture's start code.
#[test]
fn a_unit_may_end_with_the_next_start_code_and_begin_behind_its_own() {
    let stream = generator::stream(2, SHAPE);
    let expected = decode_sound(&stream);
    let all = units(&stream);
    // From the second picture on without the headers that I pictures have: the matrices change with them.
    let same = all[1..].iter().take_while(|unit| unit[3] == PICTURE).count() + 1;
    assert!(same > 2, "there are P pictures");
    let mut decoder = Decoder::new();
    for n in 0..same {
        let message = [all[n], &[0, 0, 1, PICTURE]].concat();
        let decoded = match n {
            0 => decoder.decode_unit(&message),
            _ => decoder.decode_picture_payload(&message[4..]),
        };
        assert!(decoded.map(Kept::from).as_ref() == Some(&expected[n]), "picture {n}");
    }
}

#[test]
fn nothing_is_shown_before_an_i_picture() {
    let stream = generator::stream(3, SHAPE);
    let all = units(&stream);
    let predicted: Vec<&[u8]> = all.iter().copied().filter(|unit| unit[3] == PICTURE).collect();
    assert!(!predicted.is_empty());
    let mut decoder = Decoder::new();
    assert_eq!(decode_units(&mut decoder, predicted.iter().copied()), vec![None; predicted.len()]);
    assert!(decoder.decode_unit(all[0]).is_some());
    assert!(decoder.decode_unit(predicted[0]).is_some());
    decoder.reset();
    assert!(decoder.decode_unit(predicted[0]).is_none());
    let header = start_code::split(all[0]).position(|(code, _)| code == PICTURE);
    assert!(header.is_some_and(|n| n > 0), "headers stand before the I picture");
    let without_headers = &all[0][find(all[0], PICTURE)..];
    assert!(decoder.decode_unit(without_headers).is_some(), "the sequence header still holds");
    assert!(Decoder::new().decode_unit(without_headers).is_none());
    assert_eq!(decoder.skipped_pictures(), 0);
}

fn find(bytes: &[u8], code: u8) -> usize {
    let mut at = 0;
    while let Some(found) = start_code::find(bytes, at) {
        if found.code == code {
            return found.at;
        }
        at = found.at + 4;
    }
    panic!("no start code {code:#x}");
}

#[test]
fn reset_forgets_what_was_pushed() {
    let stream = generator::stream(4, SHAPE);
    let all = units(&stream);
    let mut decoder = Decoder::new();
    decoder.push(&stream[..all[0].len() + 20]);
    decoder.reset();
    assert!(decoder.next_picture().is_none() && decoder.finish().is_none());
    decoder.push(&stream);
    assert!(decoder.next_picture().map(Kept::from).as_ref() == decode_sound(&stream).first());
}

#[test]
fn b_and_d_pictures_are_counted_and_passed_over() {
    let stream = generator::stream(6, SHAPE);
    let expected = decode_sound(&stream);
    let (mut decoder, mut shown, mut skipped) = (Decoder::new(), Vec::new(), 0);
    for unit in units(&stream) {
        // An I picture's header has not the vectors' scale that a B picture's must have.
        let coding_types: &[u8] = if unit[3] == PICTURE { &[3, 4] } else { &[4] };
        for coding_type in coding_types {
            assert!(decoder.decode_unit(&with_type(unit, *coding_type)).is_none());
            skipped += 1;
        }
        shown.extend(decoder.decode_unit(unit).map(Kept::from));
    }
    assert!(shown == expected);
    assert_eq!(decoder.skipped_pictures(), skipped);
}

#[test]
fn the_size_may_change() {
    let shapes = [(50, 40), (16, 16), (16, 16), (15, 16), (130, 7)];
    let parts: Vec<Vec<u8>> = (0..)
        .zip(shapes)
        .map(|(seed, (width, height))| generator::stream(seed, Shape { width, height, ..SHAPE }))
        .collect();
    let expected: Vec<Kept> = parts.iter().flat_map(|part| decode_sound(part)).collect();
    assert!(decode(&parts.concat(), [700; 900]) == expected);
    // The picture before is of no use to a P picture of another size.
    let mut decoder = Decoder::new();
    decode_units(&mut decoder, units(&parts[0]));
    let (other, predicted) = (units(&parts[1])[0], units(&parts[0])[1]);
    let headers = &other[..find(other, PICTURE)];
    assert!(decoder.decode_unit(&[headers, predicted].concat()).is_none());
}

#[test]
fn what_says_nothing_is_passed_over() {
    let stream = generator::stream(8, SHAPE);
    let expected = decode_sound(&stream);
    let mut dressed = vec![0xff, 0, 0, 0];
    for (code, payload) in start_code::split(&stream) {
        if code == SEQUENCE || code == GROUP || code == PICTURE {
            dressed.extend([
                0,
                0,
                1,
                EXTENSION,
                1,
                2,
                0,
                0,
                1,
                USER_DATA,
                3,
                0,
                0,
                1,
                0xb4,
                0,
                0,
                1,
                SEQUENCE_END,
                0,
            ]);
        }
        dressed.extend([0, 0, 1, code]);
        dressed.extend(payload);
        if code == PICTURE {
            dressed.extend([0, 0, 1, EXTENSION, 0x80, 0, 0, 1, USER_DATA]);
        }
        dressed.extend([0; 3]);
    }
    assert!(decode(&dressed, []) == expected);
}

#[test]
fn an_unreadable_header_changes_nothing() {
    let stream = generator::stream(9, SHAPE);
    let all = units(&stream);
    let mut decoder = Decoder::new();
    let mut shown = Vec::new();
    for unit in all {
        // Too high, without width, cut off.
        for header in [[0, 0x2f, 0xff, 0x13].as_slice(), &[0, 0, 0x10, 0x13, 0xff, 0xff, 0xe0, 0], &[1]] {
            let bad = [&[0, 0, 1, SEQUENCE], header, &[0; 8]].concat();
            assert!(decoder.decode_unit(&bad).is_none());
        }
        shown.extend(decoder.decode_unit(unit).map(Kept::from));
    }
    assert!(shown == decode_sound(&stream));
}

#[test]
fn what_nobody_takes_is_not_kept() {
    let part = generator::stream(10, Shape { width: 400, height: 300, pictures: 12, row_slices: false });
    let expected = decode_sound(&part);
    let parts = 2 * Decoder::MOST_HELD / part.len();
    let mut decoder = Decoder::new();
    (0..parts).for_each(|_| decoder.push(&part));
    let mut shown = Vec::new();
    while let Some(decoded) = decoder.next_picture() {
        shown.push(Kept::from(decoded));
    }
    assert!(shown.len() < parts * expected.len() * 2 / 3, "{} pictures were kept", shown.len());
    assert!(shown.ends_with(&expected), "the reference was kept up");
    // Nor is a slice that never ends.
    decoder.push(&[0, 0, 1, 1]);
    (0..40).for_each(|_| decoder.push(&vec![0xff; 1 << 20]));
    decoder.push(&part);
    assert!(std::iter::from_fn(|| decoder.next_picture().map(Kept::from)).last().as_ref() == expected.last());
}
