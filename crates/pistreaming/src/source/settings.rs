//! What the user wants of the source.
//!
//! Here belongs: the wishes, and what follows from them alone. Not here: whether a source can grant them.

use std::time::Duration;

use super::{Choice, ControlWish, Crop, Fault, FrameRate, Quarter, Window};
use crate::frame::FrameSize;

/// What the user wants of the source.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which source.
    pub source: Choice,
    /// Size of its pictures before they are cropped and turned; a Y4M stream's own goes before.
    pub size: FrameSize,
    /// The part of them that is shown, if not all.
    pub crop: Option<Crop>,
    /// Its rate; a Y4M stream's own goes before.
    pub frames_per_second: FrameRate,
    /// Whether left and right change places.
    pub hflip: bool,
    /// Whether top and bottom change places.
    pub vflip: bool,
    /// The quarter by which pictures are turned, behind the flips.
    pub turn: Option<Quarter>,
    /// The one pixel format of a V4L2 camera's that may be taken, by its four letters.
    pub camera_format: Option<String>,
    /// What a V4L2 camera's controls are set to while it runs, in this order.
    pub controls: Vec<ControlWish>,
    /// Further arguments for the Pi camera's program.
    pub pi_args: Vec<String>,
    /// After how long without viewers it is stopped; none: never.
    pub rest_after: Option<Duration>,
}

impl Settings {
    /// Pictures as they come, of a camera that never rests.
    #[must_use]
    pub const fn new(source: Choice, size: FrameSize, frames_per_second: FrameRate) -> Self {
        Self {
            source,
            size,
            crop: None,
            frames_per_second,
            hflip: false,
            vflip: false,
            turn: None,
            camera_format: None,
            controls: Vec::new(),
            pi_args: Vec::new(),
            rest_after: None,
        }
    }

    /// The size of the pictures that are shown, as long as nothing else is known.
    #[must_use]
    pub fn shown_size(&self) -> FrameSize {
        turned_size(self.crop.map_or(self.size, Crop::size), self.turn)
    }

    /// The part that is shown of pictures of `size`.
    pub(super) fn window(&self, size: FrameSize) -> Result<Window, Fault> {
        self.crop.map_or(Ok(Window::whole(size)), |crop| crop.window(size))
    }
}

/// The size of pictures of `size` once they are turned. Those that turned would be too high stay as they are.
pub(super) fn turned_size(size: FrameSize, turn: Option<Quarter>) -> FrameSize {
    turn.and_then(|_| Quarter::size(size)).unwrap_or(size)
}
