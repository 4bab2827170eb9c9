//! Start codes: `00 00 01` and a byte that says what follows (ISO/IEC 11172-2, 2.4.1).

/// picture_start_code.
pub const PICTURE: u8 = 0x00;
/// The first slice_start_code: the code is the row of the slice's first macroblock, counted from 1.
pub const SLICE_FIRST: u8 = 0x01;
/// The last slice_start_code.
pub const SLICE_LAST: u8 = 0xaf;
/// user_data_start_code.
pub const USER_DATA: u8 = 0xb2;
/// sequence_header_code.
pub const SEQUENCE: u8 = 0xb3;
/// extension_start_code.
pub const EXTENSION: u8 = 0xb5;
/// sequence_end_code.
pub const SEQUENCE_END: u8 = 0xb7;
/// group_start_code.
pub const GROUP: u8 = 0xb8;

/// A start code found in a byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Offset of the first of its three prefix bytes.
    pub at: usize,
    /// The byte behind the prefix.
    pub code: u8,
}

/// The first whole start code at or behind `from`.
#[must_use]
pub fn find(bytes: &[u8], from: usize) -> Option<Found> {
    let mut at = from;
    // The third byte decides how far one can go: over 1 it is in no prefix's first three bytes.
    while let Some(&[a, b, c, code]) = bytes.get(at..at + 4).and_then(|four| four.first_chunk::<4>()) {
        match c {
            1 if a == 0 && b == 0 => return Some(Found { at, code }),
            0 => at += 1,
            _ => at += 3,
        }
    }
    None
}

/// The pieces of `bytes`, each a start code and what follows it up to the next; what stands before the first is
/// passed over.
pub fn split(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut next = find(bytes, 0);
    core::iter::from_fn(move || {
        let this = next?;
        next = find(bytes, this.at + 4);
        let end = next.map_or(bytes.len(), |found| found.at);
        Some((this.code, &bytes[this.at + 4..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn splits_into_codes_and_payloads() {
        let bytes = [9, 0, 0, 0, 1, 0xb3, 7, 0, 0, 1, 0, 0, 0, 1, 1, 5, 5, 0, 0];
        let pieces: Vec<_> = split(&bytes).collect();
        assert_eq!(pieces, [(0xb3, &[7][..]), (0, &[]), (1, &[5, 5, 0, 0])]);
    }

    proptest! {
        #[test]
        fn finds_what_a_slow_search_finds(bytes in prop::collection::vec(0u8..3, 0..80), from in 0usize..80) {
            let slow = (from..bytes.len().saturating_sub(3))
                .find(|&at| bytes[at..at + 3] == [0, 0, 1])
                .map(|at| Found { at, code: bytes[at + 3] });
            prop_assert_eq!(find(&bytes, from), slow);
        }
    }
}
