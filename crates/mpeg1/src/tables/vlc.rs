//! Variable-length codes: a table's row as the standard prints it, and look-ups made from rows at compile time.

/// A row of a code table: the code's bits as the standard prints them, and what it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The code.
    pub code: Code,
    /// Its value, as the table's module says.
    pub value: u16,
}

/// A code to be written: its bits, right-aligned, and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The bits.
    pub bits: u16,
    /// How many they are; 0: there is no code.
    pub len: u8,
}

impl Code {
    /// No code.
    pub const NONE: Self = Self { bits: 0, len: 0 };
}

/// An entry of a look-up by the next bits: what the code that they begin with stands for, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u16);

impl Entry {
    /// No code begins so: the length is 0.
    pub const NONE: Self = Self(0);
    const LEN_BITS: u32 = 5;

    /// A value below 2048, and a length below 32.
    pub(super) const fn new(value: u16, len: u8) -> Self {
        assert!(value >> (u16::BITS - Self::LEN_BITS) == 0 && len >> Self::LEN_BITS == 0);
        Self(value << Self::LEN_BITS | len as u16)
    }

    /// The value that the code stands for.
    #[inline(always)]
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0 >> Self::LEN_BITS
    }

    /// How long the code is; 0: no code begins so.
    #[inline(always)]
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0 as u32 & ((1 << Self::LEN_BITS) - 1)
    }

    /// Whether no code begins so.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A look-up in two steps, a tenth as long as one in one step: short codes, and those that begin with four zeros, by the
/// bits behind these. No code of up to `log2(SHORT)` bits begins so.
#[derive(Clone, Debug)]
pub struct Split<const SHORT: usize, const LONG: usize> {
    short: [Entry; SHORT],
    long: [Entry; LONG],
}

impl<const SHORT: usize, const LONG: usize> Split<SHORT, LONG> {
    const ZEROS: u32 = 4;

    pub(super) const fn new(rows: &[Row]) -> Self {
        Self { short: lookup(rows, 0), long: lookup(rows, Self::ZEROS) }
    }

    /// The code that `word` begins with.
    #[inline(always)]
    #[must_use]
    pub const fn find(&self, word: u32) -> Entry {
        if word >> (u32::BITS - Self::ZEROS) > 0 {
            self.short[(word >> (u32::BITS - SHORT.trailing_zeros())) as usize]
        } else {
            self.long[(word >> (u32::BITS - Self::ZEROS - LONG.trailing_zeros())) as usize]
        }
    }
}

/// A row from a string of `0`, `1` and spaces.
pub(super) const fn row(bits: &str, value: u16) -> Row {
    let text = bits.as_bytes();
    let mut code = Code::NONE;
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b' ' => {}
            b'0' | b'1' => {
                code.bits = code.bits << 1 | (text[i] - b'0') as u16;
                code.len += 1;
            }
            _ => panic!("a code consists of 0 and 1"),
        }
        i += 1;
    }
    Row { code, value }
}

/// A look-up by the `log2(N)` bits that follow `zeros` zero bits; it holds the codes that begin with that many zeros
/// and are not longer than both together.
pub(super) const fn lookup<const N: usize>(rows: &[Row], zeros: u32) -> [Entry; N] {
    let bits = zeros + N.trailing_zeros();
    let mut table = [Entry::NONE; N];
    let mut r = 0;
    while r < rows.len() {
        let Row { code, value } = rows[r];
        let len = code.len as u32;
        if len <= bits {
            let first = (code.bits as usize) << (bits - len);
            let mut i = 0;
            while i < 1 << (bits - len) && first < N {
                assert!(table[first + i].is_empty(), "no code begins with another");
                table[first + i] = Entry::new(value, code.len);
                i += 1;
            }
        }
        r += 1;
    }
    table
}

/// The codes by their values, which are below `N`.
pub(super) const fn codes<const N: usize>(rows: &[Row]) -> [Code; N] {
    let mut table = [Code::NONE; N];
    let mut r = 0;
    while r < rows.len() {
        table[rows[r].value as usize] = rows[r].code;
        r += 1;
    }
    table
}
