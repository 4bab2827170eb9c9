//! The code tables of annex B, each written once as (code, value); look-ups for both directions are derived at
//! compile time. Not here: how a code's value is used.

pub mod coefficients;
pub mod macroblock;
mod vlc;

pub use vlc::{Code, Entry, Row, Split};

/// Zigzag order: `ZIGZAG[n]` is the place in the block, row by row, of the n-th coefficient sent (2.4.4.1, scan[]).
pub const ZIGZAG: [u8; 64] = zigzag();

/// The default intra quantiser matrix, row by row (2.4.3.2).
pub const INTRA_MATRIX: [u8; 64] = [
    8, 16, 19, 22, 26, 27, 29, 34, //
    16, 16, 22, 24, 27, 29, 34, 37, //
    19, 22, 26, 27, 29, 34, 34, 38, //
    22, 22, 26, 27, 29, 34, 37, 40, //
    22, 26, 27, 29, 32, 35, 40, 48, //
    26, 27, 29, 32, 35, 40, 48, 58, //
    26, 27, 29, 34, 38, 46, 56, 69, //
    27, 29, 35, 38, 46, 56, 69, 83,
];

/// The default non-intra quantiser matrix (2.4.3.2).
pub const NON_INTRA_MATRIX: [u8; 64] = [16; 64];

/// Frame rates by picture_rate code 1 to 8, as fractions (2.4.3.2).
pub const PICTURE_RATES: [(u32, u32); 8] =
    [(24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];

/// Walks the diagonals up and down in turn.
const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut x, mut y, mut n) = (0i32, 0i32, 0);
    let mut up = true;
    while n < 64 {
        order[n] = (y * 8 + x) as u8;
        n += 1;
        let (next_x, next_y) = if up { (x + 1, y - 1) } else { (x - 1, y + 1) };
        if next_x > 7 {
            y += 1;
            up = false;
        } else if next_y > 7 {
            x += 1;
            up = true;
        } else if next_y < 0 {
            x += 1;
            up = false;
        } else if next_x < 0 {
            y += 1;
            up = true;
        } else {
            (x, y) = (next_x, next_y);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_is_the_standards() {
        assert_eq!(ZIGZAG[..16], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5]);
        assert_eq!(ZIGZAG[56..], [53, 60, 61, 54, 47, 55, 62, 63]);
    }
}
