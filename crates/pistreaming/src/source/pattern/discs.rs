//! The pattern's drifting discs: edges in motion, by which the eye judges a stream.
//!
//! Here belongs: their shape, colour and way. Not here: the background, text.

use std::f64::consts::TAU;

use super::canvas::{Canvas, Colour};
use crate::frame::FrameSize;

/// A disc's colour, and in how many µs it goes from side to side and back, and up and down.
struct Disc {
    colour: Colour,
    across_us: u64,
    down_us: u64,
}

const DISCS: [Disc; 4] = [
    Disc { colour: [205, 84, 150], across_us: 11_000_027, down_us: 7_000_003 },
    Disc { colour: [110, 90, 200], across_us: 8_000_009, down_us: 13_000_027 },
    Disc { colour: [150, 170, 60], across_us: 17_000_023, down_us: 9_000_011 },
    Disc { colour: [60, 190, 110], across_us: 13_000_027, down_us: 11_000_027 },
];

/// The discs of a picture.
#[derive(Debug)]
pub(super) struct Discs {
    /// Weights of a disc's square in luma and in chroma, which has half its side.
    luma: Vec<u8>,
    chroma: Vec<u8>,
    side: usize,
    /// How far the left and the top of a disc's square can go.
    across: f64,
    down: f64,
}

impl Discs {
    /// The discs for pictures of `size`, above the `bottom` lines that are kept free.
    pub(super) fn new(size: FrameSize, bottom: usize) -> Self {
        let height = size.height().saturating_sub(bottom);
        let side = (height.min(size.width()) / 9 * 2).max(4);
        Self {
            luma: mask(side),
            chroma: mask(side / 2),
            side,
            across: size.width().saturating_sub(side) as f64,
            down: height.saturating_sub(side) as f64,
        }
    }

    /// Draws them where they are at `unix_us`. They move in steps of two pixels, chroma's step.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, unix_us: u64) {
        let place = |period_us: u64, range: f64| {
            let angle = TAU * (unix_us % period_us) as f64 / period_us as f64;
            (range * (0.5 + 0.5 * angle.sin())) as usize / 2
        };
        for Disc { colour: [y, cb, cr], across_us, down_us } in DISCS {
            let (left, top) = (place(across_us, self.across), place(down_us, self.down));
            canvas.y.blend(left * 2, top * 2, &self.luma, self.side, y);
            canvas.cb.blend(left, top, &self.chroma, self.side / 2, cb);
            canvas.cr.blend(left, top, &self.chroma, self.side / 2, cr);
        }
    }
}

/// A disc that fills a square of `side`, its edge soft over about two pixels.
fn mask(side: usize) -> Vec<u8> {
    let radius = side as f64 / 2.0;
    let weight = |index: usize| {
        let (x, y) = ((index % side) as f64 + 0.5 - radius, (index / side) as f64 + 0.5 - radius);
        ((radius - x.hypot(y)) / 2.0 * 235.0).clamp(0.0, 235.0) as u8
    };
    (0..side * side).map(weight).collect()
}
