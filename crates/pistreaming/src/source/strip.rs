//! The machine-readable clock in the test pattern, from which a test reads a picture's true age on the screen.
//!
//! Here belongs: the strip's layout, drawing it, reading it. Not here: clocks, the rest of the pattern.
//!
//! ```text
//!  x = 0    1 cell
//!  +--------+--------+- … -+--------+--------+- … -+--------+
//!  | bit 31 | bit 30 |     | bit 0  | check 7|     | check 0|   the bottom 16 lines of the picture
//!  +--------+--------+- … -+--------+--------+- … -+--------+
//!  value: Unix time of capture in units of 100 µs, modulo 2³²
//!  check: the four bytes of the value and 0xA5, combined by exclusive or
//! ```
//!
//! A cell is as wide as 1/40 of the picture, rounded down to an even number of pixels so that chroma samples belong to
//! one cell; 1 is white (Y = 235), 0 black (Y = 16), without colour. A picture narrower than 160 pixels has no strip: its
//! cells would be too narrow to survive coding.

use crate::frame::FrameSize;

/// Bits in the strip.
pub const CELLS: usize = 40;
/// Height of the strip in lines.
pub const LINES: usize = 16;

const WHITE: u8 = 235;
const BLACK: u8 = 16;
const CHECK: u8 = 0xA5;

/// What the strip shows for a picture captured at `unix_us`, Unix time in µs.
#[must_use]
pub const fn value(unix_us: u64) -> u32 {
    ((unix_us / 100) % (1 << 32)) as u32
}

/// Width of a cell in a picture of `width` pixels; `None` if it has no strip.
#[must_use]
pub const fn cell_width(width: usize) -> Option<usize> {
    let cell = width / CELLS / 2 * 2;
    if cell < 4 { None } else { Some(cell) }
}

/// Draws the strip into I420 samples, if the picture is wide enough.
///
/// # Panics
/// If `samples` are fewer than `size` needs.
pub fn draw(samples: &mut [u8], size: FrameSize, value: u32) {
    let (width, height) = (size.width(), size.height());
    let Some(cell) = cell_width(width) else { return };
    let bits = bits(value);
    let (luma, chroma) = samples.split_at_mut(width * height);
    let (top, rest) = luma[(height - LINES) * width..].split_at_mut(width);
    for (index, cell) in top.chunks_exact_mut(cell).take(CELLS).enumerate() {
        cell.fill(if bits >> (CELLS - 1 - index) & 1 == 1 { WHITE } else { BLACK });
    }
    let top = &top[..CELLS * cell];
    for row in rest.chunks_exact_mut(width) {
        row[..top.len()].copy_from_slice(top);
    }
    let (chroma_width, chroma_height) = size.chroma();
    for plane in chroma.chunks_exact_mut(chroma_width * chroma_height) {
        for row in plane[(height - LINES) / 2 * chroma_width..].chunks_exact_mut(chroma_width) {
            row[..top.len() / 2].fill(128);
        }
    }
}

/// Reads the strip from a picture's luma plane; `None` if there is none, or its check bits are wrong.
#[must_use]
pub fn read(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<u32> {
    let cell = cell_width(width)?;
    let first = height.checked_sub(LINES)?;
    let bit = |index: usize| {
        // A quarter off each side: there the codec mixes neighbours.
        let columns = index * cell + cell / 4..(index + 1) * cell - cell / 4;
        let lines = first + LINES / 4..first + LINES - LINES / 4;
        let count = columns.len() * lines.len();
        let mut sum = 0;
        for line in lines {
            let row = luma.get(line.checked_mul(stride)?..)?.get(columns.clone())?;
            sum += row.iter().map(|&sample| usize::from(sample)).sum::<usize>();
        }
        Some(2 * sum > count * usize::from(WHITE + BLACK))
    };
    let mut read = 0;
    for index in 0..CELLS {
        read = read << 1 | u64::from(bit(index)?);
    }
    let value = (read >> 8) as u32;
    (bits(value) == read).then_some(value)
}

/// The strip's 40 bits, the leftmost the most significant.
fn bits(value: u32) -> u64 {
    let check = value.to_be_bytes().iter().fold(CHECK, |check, byte| check ^ byte);
    u64::from(value) << 8 | u64::from(check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(size: FrameSize, value: u32, background: u8) -> Vec<u8> {
        let mut samples = vec![background; size.i420_len()];
        draw(&mut samples, size, value);
        samples
    }

    fn read_whole(samples: &[u8], size: FrameSize) -> Option<u32> {
        read(&samples[..size.width() * size.height()], size.width(), size.width(), size.height())
    }

    #[test]
    fn the_layout_is_as_the_diagram_says() {
        let size = FrameSize::new(650, 480).unwrap();
        let samples = drawn(size, 0x8000_0001, 77);
        let row = |line: usize| &samples[line * 650..][..650];
        assert_eq!(row(463), [77; 650], "above the strip");
        let mut expected = vec![BLACK; 640];
        expected[..16].fill(WHITE);
        expected[31 * 16..32 * 16].fill(WHITE);
        // 0x80 ^ 0x01 ^ 0xA5 = 0b0010_0100
        expected[34 * 16..35 * 16].fill(WHITE);
        expected[37 * 16..38 * 16].fill(WHITE);
        expected.extend([77; 10]);
        assert_eq!((row(464), row(479)), (&expected[..], &expected[..]));
        let cb = &samples[650 * 480..][..325 * 240];
        assert_eq!(
            (cb[231 * 325], cb[232 * 325], cb[239 * 325 + 319], cb[239 * 325 + 320]),
            (77, 128, 128, 77)
        );
    }

    #[test]
    fn a_narrow_picture_has_none() {
        let size = FrameSize::new(159, 64).unwrap();
        assert_eq!(drawn(size, 1, 9), vec![9; size.i420_len()]);
        assert_eq!(read_whole(&drawn(size, 1, 9), size), None);
        let size = FrameSize::new(160, 16).unwrap();
        assert_eq!(read_whole(&drawn(size, 0xDEAD_BEEF, 9), size), Some(0xDEAD_BEEF));
    }

    #[test]
    fn time_is_counted_in_100_us_and_wraps() {
        assert_eq!((value(0), value(99), value(100)), (0, 0, 1));
        assert_eq!(value(((1 << 32) + 7) * 100 + 50), 7);
    }

    #[test]
    fn what_is_no_picture_is_no_strip() {
        assert_eq!(read(&[], 640, 640, 480), None);
        assert_eq!(read(&[0; 100], usize::MAX, 640, 480), None);
        assert_eq!(read(&[235; 640 * 16], 640, 640, 16), None, "all white fails the check");
    }

    proptest! {
        #[test]
        fn it_is_read_back_through_noise(
            value: u32, width in 160_u16..700, height in 16_u16..60,
            noise in proptest::collection::vec(-70_i16..=70, 997),
        ) {
            let size = FrameSize::new(width, height).unwrap();
            let mut samples = drawn(size, value, 128);
            for (sample, noise) in samples.iter_mut().zip(noise.iter().cycle()) {
                *sample = (i16::from(*sample) + noise).clamp(0, 255) as u8;
            }
            prop_assert_eq!(read_whole(&samples, size), Some(value));
        }

        #[test]
        fn one_wrong_bit_is_noticed(value: u32, wrong in 0..CELLS) {
            let size = FrameSize::new(320, 16).unwrap();
            let mut samples = drawn(size, value, 128);
            for row in samples[..320 * 16].chunks_exact_mut(320) {
                for sample in &mut row[wrong * 8..(wrong + 1) * 8] {
                    *sample = if *sample == WHITE { BLACK } else { WHITE };
                }
            }
            prop_assert_eq!(read_whole(&samples, size), None);
        }

        #[test]
        fn any_bytes_are_read_without_harm(
            luma in proptest::collection::vec(any::<u8>(), 0..2000),
            stride in 0_usize..400, width in 0_usize..400, height in 0_usize..40,
        ) {
            let _ = read(&luma, stride, width, height);
        }
    }
}
