//! The macroblock header: address increment, type, motion vectors, coded block pattern (ISO/IEC 11172-2, 2.4.2.7,
//! 2.4.3.6, 2.4.4.2).

use super::picture::{MotionScale, PictureKind};
use crate::bits::{BitReader, BitWriter};
use crate::tables::macroblock::{
    ADDRESS_INCREMENT, ADDRESS_INCREMENT_CODES, BLOCK_PATTERN, BLOCK_PATTERN_CODES, ESCAPE, INTRA, MOTION,
    MOTION_CODE, MOTION_CODE_CODES, PATTERN, QUANT, STUFFING, TYPE_INTRA, TYPE_INTRA_CODES, TYPE_PREDICTED,
    TYPE_PREDICTED_CODES,
};
use crate::tables::{Code, Entry};

/// How far an escape goes.
const ESCAPED: u32 = 33;

/// Reads macroblock_stuffing, macroblock_escape and macroblock_address_increment: how many macroblocks on the next
/// one is, 1 or more. `None` for a code that does not exist.
#[inline]
pub fn read_address_increment(bits: &mut BitReader<'_>) -> Option<u32> {
    let mut escaped = 0;
    while !bits.overrun() {
        let entry = ADDRESS_INCREMENT.find(bits.peek32());
        if entry.is_empty() {
            return None;
        }
        bits.skip(entry.len());
        match entry.value() {
            STUFFING => {}
            ESCAPE => escaped += ESCAPED,
            increment => return Some(escaped + u32::from(increment)),
        }
    }
    None
}

/// Writes an address increment of 1 or more.
#[inline]
pub fn write_address_increment(bits: &mut BitWriter<'_>, increment: u32) {
    let escapes = (increment - 1) / ESCAPED;
    for _ in 0..escapes {
        put(bits, ADDRESS_INCREMENT_CODES[usize::from(ESCAPE)]);
    }
    put(bits, ADDRESS_INCREMENT_CODES[(increment - escapes * ESCAPED) as usize]);
}

/// Writes macroblock_stuffing: bits that mean nothing, before an address increment.
#[inline]
pub fn write_stuffing(bits: &mut BitWriter<'_>) {
    put(bits, ADDRESS_INCREMENT_CODES[usize::from(STUFFING)]);
}

/// macroblock_type: which parts a macroblock has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacroblockType {
    /// macroblock_quant: a quantiser scale follows.
    pub quantiser: bool,
    /// macroblock_motion_forward: a vector follows.
    pub motion: bool,
    /// macroblock_pattern: a coded block pattern follows.
    pub pattern: bool,
    /// macroblock_intra: all six blocks follow, coded without prediction.
    pub intra: bool,
}

impl MacroblockType {
    /// Reads the type of a macroblock in a picture of `kind`.
    #[inline]
    pub fn read(bits: &mut BitReader<'_>, kind: PictureKind) -> Option<Self> {
        let entry = match kind {
            PictureKind::Intra => take(bits, &TYPE_INTRA)?,
            PictureKind::Predicted => take(bits, &TYPE_PREDICTED)?,
        };
        let has = |flag| entry.value() & flag != 0;
        Some(Self { quantiser: has(QUANT), motion: has(MOTION), pattern: has(PATTERN), intra: has(INTRA) })
    }

    /// Writes the type; it must be one that a picture of `kind` has a code for.
    #[inline]
    pub fn write(self, bits: &mut BitWriter<'_>, kind: PictureKind) {
        let flag = |set: bool, flag| if set { flag } else { 0 };
        let flags = flag(self.quantiser, QUANT)
            | flag(self.motion, MOTION)
            | flag(self.pattern, PATTERN)
            | flag(self.intra, INTRA);
        put(
            bits,
            match kind {
                PictureKind::Intra => TYPE_INTRA_CODES[usize::from(flags)],
                PictureKind::Predicted => TYPE_PREDICTED_CODES[usize::from(flags)],
            },
        );
    }
}

/// A motion vector in the unit that the picture's [`MotionScale`] says: half pels, or whole ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MotionVector {
    /// To the right.
    pub x: i16,
    /// Downwards.
    pub y: i16,
}

impl MotionVector {
    /// No motion.
    pub const ZERO: Self = Self { x: 0, y: 0 };

    /// Reads a vector, coded as its difference to `prediction`.
    #[inline]
    pub fn read(bits: &mut BitReader<'_>, scale: MotionScale, prediction: Self) -> Option<Self> {
        let x = read_component(bits, scale.f_code, prediction.x)?;
        let y = read_component(bits, scale.f_code, prediction.y)?;
        Some(Self { x, y })
    }

    /// Writes the vector as its difference to `prediction`; both must be in the range of `scale`.
    #[inline]
    pub fn write(self, bits: &mut BitWriter<'_>, scale: MotionScale, prediction: Self) {
        write_component(bits, scale.f_code, self.x, prediction.x);
        write_component(bits, scale.f_code, self.y, prediction.y);
    }
}

/// motion_code and motion_r, and their sum with the prediction, wrapped into the range of f_code.
#[inline]
fn read_component(bits: &mut BitReader<'_>, f_code: u8, prediction: i16) -> Option<i16> {
    let word = bits.peek32();
    let entry = MOTION_CODE.find(word);
    if entry.is_empty() {
        return None;
    }
    let magnitude = entry.value() as i16;
    if magnitude == 0 {
        bits.skip(entry.len());
        return Some(prediction);
    }
    // The sign, then motion_r: at most 11, 1 and 6 bits in all.
    let behind = word << entry.len();
    let r_size = u32::from(f_code - 1);
    bits.skip(entry.len() + 1 + r_size);
    let r = (behind << 1 >> 16 >> (16 - r_size)) as i16;
    let difference = ((magnitude - 1) << r_size) + r + 1;
    let sum = if behind >> 31 == 1 { prediction - difference } else { prediction + difference };
    Some(wrap(sum, r_size))
}

#[inline]
fn write_component(bits: &mut BitWriter<'_>, f_code: u8, component: i16, prediction: i16) {
    let r_size = u32::from(f_code - 1);
    let difference = wrap(component - prediction, r_size);
    if difference == 0 {
        return put(bits, MOTION_CODE_CODES[0]);
    }
    let magnitude = difference.unsigned_abs() - 1;
    put(bits, MOTION_CODE_CODES[usize::from(magnitude >> r_size) + 1]);
    bits.flag(difference < 0);
    bits.put(u32::from(magnitude) & ((1 << r_size) - 1), r_size);
}

/// `value` into −16·2^r_size ..= 16·2^r_size − 1, modulo 32·2^r_size.
#[inline]
const fn wrap(value: i16, r_size: u32) -> i16 {
    let half = 16 << r_size;
    ((value + half) & (2 * half - 1)) - half
}

/// Reads coded_block_pattern: bit 5 for the first luma block down to bit 0 for Cr.
#[inline]
pub fn read_block_pattern(bits: &mut BitReader<'_>) -> Option<u8> {
    take(bits, &BLOCK_PATTERN).map(|entry| entry.value() as u8)
}

/// Writes coded_block_pattern, which is not 0.
#[inline]
pub fn write_block_pattern(bits: &mut BitWriter<'_>, pattern: u8) {
    put(bits, BLOCK_PATTERN_CODES[usize::from(pattern)]);
}

/// Looks the next code up in a table that holds all of them.
#[inline]
fn take<const N: usize>(bits: &mut BitReader<'_>, table: &[Entry; N]) -> Option<Entry> {
    let entry = table[bits.peek(N.trailing_zeros()) as usize];
    bits.skip(entry.len());
    (!entry.is_empty()).then_some(entry)
}

#[inline]
pub(super) fn put(bits: &mut BitWriter<'_>, code: Code) {
    debug_assert!(code.len > 0, "there is a code");
    bits.put(code.bits.into(), code.len.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut BitWriter<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut bits = BitWriter::new(&mut out);
        write(&mut bits);
        bits.align();
        out
    }

    #[test]
    fn increments_round_trip_behind_stuffing() {
        for increment in 1..200 {
            let out = written(|bits| {
                put(bits, ADDRESS_INCREMENT_CODES[usize::from(STUFFING)]);
                write_address_increment(bits, increment);
            });
            assert_eq!(read_address_increment(&mut BitReader::new(&out)), Some(increment));
        }
        assert_eq!(read_address_increment(&mut BitReader::new(&[])), None);
    }

    #[test]
    fn patterns_and_types_round_trip() {
        for pattern in 1..64 {
            let out = written(|bits| write_block_pattern(bits, pattern));
            assert_eq!(read_block_pattern(&mut BitReader::new(&out)), Some(pattern));
        }
        for flags in 0..16 {
            let has = |bit: u8| flags & bit != 0;
            let kind = MacroblockType { quantiser: has(1), motion: has(2), pattern: has(4), intra: has(8) };
            if TYPE_PREDICTED_CODES.get(usize::from(flags)).is_some_and(|code| code.len > 0) {
                let out = written(|bits| kind.write(bits, PictureKind::Predicted));
                assert_eq!(
                    MacroblockType::read(&mut BitReader::new(&out), PictureKind::Predicted),
                    Some(kind)
                );
            }
        }
    }

    proptest! {
        #[test]
        fn vectors_round_trip(f_code in 1u8..8, full_pel: bool, vectors in prop::collection::vec((any::<i16>(), any::<i16>()), 1..20)) {
            let scale = MotionScale { full_pel, f_code };
            let range = |n| wrap(n % 1024, u32::from(f_code - 1));
            let vectors: Vec<_> = vectors.into_iter().map(|(x, y)| MotionVector { x: range(x), y: range(y) }).collect();
            let out = written(|bits| {
                vectors.iter().fold(MotionVector::ZERO, |prediction, vector| {
                    vector.write(bits, scale, prediction);
                    *vector
                });
            });
            let mut bits = BitReader::new(&out);
            let mut prediction = MotionVector::ZERO;
            for vector in vectors {
                prediction = MotionVector::read(&mut bits, scale, prediction).unwrap();
                prop_assert_eq!(prediction, vector);
            }
        }
    }
}
