//! Streams at random that use all that the standard allows in I and P pictures, and nothing that it forbids.

use mpeg1::bits::BitWriter;
use mpeg1::bits::start_code::{SEQUENCE_END, USER_DATA};
use mpeg1::syntax::block::{write_dc_difference, write_end, write_first, write_next};
use mpeg1::syntax::group::GroupHeader;
use mpeg1::syntax::macroblock::{MacroblockType, MotionVector, write_address_increment, write_block_pattern};
use mpeg1::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};
use mpeg1::syntax::sequence::SequenceHeader;
use mpeg1::syntax::slice::SliceHeader;
use std::ops::RangeInclusive;

/// How large a stream is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pictures: usize,
    /// Slices begin with the first macroblock of a row.
    pub(crate) row_slices: bool,
}

/// A stream that `seed` decides.
pub(crate) fn stream(seed: u64, shape: Shape) -> Vec<u8> {
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    let mut out = Vec::new();
    let mut in_group = 0;
    for n in 0..shape.pictures {
        let kind = if n == 0 || random.one_in(4) { PictureKind::Intra } else { PictureKind::Predicted };
        if kind == PictureKind::Intra {
            start(&mut out, &mut random, shape);
            in_group = 0;
        }
        picture(&mut out, &mut random, shape, (kind, in_group));
        in_group += 1;
    }
    out.extend([0, 0, 1, SEQUENCE_END]);
    out
}

/// Numbers at random, the same for the same seed.
struct Random(u64);

impl Random {
    fn number(&mut self, range: RangeInclusive<i32>) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let span = (range.end() - range.start() + 1) as u64;
        range.start() + ((self.0 >> 33) % span) as i32
    }

    fn one_in(&mut self, n: i32) -> bool {
        self.number(1..=n) == 1
    }

    /// Small more often than large.
    fn level(&mut self, most: i32) -> i16 {
        let usual = [1, 3, 40, 255][self.number(0..=3) as usize];
        let magnitude = self.number(1..=usual.min(most)) as i16;
        if self.one_in(2) { magnitude } else { -magnitude }
    }
}

fn start(out: &mut Vec<u8>, random: &mut Random, shape: Shape) {
    let mut header = SequenceHeader::new(shape.width as u16, shape.height as u16, 3);
    if random.one_in(2) {
        header.intra_matrix = std::array::from_fn(|_| random.number(8..=LARGEST_WEIGHT) as u8);
        header.intra_matrix[0] = 8;
    }
    if random.one_in(2) {
        header.non_intra_matrix = std::array::from_fn(|_| random.number(8..=LARGEST_WEIGHT) as u8);
    }
    let mut bits = BitWriter::new(out);
    header.write(&mut bits);
    GroupHeader { time_code: GroupHeader::TIME_ZERO, closed: true, broken_link: false }.write(&mut bits);
    out.extend([0, 0, 1, USER_DATA, b'u', b's', b'e', b'r']);
}

fn picture(
    out: &mut Vec<u8>,
    random: &mut Random,
    shape: Shape,
    (kind, temporal_reference): (PictureKind, u16),
) {
    let forward = match kind {
        PictureKind::Intra => MotionScale::LEAST,
        PictureKind::Predicted => {
            MotionScale { full_pel: random.one_in(2), f_code: random.number(1..=7) as u8 }
        }
    };
    let header = PictureHeader {
        temporal_reference,
        coding_type: CodingType::Reference(kind),
        vbv_delay: PictureHeader::NO_VBV_DELAY,
        forward,
    };
    header.write(&mut BitWriter::new(out));
    if random.one_in(3) {
        out.extend([0, 0, 1, USER_DATA, 9, 9]);
    }
    let mut writer = Slices {
        random,
        kind,
        forward,
        mb_width: shape.width.div_ceil(16),
        mb_height: shape.height.div_ceil(16),
        row_slices: shape.row_slices,
        quantiser: 1,
    };
    writer.write(out);
}

/// Writes the slices of one picture.
struct Slices<'a> {
    random: &'a mut Random,
    kind: PictureKind,
    forward: MotionScale,
    mb_width: usize,
    mb_height: usize,
    row_slices: bool,
    quantiser: i32,
}

/// Coefficients beside the DC add up to no more in what an encoder makes of pixels. Beyond that IDCTs overflow, each in
/// its own way.
const MOST_SUM: i32 = 1000;
const LARGEST_WEIGHT: i32 = 40;

/// What a macroblock's coding depends on.
struct Before {
    vector: MotionVector,
    dc: [i16; 3],
}

impl Before {
    const RESET: Self = Self { vector: MotionVector::ZERO, dc: [128; 3] };
}

impl Slices<'_> {
    fn write(&mut self, out: &mut Vec<u8>) {
        let count = self.mb_width * self.mb_height;
        let mut first = 0;
        while first < count {
            let most = [1, self.mb_width, 3 * self.mb_width, count][self.random.number(0..=3) as usize];
            let mut end = first + self.random.number(1..=most as i32) as usize;
            if self.row_slices {
                end = end.next_multiple_of(self.mb_width);
            }
            self.slice(out, first, end.min(count) - 1);
            first = end;
        }
    }

    /// The slice of the macroblocks `first` to `last`, of which neither is skipped.
    fn slice(&mut self, out: &mut Vec<u8>, first: usize, last: usize) {
        let mut bits = BitWriter::new(out);
        let mb_row = (first / self.mb_width) as u8;
        self.quantiser = self.random.number(1..=31);
        SliceHeader { mb_row, quantiser: self.quantiser as u8 }.write(&mut bits);
        let mut before = Before::RESET;
        let mut increment = (first % self.mb_width) as u32 + 1;
        let often_skipped = self.random.one_in(3);
        for address in first..=last {
            let may_skip = self.kind == PictureKind::Predicted && address > first && address < last;
            if may_skip && (self.random.one_in(4) || often_skipped && !self.random.one_in(60)) {
                increment += 1;
                before = Before::RESET;
                continue;
            }
            while self.random.one_in(20) {
                bits.put(0b1111, 11); // macroblock_stuffing
            }
            write_address_increment(&mut bits, increment);
            increment = 1;
            self.macroblock(&mut bits, &mut before, address);
        }
        bits.align();
    }

    fn macroblock(&mut self, bits: &mut BitWriter<'_>, before: &mut Before, address: usize) {
        let parts = self.parts();
        parts.write(bits, self.kind);
        if parts.quantiser {
            self.quantiser = self.random.number(1..=31);
            bits.put(self.quantiser as u32, 5);
        }
        let vector = if parts.motion { self.vector(address) } else { MotionVector::ZERO };
        if parts.motion {
            vector.write(bits, self.forward, before.vector);
        }
        before.vector = vector;
        if parts.intra {
            (0..6).for_each(|n| self.intra_block(bits, n < 4, &mut before.dc[n.max(3) - 3]));
            return;
        }
        before.dc = Before::RESET.dc;
        if parts.pattern {
            let pattern = self.random.number(1..=63) as u8;
            write_block_pattern(bits, pattern);
            (0..pattern.count_ones()).for_each(|_| self.predicted_block(bits));
        }
    }

    /// One of the types that the picture has codes for.
    fn parts(&mut self) -> MacroblockType {
        let none = MacroblockType { quantiser: false, motion: false, pattern: false, intra: false };
        let quantiser = self.random.one_in(4);
        if self.kind == PictureKind::Intra || self.random.one_in(5) {
            return MacroblockType { quantiser, intra: true, ..none };
        }
        match self.random.number(0..=2) {
            0 => MacroblockType { motion: true, ..none },
            1 => MacroblockType { pattern: true, quantiser, ..none },
            _ => MacroblockType { motion: true, pattern: true, quantiser, ..none },
        }
    }

    /// A vector that the scale can code and that stays inside the picture.
    fn vector(&mut self, address: usize) -> MotionVector {
        let unit = if self.forward.full_pel { 1 } else { 2 };
        let range = 16 << (self.forward.f_code - 1);
        let mut component = |block: usize, blocks: usize| {
            let before = (block * 16 * unit) as i32;
            let behind = ((blocks - 1 - block) * 16 * unit) as i32;
            self.random.number(-before.min(range)..=behind.min(range - 1)) as i16
        };
        MotionVector {
            x: component(address % self.mb_width, self.mb_width),
            y: component(address / self.mb_width, self.mb_height),
        }
    }

    fn intra_block(&mut self, bits: &mut BitWriter<'_>, luma: bool, dc: &mut i16) {
        let level = self.random.number(0..=255) as i16;
        write_dc_difference(bits, luma, level - *dc);
        *dc = level;
        self.coefficients(bits, 1, MOST_SUM);
    }

    fn predicted_block(&mut self, bits: &mut BitWriter<'_>) {
        let first = if self.random.one_in(2) { 0 } else { self.random.number(0..=63) };
        let level = self.random.level((MOST_SUM / self.step()).max(1));
        write_first(bits, first as u8, level);
        self.coefficients(bits, first + 1, MOST_SUM - i32::from(level.abs()) * self.step());
    }

    /// The rest of a block, from the coefficient `at` on; their magnitudes may add up to `sum`.
    fn coefficients(&mut self, bits: &mut BitWriter<'_>, mut at: i32, mut sum: i32) {
        let most_run = [0, 3, 40][self.random.number(0..=2) as usize];
        while !self.random.one_in(6) && sum >= self.step() {
            let run = self.random.number(0..=most_run);
            if at + run > 63 {
                break;
            }
            let level = self.random.level(sum / self.step());
            write_next(bits, run as u8, level);
            sum -= i32::from(level.abs()) * self.step();
            at += run + 1;
        }
        write_end(bits);
    }

    /// No less than a level of 1 stands for.
    fn step(&self) -> i32 {
        self.quantiser * LARGEST_WEIGHT * 3 / 16 + 1
    }
}
