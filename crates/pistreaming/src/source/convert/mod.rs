//! From the formats that cameras have to the one that is coded: I420, BT.601, video range.
//!
//! Here belongs: one picture in memory to another of the same size. Not here: drivers, JPEG (`mjpeg`), other sizes
//! (`scale`).
//!
//! `layout` finds the planes in what a driver hands over and believes none of its numbers; `rows` has what works on
//! rows of samples; `colour` another matrix or range.

mod colour;
pub mod layout;
mod rows;
mod scale;

#[cfg(test)]
mod tests;

use fearless_simd::{Simd, dispatch};
use mpeg1::level::{self, Level};

pub use colour::{Colour, Matrix};
pub use layout::{Arrangement, Layout, Short};
pub use scale::Scaler;

use self::colour::Recolour;
use self::layout::{Plane, Planes};
use super::crop::Window;
use super::range;
use crate::frame::FrameSize;

/// Converts pictures of one layout.
#[derive(Debug)]
pub struct Converter {
    layout: Layout,
    window: Window,
    recolour: Option<Recolour>,
    level: Level,
    /// Two rows of chroma, interleaved.
    scratch: Vec<u8>,
}

impl Converter {
    /// A converter for `layout`.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self::of_part(layout, Window::whole(layout.size))
    }

    /// The same for a part of each picture.
    #[must_use]
    pub fn of_part(layout: Layout, window: Window) -> Self {
        Self { window, ..Self::with_level(layout, level::best()) }
    }

    /// The same at one level of the CPU's, for tests and benchmarks: all give the same bits.
    #[must_use]
    pub fn with_level(layout: Layout, level: Level) -> Self {
        let scratch = vec![0; 4 * layout.size.chroma().0];
        Self {
            layout,
            window: Window::whole(layout.size),
            recolour: Recolour::new(layout.colour),
            level,
            scratch,
        }
    }

    /// What it converts.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Converts the picture in `memory`, one slice for each of the driver's planes, to `samples`, I420 of the
    /// layout's size or of the part's.
    ///
    /// # Errors
    /// If there is less than a picture in `memory`; then `samples` are as they were.
    pub fn convert(&mut self, memory: &[&[u8]], samples: &mut [u8]) -> Result<(), Short> {
        let planes = self.layout.planes(memory)?.cut(self.window);
        let (size, scratch, recolour) = (self.window.size(), &mut self.scratch, &self.recolour);
        // In one go: it is what a Pi camera gives.
        if let (Planes::Planar { luma, cb, cr }, Some(Recolour::Range)) = (&planes, recolour) {
            dispatch!(self.level, simd => planar_of_full_range(simd, [luma, cb, cr], split(samples, size)));
            return Ok(());
        }
        dispatch!(self.level, simd => {
            arrange(simd, &planes, size, scratch, samples);
            if let Some(recolour) = recolour {
                recolour.apply(simd, samples, size);
            }
        });
        Ok(())
    }
}

/// The three planes of an I420 picture.
fn split(samples: &mut [u8], size: FrameSize) -> [&mut [u8]; 3] {
    let (width, height) = size.chroma();
    let (y, chroma) = samples.split_at_mut(size.width() * size.height());
    let (cb, cr) = chroma.split_at_mut(width * height);
    [y, cb, cr]
}

/// Puts each sample in its place.
#[inline(always)]
fn arrange<S: Simd>(simd: S, planes: &Planes<'_>, size: FrameSize, scratch: &mut [u8], samples: &mut [u8]) {
    let [y, cb, cr] = split(samples, size);
    match *planes {
        Planes::Packed { ref pixels, luma_first, cr_first } => {
            let (first, second) = if cr_first { (cr, cb) } else { (cb, cr) };
            if luma_first {
                packed::<S, true>(simd, pixels, size, scratch, [y, first, second]);
            } else {
                packed::<S, false>(simd, pixels, size, scratch, [y, first, second]);
            }
        }
        Planes::SemiPlanar { ref luma, ref chroma, cr_first } => {
            copy(luma, y);
            let (first, second) = if cr_first { (cr, cb) } else { (cb, cr) };
            let width = size.chroma().0;
            let rows = first.chunks_exact_mut(width).zip(second.chunks_exact_mut(width));
            for (row, (first, second)) in rows.enumerate() {
                rows::deinterleave(simd, chroma.row(row), first, second);
            }
        }
        Planes::Planar { ref luma, cb: ref from_cb, cr: ref from_cr } => {
            copy(luma, y);
            copy(from_cb, cb);
            copy(from_cr, cr);
        }
        Planes::Grey { ref luma } => {
            copy(luma, y);
            cb.fill(128);
            cr.fill(128);
        }
    }
}

/// Planes of full range to planes of video range.
#[inline(always)]
fn planar_of_full_range<S: Simd>(_: S, from: [&Plane<'_>; 3], to: [&mut [u8]; 3]) {
    let ([luma, cb, cr], [to_luma, to_cb, to_cr]) = (from, to);
    for (row, to) in to_luma.chunks_exact_mut(luma.row_bytes).enumerate() {
        for (to, &from) in to.iter_mut().zip(luma.row(row)) {
            *to = range::luma(from);
        }
    }
    for (chroma, to) in [(cb, to_cb), (cr, to_cr)] {
        for (row, to) in to.chunks_exact_mut(chroma.row_bytes).enumerate() {
            for (to, &from) in to.iter_mut().zip(chroma.row(row)) {
                *to = range::chroma(from);
            }
        }
    }
}

#[inline(always)]
fn copy(from: &Plane<'_>, to: &mut [u8]) {
    for (row, to) in to.chunks_exact_mut(from.row_bytes).enumerate() {
        to.copy_from_slice(from.row(row));
    }
}

/// 4:2:2, two pixels in four bytes: luma is every other byte, chroma the others, of which two rows make one.
#[inline(always)]
fn packed<S: Simd, const LUMA_FIRST: bool>(
    simd: S,
    pixels: &Plane<'_>,
    size: FrameSize,
    scratch: &mut [u8],
    [luma, first, second]: [&mut [u8]; 3],
) {
    let width = size.chroma().0;
    let (upper, lower) = scratch[..4 * width].split_at_mut(2 * width);
    let chroma = first.chunks_exact_mut(width).zip(second.chunks_exact_mut(width));
    for ((pair, luma), (first, second)) in luma.chunks_mut(2 * size.width()).enumerate().zip(chroma) {
        let (upper_luma, lower_luma) = luma.split_at_mut(size.width());
        unpack::<S, LUMA_FIRST>(simd, pixels.row(2 * pair), upper_luma, upper);
        if lower_luma.is_empty() {
            rows::deinterleave(simd, upper, first, second);
        } else {
            unpack::<S, LUMA_FIRST>(simd, pixels.row(2 * pair + 1), lower_luma, lower);
            rows::average(upper, lower);
            rows::deinterleave(simd, upper, first, second);
        }
    }
}

#[inline(always)]
fn unpack<S: Simd, const LUMA_FIRST: bool>(simd: S, row: &[u8], luma: &mut [u8], chroma: &mut [u8]) {
    if LUMA_FIRST {
        rows::deinterleave(simd, row, luma, chroma);
    } else {
        rows::deinterleave(simd, row, chroma, luma);
    }
}
