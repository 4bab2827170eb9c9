//! How each macroblock is to be coded, and how much there is to code in it: looked at for the whole picture before
//! any of it is coded, so that the quantiser scale can be chosen for all.

use super::rows;
use crate::picture::{Picture, PictureView, Plane};
use crate::syntax::picture::PictureKind;

/// What was found out about a macroblock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode {
    /// Coded without prediction.
    pub intra: bool,
    /// Sum of absolute values of what is to be coded: differences to the prediction, or to the mean if intra.
    pub activity: u32,
}

/// By how much the differences to the picture before must exceed those to the mean before intra is chosen: an intra
/// macroblock also pays for six DCs and a pattern without gaps.
const INTRA_PENALTY: u32 = 512;

/// Fills `modes`, row by row, for `source`, which consists of whole macroblocks.
pub(super) fn analyse(
    source: &PictureView<'_>,
    reference: &Picture,
    kind: PictureKind,
    threads: usize,
    modes: &mut [Mode],
) {
    let rows = modes.chunks_exact_mut(reference.mb_width).enumerate();
    rows::for_each(rows, threads, |(row, modes)| {
        for (column, mode) in modes.iter_mut().enumerate() {
            *mode = look_at(source.y, reference.planes[0].view(), kind, column * 16, row * 16);
        }
    });
}

fn look_at(source: Plane<'_>, reference: Plane<'_>, kind: PictureKind, x: usize, y: usize) -> Mode {
    if kind == PictureKind::Intra {
        return Mode { intra: true, activity: deviation(source, x, y) };
    }
    let difference = absolute_difference(source, reference, x, y);
    if difference <= INTRA_PENALTY {
        return Mode { intra: false, activity: difference };
    }
    let deviation = deviation(source, x, y);
    let intra = deviation + INTRA_PENALTY < difference;
    Mode { intra, activity: if intra { deviation } else { difference } }
}

/// The 16 samples of each row of the macroblock at `x`, `y`.
fn luma_rows<'a>(plane: Plane<'a>, x: usize, y: usize) -> impl Iterator<Item = &'a [u8; 16]> {
    (y..y + 16).filter_map(move |y| plane.samples[y * plane.stride + x..].first_chunk())
}

/// Sum of absolute differences of a macroblock's luma to the same place in `reference`.
fn absolute_difference(source: Plane<'_>, reference: Plane<'_>, x: usize, y: usize) -> u32 {
    let rows = luma_rows(source, x, y).zip(luma_rows(reference, x, y));
    rows.map(|(a, b)| (0..16).map(|i| u32::from(a[i].abs_diff(b[i]))).sum::<u32>()).sum()
}

/// Sum of absolute differences of a macroblock's luma to its mean.
fn deviation(source: Plane<'_>, x: usize, y: usize) -> u32 {
    let sum: u32 = luma_rows(source, x, y).map(|row| row.iter().map(|&s| u32::from(s)).sum::<u32>()).sum();
    let mean = (sum / 256) as u8;
    luma_rows(source, x, y).map(|row| row.iter().map(|&s| u32::from(s.abs_diff(mean))).sum::<u32>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_changed_beyond_recognition_is_intra() {
        let mut reference = Picture::new(32, 16);
        reference.planes[0].samples.fill(40);
        let mut samples = vec![200; PictureView::i420_len(32, 16)];
        for row in samples[..32 * 16].chunks_exact_mut(32) {
            row[..16].fill(41);
        }
        let source = PictureView::from_i420(&samples, 32, 16);
        let mut modes = [Mode::default(); 2];
        analyse(&source, &reference, PictureKind::Predicted, 1, &mut modes);
        assert_eq!(modes, [Mode { intra: false, activity: 256 }, Mode { intra: true, activity: 0 }]);
        analyse(&source, &reference, PictureKind::Intra, 2, &mut modes);
        assert!(modes.iter().all(|mode| mode.intra && mode.activity == 0));
    }
}
