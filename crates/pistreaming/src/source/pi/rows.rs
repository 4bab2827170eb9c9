//! The layout of the camera's buffers: rows with padding behind them, full-range samples.
//!
//! Here belongs: finding out how far apart rows are. Not here: reading buffers, unpacking them (`convert`).
//!
//! `rpicam-vid` writes its buffers as they are. The image processor of a Pi 0 to 4 has luma rows a multiple of 64 bytes
//! apart (each plane is to begin on 32 bytes), that of a Pi 5 prefers the same, but may do with 16. No tool says which
//! it is, so we look: cut at the right length, neighbouring rows of nearly any picture are alike; cut wrongly, they are
//! shifted against each other. Where the picture does not tell (it is dark, or blank) it is 64, as nearly always.

use crate::frame::FrameSize;
use crate::source::convert::{Arrangement, Colour, Layout, Matrix};

/// Multiples that rows may be aligned to, in bytes; the usual first.
const ALIGNMENTS: [usize; 5] = [64, 1, 16, 32, 128];

/// Where a picture's rows lie in a buffer: luma, Cb and Cr, each chroma row half as far from the next as luma's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    size: FrameSize,
    stride: usize,
}

impl Rows {
    /// Rows `stride` bytes apart. Stride, width and height must be even.
    pub(super) const fn new(size: FrameSize, stride: usize) -> Self {
        Self { size, stride }
    }

    /// What the Pi's image processors prefer for rows of `width`.
    pub(super) const fn usual_stride(width: usize) -> usize {
        width.next_multiple_of(ALIGNMENTS[0])
    }

    /// Finds out how far apart the rows are in a buffer that begins with `luma`.
    pub(super) fn find(luma: &[u8], size: FrameSize) -> Self {
        let width = size.width();
        let usual = Self::usual_stride(width);
        let strides = ALIGNMENTS.into_iter().map(|alignment| width.next_multiple_of(alignment));
        let best = strides.min_by_key(|&stride| unlikeness(luma, width, stride)).unwrap_or(usual);
        // Only what is plain to see goes before what is usual.
        let plain = unlikeness(luma, width, best) * 2 + 100 < unlikeness(luma, width, usual);
        Self::new(size, if plain { best } else { usual })
    }

    /// Bytes from one luma row to the next.
    pub(super) const fn stride(self) -> usize {
        self.stride
    }

    /// Bytes of a whole buffer.
    pub(super) const fn buffer_len(self) -> usize {
        self.stride * self.size.height() * 3 / 2
    }

    /// The same for a converter: without padding and in video range.
    pub(super) const fn layout(self) -> Layout {
        Layout {
            size: self.size,
            arrangement: Arrangement::Planar { cr_first: false },
            strides: [self.stride, 0, 0],
            colour: Colour { matrix: Matrix::Bt601, full_range: true },
        }
    }
}

/// How much rows differ from the next, cut `stride` apart: in 1/100 of a level per sample.
fn unlikeness(luma: &[u8], width: usize, stride: usize) -> u64 {
    let (mut sum, mut count) = (0, 0);
    for pair in luma.windows(stride + width).step_by(stride) {
        let (upper, lower) = (&pair[..width], &pair[stride..]);
        sum += upper.iter().zip(lower).map(|(one, other)| u64::from(one.abs_diff(*other))).sum::<u64>();
        count += width as u64;
    }
    sum * 100 / count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::convert::Converter;
    use crate::source::pattern::Pattern;
    use crate::source::{Window, range};

    fn size(width: u16, height: u16) -> FrameSize {
        FrameSize::new(width, height).unwrap()
    }

    /// `picture` with its rows `stride` apart, and rubbish between them.
    fn padded(picture: &[u8], size: FrameSize, stride: usize) -> Vec<u8> {
        let (luma, chroma) = picture.split_at(size.width() * size.height());
        let pad = |row: &[u8], stride: usize| {
            (0..stride)
                .map(|column| row.get(column).copied().unwrap_or((column * 91) as u8))
                .collect::<Vec<_>>()
        };
        let luma = luma.chunks(size.width()).flat_map(|row| pad(row, stride));
        let chroma = chroma.chunks(size.width() / 2).flat_map(|row| pad(row, stride / 2));
        luma.chain(chroma).collect()
    }

    #[test]
    fn padding_goes_and_the_range_is_videos() {
        let size = size(780, 18);
        let picture: Vec<u8> = (0..size.i420_len()).map(|index| (index * 31 % 256) as u8).collect();
        let rows = Rows::new(size, Rows::usual_stride(780));
        assert_eq!((rows.stride(), rows.buffer_len()), (832, 832 * 18 * 3 / 2));
        let buffer = padded(&picture, size, 832);
        let (luma, chroma) = picture.split_at(780 * 18);
        let (cb, cr) = chroma.split_at(390 * 9);
        for (left, top, shown) in [(0, 0, (780, 18)), (20, 2, (33, 16)), (764, 0, (16, 18))] {
            let window = Window::new((left, top), self::size(shown.0, shown.1), size).unwrap();
            let mut unpacked = vec![0; window.size().i420_len()];
            Converter::of_part(rows.layout(), window).convert(&[&buffer], &mut unpacked).unwrap();
            let (left, top, chroma) = (usize::from(left), usize::from(top), window.size().chroma());
            let part = |plane: &[u8], stride, (left, top), (width, height)| {
                let rows = plane.chunks(stride).skip(top).take(height);
                rows.flat_map(|row| row[left..left + width].to_vec()).collect::<Vec<u8>>()
            };
            let luma = part(luma, 780, (left, top), (shown.0.into(), shown.1.into()));
            let [cb, cr] = [cb, cr].map(|plane| part(plane, 390, (left / 2, top / 2), chroma));
            let expected = luma.iter().map(|&y| range::luma(y));
            let expected = expected.chain([cb, cr].concat().into_iter().map(range::chroma));
            assert!(unpacked == expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_distance_of_rows_is_seen_in_a_picture() {
        for width in [780, 650, 324, 642] {
            let size = size(width, 240);
            let mut picture = vec![0; size.i420_len()];
            Pattern::new(size, "24".parse().unwrap()).draw(&mut picture, 1_700_000_000_000_000);
            for alignment in ALIGNMENTS {
                let stride = size.width().next_multiple_of(alignment);
                let buffer = padded(&picture, size, stride);
                let found = Rows::find(&buffer[..size.width() * size.height()], size);
                assert_eq!(found.stride(), stride, "width {width}");
            }
        }
    }

    #[test]
    fn what_shows_nothing_is_taken_as_usual() {
        let size = size(780, 64);
        let length = 780 * 64;
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise: Vec<u8> = (0..length).map(|_| random()).collect();
        let stripes: Vec<u8> = (0..length).map(|index| if index % 832 % 4 < 2 { 40 } else { 200 }).collect();
        for luma in [vec![0; length], vec![255; length], noise, stripes] {
            assert_eq!(Rows::find(&luma, size).stride(), 832);
        }
    }
}
