//! The picture to paint: one buffer of RGBA pixels that is kept from picture to picture.
//!
//! Here belongs: its size, and YCbCr to RGB. Not here: the canvas, when to paint.
//!
//! BT.601, video range (luma 16 to 235, colour differences 16 to 240 about 128), in integers that are the same on every
//! machine, with 8 bits behind the point:
//!
//! ```text
//! c = 298 (Y - 16)                    1.164383 · 256 = 298.08
//! R = (c + 409 (Cr - 128)                  + 128) >> 8      1.596027 · 256 = 408.58
//! G = (c - 100 (Cb - 128) - 208 (Cr - 128) + 128) >> 8      0.391762 · 256 = 100.29, 0.812968 · 256 = 208.12
//! B = (c + 516 (Cb - 128)                  + 128) >> 8      2.017232 · 256 = 516.41
//! ```
//!
//! each held within 0 to 255: at most 1 from the exact value. A pixel takes the colour of the chroma sample that covers
//! it; interpolating between them would cost as much again and is not seen in video at this size.

use alloc::vec;
use alloc::vec::Vec;

use mpeg1::PictureView;

/// The pixels.
#[derive(Default)]
pub struct Screen {
    pixels: Vec<u32>,
    width: usize,
    height: usize,
    /// What a row's colour differences add to red, green and blue, for each pixel.
    colour: [Vec<i32>; 3],
}

impl Screen {
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

    /// The pixels row by row, in memory R, G, B, A; A is 255.
    #[must_use]
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// Takes on a size. Whether that is another than before; then all is black.
    pub fn resize(&mut self, width: usize, height: usize) -> bool {
        if (self.width, self.height) == (width, height) {
            return false;
        }
        (self.width, self.height) = (width, height);
        self.pixels = vec![u32::from_le_bytes([0, 0, 0, 255]); width * height];
        self.colour = [vec![0; width], vec![0; width], vec![0; width]];
        true
    }

    /// Takes over a picture. Whether the size changed.
    pub fn show(&mut self, picture: &PictureView<'_>) -> bool {
        let resized = self.resize(picture.width, picture.height);
        let width = self.width;
        for (y, row) in self.pixels.chunks_exact_mut(width.max(1)).enumerate() {
            let luma = &picture.y.samples[y * picture.y.stride..][..width];
            if y % 2 == 0 {
                let chroma = |plane: mpeg1::Plane<'_>| plane.stride * (y / 2);
                let cb = &picture.cb.samples[chroma(picture.cb)..];
                let cr = &picture.cr.samples[chroma(picture.cr)..];
                colour_row(&mut self.colour, cb, cr);
            }
            pixel_row(row, luma, &self.colour);
        }
        resized
    }
}

/// What the chroma samples of a row add to its pixels.
fn colour_row([red, green, blue]: &mut [Vec<i32>; 3], cb: &[u8], cr: &[u8]) {
    let pixels = red.chunks_mut(2).zip(green.chunks_mut(2)).zip(blue.chunks_mut(2));
    for (((red, green), blue), (&cb, &cr)) in pixels.zip(cb.iter().zip(cr)) {
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        red.fill(409 * cr + 128);
        green.fill(-100 * cb - 208 * cr + 128);
        blue.fill(516 * cb + 128);
    }
}

fn pixel_row(row: &mut [u32], luma: &[u8], [red, green, blue]: &[Vec<i32>; 3]) {
    let colour = red.iter().zip(green).zip(blue);
    for ((pixel, &luma), ((&red, &green), &blue)) in row.iter_mut().zip(luma).zip(colour) {
        let luma = 298 * (i32::from(luma) - 16);
        let [red, green, blue] = [red, green, blue].map(|colour| ((luma + colour) >> 8).clamp(0, 255) as u32);
        *pixel = red | green << 8 | blue << 16 | 0xff00_0000;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show_one(y: u8, cb: u8, cr: u8) -> [u8; 4] {
        let samples: Vec<u8> = [[y; 4], [cb, cr, 0, 0]].concat();
        let mut screen = Screen::default();
        assert!(screen.show(&PictureView::from_i420(&samples[..6], 2, 2)));
        assert!(screen.pixels().iter().all(|&pixel| pixel == screen.pixels()[0]));
        screen.pixels()[0].to_le_bytes()
    }

    #[test]
    fn every_colour_is_within_one_of_the_exact_one() {
        for y in (0..=255).step_by(5) {
            for cb in (0..=255).step_by(3) {
                for cr in (0..=255).step_by(3) {
                    let (c, b, r) = (f64::from(y) - 16.0, f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let luma = 255.0 / 219.0 * c;
                    let exact = [
                        luma + 255.0 / 112.0 * 0.701 * r,
                        luma - 255.0 / 112.0 * (0.886 * 0.114 / 0.587 * b + 0.701 * 0.299 / 0.587 * r),
                        luma + 255.0 / 112.0 * 0.886 * b,
                    ];
                    let shown = show_one(y as u8, cb as u8, cr as u8);
                    for (exact, shown) in exact.iter().zip(shown) {
                        let off = (exact.clamp(0.0, 255.0) - f64::from(shown)).abs();
                        assert!(off <= 1.0, "Y {y} Cb {cb} Cr {cr}: {off} off");
                    }
                }
            }
        }
        assert_eq!(show_one(16, 128, 128), [0, 0, 0, 255]);
        assert_eq!(show_one(235, 128, 128), [255, 255, 255, 255]);
    }

    #[test]
    fn odd_sizes_and_strides_are_cut_to_the_picture() {
        let (y, cb, cr) = ([50u8; 3 * 8], [90u8; 2 * 4], [200u8; 2 * 4]);
        let plane = |samples, stride| mpeg1::Plane { samples, stride };
        let picture =
            PictureView { width: 3, height: 3, y: plane(&y, 8), cb: plane(&cb, 4), cr: plane(&cr, 4) };
        let mut screen = Screen::default();
        assert!(screen.show(&picture));
        assert!(!screen.show(&picture), "the same size again");
        assert_eq!(screen.pixels().len(), 9);
        assert!(screen.pixels().iter().all(|&pixel| pixel == screen.pixels()[0]));
    }

    #[test]
    fn every_pixel_takes_its_own_samples() {
        let width = 6;
        let samples: Vec<u8> = (0..PictureView::i420_len(width, 4)).map(|i| (i * 7) as u8).collect();
        let picture = PictureView::from_i420(&samples, width, 4);
        let mut screen = Screen::default();
        let _ = screen.show(&picture);
        for (i, pixel) in screen.pixels().iter().enumerate() {
            let (x, y) = (i % width, i / width);
            let chroma = (y / 2) * width / 2 + x / 2;
            let expected = show_one(samples[i], picture.cb.samples[chroma], picture.cr.samples[chroma]);
            assert_eq!(pixel.to_le_bytes(), expected, "{x}, {y}");
        }
    }
}
