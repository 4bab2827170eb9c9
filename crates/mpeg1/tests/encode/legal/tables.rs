//! The code tables of annex B and what 2.4.3 names as defaults, written down anew from the standard: what the crate's
//! own tables are compared with.

use super::bits::Codes;
use std::sync::LazyLock;

/// What stands before a macroblock's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Stuffing,
    Escape,
    Increment(usize),
}

/// macroblock_type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) quantiser: bool,
    pub(super) forward: bool,
    pub(super) pattern: bool,
    pub(super) intra: bool,
}

/// A coefficient's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coefficient {
    End,
    Escape,
    /// Zeros before it, and its magnitude; the sign follows.
    RunLevel(usize, i32),
}

const fn kind(quantiser: bool, forward: bool, pattern: bool, intra: bool) -> Kind {
    Kind { quantiser, forward, pattern, intra }
}

/// Table B.1: increments from 1 on.
const INCREMENTS: &str = "1 011 010 0011 0010 00011 00010 0000111 0000110 00001011 00001010 00001001 00001000 00000111 \
    00000110 0000010111 0000010110 0000010101 0000010100 0000010011 0000010010 00000100011 00000100010 00000100001 \
    00000100000 00000011111 00000011110 00000011101 00000011100 00000011011 00000011010 00000011001 00000011000";

pub(super) static ADDRESS: LazyLock<Codes<Address>> = LazyLock::new(|| {
    let increments = INCREMENTS.split(' ').zip((1..).map(Address::Increment));
    let others = [("00000001111", Address::Stuffing), ("00000001000", Address::Escape)];
    Codes::new("macroblock_address_increment", increments.chain(others))
});

/// Table B.2a.
pub(super) static KIND_IN_I: LazyLock<Codes<Kind>> = LazyLock::new(|| {
    let codes = [("1", kind(false, false, false, true)), ("01", kind(true, false, false, true))];
    Codes::new("macroblock_type in an I picture", codes)
});

/// Table B.2b.
pub(super) static KIND_IN_P: LazyLock<Codes<Kind>> = LazyLock::new(|| {
    let codes = [
        ("1", kind(false, true, true, false)),
        ("01", kind(false, false, true, false)),
        ("001", kind(false, true, false, false)),
        ("00011", kind(false, false, false, true)),
        ("00010", kind(true, true, true, false)),
        ("00001", kind(true, false, true, false)),
        ("000001", kind(true, false, false, true)),
    ];
    Codes::new("macroblock_type in a P picture", codes)
});

/// Table B.3, in the order of its codes.
const PATTERNS: &str = "60 111, 4 1101, 8 1100, 16 1011, 32 1010, 12 10011, 48 10010, 20 10001, 40 10000, 28 01111, \
    44 01110, 52 01101, 56 01100, 1 01011, 61 01010, 2 01001, 62 01000, 24 001111, 36 001110, 3 001101, 63 001100, \
    5 0010111, 9 0010110, 17 0010101, 33 0010100, 6 0010011, 10 0010010, 18 0010001, 34 0010000, 7 00011111, \
    11 00011110, 19 00011101, 35 00011100, 13 00011011, 49 00011010, 21 00011001, 41 00011000, 14 00010111, \
    50 00010110, 22 00010101, 42 00010100, 15 00010011, 51 00010010, 23 00010001, 43 00010000, 25 00001111, \
    37 00001110, 26 00001101, 38 00001100, 29 00001011, 45 00001010, 53 00001001, 57 00001000, 30 00000111, \
    46 00000110, 54 00000101, 58 00000100, 31 000000111, 47 000000110, 55 000000101, 59 000000100, 27 000000011, \
    39 000000010";

pub(super) static PATTERN: LazyLock<Codes<u8>> = LazyLock::new(|| {
    let pairs = PATTERNS.split(", ").map(|pair| pair.split_once(' ').expect("pattern and code"));
    Codes::new("coded_block_pattern", pairs.map(|(pattern, code)| (code, pattern.parse().expect("a number"))))
});

/// Table B.4: magnitudes from 1 on, without the sign.
const MOTIONS: &str = "01 001 0001 000011 0000101 0000100 0000011 000001011 000001010 000001001 0000010001 0000010000 \
    0000001111 0000001110 0000001101 0000001100";

/// motion_code's magnitude; the sign follows what is not 0.
pub(super) static MOTION: LazyLock<Codes<i32>> =
    LazyLock::new(|| Codes::new("motion_code", MOTIONS.split(' ').zip(1..).chain([("1", 0)])));

/// Tables B.5a and B.5b: sizes from 0 on.
pub(super) static DC_SIZE: LazyLock<[Codes<usize>; 2]> = LazyLock::new(|| {
    let luminance = "100 00 01 101 110 1110 11110 111110 1111110".split(' ').zip(0..);
    let chrominance = "00 01 10 110 1110 11110 111110 1111110 11111110".split(' ').zip(0..);
    [Codes::new("dct_dc_size_luminance", luminance), Codes::new("dct_dc_size_chrominance", chrominance)]
});

/// Tables B.5c to B.5f: for each run from 0 on its magnitudes from 1 on, without the sign.
const COEFFICIENTS: [&str; 32] = [
    "11 0100 00101 0000110 00100110 00100001 0000001010 000000011101 000000011000 000000010011 000000010000 \
     0000000011010 0000000011001 0000000011000 0000000010111 00000000011111 00000000011110 00000000011101 \
     00000000011100 00000000011011 00000000011010 00000000011001 00000000011000 00000000010111 00000000010110 \
     00000000010101 00000000010100 00000000010011 00000000010010 00000000010001 00000000010000 000000000011000 \
     000000000010111 000000000010110 000000000010101 000000000010100 000000000010011 000000000010010 \
     000000000010001 000000000010000",
    "011 000110 00100101 0000001100 000000011011 0000000010110 0000000010101 000000000011111 000000000011110 \
     000000000011101 000000000011100 000000000011011 000000000011010 000000000011001 0000000000010011 \
     0000000000010010 0000000000010001 0000000000010000",
    "0101 0000100 0000001011 000000010100 0000000010100",
    "00111 00100100 000000011100 0000000010011",
    "00110 0000001111 000000010010",
    "000111 0000001001 0000000010010",
    "000101 000000011110 0000000000010100",
    "000100 000000010101",
    "0000111 000000010001",
    "0000101 0000000010001",
    "00100111 0000000010000",
    "00100011 0000000000011010",
    "00100010 0000000000011001",
    "00100000 0000000000011000",
    "0000001110 0000000000010111",
    "0000001101 0000000000010110",
    "0000001000 0000000000010101",
    "000000011111",
    "000000011010",
    "000000011001",
    "000000010111",
    "000000010110",
    "0000000011111",
    "0000000011110",
    "0000000011101",
    "0000000011100",
    "0000000011011",
    "0000000000011111",
    "0000000000011110",
    "0000000000011101",
    "0000000000011100",
    "0000000000011011",
];

/// The codes of all coefficients but a predicted block's first.
pub(super) static NEXT: LazyLock<Codes<Coefficient>> = LazyLock::new(|| {
    let others = [("10", Coefficient::End), ("000001", Coefficient::Escape)];
    Codes::new("dct_coeff_next", run_levels().chain(others))
});

/// The codes of a predicted block's first: without an end, so that a run of 0 and a level of 1 takes one bit.
pub(super) static FIRST: LazyLock<Codes<Coefficient>> = LazyLock::new(|| {
    let rest = run_levels().filter(|(code, _)| *code != "11");
    let others = [("1", Coefficient::RunLevel(0, 1)), ("000001", Coefficient::Escape)];
    Codes::new("dct_coeff_first", rest.chain(others))
});

fn run_levels() -> impl Iterator<Item = (&'static str, Coefficient)> {
    let runs = COEFFICIENTS.iter().zip(0..);
    runs.flat_map(|(codes, run)| {
        codes.split(' ').zip((1..).map(move |level| Coefficient::RunLevel(run, level)))
    })
}

/// Whether there is a code for it without escape.
pub(super) fn has_code(run: usize, level: i32) -> bool {
    let codes = COEFFICIENTS.get(run).map_or(0, |codes| codes.split(' ').count());
    (1..=codes as i32).contains(&level.abs())
}

/// The default intra_quantizer_matrix (2.4.3.2), row by row.
pub(super) const INTRA_WEIGHTS: [[i32; 8]; 8] = [
    [8, 16, 19, 22, 26, 27, 29, 34],
    [16, 16, 22, 24, 27, 29, 34, 37],
    [19, 22, 26, 27, 29, 34, 34, 38],
    [22, 22, 26, 27, 29, 34, 37, 40],
    [22, 26, 27, 29, 32, 35, 40, 48],
    [26, 27, 29, 32, 35, 40, 48, 58],
    [26, 27, 29, 34, 38, 46, 56, 69],
    [27, 29, 35, 38, 46, 56, 69, 83],
];

/// Row and column of each place of the zigzag (2.4.4.1): along the diagonals, up and down in turns.
pub(super) static ZIGZAG: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let along = |diagonal: usize| {
        let down = (diagonal.saturating_sub(7)..=diagonal.min(7)).map(move |row| (row, diagonal - row));
        let places: Vec<_> = down.collect();
        if diagonal.is_multiple_of(2) { places.into_iter().rev().collect() } else { places }
    };
    (0..15).flat_map(along).collect::<Vec<_>>()
});
