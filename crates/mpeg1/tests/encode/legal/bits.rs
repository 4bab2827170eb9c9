//! Reading bits one after the other, and code tables out of strings of ones and zeros.
//!
//! Here belongs: where in the stream one is. Not here: what the bits mean.

/// What is wrong, in words.
pub(super) type Outcome<T = ()> = Result<T, String>;

/// A place in a stream, to the bit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits from the stream's beginning.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bits from the stream's beginning.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    pub(super) const fn at_end(&self) -> bool {
        self.at >= self.bytes.len() * 8
    }

    /// The next `count` bits, at most 32; behind the end come zeros.
    pub(super) fn peek(&self, count: usize) -> u32 {
        let mut window = 0u64;
        for n in 0..5 {
            window = window << 8 | u64::from(self.bytes.get(self.at / 8 + n).copied().unwrap_or(0));
        }
        (window << (24 + self.at % 8) >> (64 - count)) as u32
    }

    /// Takes the next `count` bits, at most 32.
    pub(super) fn take(&mut self, count: usize) -> Outcome<u32> {
        let value = self.peek(count);
        self.at += count;
        if self.at > self.bytes.len() * 8 { Err("the stream ends in the middle".into()) } else { Ok(value) }
    }

    pub(super) fn flag(&mut self) -> Outcome<bool> {
        Ok(self.take(1)? == 1)
    }

    /// Takes `count` bits that must be `wanted`.
    pub(super) fn expect(&mut self, wanted: u32, count: usize, name: &str) -> Outcome {
        let found = self.take(count)?;
        if found == wanted { Ok(()) } else { Err(format!("{name} is {found:#x}, not {wanted:#x}")) }
    }

    /// `next_start_code()` of 2.3: zeros to the next byte, then whole bytes of zero, up to a start code or the end.
    pub(super) fn next_start_code(&mut self) -> Outcome {
        while !self.at.is_multiple_of(8) {
            self.expect(0, 1, "a bit between the last code and the next byte")?;
        }
        while self.at / 8 < self.bytes.len() && self.peek(24) != 1 {
            self.expect(0, 8, "a byte before the next start code")?;
        }
        Ok(())
    }

    /// The start code that is next, not taken; `None` if there is none just here.
    pub(super) fn start_code(&self) -> Option<u8> {
        let here = self.at.is_multiple_of(8) && self.at / 8 + 4 <= self.bytes.len() && self.peek(24) == 1;
        here.then(|| self.peek(32) as u8)
    }

    /// Whether a start code stands at the first byte that begins here or later.
    pub(super) fn start_code_at_next_byte(&self) -> bool {
        self.bytes.get(self.at.div_ceil(8)..).is_some_and(|rest| rest.starts_with(&[0, 0, 1]))
    }
}

/// A table of variable-length codes.
#[derive(Debug)]
pub(super) struct Codes<T> {
    name: &'static str,
    longest: usize,
    /// For any bits of the longest code's length: the length of the code that they begin with, and its value.
    entries: Vec<Option<(usize, T)>>,
}

impl<T: Copy> Codes<T> {
    /// # Panics
    /// If one code begins like another: then there is an error in writing the table.
    pub(super) fn new<'a>(name: &'static str, codes: impl IntoIterator<Item = (&'a str, T)>) -> Self {
        let codes: Vec<_> = codes.into_iter().collect();
        let longest = codes.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
        let mut entries = vec![None; 1 << longest];
        for (code, value) in codes {
            let rest = longest - code.len();
            let first = usize::from_str_radix(code, 2).expect("ones and zeros") << rest;
            for entry in &mut entries[first..first + (1 << rest)] {
                assert!(entry.is_none(), "{name}: {code} begins like another code");
                *entry = Some((code.len(), value));
            }
        }
        Self { name, longest, entries }
    }

    /// Takes the next code.
    pub(super) fn take(&self, bits: &mut Bits<'_>) -> Outcome<T> {
        let next = bits.peek(self.longest);
        let Some((length, value)) = self.entries[next as usize] else {
            return Err(format!("{}: there is no code {next:0width$b}", self.name, width = self.longest));
        };
        bits.take(length)?;
        Ok(value)
    }
}
