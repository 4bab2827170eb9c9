//! Damage is concealed, counted, and over at the next I picture.

use crate::generator::{self, Shape};
use crate::pictures::{Kept, decode, decode_sound, units};
use mpeg1::PictureView;
use mpeg1::bits::BitWriter;
use mpeg1::bits::start_code::{self, PICTURE, SEQUENCE, SLICE_FIRST, SLICE_LAST};
use mpeg1::decode::Decoder;
use mpeg1::syntax::macroblock::{MacroblockType, MotionVector, write_address_increment};
use mpeg1::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};
use mpeg1::syntax::slice::SliceHeader;
use proptest::prelude::*;
use proptest::sample::Index;

const SHAPE: Shape = Shape { width: 64, height: 48, pictures: 4, row_slices: false };
const MACROBLOCKS: u32 = 4 * 3;

/// A fault on the way.
#[derive(Clone, Debug)]
enum Fault {
    Flip(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
}

impl Fault {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip(at, bit) => {
                if let Some(byte) = (!bytes.is_empty()).then(|| at.get_mut(bytes)) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Remove(at, len) => {
                let at = at.index(bytes.len() + 1);
                bytes.drain(at..bytes.len().min(at + len));
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, more.iter().copied());
            }
        }
    }
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let at = any::<Index>;
    let fault = prop_oneof![
        4 => (at(), 0u8..8).prop_map(|(at, bit)| Fault::Flip(at, bit)),
        1 => (at(), 1usize..60).prop_map(|(at, len)| Fault::Remove(at, len)),
        1 => (at(), garbage(8)).prop_map(|(at, more)| Fault::Insert(at, more)),
    ];
    prop::collection::vec(fault, 1..8)
}

/// Bytes with many start codes among them.
fn garbage(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let some = prop_oneof![
        any::<[u8; 4]>().prop_map(Vec::from),
        (0u8..6).prop_map(|code| vec![0, 0, 1, code]),
        (0xb0u8..=0xb8).prop_map(|code| vec![0, 0, 1, code]),
        Just(vec![0, 0, 1, SEQUENCE, 0x04, 0x00, 0x30, 0x13, 0xff, 0xff, 0xe0, 0x18]),
        Just(vec![0, 0, 1, PICTURE, 0x00, 0x0f, 0xff, 0xf8]),
        Just(vec![0, 0, 1, PICTURE, 0x00, 0x57, 0xff, 0xfb, 0x80]),
    ];
    prop::collection::vec(some, 0..most).prop_map(|parts| parts.concat())
}

/// Asserts that each macroblock is that of one of the two pictures; how many are not `sound`'s.
fn not_sound(shown: &Kept, sound: &Kept, before: &Kept) -> u32 {
    let macroblock = |kept: &Kept, n: usize| -> Vec<u8> {
        let (width, height) = kept.size;
        let (mb_x, mb_y) = (n % (width / 16), n / (width / 16));
        let planes = PictureView::from_i420(&kept.samples, width, height).planes();
        let rows = planes.into_iter().zip([16, 8, 8]).flat_map(|((plane, ..), size)| {
            (0..size).map(move |y| &plane.row(mb_y * size + y)[mb_x * size..][..size])
        });
        rows.flatten().copied().collect()
    };
    let mut others = 0;
    for n in 0..MACROBLOCKS as usize {
        let shown = macroblock(shown, n);
        if shown != macroblock(sound, n) {
            assert!(shown == macroblock(before, n), "macroblock {n} is of the picture before");
            others += 1;
        }
    }
    others
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_survived(bytes in garbage(200), pieces in prop::collection::vec(1usize..90, 1..8)) {
        let kept = decode(&bytes, pieces.iter().copied().cycle());
        for unit in units(&bytes) {
            Decoder::new().decode_unit(unit);
            Decoder::new().decode_picture_payload(unit);
        }
        for Kept { size, concealed, samples } in kept {
            prop_assert!(concealed as usize <= size.0.div_ceil(16) * size.1.div_ceil(16));
            prop_assert_eq!(samples.len(), PictureView::i420_len(size.0, size.1));
        }
    }

    #[test]
    fn the_next_i_picture_is_exact_again(seeds: (u64, u64), faults in faults()) {
        let mut damaged = generator::stream(seeds.0, SHAPE);
        faults.iter().for_each(|fault| fault.apply(&mut damaged));
        // So that the first start code behind does not become a part of one that was cut off.
        damaged.push(0);
        let behind = generator::stream(seeds.1, SHAPE);
        let expected = decode_sound(&behind);
        damaged.extend(behind);
        prop_assert!(decode(&damaged, []).ends_with(&expected));
        let mut decoder = Decoder::new();
        let by_units: Vec<Kept> = units(&damaged).into_iter().filter_map(|unit| decoder.decode_unit(unit).map(Kept::from)).collect();
        prop_assert!(by_units.ends_with(&expected));
    }

    #[test]
    fn a_lost_slice_is_taken_from_the_picture_before(seed: u64, which: Index, lost: Index) {
        let stream = generator::stream(seed, SHAPE);
        let (all, sound) = (units(&stream), decode_sound(&stream));
        let n = 1 + which.index(all.len() - 1);
        let is_slice = |code: u8| (SLICE_FIRST..=SLICE_LAST).contains(&code);
        let lost = lost.index(start_code::split(all[n]).filter(|(code, _)| is_slice(*code)).count());
        let (mut unit, mut slices) = (Vec::new(), 0);
        for (code, payload) in start_code::split(all[n]) {
            if is_slice(code) {
                slices += 1;
                if slices == lost + 1 { continue; }
            }
            unit.extend([0, 0, 1, code]);
            unit.extend(payload);
        }
        let mut decoder = Decoder::new();
        all[..n].iter().for_each(|unit| { decoder.decode_unit(unit); });
        let shown = Kept::from(decoder.decode_unit(&unit).expect("it is shown"));
        prop_assert!((1..=MACROBLOCKS).contains(&shown.concealed));
        prop_assert!(not_sound(&shown, &sound[n], &sound[n - 1]) <= shown.concealed);
    }

    #[test]
    fn of_a_unit_that_is_cut_off_the_front_is_shown(seed: u64, which: Index, len: Index) {
        let stream = generator::stream(seed, SHAPE);
        let (all, sound) = (units(&stream), decode_sound(&stream));
        let n = 1 + which.index(all.len() - 1);
        let unit = &all[n][..len.index(all[n].len())];
        let mut decoder = Decoder::new();
        all[..n].iter().for_each(|unit| { decoder.decode_unit(unit); });
        if let Some(shown) = decoder.decode_unit(unit).map(Kept::from) {
            prop_assert!(not_sound(&shown, &sound[n], &sound[n - 1]) <= shown.concealed);
        }
    }
}

/// A P picture of one macroblock with a vector.
fn predicted_by(vector: MotionVector) -> Vec<u8> {
    let forward = MotionScale { full_pel: false, f_code: 2 };
    let header = PictureHeader {
        temporal_reference: 1,
        coding_type: CodingType::Reference(PictureKind::Predicted),
        vbv_delay: PictureHeader::NO_VBV_DELAY,
        forward,
    };
    let mut unit = Vec::new();
    let mut bits = BitWriter::new(&mut unit);
    header.write(&mut bits);
    SliceHeader { mb_row: 0, quantiser: 1 }.write(&mut bits);
    write_address_increment(&mut bits, 1);
    let parts = MacroblockType { quantiser: false, motion: true, pattern: false, intra: false };
    parts.write(&mut bits, PictureKind::Predicted);
    vector.write(&mut bits, forward, MotionVector::ZERO);
    bits.align();
    unit
}

#[test]
fn a_vector_out_of_the_picture_is_damage() {
    let start = generator::stream(1, Shape { width: 16, height: 16, pictures: 1, row_slices: false });
    let sound = decode_sound(&start);
    for (x, y, concealed) in [(0, 0, 0), (1, 0, 1), (0, -1, 1), (-32, 31, 1)] {
        let mut decoder = Decoder::new();
        decoder.decode_unit(&start);
        let shown = decoder.decode_unit(&predicted_by(MotionVector { x, y })).map(Kept::from);
        let expected = Kept { concealed, ..sound[0].clone() };
        assert!(shown == Some(expected), "there is but one place to predict from");
    }
}

#[test]
fn a_picture_without_a_sound_slice_is_the_one_before() {
    let stream = generator::stream(11, SHAPE);
    let sound = decode_sound(&stream);
    let mut decoder = Decoder::new();
    decoder.decode_unit(units(&stream)[0]);
    for header in [[0u8, 0x0f, 0xff, 0xf8, 0].as_slice(), &[0, 0x57, 0xff, 0xfb, 0x80]] {
        // A slice of another row than there is; one with a quantiser of 0; one that has none.
        for slice in [[50u8, 0x12, 0x34].as_slice(), &[1, 0x07, 0xff], &[2]] {
            let unit = [&[0, 0, 1, PICTURE], header, &[0, 0, 1], slice].concat();
            let shown = decoder.decode_unit(&unit).map(Kept::from);
            assert!(shown == Some(Kept { concealed: MACROBLOCKS, ..sound[0].clone() }));
        }
    }
    let mut decoder = Decoder::new();
    let headers = start_code::split(&stream).take_while(|(code, _)| *code != PICTURE);
    let mut unit: Vec<u8> =
        headers.flat_map(|(code, payload)| [&[0, 0, 1, code], payload].concat()).collect();
    unit.extend([0, 0, 1, PICTURE, 0, 0x0f, 0xff, 0xf8, 0, 0, 0, 1, 1]);
    assert!(decoder.decode_unit(&unit).is_none(), "an I picture of nothing is no start");
}
