//! Writes bits into a byte vector, most significant first.

use alloc::vec::Vec;

/// Appends bits to a vector. What does not fill a byte is lost unless [`Self::align`] is called.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The bits not yet in `out`, in the low `held` bits.
    word: u64,
    held: u32,
}

/// A place between two bits.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    len: usize,
    word: u64,
    held: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out`, from a byte boundary.
    #[must_use]
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, word: 0, held: 0 }
    }

    /// Appends the low `count` bits of `bits`, 0 to 32; the bits above must be 0.
    #[inline]
    pub fn put(&mut self, bits: u32, count: u32) {
        debug_assert!(count <= 32 && (count == 32 || bits >> count == 0));
        self.word = self.word << count | u64::from(bits);
        self.held += count;
        if self.held >= 32 {
            self.held -= 32;
            let word = (self.word >> self.held) as u32;
            self.out.extend_from_slice(&word.to_be_bytes());
        }
    }

    /// Appends one bit.
    #[inline]
    pub fn flag(&mut self, flag: bool) {
        self.put(u32::from(flag), 1);
    }

    /// How many bits stand in the vector with those that are still held: what was in it before counts.
    #[must_use]
    pub fn written(&self) -> u32 {
        (self.out.len() as u32).wrapping_mul(8).wrapping_add(self.held)
    }

    /// The place where the next bit goes, for [`Self::rewind`].
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark { len: self.out.len(), word: self.word, held: self.held }
    }

    /// Takes back all that was written since `mark` was taken of this writer.
    pub fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.len);
        (self.word, self.held) = (mark.word, mark.held);
    }

    /// How many bits of the last byte are taken, 0 if it is full.
    #[must_use]
    pub const fn bits_in_last_byte(&self) -> u32 {
        self.held % 8
    }

    /// Fills the last byte with zeros and hands everything over.
    pub fn align(&mut self) {
        let bytes = self.held.div_ceil(8);
        let word = (self.word << (bytes * 8 - self.held)) as u32;
        self.out.extend_from_slice(&word.to_be_bytes()[4 - bytes as usize..]);
        self.held = 0;
        self.word = 0;
    }

    /// Aligns and appends `00 00 01 code`.
    pub fn start_code(&mut self, code: u8) {
        self.align();
        self.out.extend_from_slice(&[0, 0, 1, code]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;
    use proptest::prelude::*;

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        writer.put(5, 3);
        let mark = writer.mark();
        (0..40).for_each(|n| writer.put(n, 7));
        writer.rewind(mark);
        writer.put(1, 1);
        writer.align();
        assert_eq!(out, [0b1011_0000]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(fields in prop::collection::vec((any::<u32>(), 1u32..=32), 0..60)) {
            let mut out = Vec::new();
            let mut writer = BitWriter::new(&mut out);
            for &(bits, count) in &fields {
                writer.put(bits >> (32 - count), count);
            }
            writer.start_code(0xb3);
            prop_assert_eq!(&out[out.len() - 4..], &[0, 0, 1, 0xb3]);
            let total: u32 = fields.iter().map(|field| field.1).sum();
            prop_assert_eq!(out.len() as u32, total.div_ceil(8) + 4);
            let mut reader = BitReader::new(&out);
            for (bits, count) in fields {
                prop_assert_eq!(reader.read(count), bits >> (32 - count));
            }
        }
    }
}
