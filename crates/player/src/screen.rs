//! The picture to paint: one buffer of RGBA pixels that is kept from picture to picture.
//!
//! Here belongs: its size, and which samples make which pixels. Not here: the arithmetic (`colour`), the canvas, when
//! to paint.
//!
//! A pixel takes the colour of the chroma sample that covers it; interpolating between them would cost as much again
//! and is not seen in video at this size.

use alloc::vec;
use alloc::vec::Vec;

use fearless_simd::{Simd, dispatch};
use mpeg1::level::{Level, best};
use mpeg1::{PictureView, Plane};

use crate::colour::{self, PIXELS};

const BLACK: [u8; 4] = [0, 0, 0, 255];

/// The pixels.
pub struct Screen {
    level: Level,
    pixels: Vec<u8>,
    width: usize,
    height: usize,
}

impl Default for Screen {
    fn default() -> Self {
        Self::with_level(best())
    }
}

impl Screen {
    /// A screen whose pixels are computed on that level of the CPU; all give the same.
    #[must_use]
    pub const fn with_level(level: Level) -> Self {
        Self { level, pixels: Vec::new(), width: 0, height: 0 }
    }

    /// Width in pixels, 0 before the first picture.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The pixels row by row: R, G, B, A; A is 255.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Takes on a size. Whether that is another than before; then all is black.
    pub fn resize(&mut self, width: usize, height: usize) -> bool {
        if (self.width, self.height) == (width, height) {
            return false;
        }
        (self.width, self.height) = (width, height);
        self.pixels = vec![BLACK; width * height].into_flattened();
        true
    }

    /// Takes over a picture. Whether the size changed.
    pub fn show(&mut self, picture: &PictureView<'_>) -> bool {
        let resized = self.resize(picture.width, picture.height);
        dispatch!(self.level, simd => convert(simd, picture, &mut self.pixels));
        resized
    }
}

/// Two rows at a time: they have one row of chroma samples. Of an odd height the last row is alone.
#[inline(always)]
fn convert<S: Simd>(simd: S, picture: &PictureView<'_>, pixels: &mut [u8]) {
    let width = picture.width;
    for (pair, rows) in pixels.chunks_mut((8 * width).max(1)).enumerate() {
        let cb = row(&picture.cb, pair, width.div_ceil(2));
        let cr = row(&picture.cr, pair, width.div_ceil(2));
        let (upper, lower) = rows.split_at_mut(4 * width);
        let luma = row(&picture.y, 2 * pair, width);
        if lower.is_empty() {
            convert_rows(simd, [luma], cb, cr, [upper]);
        } else {
            convert_rows(simd, [luma, row(&picture.y, 2 * pair + 1, width)], cb, cr, [upper, lower]);
        }
    }
}

#[inline(always)]
fn row<'a>(plane: &Plane<'a>, y: usize, width: usize) -> &'a [u8] {
    &plane.samples[y * plane.stride..][..width]
}

#[inline(always)]
fn convert_rows<S: Simd, const ROWS: usize>(
    simd: S,
    luma: [&[u8]; ROWS],
    cb: &[u8],
    cr: &[u8],
    mut pixels: [&mut [u8]; ROWS],
) {
    for (block, (cb, cr)) in cb.chunks(PIXELS / 2).zip(cr.chunks(PIXELS / 2)).enumerate() {
        let added = colour::added_by_chroma(simd, &padded(cb), &padded(cr));
        for (luma, pixels) in luma.iter().zip(&mut pixels) {
            let luma = &luma[block * PIXELS..];
            let to = &mut pixels[4 * block * PIXELS..];
            if let (Some(luma), Some(to)) = (luma.first_chunk(), to.first_chunk_mut()) {
                colour::pixels(simd, luma, &added, to);
            } else {
                let mut last = [0; 4 * PIXELS];
                colour::pixels(simd, &padded(luma), &added, &mut last);
                to.copy_from_slice(&last[..to.len()]);
            }
        }
    }
}

/// A row's last samples, and zeros up to what is computed at once.
#[inline(always)]
fn padded<const LEN: usize>(samples: &[u8]) -> [u8; LEN] {
    let mut all = [0; LEN];
    all[..samples.len()].copy_from_slice(samples);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::tests::{levels, pixel_slowly};
    use mpeg1::PictureView;

    fn expect_slow_pixels(picture: &PictureView<'_>) {
        let width = picture.width;
        for level in levels() {
            let mut screen = Screen::with_level(level);
            assert!(screen.show(picture));
            assert!(!screen.show(picture), "the same size again");
            assert_eq!(screen.pixels().len(), 4 * width * picture.height);
            for (i, pixel) in screen.pixels().chunks(4).enumerate() {
                let (x, y) = (i % width, i / width);
                let [luma, cb, cr] = [(picture.y, 1), (picture.cb, 2), (picture.cr, 2)]
                    .map(|(plane, step)| plane.samples[y / step * plane.stride + x / step]);
                assert_eq!(pixel, pixel_slowly(luma, cb, cr), "{x}, {y} of {width}");
            }
        }
    }

    #[test]
    fn every_pixel_takes_its_own_samples() {
        for (width, height) in [(1, 1), (2, 2), (15, 3), (16, 4), (17, 5), (33, 2), (48, 7), (640, 4)] {
            let len = PictureView::i420_len(width, height);
            let samples: Vec<u8> = (0..len).map(|i| (i * i * 7 + i * 5) as u8).collect();
            expect_slow_pixels(&PictureView::from_i420(&samples, width, height));
        }
    }

    #[test]
    fn odd_sizes_and_strides_are_cut_to_the_picture() {
        let samples: Vec<u8> = (0..3 * 64).map(|i| (i * 37) as u8).collect();
        let plane = |from: usize, stride| mpeg1::Plane { samples: &samples[from..], stride };
        expect_slow_pixels(&PictureView {
            width: 19,
            height: 3,
            y: plane(0, 32),
            cb: plane(96, 16),
            cr: plane(128, 16),
        });
    }
}
