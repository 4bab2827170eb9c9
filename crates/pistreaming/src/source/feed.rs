//! From a filled buffer to the sink: what all sources do with a frame.
//!
//! Here belongs: the pool, the count, flips and turns. Not here: filling a frame, when.

use bytes::Bytes;

use super::flip::Flip;
use super::rate::FrameRate;
use super::turn::Quarter;
use super::{Settings, Sink, shown_size};
use crate::frame::{BlankFrame, FramePool, FrameSize, TimeMeaning};
use crate::time::Timestamp;

/// Hands frames of one size to a sink.
pub(super) struct Feed<'a> {
    pool: FramePool,
    flip: Flip,
    /// What turns pictures, and where they lie before.
    turn: Option<(Quarter, FramePool)>,
    sequence: u64,
    sink: &'a dyn Sink,
}

impl<'a> Feed<'a> {
    /// A feed that flips as the settings say; the sink learns size and rate.
    pub(super) fn open(settings: &Settings, size: FrameSize, rate: FrameRate, sink: &'a dyn Sink) -> Self {
        let shown = shown_size(size, settings.turn);
        sink.size_known(shown, rate);
        let flip = Flip { horizontal: settings.hflip, vertical: settings.vflip };
        let turn = settings.turn.filter(|_| Quarter::size(size).is_some());
        let turn = turn.map(|quarter| (quarter, FramePool::new(size)));
        Self { pool: FramePool::new(shown), flip, turn, sequence: 0, sink }
    }

    /// The same for a camera that has flipped its pictures itself.
    pub(super) fn without_flips(self) -> Self {
        Self { flip: Flip::default(), ..self }
    }

    /// A frame to fill.
    pub(super) fn blank(&mut self) -> BlankFrame {
        self.turn.as_mut().map_or(&mut self.pool, |(_, pool)| pool).blank()
    }

    /// Takes back a frame that was not filled after all.
    pub(super) fn put_back(&mut self, blank: BlankFrame) {
        self.turn.as_mut().map_or(&mut self.pool, |(_, pool)| pool).put_back(blank);
    }

    /// Whether frames go on as they were filled in.
    pub(super) fn keeps_pictures(&self) -> bool {
        self.flip.is_none() && self.turn.is_none()
    }

    /// Flips and turns a filled frame. Done apart from handing on, because the pattern's clock strip is drawn in
    /// between.
    pub(super) fn turn(&mut self, mut blank: BlankFrame) -> BlankFrame {
        let size = blank.size();
        self.flip.apply(blank.samples(), size);
        let Some((quarter, pool)) = &mut self.turn else { return blank };
        let mut turned = self.pool.blank();
        quarter.turn(blank.samples(), size, turned.samples());
        pool.put_back(blank);
        turned
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
