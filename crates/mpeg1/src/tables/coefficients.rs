//! The tables of the block layer: size of the DC difference (B.5a, B.5b), and run and level of coefficients (B.5c–f).

use super::vlc::{Code, Entry, Row, codes, lookup, row};

/// Look-up of dct_dc_size_luminance by 7 bits.
pub static DC_SIZE_LUMA: [Entry; 128] = lookup(DC_SIZE_LUMA_ROWS, 0);
/// Codes of dct_dc_size_luminance.
pub static DC_SIZE_LUMA_CODES: [Code; 9] = codes(DC_SIZE_LUMA_ROWS);
/// Look-up of dct_dc_size_chrominance by 8 bits.
pub static DC_SIZE_CHROMA: [Entry; 256] = lookup(DC_SIZE_CHROMA_ROWS, 0);
/// Codes of dct_dc_size_chrominance.
pub static DC_SIZE_CHROMA_CODES: [Code; 9] = codes(DC_SIZE_CHROMA_ROWS);

/// How far the run lies to the left in a value of [`SHORT`] and [`LONG`]; the bits below are the level, which is not 0.
pub const RUN_SHIFT: u32 = 6;
/// end_of_block, as a value of [`SHORT`]. It is never the first code of a block that must have one: there `1s` is
/// run 0, level 1.
pub const END_OF_BLOCK: u16 = 0;
/// Escape, as a value of [`SHORT`]: 6 bits of run and 8 or 16 of level follow.
pub const ESCAPE: u16 = 1 << RUN_SHIFT;

/// end_of_block's code.
pub const END_OF_BLOCK_CODE: Code = Code { bits: 0b10, len: 2 };
/// The escape code.
pub const ESCAPE_CODE: Code = Code { bits: 0b00_0001, len: 6 };

/// Look-up of dct_coeff_next by 8 bits: run and level, [`END_OF_BLOCK`] or [`ESCAPE`]; a sign bit follows a level. An
/// entry without length: see [`LONG`].
pub static SHORT: [Entry; 256] = lookup(ROWS, 0);
/// Look-up of those codes that begin with 6 zeros, by the 10 bits behind these.
pub static LONG: [Entry; 1024] = lookup(ROWS, 6);

/// Most run that has a code of its own, plus 1.
pub const RUNS: usize = 32;
/// Most level that has a code of its own, plus 1.
pub const LEVELS: usize = 41;
/// Codes of dct_coeff_next by run and level, without the sign bit. Level 0 has none.
const CODES: [[Code; LEVELS]; RUNS] = run_level_codes();

const fn run_level_codes() -> [[Code; LEVELS]; RUNS] {
    let mut table = [[Code::NONE; LEVELS]; RUNS];
    let mut r = 0;
    while r < ROWS.len() {
        let Row { code, value } = ROWS[r];
        let (run, level) = (value >> RUN_SHIFT, value & ((1 << RUN_SHIFT) - 1));
        if level > 0 {
            table[run as usize][level as usize] = code;
        }
        r += 1;
    }
    table
}

/// All that is written for a coefficient, sign and escape included: up to 28 bits above 5 with their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WholeCode(u32);

impl WholeCode {
    const LEN_BITS: u32 = 5;

    const fn new(bits: u32, len: u32) -> Self {
        Self(bits << Self::LEN_BITS | len)
    }

    /// Of a level that is not 0, behind a run of at most 63, or as the `first` code of a block that must have one.
    #[must_use]
    pub const fn of(first: bool, run: u8, level: i16) -> Self {
        let (magnitude, negative) = (level.unsigned_abs() as usize, (level < 0) as u32);
        if first && run == 0 && magnitude == 1 {
            return Self::new(0b10 | negative, 2);
        }
        if (run as usize) < RUNS && magnitude < LEVELS {
            let code = CODES[run as usize][magnitude];
            if code.len > 0 {
                return Self::new((code.bits as u32) << 1 | negative, code.len as u32 + 1);
            }
        }
        let escape = (ESCAPE_CODE.bits as u32) << 6 | run as u32;
        let low = level as u32 & 255;
        match level {
            -127..=127 => Self::new(escape << 8 | low, ESCAPED_LEN),
            ..-127 => Self::new(escape << 16 | 0x8000 | low, ESCAPED_LEN + 8),
            _ => Self::new(escape << 16 | low, ESCAPED_LEN + 8),
        }
    }

    /// The bits.
    #[inline(always)]
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 >> Self::LEN_BITS
    }

    /// How many they are.
    #[inline(always)]
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0 & ((1 << Self::LEN_BITS) - 1)
    }

    /// Whether there are none: a level of 0 has no code.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is an escape, which has no sign bit.
    #[inline(always)]
    #[must_use]
    pub const fn is_escaped(self) -> bool {
        self.len() >= ESCAPED_LEN
    }

    /// The code of a positive level, that is no escape, made that of the negative one if so wanted.
    #[inline(always)]
    #[must_use]
    pub const fn with_sign(self, negative: bool) -> Self {
        Self(self.0 | (negative as u32) << Self::LEN_BITS)
    }
}

/// Bits of the escape code with run and level; a level of 128 or more takes 8 more.
const ESCAPED_LEN: u32 = 20;
/// How many magnitudes stand in a row of [`WHOLE_CODES`], from 0 on. The last one stands for all above, too: they have
/// nothing but escapes.
pub const WHOLE_LEVELS: usize = 64;
/// The row of [`WHOLE_CODES`] for a run of 0 in the first code of a block that must have one.
pub const FIRST_ROW: usize = 64;
/// What is written for a positive level: a row for each run, [`WHOLE_LEVELS`] magnitudes in each, and for 0 nothing.
pub static WHOLE_CODES: [WholeCode; (FIRST_ROW + 1) * WHOLE_LEVELS] = whole_codes();

/// [`WHOLE_CODES`], for tables made of it.
pub const fn whole_codes() -> [WholeCode; (FIRST_ROW + 1) * WHOLE_LEVELS] {
    let mut table = [WholeCode(0); (FIRST_ROW + 1) * WHOLE_LEVELS];
    let mut n = 0;
    while n < table.len() {
        let (row, level) = (n / WHOLE_LEVELS, n % WHOLE_LEVELS);
        if level > 0 {
            let (first, run) = if row == FIRST_ROW { (true, 0) } else { (false, row as u8) };
            table[n] = WholeCode::of(first, run, level as i16);
        }
        n += 1;
    }
    table
}

/// A row of table B.5c–f: run and level.
const fn coefficient(bits: &str, run: u16, level: u16) -> Row {
    row(bits, run << RUN_SHIFT | level)
}

const DC_SIZE_LUMA_ROWS: &[Row] = &[
    row("100", 0),
    row("00", 1),
    row("01", 2),
    row("101", 3),
    row("110", 4),
    row("1110", 5),
    row("1111 0", 6),
    row("1111 10", 7),
    row("1111 110", 8),
];

const DC_SIZE_CHROMA_ROWS: &[Row] = &[
    row("00", 0),
    row("01", 1),
    row("10", 2),
    row("110", 3),
    row("1110", 4),
    row("1111 0", 5),
    row("1111 10", 6),
    row("1111 110", 7),
    row("1111 1110", 8),
];

const ROWS: &[Row] = &[
    row("10", END_OF_BLOCK),
    row("0000 01", ESCAPE),
    coefficient("11", 0, 1),
    coefficient("011", 1, 1),
    coefficient("0100", 0, 2),
    coefficient("0101", 2, 1),
    coefficient("0010 1", 0, 3),
    coefficient("0011 0", 4, 1),
    coefficient("0011 1", 3, 1),
    coefficient("0001 00", 7, 1),
    coefficient("0001 01", 6, 1),
    coefficient("0001 10", 1, 2),
    coefficient("0001 11", 5, 1),
    coefficient("0000 101", 9, 1),
    coefficient("0000 110", 0, 4),
    coefficient("0000 100", 2, 2),
    coefficient("0000 111", 8, 1),
    coefficient("0010 0110", 0, 5),
    coefficient("0010 0001", 0, 6),
    coefficient("0010 0101", 1, 3),
    coefficient("0010 0100", 3, 2),
    coefficient("0010 0111", 10, 1),
    coefficient("0010 0011", 11, 1),
    coefficient("0010 0010", 12, 1),
    coefficient("0010 0000", 13, 1),
    coefficient("0000 0010 10", 0, 7),
    coefficient("0000 0011 00", 1, 4),
    coefficient("0000 0010 11", 2, 3),
    coefficient("0000 0011 11", 4, 2),
    coefficient("0000 0010 01", 5, 2),
    coefficient("0000 0011 10", 14, 1),
    coefficient("0000 0011 01", 15, 1),
    coefficient("0000 0010 00", 16, 1),
    coefficient("0000 0001 1101", 0, 8),
    coefficient("0000 0001 1000", 0, 9),
    coefficient("0000 0001 0011", 0, 10),
    coefficient("0000 0001 0000", 0, 11),
    coefficient("0000 0001 1011", 1, 5),
    coefficient("0000 0001 0100", 2, 4),
    coefficient("0000 0001 1100", 3, 3),
    coefficient("0000 0001 0010", 4, 3),
    coefficient("0000 0001 1110", 6, 2),
    coefficient("0000 0001 0101", 7, 2),
    coefficient("0000 0001 0001", 8, 2),
    coefficient("0000 0001 1111", 17, 1),
    coefficient("0000 0001 1010", 18, 1),
    coefficient("0000 0001 1001", 19, 1),
    coefficient("0000 0001 0111", 20, 1),
    coefficient("0000 0001 0110", 21, 1),
    coefficient("0000 0000 1101 0", 0, 12),
    coefficient("0000 0000 1100 1", 0, 13),
    coefficient("0000 0000 1100 0", 0, 14),
    coefficient("0000 0000 1011 1", 0, 15),
    coefficient("0000 0000 1011 0", 1, 6),
    coefficient("0000 0000 1010 1", 1, 7),
    coefficient("0000 0000 1010 0", 2, 5),
    coefficient("0000 0000 1001 1", 3, 4),
    coefficient("0000 0000 1001 0", 5, 3),
    coefficient("0000 0000 1000 1", 9, 2),
    coefficient("0000 0000 1000 0", 10, 2),
    coefficient("0000 0000 1111 1", 22, 1),
    coefficient("0000 0000 1111 0", 23, 1),
    coefficient("0000 0000 1110 1", 24, 1),
    coefficient("0000 0000 1110 0", 25, 1),
    coefficient("0000 0000 1101 1", 26, 1),
    coefficient("0000 0000 0111 11", 0, 16),
    coefficient("0000 0000 0111 10", 0, 17),
    coefficient("0000 0000 0111 01", 0, 18),
    coefficient("0000 0000 0111 00", 0, 19),
    coefficient("0000 0000 0110 11", 0, 20),
    coefficient("0000 0000 0110 10", 0, 21),
    coefficient("0000 0000 0110 01", 0, 22),
    coefficient("0000 0000 0110 00", 0, 23),
    coefficient("0000 0000 0101 11", 0, 24),
    coefficient("0000 0000 0101 10", 0, 25),
    coefficient("0000 0000 0101 01", 0, 26),
    coefficient("0000 0000 0101 00", 0, 27),
    coefficient("0000 0000 0100 11", 0, 28),
    coefficient("0000 0000 0100 10", 0, 29),
    coefficient("0000 0000 0100 01", 0, 30),
    coefficient("0000 0000 0100 00", 0, 31),
    coefficient("0000 0000 0011 000", 0, 32),
    coefficient("0000 0000 0010 111", 0, 33),
    coefficient("0000 0000 0010 110", 0, 34),
    coefficient("0000 0000 0010 101", 0, 35),
    coefficient("0000 0000 0010 100", 0, 36),
    coefficient("0000 0000 0010 011", 0, 37),
    coefficient("0000 0000 0010 010", 0, 38),
    coefficient("0000 0000 0010 001", 0, 39),
    coefficient("0000 0000 0010 000", 0, 40),
    coefficient("0000 0000 0011 111", 1, 8),
    coefficient("0000 0000 0011 110", 1, 9),
    coefficient("0000 0000 0011 101", 1, 10),
    coefficient("0000 0000 0011 100", 1, 11),
    coefficient("0000 0000 0011 011", 1, 12),
    coefficient("0000 0000 0011 010", 1, 13),
    coefficient("0000 0000 0011 001", 1, 14),
    coefficient("0000 0000 0001 0011", 1, 15),
    coefficient("0000 0000 0001 0010", 1, 16),
    coefficient("0000 0000 0001 0001", 1, 17),
    coefficient("0000 0000 0001 0000", 1, 18),
    coefficient("0000 0000 0001 0100", 6, 3),
    coefficient("0000 0000 0001 1010", 11, 2),
    coefficient("0000 0000 0001 1001", 12, 2),
    coefficient("0000 0000 0001 1000", 13, 2),
    coefficient("0000 0000 0001 0111", 14, 2),
    coefficient("0000 0000 0001 0110", 15, 2),
    coefficient("0000 0000 0001 0101", 16, 2),
    coefficient("0000 0000 0001 1111", 27, 1),
    coefficient("0000 0000 0001 1110", 28, 1),
    coefficient("0000 0000 0001 1101", 29, 1),
    coefficient("0000 0000 0001 1100", 30, 1),
    coefficient("0000 0000 0001 1011", 31, 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found() {
        for row in ROWS {
            let bits = u32::from(row.code.bits) << (16 - row.code.len);
            let short = SHORT[bits as usize >> 8];
            let found = if short.is_empty() { LONG[bits as usize] } else { short };
            assert_eq!(found, Entry::new(row.value, row.code.len));
        }
        assert_eq!(ROWS.len(), 113);
    }

    #[test]
    fn only_what_the_standard_leaves_is_unused() {
        // Below 0000 0000 0001 0000 nothing is given out, above everything is.
        let unused = |entry: &&Entry| entry.is_empty();
        assert_eq!(LONG.iter().filter(unused).count(), 16);
        assert_eq!(SHORT.iter().filter(unused).count(), 4, "0000 00xx");
        assert!(LONG[..16].iter().all(|entry| entry.is_empty()));
        for (table, unused_codes) in [(&DC_SIZE_LUMA[..], 1), (&DC_SIZE_CHROMA[..], 1)] {
            assert_eq!(table.iter().filter(unused).count(), unused_codes);
        }
    }
}
