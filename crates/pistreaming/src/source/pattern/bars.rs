//! The pattern's strip of colour bars, by which a wrong matrix or range is seen at once.
//!
//! Here belongs: the bars. Not here: anything that moves.

use super::canvas::{Canvas, Colour};

/// Bars of 75 % in BT.601's video range: white, yellow, cyan, green, magenta, red, blue, black.
const BARS: [Colour; 8] = [
    [180, 128, 128],
    [162, 44, 142],
    [131, 156, 44],
    [112, 72, 58],
    [84, 184, 198],
    [65, 100, 212],
    [35, 212, 114],
    [16, 128, 128],
];

/// Draws them side by side over `width` pixels, `height` lines from `top` (both even).
pub(super) fn draw(canvas: &mut Canvas<'_>, width: usize, top: usize, height: usize) {
    for (index, colour) in BARS.into_iter().enumerate() {
        let edge = |index: usize| index * width / BARS.len() / 2 * 2;
        let right = if index + 1 == BARS.len() { width.next_multiple_of(2) } else { edge(index + 1) };
        canvas.fill(edge(index), top, right - edge(index), height, colour);
    }
}
