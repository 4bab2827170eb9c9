//! The tables of the macroblock layer: address increment (B.1), type (B.2), motion (B.4), coded block pattern (B.3).

use super::vlc::{Code, Entry, Row, Split, codes, lookup, row};

/// Value of macroblock_stuffing in [`ADDRESS_INCREMENT`].
pub const STUFFING: u16 = 34;
/// Value of macroblock_escape in [`ADDRESS_INCREMENT`].
pub const ESCAPE: u16 = 35;

/// Look-up of macroblock_address_increment: 1 to 33, [`STUFFING`] or [`ESCAPE`].
pub static ADDRESS_INCREMENT: Split<32, 128> = Split::new(ADDRESS_INCREMENT_ROWS);
/// Codes of macroblock_address_increment.
pub static ADDRESS_INCREMENT_CODES: [Code; 36] = codes(ADDRESS_INCREMENT_ROWS);

/// In a macroblock type's value: macroblock_quant.
pub const QUANT: u16 = 1;
/// In a macroblock type's value: macroblock_motion_forward.
pub const MOTION: u16 = 2;
/// In a macroblock type's value: macroblock_pattern.
pub const PATTERN: u16 = 4;
/// In a macroblock type's value: macroblock_intra.
pub const INTRA: u16 = 8;

/// Look-up of macroblock_type in I pictures by 2 bits.
pub static TYPE_INTRA: [Entry; 4] = lookup(TYPE_INTRA_ROWS, 0);
/// Codes of macroblock_type in I pictures.
pub static TYPE_INTRA_CODES: [Code; 10] = codes(TYPE_INTRA_ROWS);
/// Look-up of macroblock_type in P pictures by 6 bits.
pub static TYPE_PREDICTED: [Entry; 64] = lookup(TYPE_PREDICTED_ROWS, 0);
/// Codes of macroblock_type in P pictures.
pub static TYPE_PREDICTED_CODES: [Code; 10] = codes(TYPE_PREDICTED_ROWS);

/// Look-up of the magnitude of motion_horizontal_forward_code and motion_vertical_forward_code: 0 to 16; a sign bit
/// follows unless it is 0.
pub static MOTION_CODE: Split<16, 64> = Split::new(MOTION_CODE_ROWS);
/// Codes of the magnitude.
pub static MOTION_CODE_CODES: [Code; 17] = codes(MOTION_CODE_ROWS);

/// Look-up of coded_block_pattern by 9 bits.
pub static BLOCK_PATTERN: [Entry; 512] = lookup(BLOCK_PATTERN_ROWS, 0);
/// Codes of coded_block_pattern; 0 has none.
pub static BLOCK_PATTERN_CODES: [Code; 64] = codes(BLOCK_PATTERN_ROWS);

const TYPE_INTRA_ROWS: &[Row] = &[row("1", INTRA), row("01", INTRA | QUANT)];

const TYPE_PREDICTED_ROWS: &[Row] = &[
    row("1", MOTION | PATTERN),
    row("01", PATTERN),
    row("001", MOTION),
    row("0001 1", INTRA),
    row("0001 0", MOTION | PATTERN | QUANT),
    row("0000 1", PATTERN | QUANT),
    row("0000 01", INTRA | QUANT),
];

const ADDRESS_INCREMENT_ROWS: &[Row] = &[
    row("1", 1),
    row("011", 2),
    row("010", 3),
    row("0011", 4),
    row("0010", 5),
    row("0001 1", 6),
    row("0001 0", 7),
    row("0000 111", 8),
    row("0000 110", 9),
    row("0000 1011", 10),
    row("0000 1010", 11),
    row("0000 1001", 12),
    row("0000 1000", 13),
    row("0000 0111", 14),
    row("0000 0110", 15),
    row("0000 0101 11", 16),
    row("0000 0101 10", 17),
    row("0000 0101 01", 18),
    row("0000 0101 00", 19),
    row("0000 0100 11", 20),
    row("0000 0100 10", 21),
    row("0000 0100 011", 22),
    row("0000 0100 010", 23),
    row("0000 0100 001", 24),
    row("0000 0100 000", 25),
    row("0000 0011 111", 26),
    row("0000 0011 110", 27),
    row("0000 0011 101", 28),
    row("0000 0011 100", 29),
    row("0000 0011 011", 30),
    row("0000 0011 010", 31),
    row("0000 0011 001", 32),
    row("0000 0011 000", 33),
    row("0000 0001 111", STUFFING),
    row("0000 0001 000", ESCAPE),
];

const MOTION_CODE_ROWS: &[Row] = &[
    row("1", 0),
    row("01", 1),
    row("001", 2),
    row("0001", 3),
    row("0000 11", 4),
    row("0000 101", 5),
    row("0000 100", 6),
    row("0000 011", 7),
    row("0000 0101 1", 8),
    row("0000 0101 0", 9),
    row("0000 0100 1", 10),
    row("0000 0100 01", 11),
    row("0000 0100 00", 12),
    row("0000 0011 11", 13),
    row("0000 0011 10", 14),
    row("0000 0011 01", 15),
    row("0000 0011 00", 16),
];

const BLOCK_PATTERN_ROWS: &[Row] = &[
    row("111", 60),
    row("1101", 4),
    row("1100", 8),
    row("1011", 16),
    row("1010", 32),
    row("1001 1", 12),
    row("1001 0", 48),
    row("1000 1", 20),
    row("1000 0", 40),
    row("0111 1", 28),
    row("0111 0", 44),
    row("0110 1", 52),
    row("0110 0", 56),
    row("0101 1", 1),
    row("0101 0", 61),
    row("0100 1", 2),
    row("0100 0", 62),
    row("0011 11", 24),
    row("0011 10", 36),
    row("0011 01", 3),
    row("0011 00", 63),
    row("0010 111", 5),
    row("0010 110", 9),
    row("0010 101", 17),
    row("0010 100", 33),
    row("0010 011", 6),
    row("0010 010", 10),
    row("0010 001", 18),
    row("0010 000", 34),
    row("0001 1111", 7),
    row("0001 1110", 11),
    row("0001 1101", 19),
    row("0001 1100", 35),
    row("0001 1011", 13),
    row("0001 1010", 49),
    row("0001 1001", 21),
    row("0001 1000", 41),
    row("0001 0111", 14),
    row("0001 0110", 50),
    row("0001 0101", 22),
    row("0001 0100", 42),
    row("0001 0011", 15),
    row("0001 0010", 51),
    row("0001 0001", 23),
    row("0001 0000", 43),
    row("0000 1111", 25),
    row("0000 1110", 37),
    row("0000 1101", 26),
    row("0000 1100", 38),
    row("0000 1011", 29),
    row("0000 1010", 45),
    row("0000 1001", 53),
    row("0000 1000", 57),
    row("0000 0111", 30),
    row("0000 0110", 46),
    row("0000 0101", 54),
    row("0000 0100", 58),
    row("0000 0011 1", 31),
    row("0000 0011 0", 47),
    row("0000 0010 1", 55),
    row("0000 0010 0", 59),
    row("0000 0001 1", 27),
    row("0000 0001 0", 39),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row is found by its code, and the codes of each table leave no more room than the standard leaves.
    fn check(rows: &[Row], table: &[Entry], unused: u32) {
        let bits = table.len().trailing_zeros();
        for row in rows {
            let first = usize::from(row.code.bits) << (bits - u32::from(row.code.len));
            assert_eq!(table[first], Entry::new(row.value, row.code.len));
        }
        assert_eq!(table.iter().filter(|entry| entry.is_empty()).count() as u32, unused);
    }

    fn whole<const SHORT: usize, const LONG: usize, const N: usize>(
        table: &Split<SHORT, LONG>,
    ) -> [Entry; N] {
        core::array::from_fn(|bits| table.find((bits as u32) << (32 - N.trailing_zeros())))
    }

    #[test]
    fn tables_are_whole() {
        // 0000 0000 … to 0000 0010 111, save stuffing and escape.
        check(ADDRESS_INCREMENT_ROWS, &whole::<_, _, 2048>(&ADDRESS_INCREMENT), 22);
        check(TYPE_INTRA_ROWS, &TYPE_INTRA, 1);
        check(TYPE_PREDICTED_ROWS, &TYPE_PREDICTED, 1);
        check(MOTION_CODE_ROWS, &whole::<_, _, 1024>(&MOTION_CODE), 12);
        // 0000 0000 0 and 0000 0000 1.
        check(BLOCK_PATTERN_ROWS, &BLOCK_PATTERN, 2);
        assert_eq!(BLOCK_PATTERN_CODES.iter().filter(|code| code.len == 0).count(), 1);
    }
}
