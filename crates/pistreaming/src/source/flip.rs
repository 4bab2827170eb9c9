//! Mirroring a picture in its own buffer.
//!
//! Here belongs: left-right and top-bottom. Not here: rotation by a quarter (it changes the size).

use crate::frame::FrameSize;

/// Which sides change places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flip {
    /// Left and right.
    pub(super) horizontal: bool,
    /// Top and bottom.
    pub(super) vertical: bool,
}

impl Flip {
    /// Whether nothing is to be done.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Mirrors the I420 `samples` of a picture of `size`.
    pub(super) fn apply(self, samples: &mut [u8], size: FrameSize) {
        let (chroma_width, chroma_height) = size.chroma();
        let (luma, chroma) = samples.split_at_mut(size.width() * size.height());
        self.apply_to_plane(luma, size.width());
        for plane in chroma.chunks_exact_mut(chroma_width * chroma_height) {
            self.apply_to_plane(plane, chroma_width);
        }
    }

    fn apply_to_plane(self, plane: &mut [u8], width: usize) {
        if self.horizontal {
            plane.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        if self.vertical {
            let half = plane.len() / width / 2 * width;
            let bottom = plane.len() - half;
            let (top, bottom) = plane.split_at_mut(bottom);
            for (upper, lower) in top.chunks_exact_mut(width).zip(bottom.chunks_exact_mut(width).rev()) {
                upper.swap_with_slice(lower);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_goes_where_its_mirror_image_was() {
        let size = FrameSize::new(17, 19).unwrap();
        let original: Vec<u8> = (0..size.i420_len()).map(|index| (index * 7 % 251) as u8).collect();
        for (horizontal, vertical) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut flipped = original.clone();
            Flip { horizontal, vertical }.apply(&mut flipped, size);
            for (start, width, height) in [(0, 17, 19), (323, 9, 10), (413, 9, 10)] {
                for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                    let from = (
                        if horizontal { width - 1 - x } else { x },
                        if vertical { height - 1 - y } else { y },
                    );
                    assert_eq!(flipped[start + y * width + x], original[start + from.1 * width + from.0]);
                }
            }
        }
    }
}
