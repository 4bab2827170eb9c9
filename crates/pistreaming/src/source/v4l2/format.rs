//! The kernel's names for formats and colours, and what they are here.
//!
//! Here belongs: four-letter codes, colour spaces, the layout that a driver's answer describes. Not here: asking the
//! driver, choosing.

use std::fmt;

use super::abi::{CAPTURE_MPLANE, Format};
use crate::frame::FrameSize;
use crate::source::convert::{Arrangement, Colour, Layout, Matrix};

/// A pixel format's four letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FourCc(pub(super) u32);

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The highest bit says big-endian; what is no letter is no name.
        let letters = (self.0 & 0x7fff_ffff).to_le_bytes().map(char::from);
        letters.into_iter().filter(char::is_ascii_graphic).try_for_each(|letter| write!(f, "{letter}"))
    }
}

/// What a format's pictures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Samples.
    Raw(Arrangement),
    /// JPEG pictures.
    Jpeg,
}

impl FourCc {
    /// What it is, if it can be used. The names with M have each plane in memory of its own.
    pub(super) fn coding(self) -> Option<Coding> {
        let (luma_first, cr_first) = (true, true);
        Some(match &self.0.to_le_bytes() {
            b"YUYV" => Coding::Raw(Arrangement::Packed { luma_first, cr_first: false }),
            b"YVYU" => Coding::Raw(Arrangement::Packed { luma_first, cr_first }),
            b"UYVY" => Coding::Raw(Arrangement::Packed { luma_first: false, cr_first: false }),
            b"VYUY" => Coding::Raw(Arrangement::Packed { luma_first: false, cr_first }),
            b"NV12" | b"NM12" => Coding::Raw(Arrangement::SemiPlanar { cr_first: false }),
            b"NV21" | b"NM21" => Coding::Raw(Arrangement::SemiPlanar { cr_first }),
            b"YU12" | b"YM12" => Coding::Raw(Arrangement::Planar { cr_first: false }),
            b"YV12" | b"YM21" => Coding::Raw(Arrangement::Planar { cr_first }),
            b"GREY" => Coding::Raw(Arrangement::Grey),
            b"MJPG" | b"JPEG" => Coding::Jpeg,
            _ => return None,
        })
    }
}

/// The words of a `v4l2_pix_format`, or of a `v4l2_pix_format_mplane`, in a [`Format`].
const WIDTH: usize = 0;
const HEIGHT: usize = 1;
const FOURCC: usize = 2;
const FIELD: usize = 3;
const STRIDE: usize = 4;
const COLORSPACE: usize = 6;
const ENCODING: usize = 9;
const QUANTISATION: usize = 10;
const MPLANE_COLORSPACE: usize = 4;
/// Planes of five words each: size, stride, reserved.
const MPLANE_PLANES: usize = 5;
/// Four bytes behind eight planes: number of planes, flags, encoding, quantisation.
const MPLANE_BYTES: usize = 45;

/// `V4L2_FIELD_NONE`: whole pictures, no fields.
const PROGRESSIVE: u32 = 1;

/// The wish for a format.
pub(super) fn wish(kind: u32, fourcc: FourCc, size: FrameSize) -> Format {
    let mut format = Format::new(kind);
    let words = &mut format.words.0;
    words[WIDTH] = size.width() as u32;
    words[HEIGHT] = size.height() as u32;
    words[FOURCC] = fourcc.0;
    words[FIELD] = PROGRESSIVE;
    format
}

/// A driver's answer to a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) fourcc: FourCc,
    pub(super) coding: Coding,
    /// Where samples lie; of JPEG pictures the size alone counts.
    pub(super) layout: Layout,
}

impl Answer {
    /// Reads it; nothing if it is no picture that could be used.
    pub(super) fn read(format: &Format) -> Option<Self> {
        let words = &format.words.0;
        let several = format.kind == CAPTURE_MPLANE;
        let fourcc = FourCc(words[FOURCC]);
        let coding = fourcc.coding()?;
        let (width, height) = (words[WIDTH].try_into().ok()?, words[HEIGHT].try_into().ok()?);
        let strides = if several {
            [0, 1, 2].map(|plane| words[MPLANE_PLANES + 5 * plane + 1] as usize)
        } else {
            [words[STRIDE] as usize, 0, 0]
        };
        let layout = Layout {
            size: FrameSize::new(width, height).ok()?,
            arrangement: match coding {
                Coding::Raw(arrangement) => arrangement,
                Coding::Jpeg => Arrangement::Grey,
            },
            strides,
            colour: colour(words, several, coding),
        };
        Some(Self { fourcc, coding, layout })
    }
}

/// What the driver says of colours, 0 meaning what is usual for the colour space.
fn colour(words: &[u32; 50], several: bool, coding: Coding) -> Colour {
    let (space, encoding, quantisation) = if several {
        let [_, _, encoding, quantisation] = words[MPLANE_BYTES].to_ne_bytes();
        (words[MPLANE_COLORSPACE], encoding.into(), quantisation.into())
    } else {
        (words[COLORSPACE], words[ENCODING], words[QUANTISATION])
    };
    // Grey is what a sensor gives: all of a byte's values, unless the driver says otherwise.
    let grey = coding == Coding::Raw(Arrangement::Grey) && quantisation == 0;
    Colour { matrix: matrix(space, encoding), full_range: grey || full_range(space, quantisation) }
}

/// `V4L2_YCBCR_ENC_…`, and `V4L2_COLORSPACE_…` where that is the default.
const fn matrix(space: u32, encoding: u32) -> Matrix {
    match (encoding, space) {
        (2 | 4, _) | (0, 3 | 12) => Matrix::Bt709,
        (6 | 7, _) | (0, 10) => Matrix::Bt2020,
        (8, _) | (0, 2) => Matrix::Smpte240m,
        _ => Matrix::Bt601,
    }
}

/// `V4L2_QUANTIZATION_FULL_RANGE`, which is the default of `V4L2_COLORSPACE_JPEG`.
const fn full_range(space: u32, quantisation: u32) -> bool {
    quantisation == 1 || quantisation == 0 && space == 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::v4l2::abi::CAPTURE;

    impl FourCc {
        const fn new(letters: &[u8; 4]) -> Self {
            Self(u32::from_le_bytes(*letters))
        }
    }

    #[test]
    fn codes_have_names() {
        assert_eq!(FourCc::new(b"YUYV").to_string(), "YUYV");
        assert_eq!(FourCc(0x8000_0000 | FourCc::new(b"Y16 ").0).to_string(), "Y16");
        assert_eq!(FourCc(0).to_string(), "");
        assert_eq!(FourCc::new(b"H264").coding(), None);
        assert_eq!(FourCc::new(b"MJPG").coding(), Some(Coding::Jpeg));
    }

    #[test]
    fn answers_are_read_in_both_forms() {
        let size = FrameSize::new(1280, 720).unwrap();
        let mut format = wish(CAPTURE, FourCc::new(b"NV12"), size);
        format.words.0[STRIDE] = 1344;
        format.words.0[COLORSPACE] = 3;
        let answer = Answer::read(&format).unwrap();
        assert_eq!((answer.layout.size, answer.layout.strides), (size, [1344, 0, 0]));
        assert_eq!(answer.layout.colour, Colour { matrix: Matrix::Bt709, full_range: false });

        let mut format = wish(CAPTURE_MPLANE, FourCc::new(b"NM12"), size);
        for (plane, stride) in [(0, 1280), (1, 1408)] {
            format.words.0[MPLANE_PLANES + 5 * plane + 1] = stride;
        }
        format.words.0[MPLANE_COLORSPACE] = 7;
        format.words.0[MPLANE_BYTES] = u32::from_ne_bytes([2, 0, 1, 0]);
        let answer = Answer::read(&format).unwrap();
        assert_eq!(answer.layout.strides, [1280, 1408, 0]);
        assert_eq!(answer.layout.colour, Colour { matrix: Matrix::Bt601, full_range: true });

        let mut huge = wish(CAPTURE, FourCc::new(b"YUYV"), size);
        huge.words.0[WIDTH] = 70_000;
        assert_eq!(Answer::read(&huge), None);
        assert_eq!(Answer::read(&Format::new(CAPTURE)), None);
    }

    #[test]
    fn defaults_are_those_of_the_colour_space() {
        for (space, encoding, expected) in
            [(8, 0, Matrix::Bt601), (3, 0, Matrix::Bt709), (3, 1, Matrix::Bt601), (10, 0, Matrix::Bt2020)]
        {
            assert_eq!(matrix(space, encoding), expected);
        }
        assert!(full_range(7, 0) && full_range(8, 1) && !full_range(7, 2) && !full_range(8, 0));
    }
}
