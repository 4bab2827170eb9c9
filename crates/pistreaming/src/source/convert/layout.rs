//! Where the samples of a picture lie in what a driver hands over.
//!
//! Here belongs: arrangements, finding planes in memory. Not here: the kernel's names for them, moving samples.
//!
//! A driver's sizes and strides are claims: each plane is cut out of what is really there, or it is an error.

use std::fmt;

use super::colour::Colour;
use crate::frame::FrameSize;
use crate::source::crop::Window;

/// How samples are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// 4:2:2, two pixels in four bytes: Y first (YUYV) or chroma (UYVY), Cb before Cr or behind.
    Packed {
        /// Whether each pair of bytes begins with luma.
        luma_first: bool,
        /// Whether Cr comes before Cb.
        cr_first: bool,
    },
    /// 4:2:0, a plane of Y, then one of Cb and Cr in turns (NV12), or Cr and Cb (NV21).
    SemiPlanar {
        /// Whether Cr comes before Cb.
        cr_first: bool,
    },
    /// 4:2:0, planes of Y, Cb, Cr (I420), or Y, Cr, Cb (YV12).
    Planar {
        /// Whether Cr comes before Cb.
        cr_first: bool,
    },
    /// Y alone.
    Grey,
}

/// A picture's size, arrangement and colours, and how far apart its rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its size.
    pub size: FrameSize,
    /// How its samples are arranged.
    pub arrangement: Arrangement,
    /// Bytes from one row to the next in each of the driver's planes of memory. Where all lies in one, the first counts:
    /// it is luma's, and chroma's follows from it. 0: as little as can be.
    pub strides: [usize; 3],
    /// What its numbers mean.
    pub colour: Colour,
}

/// There is less memory than the picture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Bytes that there are.
    pub got_bytes: usize,
    /// Bytes that the layout asks for.
    pub needed_bytes: usize,
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes where a picture takes {}", self.got_bytes, self.needed_bytes)
    }
}

/// Rows of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane<'a> {
    bytes: &'a [u8],
    stride: usize,
    /// Bytes of a row that are samples.
    pub(super) row_bytes: usize,
}

impl<'a> Plane<'a> {
    /// `rows` rows of `row_bytes` at the start of `bytes`.
    fn new(bytes: &'a [u8], stride: usize, row_bytes: usize, rows: usize) -> Result<Self, Short> {
        let stride = stride.max(row_bytes);
        let needed_bytes = stride.saturating_mul(rows - 1).saturating_add(row_bytes);
        if bytes.len() < needed_bytes {
            return Err(Short { got_bytes: bytes.len(), needed_bytes });
        }
        Ok(Self { bytes, stride, row_bytes })
    }

    /// Of each row `row_bytes` from `left` on, of the rows those from `top` on; they must be there.
    const fn cut(self, (left, top): (usize, usize), row_bytes: usize) -> Self {
        let (_, bytes) = self.bytes.split_at(top * self.stride + left);
        Self { bytes, row_bytes, ..self }
    }

    /// A row's samples.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.row_bytes]
    }
}

/// A picture's planes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Planes<'a> {
    Packed { pixels: Plane<'a>, luma_first: bool, cr_first: bool },
    SemiPlanar { luma: Plane<'a>, chroma: Plane<'a>, cr_first: bool },
    Planar { luma: Plane<'a>, cb: Plane<'a>, cr: Plane<'a> },
    Grey { luma: Plane<'a> },
}

impl Planes<'_> {
    /// The planes of a part of the picture.
    pub(super) const fn cut(self, window: Window) -> Self {
        let (left, top) = window.corner();
        let corner = window.chroma_corner();
        let (width, chroma_width) = (window.size().width(), window.size().chroma().0);
        match self {
            Self::Packed { pixels, luma_first, cr_first } => {
                Self::Packed { pixels: pixels.cut((2 * left, top), 4 * chroma_width), luma_first, cr_first }
            }
            Self::SemiPlanar { luma, chroma, cr_first } => {
                let luma = luma.cut((left, top), width);
                Self::SemiPlanar { luma, chroma: chroma.cut((left, corner.1), 2 * chroma_width), cr_first }
            }
            Self::Planar { luma, cb, cr } => {
                let luma = luma.cut((left, top), width);
                Self::Planar { luma, cb: cb.cut(corner, chroma_width), cr: cr.cut(corner, chroma_width) }
            }
            Self::Grey { luma } => Self::Grey { luma: luma.cut((left, top), width) },
        }
    }
}

impl Layout {
    /// Finds the planes in `memory`: one slice where all lie in one, else one each.
    pub(super) fn planes<'a>(&self, memory: &[&'a [u8]]) -> Result<Planes<'a>, Short> {
        let (width, height) = (self.size.width(), self.size.height());
        let first = memory.first().copied().unwrap_or_default();
        let luma_stride = self.strides[0].max(width);
        let luma = || Plane::new(first, luma_stride, width, height);
        Ok(match self.arrangement {
            Arrangement::Packed { luma_first, cr_first } => {
                let pixels = Plane::new(first, self.strides[0], 4 * width.div_ceil(2), height)?;
                Planes::Packed { pixels, luma_first, cr_first }
            }
            Arrangement::SemiPlanar { cr_first } => {
                let (bytes, stride) = self.second_plane(memory, luma_stride)?;
                let (width, height) = self.size.chroma();
                let chroma = Plane::new(bytes, stride, 2 * width, height)?;
                Planes::SemiPlanar { luma: luma()?, chroma, cr_first }
            }
            Arrangement::Planar { cr_first } => {
                let [one, other] = self.planar_chroma(memory, luma_stride)?;
                let (cb, cr) = if cr_first { (other, one) } else { (one, other) };
                Planes::Planar { luma: luma()?, cb, cr }
            }
            Arrangement::Grey => Planes::Grey { luma: luma()? },
        })
    }

    /// The chroma plane of a semi-planar picture, and its stride.
    fn second_plane<'a>(&self, memory: &[&'a [u8]], luma_stride: usize) -> Result<(&'a [u8], usize), Short> {
        match memory {
            [whole] => Ok((behind(whole, luma_stride.saturating_mul(self.size.height()))?, luma_stride)),
            [_, chroma, ..] => Ok((chroma, self.strides[1])),
            [] => Err(Short { got_bytes: 0, needed_bytes: self.size.i420_len() }),
        }
    }

    fn planar_chroma<'a>(&self, memory: &[&'a [u8]], luma_stride: usize) -> Result<[Plane<'a>; 2], Short> {
        let (width, height) = self.size.chroma();
        let ([one, other], strides) = match memory {
            [_, one, other, ..] => ([*one, *other], [self.strides[1], self.strides[2]]),
            _ => {
                let whole = memory.first().copied().unwrap_or_default();
                let stride = luma_stride.div_ceil(2);
                let chroma = behind(whole, luma_stride.saturating_mul(self.size.height()))?;
                ([chroma, behind(chroma, stride.saturating_mul(height))?], [stride; 2])
            }
        };
        Ok([Plane::new(one, strides[0], width, height)?, Plane::new(other, strides[1], width, height)?])
    }
}

fn behind(bytes: &[u8], start: usize) -> Result<&[u8], Short> {
    bytes.get(start..).ok_or(Short { got_bytes: bytes.len(), needed_bytes: start })
}
