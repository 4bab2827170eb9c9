//! A raw picture on its way from camera to encoder: I420 planes, when it was captured, and a pool of buffers for it.
//!
//! Here belongs: the frame, its size, its buffers. Not here: where frames come from, conversion from other formats.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use wire::TimeMeaning;

use bytes::Bytes;

use crate::time::Timestamp;

/// Width and height of a picture in pixels, within what MPEG-1 and its level of practice carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSize {
    width: u16,
    height: u16,
}

impl FrameSize {
    /// The least width and height, in pixels.
    pub const MIN: u16 = 16;
    /// The most width in pixels: horizontal_size has 12 bits (ISO/IEC 11172-2, 2.4.2.3).
    pub const MAX_WIDTH: u16 = 4095;
    /// The most height in pixels: slice_start_code counts 175 rows of 16 (ISO/IEC 11172-2, 2.4.1).
    pub const MAX_HEIGHT: u16 = 2800;

    /// A size.
    ///
    /// # Errors
    /// If it is outside [`Self::MIN`] to [`Self::MAX_WIDTH`] × [`Self::MAX_HEIGHT`].
    pub fn new(width: u16, height: u16) -> Result<Self, BadSize> {
        let good = (Self::MIN..=Self::MAX_WIDTH).contains(&width)
            && (Self::MIN..=Self::MAX_HEIGHT).contains(&height);
        if good { Ok(Self { width, height }) } else { Err(BadSize) }
    }

    /// Width in pixels.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width as usize
    }

    /// Height in pixels.
    #[must_use]
    pub const fn height(self) -> usize {
        self.height as usize
    }

    /// Width and height of each chroma plane in samples: half of the picture's, rounded up.
    #[must_use]
    pub const fn chroma(self) -> (usize, usize) {
        (self.width().div_ceil(2), self.height().div_ceil(2))
    }

    /// Bytes of a whole I420 picture without padding.
    #[must_use]
    pub const fn i420_len(self) -> usize {
        let (width, height) = self.chroma();
        self.width() * self.height() + 2 * width * height
    }
}

impl fmt::Display for FrameSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A size that is no size, or is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSize;

impl fmt::Display for BadSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, width, height) = (FrameSize::MIN, FrameSize::MAX_WIDTH, FrameSize::MAX_HEIGHT);
        write!(f, "a size is WIDTHxHEIGHT in pixels, from {min}x{min} to {width}x{height}, as in 640x480")
    }
}

impl std::error::Error for BadSize {}

impl FromStr for FrameSize {
    type Err = BadSize;

    fn from_str(text: &str) -> Result<Self, BadSize> {
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or(BadSize)?;
        Self::new(width.parse().map_err(|_| BadSize)?, height.parse().map_err(|_| BadSize)?)
    }
}

/// One captured picture: shared, never changed. Cloning it copies no pixels.
#[derive(Clone, Debug)]
pub struct Frame {
    samples: Arc<Vec<u8>>,
    /// Its size.
    pub size: FrameSize,
    /// Counts the source's frames from 0, those included that nobody took.
    pub sequence: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// What `captured` was taken from.
    pub meaning: TimeMeaning,
    /// The same picture as the camera coded it as JPEG, if it did and somebody wants it so.
    pub jpeg: Option<Bytes>,
}

impl Frame {
    /// Y, Cb, Cr planes without padding, one behind the other; BT.601, video range.
    #[must_use]
    pub fn i420(&self) -> &[u8] {
        &self.samples
    }

    /// The Y, Cb and Cr planes, with strides of the width and of its half, rounded up.
    #[must_use]
    pub fn planes(&self) -> [&[u8]; 3] {
        let (width, height) = self.size.chroma();
        let (y, chroma) = self.samples.split_at(self.size.width() * self.size.height());
        let (cb, cr) = chroma.split_at(width * height);
        [y, cb, cr]
    }
}

/// A frame being filled.
#[derive(Debug)]
pub struct BlankFrame {
    samples: Arc<Vec<u8>>,
    size: FrameSize,
}

impl BlankFrame {
    /// The samples to fill, laid out as [`Frame::i420`] says. What stands there at first is an older frame.
    ///
    /// # Panics
    /// Never: a blank frame is the only owner of its samples.
    #[must_use]
    pub fn samples(&mut self) -> &mut [u8] {
        Arc::get_mut(&mut self.samples).expect("a blank frame has one owner")
    }

    /// Its size.
    #[must_use]
    pub const fn size(&self) -> FrameSize {
        self.size
    }
}

/// Buffers for frames of one size, used again when the last who held a frame let it go. Filling and freezing
/// allocates only while there are fewer buffers than frames in use at once.
#[derive(Debug)]
pub struct FramePool {
    size: FrameSize,
    buffers: Vec<Arc<Vec<u8>>>,
}

impl FramePool {
    /// An empty pool.
    #[must_use]
    pub const fn new(size: FrameSize) -> Self {
        Self { size, buffers: Vec::new() }
    }

    /// A frame to fill.
    #[must_use]
    pub fn blank(&mut self) -> BlankFrame {
        let free = self.buffers.iter_mut().position(|buffer| Arc::get_mut(buffer).is_some());
        let samples = free.map_or_else(
            || Arc::new(vec![0; self.size.i420_len()]),
            |position| self.buffers.swap_remove(position),
        );
        BlankFrame { samples, size: self.size }
    }

    /// The filled frame, to be shared.
    #[must_use]
    pub fn freeze(
        &mut self,
        blank: BlankFrame,
        sequence: u64,
        captured: Timestamp,
        meaning: TimeMeaning,
    ) -> Frame {
        let samples = blank.samples;
        self.buffers.push(Arc::clone(&samples));
        Frame { samples, size: blank.size, sequence, captured, meaning, jpeg: None }
    }

    /// Takes back a frame that was not filled after all.
    pub fn put_back(&mut self, blank: BlankFrame) {
        self.buffers.push(blank.samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_bounded() {
        let size: FrameSize = "640x480".parse().unwrap();
        assert_eq!((size.width(), size.height(), size.i420_len()), (640, 480, 460_800));
        assert_eq!(size.to_string(), "640x480");
        assert_eq!("17X33".parse::<FrameSize>().unwrap().chroma(), (9, 17));
        for bad in ["", "640", "640x", "15x480", "4096x480", "640x2801", "-1x5", "640x480x3", "6 40x480"] {
            assert_eq!(bad.parse::<FrameSize>(), Err(BadSize), "{bad}");
        }
    }

    #[test]
    fn buffers_are_used_again_only_when_free() {
        let mut pool = FramePool::new(FrameSize::new(16, 16).unwrap());
        let mut freeze = |n: u8| {
            let mut blank = pool.blank();
            blank.samples().fill(n);
            pool.freeze(blank, n.into(), Timestamp::default(), TimeMeaning::Arrival)
        };
        let held = freeze(1);
        let first = held.i420().as_ptr();
        let second = freeze(2).i420().as_ptr();
        assert_ne!(first, second);
        assert_eq!(freeze(3).i420().as_ptr(), second, "the free buffer comes back");
        assert!(held.i420().iter().all(|&sample| sample == 1), "a held frame is never overwritten");
        let [y, cb, cr] = held.planes();
        assert_eq!((y.len(), cb.len(), cr.len()), (256, 64, 64));
    }
}
