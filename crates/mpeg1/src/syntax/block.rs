//! The block layer: the DC difference and run-level coded coefficients (ISO/IEC 11172-2, 2.4.2.8, 2.4.3.7, B.5).

use super::macroblock::put;
use crate::bits::{BitReader, BitWriter};
use crate::tables::Entry;
use crate::tables::coefficients::{
    DC_SIZE_CHROMA, DC_SIZE_CHROMA_CODES, DC_SIZE_LUMA, DC_SIZE_LUMA_CODES, END_OF_BLOCK, END_OF_BLOCK_CODE,
    ESCAPE, ESCAPE_CODE, LONG, RUN_SHIFT, SHORT, WholeCode,
};

/// The largest magnitude of a level that has a code.
pub const MOST_LEVEL: i16 = 255;

/// What comes next in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `run` zeros, then `level`, which is not 0.
    Coefficient {
        /// How many zero coefficients are passed.
        run: u8,
        /// The level, −255 to 255.
        level: i16,
    },
    /// end_of_block.
    End,
    /// A code that does not exist.
    Invalid,
}

/// Reads dct_dc_size and dct_dc_differential: the difference to the DC before, −255 to 255.
#[inline]
pub fn read_dc_difference(bits: &mut BitReader<'_>, luma: bool) -> Option<i16> {
    let word = bits.peek32();
    let entry =
        if luma { DC_SIZE_LUMA[(word >> 25) as usize] } else { DC_SIZE_CHROMA[(word >> 24) as usize] };
    let size = u32::from(entry.value());
    bits.skip(entry.len() + size);
    if entry.is_empty() {
        return None;
    }
    // No bits follow a size of 0; else the first says the sign: 0 is negative, and 1 less than the magnitude's complement.
    let differential = word << entry.len();
    let magnitude = (differential >> 16 >> (16 - size)) as i16;
    let negative = size > 0 && differential >> 31 == 0;
    Some(if negative { magnitude + 1 - (1 << size) } else { magnitude })
}

/// Writes a DC difference, −255 to 255.
#[inline]
pub fn write_dc_difference(bits: &mut BitWriter<'_>, luma: bool, difference: i16) {
    let size = u16::BITS - difference.unsigned_abs().leading_zeros();
    let codes = if luma { &DC_SIZE_LUMA_CODES } else { &DC_SIZE_CHROMA_CODES };
    put(bits, codes[size as usize]);
    let value = if difference < 0 { difference - 1 } else { difference };
    bits.put(u32::from(value as u16) & ((1 << size) - 1), size);
}

/// Reads dct_coeff_first: the first coefficient of a block that must have one. `1s` is run 0, level ±1 there.
#[inline]
pub fn read_first(bits: &mut BitReader<'_>) -> Next {
    let two = bits.peek(2);
    if two & 2 == 0 {
        return read_next(bits);
    }
    bits.skip(2);
    Next::Coefficient { run: 0, level: if two == 2 { 1 } else { -1 } }
}

/// Reads dct_coeff_next.
#[inline(always)]
pub fn read_next(bits: &mut BitReader<'_>) -> Next {
    let word = bits.peek32();
    // Longer codes begin with 6 zeros, and no other code does.
    let entry =
        if word >> 26 > 0 { SHORT[(word >> 24) as usize] } else { LONG[(word >> 16 & 1023) as usize] };
    let level = (entry.value() & ((1 << RUN_SHIFT) - 1)) as i16;
    if level == 0 {
        return read_special(bits, entry);
    }
    bits.skip(entry.len() + 1);
    // All ones behind a negative level's sign, else all zeros.
    let sign = ((word << entry.len()) as i32 >> 31) as i16;
    Next::Coefficient { run: (entry.value() >> RUN_SHIFT) as u8, level: (level ^ sign) - sign }
}

/// What is no coefficient with a code of its own.
#[inline(always)]
fn read_special(bits: &mut BitReader<'_>, entry: Entry) -> Next {
    match entry.value() {
        END_OF_BLOCK if !entry.is_empty() => {
            bits.skip(entry.len());
            Next::End
        }
        ESCAPE => read_escaped(bits),
        _ => Next::Invalid,
    }
}

/// An escape (table B.5g): its code, 6 bits of run, then 8 or 16 of level.
#[inline(never)]
fn read_escaped(bits: &mut BitReader<'_>) -> Next {
    let word = bits.peek32() << ESCAPE_CODE.len;
    let (run, first, second) = ((word >> 26) as u8, (word >> 18) as u8, i16::from((word >> 10) as u8));
    let (level, len) = match first as i8 {
        0 => (second, 22),
        i8::MIN => (second - 256, 22),
        short => (short.into(), 14),
    };
    bits.skip(u32::from(ESCAPE_CODE.len) + len);
    // 0 and −256 are forbidden; the needlessly long forms of short levels are let pass.
    if level == 0 || level == -256 { Next::Invalid } else { Next::Coefficient { run, level } }
}

/// Writes a coefficient.
#[inline(always)]
pub fn write_coefficient(bits: &mut BitWriter<'_>, code: WholeCode) {
    bits.put(code.bits(), code.len());
}

/// Writes the first coefficient of a block that must have one.
#[inline]
pub fn write_first(bits: &mut BitWriter<'_>, run: u8, level: i16) {
    write_coefficient(bits, WholeCode::of(true, run, level));
}

/// Writes a coefficient: `run` zeros, at most 63, and a `level` of magnitude 1 to [`MOST_LEVEL`].
#[inline]
pub fn write_next(bits: &mut BitWriter<'_>, run: u8, level: i16) {
    write_coefficient(bits, WholeCode::of(false, run, level));
}

/// Writes end_of_block.
#[inline]
pub fn write_end(bits: &mut BitWriter<'_>) {
    put(bits, END_OF_BLOCK_CODE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn dc_differences_round_trip() {
        for luma in [false, true] {
            let mut out = Vec::new();
            let mut bits = BitWriter::new(&mut out);
            for difference in -255..=255 {
                write_dc_difference(&mut bits, luma, difference);
            }
            bits.align();
            let mut bits = BitReader::new(&out);
            for difference in -255..=255 {
                assert_eq!(read_dc_difference(&mut bits, luma), Some(difference));
            }
        }
    }

    #[test]
    fn every_run_and_level_round_trips() {
        let mut out = Vec::new();
        let levels = (-MOST_LEVEL..=MOST_LEVEL).filter(|&level| level != 0);
        let all: Vec<_> = (0..64).flat_map(|run| levels.clone().map(move |level| (run, level))).collect();
        let mut bits = BitWriter::new(&mut out);
        let mut lens = 0;
        for &(run, level) in &all {
            lens += WholeCode::of(true, run, level).len() + WholeCode::of(false, run, level).len() + 2;
            write_first(&mut bits, run, level);
            write_next(&mut bits, run, level);
            write_end(&mut bits);
        }
        bits.align();
        assert_eq!(out.len(), (lens as usize).div_ceil(8));
        let mut bits = BitReader::new(&out);
        for (run, level) in all {
            assert_eq!(read_first(&mut bits), Next::Coefficient { run, level });
            assert_eq!(read_next(&mut bits), Next::Coefficient { run, level });
            assert_eq!(read_next(&mut bits), Next::End);
        }
    }

    #[test]
    fn forbidden_levels_are_refused() {
        for bytes in [[0b0000_0100, 0, 0, 0], [0b0000_0100, 0b0010_0000, 0, 0]] {
            assert_eq!(read_next(&mut BitReader::new(&bytes)), Next::Invalid);
        }
        assert_eq!(read_next(&mut BitReader::new(&[])), Next::Invalid);
    }

    proptest! {
        #[test]
        fn any_bits_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            let mut bits = BitReader::new(&bytes);
            while !bits.overrun() {
                if matches!(read_next(&mut bits), Next::Invalid) { break; }
                let _ = read_dc_difference(&mut bits, bytes.len() % 2 == 0);
            }
        }
    }
}
