//! A picture in another size: smaller by the average of what each sample covers, larger by straight lines between samples,
//! with black bars where the shapes differ.
//!
//! Here belongs: sizes. Not here: formats; rotation.
//!
//! Columns first, which are done for a whole row at once, then rows, which by then are as few as they will be.

use std::ops::Range;

use fearless_simd::{Simd, dispatch};
use mpeg1::level::{self, Level};

use super::split;
use crate::frame::FrameSize;
use crate::source::crop::Window;

/// Parts of a whole of 2^14, by which samples are multiplied.
const PLACES: u32 = 14;
/// Places behind the point that are kept between columns and rows.
const KEPT: u32 = 6;
/// Y, Cb and Cr of black.
const BLACK: [u8; 3] = [16, 128, 128];

/// Scales pictures of one size to another.
#[derive(Debug)]
pub struct Scaler {
    from: FrameSize,
    shown: FrameSize,
    planes: [PlaneScaler; 3],
    level: Level,
}

#[derive(Debug)]
struct PlaneScaler {
    from_width: usize,
    to_width: usize,
    /// Where the picture begins in what is shown of the plane.
    left: usize,
    top: usize,
    columns: Taps,
    rows: Taps,
    sums: Vec<u32>,
    row: Vec<u16>,
}

/// For each sample of a line: which ones it is made of.
#[derive(Debug)]
struct Taps {
    /// The first of them, and where its weight is in `weights`.
    starts: Vec<(usize, usize)>,
    /// Weights of all, in the order of the samples; those of one add up to 2^14.
    weights: Vec<u16>,
}

impl Scaler {
    /// A scaler that keeps the shape of what is seen: what is left of `to` is black.
    #[must_use]
    pub fn new(from: FrameSize, to: FrameSize) -> Self {
        Self::of_part(from, to, Window::whole(to))
    }

    /// The same of which only a part is shown.
    #[must_use]
    pub fn of_part(from: FrameSize, to: FrameSize, window: Window) -> Self {
        Self::part_with_level(from, to, window, level::best())
    }

    /// The same at one level of the CPU's, for tests and benchmarks: all give the same bits.
    #[must_use]
    pub fn with_level(from: FrameSize, to: FrameSize, level: Level) -> Self {
        Self::part_with_level(from, to, Window::whole(to), level)
    }

    fn part_with_level(from: FrameSize, to: FrameSize, window: Window, level: Level) -> Self {
        let (width, height) = fit(from, to);
        // Bars begin on whole chroma samples.
        let (left, top) = ((to.width() - width) / 2 / 2, (to.height() - height) / 2 / 2);
        let shown = window.size();
        let luma = Place {
            picture: (width, height),
            corner: (2 * left, 2 * top),
            window: window.corner(),
            shown: (shown.width(), shown.height()),
        };
        let chroma = Place {
            picture: (width.div_ceil(2), height.div_ceil(2)),
            corner: (left, top),
            window: window.chroma_corner(),
            shown: shown.chroma(),
        };
        let chroma = || PlaneScaler::new(from.chroma(), &chroma);
        let luma = PlaneScaler::new((from.width(), from.height()), &luma);
        Self { from, shown, planes: [luma, chroma(), chroma()], level }
    }

    /// Scales the I420 picture in `from` to `to`, of the sizes that were given; of a part, to as much as is shown.
    pub fn scale(&mut self, from: &[u8], to: &mut [u8]) {
        let (width, height) = self.from.chroma();
        let (y, chroma) = from.split_at(self.from.width() * self.from.height());
        let (cb, cr) = chroma.split_at(width * height);
        for (((plane, from), to), black) in
            self.planes.iter_mut().zip([y, cb, cr]).zip(split(to, self.shown)).zip(BLACK)
        {
            dispatch!(self.level, simd => plane.scale(simd, from, to, black));
        }
    }
}

/// The largest even size of `from`'s shape that fits into `to`; all of `to` where that leaves less than two rows or
/// columns over.
fn fit(from: FrameSize, to: FrameSize) -> (usize, usize) {
    let even = |length: usize, most: usize| if length + 2 > most { most } else { (length & !1).max(2) };
    let (wide, high) = (from.width() * to.height(), from.height() * to.width());
    if wide > high {
        let height = (high + from.width() / 2) / from.width();
        (to.width(), even(height, to.height()))
    } else {
        let width = (wide + from.height() / 2) / from.height();
        (even(width, to.width()), to.height())
    }
}

/// Where a plane's picture lies, in samples.
struct Place {
    /// Its size.
    picture: (usize, usize),
    /// Where it begins in the whole plane.
    corner: (usize, usize),
    /// Where what is shown of the plane begins, and how much that is.
    window: (usize, usize),
    shown: (usize, usize),
}

/// From where to where samples of the picture are shown that begins at `corner`, and at which of the shown ones it
/// begins.
fn visible(picture: usize, corner: usize, window: usize, shown: usize) -> (Range<usize>, usize) {
    let first = window.saturating_sub(corner).min(picture);
    let end = (window + shown).saturating_sub(corner).clamp(first, picture);
    (first..end, corner.saturating_sub(window).min(shown))
}

impl PlaneScaler {
    fn new(from: (usize, usize), place: &Place) -> Self {
        let Place { picture, corner, window, shown } = place;
        let (columns, left) = visible(picture.0, corner.0, window.0, shown.0);
        let (rows, top) = visible(picture.1, corner.1, window.1, shown.1);
        Self {
            from_width: from.0,
            to_width: shown.0,
            left,
            top,
            columns: Taps::new(from.0, picture.0, columns),
            rows: Taps::new(from.1, picture.1, rows),
            sums: vec![0; from.0],
            row: vec![0; from.0],
        }
    }

    #[inline(always)]
    fn scale<S: Simd>(&mut self, _: S, from: &[u8], to: &mut [u8], black: u8) {
        let height = self.rows.starts.len() - 1;
        let (left, width) = (self.left, self.columns.starts.len() - 1);
        for (index, to) in to.chunks_exact_mut(self.to_width).enumerate() {
            let Some(row) = index.checked_sub(self.top).filter(|&row| row < height) else {
                to.fill(black);
                continue;
            };
            self.mix_rows(from, row);
            to[..left].fill(black);
            to[left + width..].fill(black);
            mix_columns(&self.columns, &self.row, &mut to[left..left + width]);
        }
    }

    /// Row `row` of the result, as wide as the rows that it is made of, to `self.row`.
    #[inline(always)]
    fn mix_rows(&mut self, from: &[u8], row: usize) {
        let (first, weights) = self.rows.of(row);
        for sum in &mut self.sums {
            *sum = 1 << (PLACES - KEPT - 1);
        }
        for (index, &weight) in weights.iter().enumerate() {
            let samples = &from[(first + index) * self.from_width..][..self.from_width];
            for (sum, &sample) in self.sums.iter_mut().zip(samples) {
                *sum += u32::from(weight) * u32::from(sample);
            }
        }
        for (to, &sum) in self.row.iter_mut().zip(&self.sums) {
            *to = (sum >> (PLACES - KEPT)) as u16;
        }
    }
}

#[inline(always)]
fn mix_columns(columns: &Taps, row: &[u16], to: &mut [u8]) {
    for (index, to) in to.iter_mut().enumerate() {
        let (first, weights) = columns.of(index);
        let mut sum = 1_u32 << (PLACES + KEPT - 1);
        for (&weight, &sample) in weights.iter().zip(&row[first..]) {
            sum += u32::from(weight) * u32::from(sample);
        }
        // No more than 255: weights add up to a whole.
        *to = (sum >> (PLACES + KEPT)).min(255) as u8;
    }
}

impl Taps {
    /// How those of `to` samples that are in `range` are made of `from`.
    fn new(from: usize, to: usize, range: Range<usize>) -> Self {
        let mut taps = Self { starts: Vec::with_capacity(range.len() + 1), weights: Vec::new() };
        for index in range {
            let (first, parts) = if from > to { covered(from, to, index) } else { between(from, to, index) };
            taps.starts.push((first, taps.weights.len()));
            taps.push(&parts);
        }
        taps.starts.push((from, taps.weights.len()));
        taps
    }

    /// Rounds parts so that their sum is exactly a whole: what rounding leaves over goes to the greatest.
    fn push(&mut self, parts: &[f64]) {
        let whole = f64::from(1 << PLACES);
        let start = self.weights.len();
        self.weights.extend(parts.iter().map(|part| (part * whole).round() as u16));
        let sum: i32 = self.weights[start..].iter().map(|&weight| i32::from(weight)).sum();
        if let Some(greatest) = self.weights[start..].iter_mut().max() {
            *greatest = (i32::from(*greatest) + (1 << PLACES) - sum) as u16;
        }
    }

    /// The first sample and the weights of sample `index` of the result.
    #[inline(always)]
    fn of(&self, index: usize) -> (usize, &[u16]) {
        let ((first, start), (_, end)) = (self.starts[index], self.starts[index + 1]);
        (first, &self.weights[start..end])
    }
}

/// The samples that a smaller picture's sample covers, each by how much of it is covered.
fn covered(from: usize, to: usize, index: usize) -> (usize, Vec<f64>) {
    let (start, end) = (index * from, (index + 1) * from);
    let (first, last) = (start / to, end.div_ceil(to));
    let part = |sample: usize| {
        let inside = ((sample + 1) * to).min(end) - (sample * to).max(start);
        inside as f64 / from as f64
    };
    (first, (first..last).map(part).collect())
}

/// The two samples between whose middles a larger picture's sample has its own.
fn between(from: usize, to: usize, index: usize) -> (usize, Vec<f64>) {
    let middle = ((index as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
    let first = (middle as usize).min(from.saturating_sub(2));
    let part = middle - first as f64;
    if from == 1 { (0, vec![1.0]) } else { (first, vec![1.0 - part, part]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::flip::Flip;
    use crate::source::turn::Turner;
    use proptest::prelude::*;

    fn size(text: &str) -> FrameSize {
        text.parse().unwrap()
    }

    #[test]
    fn shapes_are_kept() {
        for (from, to, fits) in [
            ("1280x720", "640x480", (640, 360)),
            ("640x480", "1280x720", (960, 720)),
            ("1280x960", "640x480", (640, 480)),
            ("641x480", "640x480", (640, 480)),
            ("352x288", "640x480", (586, 480)),
        ] {
            assert_eq!(fit(size(from), size(to)), fits, "{from} in {to}");
        }
    }

    #[test]
    fn halves_are_averages_and_bars_are_black() {
        let (from, to) = (size("64x32"), size("32x32"));
        let samples: Vec<u8> = (0..from.i420_len()).map(|index| (index * 37 % 241) as u8).collect();
        let mut scaled = vec![7; to.i420_len()];
        Scaler::new(from, to).scale(&samples, &mut scaled);
        for (row, luma) in scaled[..32 * 32].chunks_exact(32).enumerate() {
            for (x, &luma) in luma.iter().enumerate() {
                let at = |x: usize, y: usize| u32::from(samples[y * 64 + x]);
                let Some(y) = row.checked_sub(8).filter(|&y| y < 16) else {
                    assert_eq!(luma, 16);
                    continue;
                };
                let sum =
                    at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1);
                assert_eq!(u32::from(luma), (sum + 2) / 4);
            }
        }
        assert!(scaled[32 * 32..][..4 * 16].iter().all(|&cb| cb == 128));
    }

    proptest! {
        /// A slow scaler beside the fast one, at all levels; and weights that are a whole.
        #[test]
        fn any_size_is_scaled_as_the_formula_says(
            from in (16_u16..90, 16_u16..90), to in (16_u16..90, 16_u16..90), seed: u8,
        ) {
            let (from, to) = (FrameSize::new(from.0, from.1).unwrap(), FrameSize::new(to.0, to.1).unwrap());
            let samples: Vec<u8> =
                (0..from.i420_len()).map(|index| (index * 37 % 251) as u8 ^ seed).collect();
            let mut results = Vec::new();
            for level in [level::best(), Level::baseline(), Level::fallback()] {
                let mut scaled = vec![7; to.i420_len()];
                let mut scaler = Scaler::with_level(from, to, level);
                scaler.scale(&samples, &mut scaled);
                for taps in scaler.planes.iter().flat_map(|plane| [&plane.rows, &plane.columns]) {
                    for index in 0..taps.starts.len() - 1 {
                        prop_assert_eq!(taps.of(index).1.iter().map(|&w| u32::from(w)).sum::<u32>(), 1 << PLACES);
                    }
                }
                results.push(scaled);
            }
            prop_assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
            let (width, height) = fit(from, to);
            let (left, top) = ((to.width() - width) / 2 / 2 * 2, (to.height() - height) / 2 / 2 * 2);
            for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                let exact = slowly(&samples, from, (width, height), x, y);
                let found = f64::from(results[0][(top + y) * to.width() + left + x]);
                prop_assert!((exact - found).abs() < 0.6, "{x},{y}: {exact} {found}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_part_is_what_is_cut_out_of_the_whole(
            from in (16_u16..90, 16_u16..90), to in (16_u16..90, 16_u16..90),
            part: [u16; 4],
        ) {
            let (from, to) = (FrameSize::new(from.0, from.1).unwrap(), FrameSize::new(to.0, to.1).unwrap());
            let window = Window::any(part, to);
            let part = window.size();
            let samples: Vec<u8> = (0..from.i420_len()).map(|index| (index * 37 % 251) as u8).collect();
            let (mut whole, mut cut) = (vec![0; to.i420_len()], vec![7; part.i420_len()]);
            Scaler::new(from, to).scale(&samples, &mut whole);
            Scaler::of_part(from, to, window).scale(&samples, &mut cut);
            let mut expected = vec![0; part.i420_len()];
            Turner::new(to, window, Flip::default(), None).turn(&whole, &mut expected);
            prop_assert!(cut == expected);
        }
    }

    fn slowly(samples: &[u8], from: FrameSize, (width, height): (usize, usize), x: usize, y: usize) -> f64 {
        let parts =
            |from, to, index| if from > to { covered(from, to, index) } else { between(from, to, index) };
        let (columns, rows) = (parts(from.width(), width, x), parts(from.height(), height, y));
        let mut sum = 0.0;
        for (row, part) in rows.1.iter().enumerate() {
            for (column, part_of_row) in columns.1.iter().enumerate() {
                let at = (rows.0 + row) * from.width() + columns.0 + column;
                sum += part * part_of_row * f64::from(samples[at]);
            }
        }
        sum
    }
}
