//! Which of a camera's modes a person would take.
//!
//! Here belongs: comparing modes with what was asked for. Not here: finding out which there are.

use std::fmt;

use super::format::{Coding, FourCc};
use crate::frame::FrameSize;
use crate::source::rate::FrameRate;

/// One way in which a camera can deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) fourcc: FourCc,
    pub(super) coding: Coding,
    pub(super) size: FrameSize,
    /// Its rate; none if the driver does not say.
    pub(super) rate: Option<FrameRate>,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fourcc, self.size)?;
        self.rate.map_or(Ok(()), |rate| write!(f, " at {rate} frames/s"))
    }
}

/// The mode nearest to what was asked for.
pub(super) fn choose(modes: &[Mode], size: FrameSize, rate: FrameRate) -> Option<Mode> {
    let cost = |mode: &Mode| Cost::new(mode, size, rate);
    modes.iter().copied().min_by(|one, other| cost(one).compare(&cost(other)))
}

/// What speaks against a mode, the gravest first; less is better.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// What is missing of the rate and of the lines, as a part: half the rate is as bad as half the width.
    missing: f64,
    /// Black bars, as a part of the picture.
    bars: f64,
    /// Pixels too many, which are only scaled away.
    pixels: usize,
    /// Grey, where there are colours.
    colourless: bool,
    /// Frames too many in a second.
    surplus: f64,
    /// JPEG, which costs time and fineness.
    coded: bool,
}

impl Cost {
    fn new(mode: &Mode, size: FrameSize, rate: FrameRate) -> Self {
        let part = |have: f64, want: f64| (have / want).min(1.0);
        let (width, height) = (mode.size.width() as f64, mode.size.height() as f64);
        let (want_width, want_height) = (size.width() as f64, size.height() as f64);
        // An unknown rate is taken for the one that was asked for; 29.97 does for 30.
        let rate_part = mode.rate.map_or(1.0, |mode| part(mode.as_f64() * 1.01, rate.as_f64()));
        // Of the side that is shorter of the two: the other has bars in any case.
        let lines = part(width, want_width).max(part(height, want_height));
        let (shape, want_shape) = (width / height, want_width / want_height);
        Self {
            missing: 1.0 - rate_part * lines,
            bars: 1.0 - part(shape.min(want_shape), shape.max(want_shape)),
            pixels: mode.size.width() * mode.size.height(),
            colourless: matches!(mode.coding, Coding::Raw(crate::source::convert::Arrangement::Grey)),
            surplus: mode.rate.map_or(0.0, |mode| (mode.as_f64() - rate.as_f64()).max(0.0)),
            coded: mode.coding == Coding::Jpeg,
        }
    }

    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let (one, two) = (self, other);
        // A picture in colour goes before anything that is not of no use at all.
        one.colourless
            .cmp(&two.colourless)
            .then(one.missing.total_cmp(&two.missing))
            .then(one.bars.total_cmp(&two.bars))
            .then(one.pixels.cmp(&two.pixels))
            .then(one.surplus.total_cmp(&two.surplus))
            .then(one.coded.cmp(&two.coded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Mode {
        let words: Vec<&str> = text.split(' ').collect();
        let fourcc = FourCc(u32::from_le_bytes(words[0].as_bytes().try_into().unwrap()));
        let rate = words.get(2).map(|rate| rate.parse().unwrap());
        Mode { fourcc, coding: fourcc.coding().unwrap(), size: words[1].parse().unwrap(), rate }
    }

    fn chosen(asked: &str, modes: &[&str]) -> String {
        let modes: Vec<Mode> = modes.iter().map(|text| mode(text)).collect();
        let (size, rate) = asked.split_once(' ').unwrap();
        let mode = choose(&modes, size.parse().unwrap(), rate.parse().unwrap()).unwrap();
        format!("{} {} {}", mode.fourcc, mode.size, mode.rate.map_or("?".into(), |rate| rate.to_string()))
    }

    #[test]
    fn a_webcams_modes_are_taken_as_a_person_would() {
        let webcam = [
            "YUYV 640x480 30",
            "YUYV 1280x720 10",
            "YUYV 1920x1080 5",
            "MJPG 640x480 30",
            "MJPG 1280x720 30",
            "MJPG 1280x720 60",
            "MJPG 1920x1080 30",
            "YUYV 320x240 30",
            "YUYV 640x360 30",
        ];
        assert_eq!(chosen("1280x720 30", &webcam), "MJPG 1280x720 30");
        assert_eq!(chosen("640x480 24", &webcam), "YUYV 640x480 30");
        assert_eq!(chosen("640x360 24", &webcam), "YUYV 640x360 30");
        assert_eq!(chosen("1280x720 10", &webcam), "YUYV 1280x720 10");
        assert_eq!(chosen("1280x720 50", &webcam), "MJPG 1280x720 60");
        assert_eq!(chosen("3840x2160 30", &webcam), "MJPG 1920x1080 30");
        assert_eq!(chosen("160x120 15", &webcam), "YUYV 320x240 30");
    }

    #[test]
    fn a_moving_picture_goes_before_a_fine_one() {
        assert_eq!(chosen("1280x720 30", &["YUYV 1280x720 10", "YUYV 640x480 30"]), "YUYV 640x480 30");
        assert_eq!(chosen("1280x720 30", &["YUYV 1280x720 25", "YUYV 640x480 30"]), "YUYV 1280x720 25");
        assert_eq!(chosen("640x480 30", &["GREY 640x480 30", "YUYV 320x240 15"]), "YUYV 320x240 15");
        assert_eq!(chosen("640x480 30", &["YUYV 640x480", "YUYV 640x480 29.97"]), "YUYV 640x480 ?");
    }
}
