//! Turning a picture by a quarter, for cameras that are mounted on their side.
//!
//! Here belongs: quarters. Not here: halves, which are both flips (`flip`).

use crate::frame::FrameSize;

/// A quarter turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarter {
    /// Clockwise: the left side comes to the top.
    Right,
    /// Counter-clockwise: the right side comes to the top.
    Left,
}

/// Side of the squares in which samples are moved: rows of both pictures stay in the cache meanwhile.
const SQUARE: usize = 16;

impl Quarter {
    /// The size of a turned picture.
    pub(super) fn size(size: FrameSize) -> Option<FrameSize> {
        let sides = u16::try_from(size.height()).ok().zip(u16::try_from(size.width()).ok());
        sides.and_then(|(width, height)| FrameSize::new(width, height).ok())
    }

    /// Turns the I420 picture `from` of `size` into `to`.
    pub(super) fn turn(self, from: &[u8], size: FrameSize, to: &mut [u8]) {
        let luma = size.width() * size.height();
        let (chroma_width, chroma_height) = size.chroma();
        self.turn_plane(&from[..luma], size.width(), &mut to[..luma]);
        let planes = from[luma..].chunks_exact(chroma_width * chroma_height);
        for (from, to) in planes.zip(to[luma..].chunks_exact_mut(chroma_width * chroma_height)) {
            self.turn_plane(from, chroma_width, to);
        }
    }

    fn turn_plane(self, from: &[u8], width: usize, to: &mut [u8]) {
        let height = from.len() / width;
        for top in (0..height).step_by(SQUARE) {
            for left in (0..width).step_by(SQUARE) {
                for x in left..width.min(left + SQUARE) {
                    let row = match self {
                        Self::Right => x,
                        Self::Left => width - 1 - x,
                    };
                    let to = &mut to[row * height..][..height];
                    for y in top..height.min(top + SQUARE) {
                        let column = match self {
                            Self::Right => height - 1 - y,
                            Self::Left => y,
                        };
                        to[column] = from[y * width + x];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_goes_where_a_quarter_takes_it() {
        let size = FrameSize::new(37, 18).unwrap();
        let from: Vec<u8> = (0..size.i420_len()).map(|index| (index * 7 % 251) as u8).collect();
        for quarter in [Quarter::Right, Quarter::Left] {
            let mut to = vec![0; size.i420_len()];
            quarter.turn(&from, size, &mut to);
            for (start, width, height) in [(0, 37, 18), (666, 19, 9), (837, 19, 9)] {
                for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                    let (column, row) = match quarter {
                        Quarter::Right => (height - 1 - y, x),
                        Quarter::Left => (y, width - 1 - x),
                    };
                    assert_eq!(to[start + row * height + column], from[start + y * width + x]);
                }
            }
        }
    }

    #[test]
    fn there_and_back_is_where_it_was() {
        let size = FrameSize::new(33, 50).unwrap();
        let from: Vec<u8> = (0..size.i420_len()).map(|index| (index * 11 % 253) as u8).collect();
        let (mut turned, mut back) = (vec![0; from.len()], vec![0; from.len()]);
        Quarter::Right.turn(&from, size, &mut turned);
        Quarter::Left.turn(&turned, Quarter::size(size).unwrap(), &mut back);
        assert!(back == from);
    }
}
