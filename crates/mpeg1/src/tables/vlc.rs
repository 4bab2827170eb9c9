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

/// An entry of a look-up by the next bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value that the code stands for.
    pub value: u16,
    /// How long the code is; 0: no code begins so.
    pub len: u8,
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
    let mut table = [Entry { value: 0, len: 0 }; N];
    let mut r = 0;
    while r < rows.len() {
        let Row { code, value } = rows[r];
        let len = code.len as u32;
        if len <= bits {
            let first = (code.bits as usize) << (bits - len);
            let mut i = 0;
            while i < 1 << (bits - len) && first < N {
                assert!(table[first + i].len == 0, "no code begins with another");
                table[first + i] = Entry { value, len: code.len };
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
