//! Conversions beside slow ones that take a sample at a time.

use proptest::prelude::*;

use super::*;
use crate::source::flip::Flip;
use crate::source::turn::Turner;

const ARRANGEMENTS: [Arrangement; 9] = [
    Arrangement::Packed { luma_first: true, cr_first: false },
    Arrangement::Packed { luma_first: true, cr_first: true },
    Arrangement::Packed { luma_first: false, cr_first: false },
    Arrangement::Packed { luma_first: false, cr_first: true },
    Arrangement::SemiPlanar { cr_first: false },
    Arrangement::SemiPlanar { cr_first: true },
    Arrangement::Planar { cr_first: false },
    Arrangement::Planar { cr_first: true },
    Arrangement::Grey,
];
const LEVELS: fn() -> [Level; 3] = || [level::best(), Level::baseline(), Level::fallback()];

fn convert(layout: Layout, memory: &[&[u8]], level: Level) -> Vec<u8> {
    let mut samples = vec![0; layout.size.i420_len()];
    Converter::with_level(layout, level).convert(memory, &mut samples).unwrap();
    samples
}

/// The sample of plane `plane` at `x`, `y`, where everything lies in one plane of memory.
fn slowly(layout: &Layout, memory: &[u8], plane: usize, x: usize, y: usize) -> u8 {
    let (width, height) = (layout.size.width(), layout.size.height());
    let stride = layout.strides[0];
    let chroma = stride * height;
    let swapped = |cr_first: bool| if cr_first { 2 - plane } else { plane.saturating_sub(1) };
    match layout.arrangement {
        Arrangement::Packed { luma_first, .. } if plane == 0 => {
            memory[y * stride + 2 * x + usize::from(!luma_first)]
        }
        Arrangement::Packed { luma_first, cr_first } => {
            let at = |y: usize| {
                u32::from(memory[y * stride + 4 * x + 2 * swapped(cr_first) + usize::from(luma_first)])
            };
            let lower = if 2 * y + 1 < height { at(2 * y + 1) } else { at(2 * y) };
            (at(2 * y) + lower).div_ceil(2) as u8
        }
        _ if plane == 0 => memory[y * stride + x],
        Arrangement::SemiPlanar { cr_first } => memory[chroma + y * stride + 2 * x + swapped(cr_first)],
        Arrangement::Planar { cr_first } => {
            let stride = stride.div_ceil(2);
            memory[chroma + swapped(cr_first) * stride * height.div_ceil(2) + y * stride + x]
        }
        Arrangement::Grey => {
            assert!(x < width.div_ceil(2));
            128
        }
    }
}

fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

proptest! {
    #[test]
    fn every_arrangement_is_taken_apart_sample_by_sample(
        width in 16_u16..90, height in 16_u16..40, padding in 0_usize..20, which in 0_usize..9, seed: u32,
    ) {
        let size = FrameSize::new(width, height).unwrap();
        let strides = [4 * size.chroma().0 + padding, 0, 0];
        let layout = Layout { size, arrangement: ARRANGEMENTS[which], strides, colour: Colour::default() };
        let memory = bytes(2 * strides[0] * (size.height() + 2), seed);
        let mut expected = Vec::new();
        for (plane, (width, height)) in
            [(size.width(), size.height()), size.chroma(), size.chroma()].into_iter().enumerate()
        {
            for y in 0..height {
                expected.extend((0..width).map(|x| slowly(&layout, &memory, plane, x, y)));
            }
        }
        for level in LEVELS() {
            prop_assert!(convert(layout, &[&memory], level) == expected);
        }
    }

    #[test]
    fn a_part_is_what_is_cut_out_of_the_whole(
        width in 16_u16..90, height in 16_u16..40, padding in 0_usize..20, which in 0_usize..9, seed: u32,
        part: [u16; 4], full_range: bool,
    ) {
        let size = FrameSize::new(width, height).unwrap();
        let mut window = Window::any(part, size);
        // Two rows of packed 4:2:2 make one of chroma: a part that ends between them has the upper one alone.
        if matches!(ARRANGEMENTS[which], Arrangement::Packed { .. }) {
            let (corner, even) = (window.corner(), (window.size().height() & !1) as u16);
            let even = FrameSize::new(window.size().width() as u16, even).unwrap();
            window = Window::new((corner.0 as u16, corner.1 as u16), even, size).unwrap();
        }
        let part = window.size();
        let strides = [4 * size.chroma().0 + padding, 0, 0];
        let colour = Colour { full_range, matrix: Matrix::Bt709 };
        let layout = Layout { size, arrangement: ARRANGEMENTS[which], strides, colour };
        let memory = bytes(2 * strides[0] * (size.height() + 2), seed);
        let whole = convert(layout, &[&memory], level::best());
        let (mut expected, mut cut) = (vec![0; part.i420_len()], vec![1; part.i420_len()]);
        Turner::new(size, window, Flip::default(), None).turn(&whole, &mut expected);
        Converter::of_part(layout, window).convert(&[&memory], &mut cut).unwrap();
        prop_assert!(cut == expected);
    }

    /// Whatever a driver claims, nothing is read that is not there.
    #[test]
    fn lies_are_found_out(
        width in 16_u16..200, height in 16_u16..200, strides: [u16; 3], which in 0_usize..9,
        planes in proptest::collection::vec(0_usize..60_000, 0..4),
    ) {
        let size = FrameSize::new(width, height).unwrap();
        let strides = strides.map(usize::from);
        let layout = Layout { size, arrangement: ARRANGEMENTS[which], strides, colour: Colour::default() };
        let memory: Vec<Vec<u8>> = planes.into_iter().map(|length| vec![1; length]).collect();
        let memory: Vec<&[u8]> = memory.iter().map(Vec::as_slice).collect();
        let mut samples = vec![0; size.i420_len()];
        let whole = Converter::new(layout).convert(&memory, &mut samples).is_ok();
        prop_assert!(!whole || samples[..size.width() * size.height()].iter().all(|&luma| luma == 1));
    }
}

#[test]
fn planes_apart_are_as_planes_together() {
    let size = FrameSize::new(33, 17).unwrap();
    let (luma, one, other) = (bytes(40 * 17, 1), bytes(20 * 9, 2), bytes(20 * 9, 3));
    for cr_first in [false, true] {
        let arrangement = Arrangement::Planar { cr_first };
        let layout = Layout { size, arrangement, strides: [40, 20, 20], colour: Colour::default() };
        let apart = convert(layout, &[&luma, &one, &other], level::best());
        assert!(apart == convert(layout, &[&[&luma[..], &one, &other].concat()], level::best()));
        let arrangement = Arrangement::SemiPlanar { cr_first };
        let layout = Layout { size, arrangement, strides: [40, 40, 0], colour: Colour::default() };
        let both = [&one[..], &other].concat();
        let apart = convert(layout, &[&luma, &both], level::best());
        assert!(apart == convert(layout, &[&[&luma[..], &both].concat()], level::best()));
    }
}

proptest! {
    /// Vectors and single samples give the same, whatever is in the picture.
    #[test]
    fn another_matrix_is_the_same_at_every_level_and_width(
        width in 16_u16..90, height in 16_u16..20, which in 1_usize..4, full_range: bool, seed: u32,
    ) {
        let size = FrameSize::new(width, height).unwrap();
        let matrix = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020, Matrix::Smpte240m][which];
        let arrangement = Arrangement::Planar { cr_first: false };
        let layout = Layout { size, arrangement, strides: [0; 3], colour: Colour { matrix, full_range } };
        let picture = bytes(2 * size.i420_len(), seed);
        let plain = Layout { colour: Colour::default(), ..layout };
        let mut expected = convert(plain, &[&picture], Level::fallback());
        colour::apply_slowly(layout.colour, &mut expected, size);
        for level in LEVELS() {
            prop_assert!(convert(layout, &[&picture], level) == expected);
        }
    }
}

/// By way of red, green and blue, in floating point.
#[test]
fn colours_stay_what_they_are() {
    let size = FrameSize::new(16, 16).unwrap();
    let arrangement = Arrangement::Planar { cr_first: false };
    for (matrix, red, blue) in [
        (Matrix::Bt601, 0.299, 0.114),
        (Matrix::Bt709, 0.2126, 0.0722),
        (Matrix::Bt2020, 0.2627, 0.0593),
        (Matrix::Smpte240m, 0.212, 0.087),
    ] {
        for full_range in [false, true] {
            let colour = Colour { matrix, full_range };
            for rgb in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.9, 0.1, 0.2], [0.1, 0.8, 0.3], [0.2, 0.1, 0.9]] {
                let coded = ycbcr(rgb, red, blue, full_range);
                let [y, cb, cr] = coded.map(|value| value.round() as u8);
                let picture = [[y; 256].as_slice(), &[cb; 64], &[cr; 64]].concat();
                let layout = Layout { size, arrangement, strides: [0; 3], colour };
                let expected = ycbcr(rgb, 0.299, 0.114, false);
                for level in LEVELS() {
                    let found = convert(layout, &[&picture], level);
                    for (found, expected) in [found[0], found[256], found[320]].into_iter().zip(expected) {
                        // Half a step by rounding before, half behind.
                        assert!((f64::from(found) - expected).abs() < 1.3, "{colour:?} {rgb:?}");
                    }
                }
            }
        }
    }
}

fn ycbcr([r, g, b]: [f64; 3], red: f64, blue: f64, full_range: bool) -> [f64; 3] {
    let y = red * r + (1.0 - red - blue) * g + blue * b;
    let (cb, cr) = ((b - y) / (2.0 - 2.0 * blue), (r - y) / (2.0 - 2.0 * red));
    if full_range {
        [255.0 * y, 128.0 + 255.0 * cb, 128.0 + 255.0 * cr]
    } else {
        [16.0 + 219.0 * y, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr]
    }
}
