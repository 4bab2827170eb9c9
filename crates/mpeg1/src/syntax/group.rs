//! The group of pictures header (ISO/IEC 11172-2, 2.4.2.4 and 2.4.3.3).

use crate::bits::{BitReader, BitWriter, start_code};

/// What a group header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GroupHeader {
    /// time_code: drop_frame_flag, hours, minutes, marker, seconds and pictures, as its 25 bits.
    pub time_code: u32,
    /// closed_gop: nothing in the group refers to what came before it.
    pub closed: bool,
    /// broken_link.
    pub broken_link: bool,
}

impl GroupHeader {
    /// time_code of 0 h 0 min 0 s, with its marker bit.
    pub const TIME_ZERO: u32 = 1 << 12;

    /// Reads what follows group_start_code; `None` if it is cut off.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(payload);
        let header = Self { time_code: bits.read(25), closed: bits.flag(), broken_link: bits.flag() };
        (!bits.overrun()).then_some(header)
    }

    /// Writes the header with its start code.
    pub fn write(&self, bits: &mut BitWriter<'_>) {
        bits.start_code(start_code::GROUP);
        bits.put(self.time_code, 25);
        bits.flag(self.closed);
        bits.flag(self.broken_link);
        bits.align();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn round_trips() {
        for n in 0..4 {
            let header = GroupHeader {
                time_code: GroupHeader::TIME_ZERO | n,
                closed: n & 1 != 0,
                broken_link: n & 2 != 0,
            };
            let mut out = Vec::new();
            header.write(&mut BitWriter::new(&mut out));
            assert_eq!(GroupHeader::read(&out[4..]), Some(header));
            assert_eq!(GroupHeader::read(&out[4..7]), None);
        }
    }
}
