//! A picture in another size: smaller by the average of what each sample covers, larger by straight lines between samples,
//! with black bars where the shapes differ.
//!
//! Here belongs: sizes, and where a picture lies in another. Not here: formats; rotation; the arithmetic (`taps`, `mix`).

mod mix;
mod taps;

use std::ops::Range;

use fearless_simd::{Simd, dispatch};
use mpeg1::level::{self, Level};

use self::mix::{Column, ROWS, Source};
use self::taps::Taps;
use super::split;
use crate::frame::FrameSize;
use crate::source::crop::Window;

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
    from_height: usize,
    to_width: usize,
    /// Where the picture begins in what is shown of the plane.
    left: usize,
    top: usize,
    columns: Taps,
    rows: Taps,
    /// Rows between the two steps; one column more than there is, which has no weight.
    block: Vec<Column>,
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
            from_height: from.1,
            to_width: shown.0,
            left,
            top,
            columns: Taps::new(from.0, picture.0, columns),
            rows: Taps::new(from.1, picture.1, rows),
            block: vec![[0; ROWS]; from.0 + 1],
        }
    }

    #[inline(always)]
    fn scale<S: Simd>(&mut self, simd: S, from: &[u8], to: &mut [u8], black: u8) {
        let Self { to_width, left, .. } = *self;
        let source = Source { samples: from, width: self.from_width, height: self.from_height };
        let right = left + self.columns.len();
        let (above, rest) = to.split_at_mut(self.top * to_width);
        let (picture, below) = rest.split_at_mut(self.rows.len() * to_width);
        above.fill(black);
        below.fill(black);
        for (index, to) in picture.chunks_mut(ROWS * to_width).enumerate() {
            let rows = (index * ROWS, to.len() / to_width);
            mix::mix_rows(simd, source, &self.rows, rows, self.columns.needed(), &mut self.block);
            for row in to.chunks_exact_mut(to_width) {
                row[..left].fill(black);
                row[right..].fill(black);
            }
            mix::mix_columns(simd, &self.block, &self.columns, to, to_width, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::taps::{between, covered};
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
        /// A slow scaler beside the fast one, at all levels.
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
