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

    /// time_code of the picture that `pictures` others precede; days are not counted.
    #[must_use]
    pub fn time_code(pictures: u64, frames_per_second: f64) -> u32 {
        let rate = ((frames_per_second + 0.5) as u64).clamp(1, 60);
        let (seconds, picture) = (pictures / rate, pictures % rate);
        let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        (hours << 19 | minutes << 13 | seconds << 6 | picture) as u32 | Self::TIME_ZERO
    }

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
    fn times_are_counted_in_hours_minutes_seconds_and_pictures() {
        assert_eq!(GroupHeader::time_code(0, 24.0), GroupHeader::TIME_ZERO);
        let pictures = ((25 * 60 + 2) * 60 + 3) * 24 + 5;
        let expected = 1 << 19 | 2 << 13 | GroupHeader::TIME_ZERO | 3 << 6 | 5;
        assert_eq!(GroupHeader::time_code(pictures, 24.0), expected);
    }

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
