//! Planes to draw on.
//!
//! Here belongs: filling and blending of areas, clipped to the picture. Not here: what is drawn.

use crate::frame::FrameSize;

/// A colour: Y, Cb, Cr in BT.601's video range.
pub(super) type Colour = [u8; 3];

/// A picture being drawn.
pub(super) struct Canvas<'a> {
    pub(super) y: Plane<'a>,
    pub(super) cb: Plane<'a>,
    pub(super) cr: Plane<'a>,
}

/// One of its planes.
pub(super) struct Plane<'a> {
    samples: &'a mut [u8],
    width: usize,
}

impl<'a> Canvas<'a> {
    /// The I420 `samples` of a picture of `size`.
    pub(super) fn new(samples: &'a mut [u8], size: FrameSize) -> Self {
        let (chroma_width, chroma_height) = size.chroma();
        let (y, chroma) = samples.split_at_mut(size.width() * size.height());
        let (cb, cr) = chroma.split_at_mut(chroma_width * chroma_height);
        Canvas {
            y: Plane { samples: y, width: size.width() },
            cb: Plane { samples: cb, width: chroma_width },
            cr: Plane { samples: cr, width: chroma_width },
        }
    }

    /// Fills an area; left, top, width and height should be even, as chroma has half of each.
    pub(super) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        self.y.fill(x, y, width, height, colour[0]);
        self.cb.fill(x / 2, y / 2, width / 2, height / 2, colour[1]);
        self.cr.fill(x / 2, y / 2, width / 2, height / 2, colour[2]);
    }
}

impl Plane<'_> {
    /// Its rows, from the top.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.samples.chunks_exact_mut(self.width)
    }

    /// The rows from `top`, at most `height` of them.
    pub(super) fn rows_from(&mut self, top: usize, height: usize) -> impl Iterator<Item = &mut [u8]> {
        let start = (top * self.width).min(self.samples.len());
        self.samples[start..].chunks_exact_mut(self.width).take(height)
    }

    /// Fills an area, as far as it lies within the plane.
    pub(super) fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, value: u8) {
        let columns = x.min(self.width)..(x + width).min(self.width);
        for row in self.rows_from(y, height) {
            row[columns.clone()].fill(value);
        }
    }

    /// Mixes `value` in by the weights of a square `mask`, 0 to 255, whose rows are `side` long.
    pub(super) fn blend(&mut self, x: usize, y: usize, mask: &[u8], side: usize, value: u8) {
        let columns = x.min(self.width)..(x + side).min(self.width);
        for (row, weights) in self.rows_from(y, side).zip(mask.chunks_exact(side)) {
            for (sample, &weight) in row[columns.clone()].iter_mut().zip(weights) {
                let (old, new, weight) = (u16::from(*sample), u16::from(value), u16::from(weight));
                *sample = ((old * (255 - weight) + new * weight + 127) / 255) as u8;
            }
        }
    }
}
