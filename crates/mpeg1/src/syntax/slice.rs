//! The slice header (ISO/IEC 11172-2, 2.4.2.6 and 2.4.3.5).

use crate::bits::{BitReader, BitWriter, start_code};

/// What a slice header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceHeader {
    /// The row, from 0, of the slice's first macroblock: slice_vertical_position − 1.
    pub mb_row: u8,
    /// quantizer_scale, 1 to 31.
    pub quantiser: u8,
}

impl SliceHeader {
    /// Reads what follows a slice_start_code of `code`; the reader then stands before the first macroblock. `None`
    /// for a code that is no slice's, a quantiser scale of 0, or a header that is cut off.
    #[must_use]
    pub fn read(code: u8, bits: &mut BitReader<'_>) -> Option<Self> {
        let header =
            Self { mb_row: code.wrapping_sub(start_code::SLICE_FIRST), quantiser: bits.read(5) as u8 };
        while bits.flag() {
            bits.skip(8); // extra_information_slice; zeros behind the end stop this
        }
        let legal =
            (start_code::SLICE_FIRST..=start_code::SLICE_LAST).contains(&code) && header.quantiser > 0;
        (legal && !bits.overrun()).then_some(header)
    }

    /// Writes the header with its start code.
    pub fn write(&self, bits: &mut BitWriter<'_>) {
        bits.start_code(start_code::SLICE_FIRST + self.mb_row);
        bits.put(self.quantiser.into(), 5);
        bits.flag(false); // extra_bit_slice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn round_trips() {
        for (mb_row, quantiser) in [(0, 1), (29, 8), (174, 31)] {
            let header = SliceHeader { mb_row, quantiser };
            let mut out = Vec::new();
            let mut bits = BitWriter::new(&mut out);
            header.write(&mut bits);
            bits.align();
            assert_eq!(SliceHeader::read(out[3], &mut BitReader::new(&out[4..])), Some(header));
            assert_eq!(SliceHeader::read(0xb0, &mut BitReader::new(&out[4..])), None);
            assert_eq!(SliceHeader::read(out[3], &mut BitReader::new(&[])), None);
        }
    }

    #[test]
    fn extra_information_is_passed_over() {
        // quantiser 3, one extra byte, then the mark that ends it and a 1.
        let mut bits = BitReader::new(&[0b0001_1110, 0b1010_1001]);
        assert_eq!(SliceHeader::read(1, &mut bits).map(|header| header.quantiser), Some(3));
        assert!(bits.flag());
    }
}
