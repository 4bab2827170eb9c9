//! Reads bits from a byte slice, most significant first.

/// A position in a bit string. Behind the end it reads zeros, so that no read can fail; [`Self::overrun`] tells
/// afterwards, and a caller that asks once a macroblock cannot run on for long: no code consists of zeros alone.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    /// Stands before the first bit of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next 32 bits without moving on.
    #[inline]
    #[must_use]
    pub fn peek32(&self) -> u32 {
        let at = self.position >> 3;
        let shift = self.position & 7;
        let word = match self.bytes.get(at..at + 8) {
            Some(bytes) => u64::from_be_bytes(bytes.try_into().unwrap_or_default()),
            None => self.peek_tail(at),
        };
        (word << shift >> 32) as u32
    }

    /// The up to 8 bytes from `at`, zeros behind the end.
    #[cold]
    fn peek_tail(&self, at: usize) -> u64 {
        let mut word = [0; 8];
        let rest = self.bytes.get(at..).unwrap_or_default();
        word[..rest.len()].copy_from_slice(rest);
        u64::from_be_bytes(word)
    }

    /// The next `count` bits, 1 to 32, without moving on.
    #[inline]
    #[must_use]
    pub fn peek(&self, count: u32) -> u32 {
        debug_assert!((1..=32).contains(&count));
        self.peek32() >> (32 - count)
    }

    /// Moves on by `count` bits.
    #[inline]
    pub const fn skip(&mut self, count: u32) {
        self.position += count as usize;
    }

    /// The next `count` bits, 1 to 32.
    #[inline]
    pub fn read(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// The next bit.
    #[inline]
    pub fn flag(&mut self) -> bool {
        self.read(1) == 1
    }

    /// Whether more bits were read than there are.
    #[inline]
    #[must_use]
    pub const fn overrun(&self) -> bool {
        self.position > self.bytes.len() * 8
    }

    /// Bits that were passed so far.
    #[inline]
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Whether 23 zeros follow: a slice has ended, nothing in one begins so (2.4.2.6). The end of the bytes counts.
    #[inline]
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.peek(23) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_as_bit_at_a_time(bytes in prop::collection::vec(any::<u8>(), 0..24), counts in prop::collection::vec(1u32..=32, 1..20)) {
            let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| u32::from(byte >> (7 - n % 8) & 1));
            let mut reader = BitReader::new(&bytes);
            let mut position = 0;
            for count in counts {
                let slow = (position..position + count as usize).fold(0, |all, n| all << 1 | bit(n));
                prop_assert_eq!(reader.read(count), slow);
                position += count as usize;
                prop_assert_eq!(reader.overrun(), position > bytes.len() * 8);
            }
        }
    }
}
