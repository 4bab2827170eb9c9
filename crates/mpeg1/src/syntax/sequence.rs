//! The sequence header (ISO/IEC 11172-2, 2.4.2.3 and 2.4.3.2).

use crate::bits::{BitReader, BitWriter, start_code};
use crate::tables::{INTRA_MATRIX, NON_INTRA_MATRIX, PICTURE_RATES, ZIGZAG};

/// What a sequence header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceHeader {
    /// horizontal_size, pixels, 1 to 4095.
    pub width: u16,
    /// vertical_size, pixels, 1 to 4095.
    pub height: u16,
    /// pel_aspect_ratio's code; 1 is square.
    pub aspect_code: u8,
    /// picture_rate's code, 1 to 8: an index, from 1, of [`PICTURE_RATES`].
    pub rate_code: u8,
    /// bit_rate in units of 400 bits/s; [`Self::VARIABLE_BIT_RATE`]: not constant.
    pub bit_rate_400: u32,
    /// vbv_buffer_size in units of 2 KiB.
    pub vbv_buffer_2kib: u16,
    /// constrained_parameters_flag.
    pub constrained: bool,
    /// The intra quantiser matrix, row by row.
    pub intra_matrix: [u8; 64],
    /// The non-intra quantiser matrix, row by row.
    pub non_intra_matrix: [u8; 64],
}

impl SequenceHeader {
    /// bit_rate of a stream whose rate is not constant.
    pub const VARIABLE_BIT_RATE: u32 = 0x3ffff;

    /// A header with the default matrices, square pixels and no constant rate.
    #[must_use]
    pub const fn new(width: u16, height: u16, rate_code: u8) -> Self {
        Self {
            width,
            height,
            aspect_code: 1,
            rate_code,
            bit_rate_400: Self::VARIABLE_BIT_RATE,
            vbv_buffer_2kib: 0x3ff,
            constrained: false,
            intra_matrix: INTRA_MATRIX,
            non_intra_matrix: NON_INTRA_MATRIX,
        }
    }

    /// Reads what follows sequence_header_code. `None` if it is cut off or has a size or matrix element of 0.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(payload);
        let mut header = Self {
            width: bits.read(12) as u16,
            height: bits.read(12) as u16,
            aspect_code: bits.read(4) as u8,
            rate_code: bits.read(4) as u8,
            bit_rate_400: bits.read(18),
            ..Self::new(0, 0, 0)
        };
        bits.skip(1); // marker_bit
        header.vbv_buffer_2kib = bits.read(10) as u16;
        header.constrained = bits.flag();
        header.intra_matrix = read_matrix(&mut bits, INTRA_MATRIX);
        header.non_intra_matrix = read_matrix(&mut bits, NON_INTRA_MATRIX);
        let whole = !bits.overrun() && header.width > 0 && header.height > 0;
        let legal = |matrix: &[u8; 64]| matrix.iter().all(|&weight| weight > 0);
        (whole && legal(&header.intra_matrix) && legal(&header.non_intra_matrix)).then_some(header)
    }

    /// Writes the header with its start code; matrices only where they are not the default ones.
    pub fn write(&self, bits: &mut BitWriter<'_>) {
        bits.start_code(start_code::SEQUENCE);
        bits.put(self.width.into(), 12);
        bits.put(self.height.into(), 12);
        bits.put(self.aspect_code.into(), 4);
        bits.put(self.rate_code.into(), 4);
        bits.put(self.bit_rate_400, 18);
        bits.flag(true);
        bits.put(self.vbv_buffer_2kib.into(), 10);
        bits.flag(self.constrained);
        write_matrix(bits, &self.intra_matrix, &INTRA_MATRIX);
        write_matrix(bits, &self.non_intra_matrix, &NON_INTRA_MATRIX);
        bits.align();
    }
}

/// The picture_rate code whose rate is nearest to `frames_per_second`, by ratio. A decoder that is shown each picture
/// when it comes does not look at it; the code only has to be legal and plausible.
#[must_use]
pub fn nearest_rate_code(frames_per_second: f64) -> u8 {
    let mut best = (f64::INFINITY, 0);
    for (code, (numerator, denominator)) in (1..).zip(PICTURE_RATES) {
        let rate = f64::from(numerator) / f64::from(denominator);
        let ratio =
            if rate > frames_per_second { rate / frames_per_second } else { frames_per_second / rate };
        if ratio < best.0 {
            best = (ratio, code);
        }
    }
    best.1
}

fn read_matrix(bits: &mut BitReader<'_>, default: [u8; 64]) -> [u8; 64] {
    let mut matrix = default;
    if bits.flag() {
        for place in ZIGZAG {
            matrix[usize::from(place)] = bits.read(8) as u8;
        }
    }
    matrix
}

fn write_matrix(bits: &mut BitWriter<'_>, matrix: &[u8; 64], default: &[u8; 64]) {
    let custom = matrix != default;
    bits.flag(custom);
    if custom {
        for place in ZIGZAG {
            bits.put(matrix[usize::from(place)].into(), 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn rates_find_their_nearest_code() {
        for (rate, code) in
            [(24.0, 2), (23.976, 1), (25.0, 3), (29.97, 4), (30.0, 5), (50.0, 6), (59.94, 7), (60.0, 8)]
        {
            assert_eq!(nearest_rate_code(rate), code);
        }
        assert_eq!(nearest_rate_code(5.0), 1);
        assert_eq!(nearest_rate_code(40.0), 6);
        assert_eq!(nearest_rate_code(120.0), 8);
    }

    proptest! {
        #[test]
        fn round_trips(width in 1u16..4096, height in 1u16..4096, codes in (0u8..16, 0u8..16), rate in 0u32..0x40000,
            vbv in 0u16..1024, constrained: bool, custom in (any::<bool>(), any::<bool>()), seed in 1u8..=255,
        ) {
            let mut header = SequenceHeader::new(width, height, codes.0);
            header.aspect_code = codes.1;
            header.bit_rate_400 = rate;
            header.vbv_buffer_2kib = vbv;
            header.constrained = constrained;
            if custom.0 { header.intra_matrix = core::array::from_fn(|i| (i as u8 ^ seed).max(1)); }
            if custom.1 { header.non_intra_matrix = core::array::from_fn(|i| (i as u8).wrapping_add(seed).max(1)); }
            let mut out = Vec::new();
            header.write(&mut BitWriter::new(&mut out));
            prop_assert_eq!(SequenceHeader::read(&out[4..]), Some(header));
            for len in 0..8 {
                prop_assert_eq!(SequenceHeader::read(&out[4..4 + len]), None);
            }
        }
    }
}
