//! What can be wrong with an input's format, in words.
//!
//! Here belongs: what standard input, files and commands can bring. Not here: finding it out.

use std::fmt;

use crate::frame::{BadSize, FrameSize};
use crate::source::crop::Crop;

/// What is wrong with an input's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ended before the first whole frame.
    Short {
        /// Bytes of one frame.
        frame_bytes: usize,
        /// Bytes that there were.
        got_bytes: usize,
    },
    /// A Y4M header line is longer than any that means well, or is not text.
    HeaderLine,
    /// A Y4M header has no usable width and height.
    Size(BadSize),
    /// A Y4M header's rate is none.
    Rate(String),
    /// Its samples are not 8-bit 4:2:0.
    Colour(String),
    /// Where a frame's header was due stood something else.
    FrameMarker,
    /// Standard input is a terminal.
    Terminal,
    /// It is to be stopped while nobody watches, and can never be started again.
    Unstoppable,
    /// It has no controls that could be set.
    NoControls,
    /// A file to be played is a pipe, a device or a folder.
    NoFile,
    /// What is to be shown of its pictures is not within them.
    Crop {
        /// What is to be shown.
        crop: Crop,
        /// The pictures' size.
        size: FrameSize,
    },
    /// The Pi camera takes even sizes only.
    OddSize,
    /// `--stride` among the arguments for the Pi camera is not a usable number.
    Stride(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { frame_bytes, got_bytes } => write!(
                f,
                "it ended after {got_bytes} bytes, but one frame has {frame_bytes}; is --size that of its pictures?"
            ),
            Self::HeaderLine => f.write_str("it begins as Y4M, but has no proper header line"),
            Self::Size(bad) => write!(f, "its Y4M header has no usable W and H: {bad}; scale it before"),
            Self::Rate(text) => {
                write!(f, "its Y4M header has the frame rate {text:?}; from 1:10 to 240:1 can be played")
            }
            Self::Colour(text) => write!(
                f,
                "its samples are {text:?}, but only 8-bit 4:2:0 can be streamed; \
                 convert it before, with FFmpeg by -pix_fmt yuv420p"
            ),
            Self::FrameMarker => f.write_str("no frame header where one was due: the Y4M stream is damaged"),
            Self::Terminal => f.write_str(
                "it is a terminal; pipe raw I420 or Y4M in, as in: ffmpeg … -f yuv4mpegpipe - | pistreaming --source stdin",
            ),
            Self::Unstoppable => f.write_str(
                "who writes to it cannot be stopped and started again, so it has no --idle-camera stop; \
                 with --source exec:COMMAND there is",
            ),
            Self::NoControls => f.write_str(
                "--camera-control is for cameras with a V4L2 driver; for the Pi camera there is --pi-arg, \
                 as in --pi-arg=--brightness --pi-arg=0.1",
            ),
            Self::NoFile => f.write_str("it is no plain file; for pipes and devices use --source exec:COMMAND"),
            Self::Crop { crop, size } => {
                write!(f, "--crop {crop} is not within its pictures of {size}")
            }
            Self::OddSize => f.write_str("it delivers even sizes only; give --size an even width and height"),
            Self::Stride(text) => {
                write!(f, "--stride {text:?} is no even number of bytes that a row of --size fits in")
            }
        }
    }
}
