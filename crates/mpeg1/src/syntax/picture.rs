//! The picture header (ISO/IEC 11172-2, 2.4.2.5 and 2.4.3.4).

use crate::bits::{BitReader, BitWriter, start_code};

/// picture_coding_type of the pictures that this codec codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// I: coded without reference to others.
    Intra,
    /// P: predicted from the I or P picture before.
    Predicted,
}

/// picture_coding_type as a header may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodingType {
    /// I or P.
    Reference(PictureKind),
    /// B: predicted from two others, never referred to.
    Bidirectional,
    /// D: DC only, in streams that have no others.
    DcOnly,
}

/// What a picture header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureHeader {
    /// temporal_reference, modulo 1024.
    pub temporal_reference: u16,
    /// picture_coding_type.
    pub coding_type: CodingType,
    /// vbv_delay in units of 1/90000 s; [`Self::NO_VBV_DELAY`] where the rate is not constant.
    pub vbv_delay: u16,
    /// full_pel_forward_vector and forward_f_code (1 to 7) of P (and B) pictures.
    pub forward: MotionScale,
}

/// How a picture's motion vectors are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MotionScale {
    /// Vectors count whole pels, not halves.
    pub full_pel: bool,
    /// f_code, 1 to 7: a vector's component is in −16·2^(f−1) ..= 16·2^(f−1) − 1.
    pub f_code: u8,
}

impl MotionScale {
    /// The smallest range, in half pels.
    pub const LEAST: Self = Self { full_pel: false, f_code: 1 };
}

impl PictureHeader {
    /// vbv_delay of a stream whose rate is not constant.
    pub const NO_VBV_DELAY: u16 = 0xffff;

    /// Reads what follows picture_start_code; `None` if it is cut off, or has no known type or an f_code of 0.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(payload);
        let temporal_reference = bits.read(10) as u16;
        let coding_type = CodingType::from_code(bits.read(3))?;
        let vbv_delay = bits.read(16) as u16;
        let forward = match coding_type {
            CodingType::Reference(PictureKind::Predicted) | CodingType::Bidirectional => {
                MotionScale { full_pel: bits.flag(), f_code: bits.read(3) as u8 }
            }
            _ => MotionScale::LEAST,
        };
        let header = Self { temporal_reference, coding_type, vbv_delay, forward };
        (!bits.overrun() && header.forward.f_code > 0).then_some(header)
    }

    /// Writes the header of an I or P picture with its start code.
    pub fn write(&self, bits: &mut BitWriter<'_>) {
        bits.start_code(start_code::PICTURE);
        bits.put(u32::from(self.temporal_reference) & 1023, 10);
        bits.put(self.coding_type.code(), 3);
        bits.put(self.vbv_delay.into(), 16);
        if self.coding_type == CodingType::Reference(PictureKind::Predicted) {
            bits.flag(self.forward.full_pel);
            bits.put(self.forward.f_code.into(), 3);
        }
        bits.flag(false); // extra_bit_picture
        bits.align();
    }
}

impl CodingType {
    const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Reference(PictureKind::Intra)),
            2 => Some(Self::Reference(PictureKind::Predicted)),
            3 => Some(Self::Bidirectional),
            4 => Some(Self::DcOnly),
            _ => None,
        }
    }

    const fn code(self) -> u32 {
        match self {
            Self::Reference(PictureKind::Intra) => 1,
            Self::Reference(PictureKind::Predicted) => 2,
            Self::Bidirectional => 3,
            Self::DcOnly => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(temporal_reference in 0u16..1024, predicted: bool, vbv_delay: u16, full_pel: bool, f_code in 1u8..8) {
            let (kind, forward) = if predicted {
                (PictureKind::Predicted, MotionScale { full_pel, f_code })
            } else {
                (PictureKind::Intra, MotionScale::LEAST)
            };
            let header = PictureHeader { temporal_reference, coding_type: CodingType::Reference(kind), vbv_delay, forward };
            let mut out = Vec::new();
            header.write(&mut BitWriter::new(&mut out));
            prop_assert_eq!(PictureHeader::read(&out[4..]), Some(header));
            prop_assert_eq!(PictureHeader::read(&out[4..7]), None);
        }
    }

    #[test]
    fn other_types_are_known_and_forbidden_ones_refused() {
        let of = |code: u8| {
            PictureHeader::read(&[0, code << 3, 0, 0, 0x08 | 0x80]).map(|header| header.coding_type)
        };
        assert_eq!(of(0), None);
        assert_eq!(of(3), Some(CodingType::Bidirectional));
        assert_eq!(of(4), Some(CodingType::DcOnly));
        assert_eq!(of(5), None);
    }
}
