//! From a filled buffer to the sink: what all sources do with a frame.
//!
//! Here belongs: the pool, the count, the flips. Not here: filling a frame, when.

use bytes::Bytes;

use super::flip::Flip;
use super::rate::FrameRate;
use super::{Settings, Sink};
use crate::frame::{BlankFrame, FramePool, FrameSize, TimeMeaning};
use crate::time::Timestamp;

/// Hands frames of one size to a sink.
pub(super) struct Feed<'a> {
    pool: FramePool,
    flip: Flip,
    sequence: u64,
    sink: &'a dyn Sink,
}

impl<'a> Feed<'a> {
    /// A feed that flips as the settings say; the sink learns size and rate.
    pub(super) fn open(settings: &Settings, size: FrameSize, rate: FrameRate, sink: &'a dyn Sink) -> Self {
        sink.size_known(size, rate);
        let flip = Flip { horizontal: settings.hflip, vertical: settings.vflip };
        Self { pool: FramePool::new(size), flip, sequence: 0, sink }
    }

    /// The same for a camera that has flipped its pictures itself.
    pub(super) fn without_flips(self) -> Self {
        Self { flip: Flip::default(), ..self }
    }

    /// A frame to fill.
    pub(super) fn blank(&mut self) -> BlankFrame {
        self.pool.blank()
    }

    /// Takes back a frame that was not filled after all.
    pub(super) fn put_back(&mut self, blank: BlankFrame) {
        self.pool.put_back(blank);
    }

    /// Whether frames go on as they were filled in.
    pub(super) fn keeps_pictures(&self) -> bool {
        self.flip.is_none()
    }

    /// Flips a filled frame. Done apart from handing on, because the pattern's clock strip is drawn in between.
    pub(super) fn flip(&self, blank: &mut BlankFrame) {
        let size = blank.size();
        self.flip.apply(blank.samples(), size);
    }

    /// Hands on a finished frame.
    pub(super) fn hand_on(&mut self, blank: BlankFrame, captured: Timestamp, meaning: TimeMeaning) {
        self.hand_on_coded(blank, captured, meaning, None);
    }

    /// The same with the JPEG picture that it was decoded from, if that shows the same.
    pub(super) fn hand_on_coded(
        &mut self,
        blank: BlankFrame,
        captured: Timestamp,
        meaning: TimeMeaning,
        jpeg: Option<Bytes>,
    ) {
        let mut frame = self.pool.freeze(blank, self.sequence, captured, meaning);
        frame.jpeg = jpeg;
        self.sequence += 1;
        self.sink.frame(frame);
    }
}
