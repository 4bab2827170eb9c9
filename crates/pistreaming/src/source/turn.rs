//! Cutting a part out of a picture, flipping and turning it, all in one pass to another buffer.
//!
//! Here belongs: where each sample goes. Not here: flips alone, which need no other buffer (`flip`); which part (`crop`).
//!
//! A quarter turn is a transposition with rows, columns or both in reverse, and so are a quarter turn and flips together.
//! Squares of 16 are transposed in vectors; at the far edges the last square overlaps the one before.

use fearless_simd::{Simd, SimdBase, dispatch, u8x16};
use mpeg1::level::{self, Level};

use super::crop::Window;
use super::flip::Flip;
use crate::frame::FrameSize;

/// A quarter turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarter {
    /// Clockwise: the left side comes to the top.
    Right,
    /// Counter-clockwise: the right side comes to the top.
    Left,
}

impl Quarter {
    /// The size of a turned picture.
    pub(super) fn size(size: FrameSize) -> Option<FrameSize> {
        let sides = u16::try_from(size.height()).ok().zip(u16::try_from(size.width()).ok());
        sides.and_then(|(width, height)| FrameSize::new(width, height).ok())
    }
}

/// Side of the squares that are transposed, in samples.
const SQUARE: usize = 16;
/// So many columns of the result, of a cache line each, are written before the next ones are begun.
const BAND: usize = 64;

/// What becomes of pictures of one size: the window of each, flipped, then turned.
#[derive(Debug)]
pub struct Turner {
    from: FrameSize,
    window: Window,
    flip: Flip,
    quarter: Option<Quarter>,
    level: Level,
}

impl Turner {
    /// For pictures of size `from`, in which `window` lies.
    pub(super) fn new(from: FrameSize, window: Window, flip: Flip, quarter: Option<Quarter>) -> Self {
        Self { from, window, flip, quarter, level: level::best() }
    }

    /// The same at one level of the CPU's, for benchmarks: `flips` are of left and right, and of top and bottom.
    #[must_use]
    pub fn with_level(from: FrameSize, flips: (bool, bool), quarter: Option<Quarter>, level: Level) -> Self {
        let flip = Flip { horizontal: flips.0, vertical: flips.1 };
        Self { level, ..Self::new(from, Window::whole(from), flip, quarter) }
    }

    /// Puts the I420 picture in `from` into `to` as it is to be shown.
    pub fn turn(&self, from: &[u8], to: &mut [u8]) {
        let (width, height) = (self.from.width(), self.from.height());
        let (chroma_width, chroma_height) = self.from.chroma();
        let shown = self.window.size();
        let luma = Part {
            samples: &from[..width * height],
            stride: width,
            corner: self.window.corner(),
            size: (shown.width(), shown.height()),
        };
        let (to_luma, to_chroma) = to.split_at_mut(shown.width() * shown.height());
        dispatch!(self.level, simd => self.turn_plane(simd, &luma, to_luma));
        let planes = from[width * height..].chunks_exact(chroma_width * chroma_height);
        let to_planes = to_chroma.chunks_exact_mut(shown.chroma().0 * shown.chroma().1);
        for (samples, to) in planes.zip(to_planes) {
            let corner = self.window.chroma_corner();
            let part = Part { samples, stride: chroma_width, corner, size: shown.chroma() };
            dispatch!(self.level, simd => self.turn_plane(simd, &part, to));
        }
    }

    #[inline(always)]
    fn turn_plane<S: Simd>(&self, simd: S, part: &Part<'_>, to: &mut [u8]) {
        let Flip { horizontal, vertical } = self.flip;
        match self.quarter {
            None => flip(simd, part, self.flip, to),
            // What is on the left comes to the top; what is at the bottom comes to the left.
            Some(Quarter::Right) => transpose(simd, part, horizontal, !vertical, to),
            Some(Quarter::Left) => transpose(simd, part, !horizontal, vertical, to),
        }
    }
}

/// A part of a plane.
struct Part<'a> {
    samples: &'a [u8],
    /// Width of the whole plane.
    stride: usize,
    corner: (usize, usize),
    size: (usize, usize),
}

impl Part<'_> {
    /// The samples of row `y` from column `x` on to the part's right edge.
    #[inline(always)]
    fn row(&self, y: usize, x: usize) -> &[u8] {
        &self.samples[(self.corner.1 + y) * self.stride + self.corner.0 + x..][..self.size.0 - x]
    }
}

#[inline(always)]
fn flip<S: Simd>(simd: S, part: &Part<'_>, flip: Flip, to: &mut [u8]) {
    let (width, height) = part.size;
    for (index, to) in to.chunks_exact_mut(width).enumerate() {
        let from = part.row(if flip.vertical { height - 1 - index } else { index }, 0);
        if flip.horizontal { reverse(simd, from, to) } else { to.copy_from_slice(from) }
    }
}

/// `from` backwards, of the same length.
#[inline(always)]
fn reverse<S: Simd>(simd: S, from: &[u8], to: &mut [u8]) {
    let whole = to.len() / SQUARE * SQUARE;
    let (heads, tail) = to.split_at_mut(whole);
    for (from, to) in from.rchunks_exact(SQUARE).zip(heads.chunks_exact_mut(SQUARE)) {
        simd.reverse_u8x16(u8x16::from_slice(simd, from)).store_slice(to);
    }
    for (from, to) in from[..tail.len()].iter().rev().zip(tail) {
        *to = *from;
    }
}

/// Columns become rows: in reverse order if `rows_reversed`; each from bottom to top if `columns_reversed`.
#[inline(always)]
fn transpose<S: Simd>(simd: S, part: &Part<'_>, rows_reversed: bool, columns_reversed: bool, to: &mut [u8]) {
    let (width, height) = part.size;
    let place = Place { rows: width, columns: height, rows_reversed, columns_reversed };
    if width < SQUARE || height < SQUARE {
        return transpose_slowly(part, &place, to);
    }
    let mut band = 0;
    while band < height {
        let end = height.min(band + BAND);
        let mut x = 0;
        while x < width {
            let left = x.min(width - SQUARE);
            let mut column = band;
            while column < end {
                square(simd, part, &place, left, column.min(height - SQUARE), to);
                column += SQUARE;
            }
            x += SQUARE;
        }
        band += BAND;
    }
}

/// Where samples go in a transposed plane.
struct Place {
    rows: usize,
    columns: usize,
    rows_reversed: bool,
    columns_reversed: bool,
}

impl Place {
    /// The row of the result that column `x` becomes.
    #[inline(always)]
    fn row(&self, x: usize) -> usize {
        if self.rows_reversed { self.rows - 1 - x } else { x }
    }

    /// The row that column `column` of the result was.
    #[inline(always)]
    fn source(&self, column: usize) -> usize {
        if self.columns_reversed { self.columns - 1 - column } else { column }
    }
}

/// The square whose columns begin at `left`, to the result's columns from `column` on.
#[inline(always)]
fn square<S: Simd>(simd: S, part: &Part<'_>, place: &Place, left: usize, column: usize, to: &mut [u8]) {
    // The uppermost rows of both squares, from where the others lie in even distances.
    let from_row = place.source(column).min(place.source(column + SQUARE - 1));
    let to_row = place.row(left).min(place.row(left + SQUARE - 1));
    let from = &part.samples[(part.corner.1 + from_row) * part.stride + part.corner.0 + left..];
    let to = &mut to[to_row * place.columns + column..];
    let mut rows = [simd.splat_u8x16(0); SQUARE];
    if place.columns_reversed {
        load(simd, from.chunks(part.stride), rows.iter_mut().rev());
    } else {
        load(simd, from.chunks(part.stride), rows.iter_mut());
    }
    // Four rounds mirror the square.
    let rows = shuffle(simd, &shuffle(simd, &shuffle(simd, &shuffle(simd, &rows))));
    if place.rows_reversed {
        store(to.chunks_mut(place.columns), rows.iter().rev());
    } else {
        store(to.chunks_mut(place.columns), rows.iter());
    }
}

/// Each vector with the first samples of a row.
#[inline(always)]
fn load<'a, S: Simd>(
    simd: S,
    from: std::slice::Chunks<'_, u8>,
    rows: impl Iterator<Item = &'a mut u8x16<S>>,
) {
    for (row, from) in rows.zip(from) {
        *row = u8x16::from_slice(simd, &from[..SQUARE]);
    }
}

/// The first half of the vectors, sample by sample in turns with the second.
#[inline(always)]
fn shuffle<S: Simd>(simd: S, before: &[u8x16<S>; SQUARE]) -> [u8x16<S>; SQUARE] {
    let mut rows = *before;
    for i in 0..SQUARE / 2 {
        (rows[2 * i], rows[2 * i + 1]) = simd.interleave_u8x16(before[i], before[i + SQUARE / 2]);
    }
    rows
}

/// The first samples of each row from a vector.
#[inline(always)]
fn store<'a, S: Simd>(to: std::slice::ChunksMut<'_, u8>, rows: impl Iterator<Item = &'a u8x16<S>>) {
    for (row, to) in rows.zip(to) {
        row.store_slice(&mut to[..SQUARE]);
    }
}

#[inline(always)]
fn transpose_slowly(part: &Part<'_>, place: &Place, to: &mut [u8]) {
    for column in 0..place.columns {
        for (x, &sample) in part.row(place.source(column), 0).iter().enumerate() {
            to[place.row(x) * place.columns + column] = sample;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sample by sample: cut, then flipped, then turned.
    fn slowly(turner: &Turner, from: &[u8]) -> Vec<u8> {
        let window = turner.window;
        let (mut start, mut turned) = (0, Vec::new());
        for plane in 0..3 {
            let (whole, corner, (width, height)) = if plane == 0 {
                let size = window.size();
                ((turner.from.width(), turner.from.height()), window.corner(), (size.width(), size.height()))
            } else {
                (turner.from.chroma(), window.chroma_corner(), window.size().chroma())
            };
            let flipped = |x: usize, y: usize| {
                let x = if turner.flip.horizontal { width - 1 - x } else { x };
                let y = if turner.flip.vertical { height - 1 - y } else { y };
                from[start + (corner.1 + y) * whole.0 + corner.0 + x]
            };
            let (columns, rows) = if turner.quarter.is_some() { (height, width) } else { (width, height) };
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                turned.push(match turner.quarter {
                    None => flipped(column, row),
                    Some(Quarter::Right) => flipped(row, height - 1 - column),
                    Some(Quarter::Left) => flipped(width - 1 - row, column),
                });
            }
            start += whole.0 * whole.1;
        }
        turned
    }

    proptest! {
        #[test]
        fn each_sample_goes_where_cut_flips_and_quarter_take_it(
            width in 16_u16..150, height in 16_u16..150, part: [u16; 4],
            horizontal: bool, vertical: bool, quarter in 0..3, seed: u8,
        ) {
            let from = FrameSize::new(width, height).unwrap();
            let window = Window::any(part, from);
            let quarter = [None, Some(Quarter::Right), Some(Quarter::Left)][quarter as usize];
            let samples: Vec<u8> = (0..from.i420_len()).map(|index| (index * 7 % 251) as u8 ^ seed).collect();
            for level in [level::best(), Level::baseline(), Level::fallback()] {
                let turner = Turner { level, ..Turner::new(from, window, Flip { horizontal, vertical }, quarter) };
                let mut turned = vec![0; window.size().i420_len()];
                turner.turn(&samples, &mut turned);
                prop_assert!(turned == slowly(&turner, &samples));
            }
        }
    }
}
