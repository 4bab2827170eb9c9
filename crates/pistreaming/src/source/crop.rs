//! The part of a picture that is shown, where not all of it is.
//!
//! Here belongs: which part. Not here: cutting it out, which is done where samples are copied anyway (`convert`, `mjpeg`,
//! `turn`).
//!
//! It is cut out of the picture of `--size` as the camera sees it: before flips, and before it is turned.

use std::fmt;
use std::str::FromStr;

use super::error::Fault;
use super::flip::Flip;
use crate::frame::FrameSize;

/// A part of a picture, as people write it: 320x240+16+8, or 320x240 for the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    size: FrameSize,
    /// How far its upper left corner is from the picture's, in pixels; even, for chroma has a sample for each two.
    corner: Option<(u16, u16)>,
}

impl Crop {
    /// Its size.
    #[must_use]
    pub const fn size(self) -> FrameSize {
        self.size
    }

    /// Where it is in a picture of size `of`.
    pub(super) fn window(self, of: FrameSize) -> Result<Window, Fault> {
        let outside = || Fault::Crop { crop: self, size: of };
        let room = of.width().checked_sub(self.size.width()).zip(of.height().checked_sub(self.size.height()));
        let (width, height) = room.ok_or_else(outside)?;
        let middle = (width / 4 * 2, height / 4 * 2);
        let (left, top) = self.corner.map_or(middle, |(left, top)| (left.into(), top.into()));
        if left > width || top > height { Err(outside()) } else { Ok(Window { left, top, size: self.size }) }
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.size.fmt(f)?;
        self.corner.map_or(Ok(()), |(left, top)| write!(f, "+{left}+{top}"))
    }
}

impl FromStr for Crop {
    type Err = BadCrop;

    fn from_str(text: &str) -> Result<Self, BadCrop> {
        let (size, corner) = match text.split_once('+') {
            None => (text, None),
            Some((size, corner)) => (size, Some(corner.split_once('+').ok_or(BadCrop)?)),
        };
        let even = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number: &u16| plain && number.is_multiple_of(2)).ok_or(BadCrop)
        };
        let corner = corner.map(|(left, top)| Ok((even(left)?, even(top)?))).transpose()?;
        Ok(Self { size: size.parse().map_err(|_| BadCrop)?, corner })
    }
}

/// A crop that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCrop;

impl fmt::Display for BadCrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = FrameSize::MIN;
        write!(
            f,
            "a crop is WIDTHxHEIGHT+LEFT+TOP in pixels, at least {least}x{least}, LEFT and TOP even, as in 320x240+160+120; \
             or WIDTHxHEIGHT, from the middle"
        )
    }
}

impl std::error::Error for BadCrop {}

/// A part of a picture that lies within it. Its corner is even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    left: usize,
    top: usize,
    size: FrameSize,
}

impl Window {
    /// All of a picture.
    #[must_use]
    pub const fn whole(size: FrameSize) -> Self {
        Self { left: 0, top: 0, size }
    }

    /// A part of a picture of size `of`, for tests and benchmarks; none if it does not lie within it.
    #[must_use]
    pub fn new(corner: (u16, u16), size: FrameSize, of: FrameSize) -> Option<Self> {
        Crop { size, corner: Some((corner.0 & !1, corner.1 & !1)) }.window(of).ok()
    }

    /// Any part of a picture of size `of`, by four numbers of a property test's.
    #[cfg(test)]
    pub(super) fn any(numbers: [u16; 4], of: FrameSize) -> Self {
        let [wide, high, left, top] = numbers.map(usize::from);
        let length =
            |number, most: usize| FrameSize::MIN as usize + number % (most - FrameSize::MIN as usize + 1);
        let (width, height) = (length(wide, of.width()), length(high, of.height()));
        let (left, top) = (left % (of.width() - width + 1), top % (of.height() - height + 1));
        let size = FrameSize::new(width as u16, height as u16).unwrap();
        Self { left: left & !1, top: top & !1, size }
    }

    /// Its own size.
    #[must_use]
    pub const fn size(self) -> FrameSize {
        self.size
    }

    /// Pixels to its left and above it.
    #[must_use]
    pub const fn corner(self) -> (usize, usize) {
        (self.left, self.top)
    }

    /// The same of the chroma planes, in samples.
    #[must_use]
    pub const fn chroma_corner(self) -> (usize, usize) {
        (self.left / 2, self.top / 2)
    }

    /// The same part of a picture of size `of` that was flipped; none where its corner would not be even.
    pub(super) fn flipped(self, flip: Flip, of: FrameSize) -> Option<Self> {
        let left = if flip.horizontal { of.width() - self.left - self.size.width() } else { self.left };
        let top = if flip.vertical { of.height() - self.top - self.size.height() } else { self.top };
        let even = left.is_multiple_of(2) && top.is_multiple_of(2);
        even.then_some(Self { left, top, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> FrameSize {
        text.parse().unwrap()
    }

    #[test]
    fn parts_are_read_as_people_write_them() {
        for text in ["320x240", "33x17+0+0", "320x240+160+120"] {
            assert_eq!(text.parse::<Crop>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "+0+0",
            "320+0+0",
            "320x240+1+0",
            "320x240+0+3",
            "320x240+2",
            "320x240+-2+0",
            "8x8",
            "320x240+0+0+0",
        ] {
            assert_eq!(bad.parse::<Crop>(), Err(BadCrop), "{bad}");
        }
    }

    #[test]
    fn they_lie_within_the_picture_or_are_refused() {
        let window = |crop: &str, of: &str| crop.parse::<Crop>().unwrap().window(size(of));
        let corner = |crop: &str, of: &str| window(crop, of).unwrap().corner();
        assert_eq!(corner("320x240", "640x480"), (160, 120));
        assert_eq!(corner("33x17", "100x50"), (32, 16));
        assert_eq!(corner("100x50", "101x51"), (0, 0));
        assert_eq!(corner("320x240+320+240", "640x480"), (320, 240));
        for (crop, of) in [("320x240+322+0", "640x480"), ("641x16", "640x480"), ("16x481+0+0", "640x480")] {
            assert!(matches!(window(crop, of), Err(Fault::Crop { .. })), "{crop} of {of}");
        }
    }

    #[test]
    fn in_a_flipped_picture_they_lie_on_the_other_side() {
        let of = size("640x480");
        let flipped = |crop: &str, horizontal, vertical| {
            let window = crop.parse::<Crop>().unwrap().window(of).unwrap();
            window.flipped(Flip { horizontal, vertical }, of).map(Window::corner)
        };
        assert_eq!(flipped("100x50+10+20", true, false), Some((530, 20)));
        assert_eq!(flipped("100x50+10+20", true, true), Some((530, 410)));
        assert_eq!(flipped("101x51+10+20", false, false), Some((10, 20)));
        assert_eq!(flipped("101x50+10+20", true, false), None);
        assert_eq!(flipped("100x51+10+20", false, true), None);
    }
}
