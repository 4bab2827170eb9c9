//! Pictures in memory: borrowed views of I420 planes, and the codec's own pictures of whole macroblocks.
//!
//! Here belongs: where samples lie. Not here: what is done to them.

use alloc::vec;
use alloc::vec::Vec;

/// One plane of samples, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// Rows of samples, each `stride` behind the one above; the last may end with its last sample.
    pub samples: &'a [u8],
    /// Distance from one row to the next, in samples.
    pub stride: usize,
}

impl<'a> Plane<'a> {
    /// Row `y` from its first sample to the end of its stride (the last row: to the end of the plane).
    #[must_use]
    pub fn row(&self, y: usize) -> &'a [u8] {
        let start = y * self.stride;
        &self.samples[start..self.samples.len().min(start + self.stride)]
    }
}

/// A picture of planar YCbCr 4:2:0 (I420), borrowed.
#[derive(Clone, Copy, Debug)]
pub struct PictureView<'a> {
    /// Width in luma samples.
    pub width: usize,
    /// Height in luma samples.
    pub height: usize,
    /// Luma, `width` × `height`.
    pub y: Plane<'a>,
    /// Blue difference, half of both, rounded up.
    pub cb: Plane<'a>,
    /// Red difference, half of both, rounded up.
    pub cr: Plane<'a>,
}

impl<'a> PictureView<'a> {
    /// A picture whose three planes lie one behind the other without padding.
    ///
    /// # Panics
    /// If `samples` is shorter than [`Self::i420_len`].
    #[must_use]
    pub fn from_i420(samples: &'a [u8], width: usize, height: usize) -> Self {
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let (y, chroma) = samples.split_at(width * height);
        let (cb, cr) = chroma.split_at(chroma_width * chroma_height);
        Self {
            width,
            height,
            y: Plane { samples: y, stride: width },
            cb: Plane { samples: cb, stride: chroma_width },
            cr: Plane { samples: &cr[..chroma_width * chroma_height], stride: chroma_width },
        }
    }

    /// Bytes of an unpadded I420 picture.
    #[must_use]
    pub const fn i420_len(width: usize, height: usize) -> usize {
        width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
    }

    /// The three planes with their widths and heights in samples.
    #[must_use]
    pub fn planes(&self) -> [(Plane<'a>, usize, usize); 3] {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        [(self.y, self.width, self.height), (self.cb, width, height), (self.cr, width, height)]
    }

    /// Appends the picture to `out` as unpadded I420.
    pub fn write_i420(&self, out: &mut Vec<u8>) {
        for (plane, width, height) in self.planes() {
            for y in 0..height {
                out.extend_from_slice(&plane.row(y)[..width]);
            }
        }
    }
}

/// One plane of a [`Picture`].
#[derive(Clone, Debug)]
pub struct PlaneBuffer {
    /// Rows of samples without padding between them: whole blocks of 8×8.
    pub samples: Vec<u8>,
    /// Samples a row.
    pub stride: usize,
}

impl PlaneBuffer {
    fn new(width: usize, height: usize, value: u8) -> Self {
        Self { samples: vec![value; width * height], stride: width }
    }

    /// The plane, borrowed.
    #[must_use]
    pub fn view(&self) -> Plane<'_> {
        Plane { samples: &self.samples, stride: self.stride }
    }
}

/// A picture of whole macroblocks, as coding and decoding see it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Macroblocks a row (mb_width).
    pub mb_width: usize,
    /// Rows of macroblocks (mb_height).
    pub mb_height: usize,
    /// Y, Cb, Cr: 16×16, 8×8 and 8×8 samples for each macroblock.
    pub planes: [PlaneBuffer; 3],
}

impl Picture {
    /// A black picture that holds `width` × `height` pixels.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        let (mb_width, mb_height) = (width.div_ceil(16), height.div_ceil(16));
        let chroma = PlaneBuffer::new(mb_width * 8, mb_height * 8, 128);
        let y = PlaneBuffer::new(mb_width * 16, mb_height * 16, 16);
        Self { mb_width, mb_height, planes: [y, chroma.clone(), chroma] }
    }

    /// The upper left `width` × `height` pixels of it.
    #[must_use]
    pub fn view(&self, width: usize, height: usize) -> PictureView<'_> {
        let [y, cb, cr] = &self.planes;
        PictureView { width, height, y: y.view(), cb: cb.view(), cr: cr.view() }
    }

    /// Overwrites this picture with `source`, repeating its last column and row up to whole macroblocks.
    ///
    /// # Panics
    /// If `source` needs another number of macroblocks.
    pub fn copy_from(&mut self, source: &PictureView<'_>) {
        assert_eq!((self.mb_width, self.mb_height), (source.width.div_ceil(16), source.height.div_ceil(16)));
        for (to, (from, width, height)) in self.planes.iter_mut().zip(source.planes()) {
            for (y, row) in to.samples.chunks_exact_mut(to.stride).enumerate() {
                let from = from.row(y.min(height - 1));
                row[..width].copy_from_slice(&from[..width]);
                row[width..].fill(from[width - 1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_of_odd_size_comes_back_as_it_was() {
        let samples: Vec<u8> = (0..PictureView::i420_len(19, 17)).map(|i| i as u8).collect();
        let view = PictureView::from_i420(&samples, 19, 17);
        let mut picture = Picture::new(19, 17);
        picture.copy_from(&view);
        let mut out = Vec::new();
        picture.view(19, 17).write_i420(&mut out);
        assert_eq!(out, samples);
        assert_eq!((picture.mb_width, picture.mb_height), (2, 2));
        let y = &picture.planes[0];
        assert_eq!(y.samples[31], samples[18], "the last column is repeated");
        assert_eq!(y.samples[31 * 32], samples[16 * 19], "the last row is repeated");
    }
}
