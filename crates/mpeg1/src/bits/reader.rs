//! Reads bits from a byte slice, most significant first.

/// A position in a bit string. Behind the end it reads zeros, so that no read can fail; [`Self::overrun`] tells
/// afterwards, and a caller that asks once a macroblock cannot run on for long: no code consists of zeros alone.
///
/// The next bits wait in a register: to load and turn bytes for every code took a third of the time of decoding in
/// WebAssembly, which has no instruction that turns them.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bits, from the most significant on; zeros behind them.
    cache: u64,
    /// How many of them are there: 32 or more.
    held: u32,
    /// Where the bytes behind them begin; beyond the end, as if zeros stood there.
    next: usize,
}

impl<'a> BitReader<'a> {
    /// Stands before the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut new = Self { bytes, cache: 0, held: 0, next: 0 };
        new.refill();
        new
    }

    /// The next 32 bits without moving on.
    #[inline(always)]
    #[must_use]
    pub const fn peek32(&self) -> u32 {
        (self.cache >> 32) as u32
    }

    /// The next `count` bits, 1 to 32, without moving on.
    #[inline(always)]
    #[must_use]
    pub fn peek(&self, count: u32) -> u32 {
        debug_assert!((1..=32).contains(&count));
        self.peek32() >> (32 - count)
    }

    /// Moves on by `count` bits, at most 32.
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        debug_assert!(count <= 32);
        self.cache <<= count;
        self.held -= count;
        if self.held < 32 {
            self.refill();
        }
    }

    /// Adds 32 bits to the fewer than 32 that are held.
    #[inline(always)]
    fn refill(&mut self) {
        let word = match self.bytes.get(self.next..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => u32::from_be_bytes(*bytes),
            None => self.tail(),
        };
        self.cache |= u64::from(word) << (32 - self.held);
        self.held += 32;
        self.next += 4;
    }

    /// The fewer than 4 bytes that are left, zeros behind the end.
    #[cold]
    #[inline(never)]
    fn tail(&self) -> u32 {
        let mut word = [0; 4];
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        word[..rest.len()].copy_from_slice(rest);
        u32::from_be_bytes(word)
    }

    /// The next `count` bits, 1 to 32. For headers: where bits are read by the million, peek and skip.
    #[inline(never)]
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
        self.position() > self.bytes.len() * 8
    }

    /// Bits that were passed so far.
    #[inline]
    #[must_use]
    pub const fn position(&self) -> usize {
        self.next * 8 - self.held as usize
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
