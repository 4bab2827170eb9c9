//! From a filled buffer to the sink: what all sources do with a frame.
//!
//! Here belongs: the pool, the count, and what is done to whole pictures: cut, flipped, turned. Not here: filling a
//! frame, when.

use bytes::Bytes;
use mpeg1::level::{self, Level};

use super::crop::Window;
use super::flip::Flip;
use super::rate::FrameRate;
use super::settings::turned_size;
use super::turn::{Quarter, Turner};
use super::{Settings, Sink};
use crate::frame::{BlankFrame, FramePool, FrameSize, TimeMeaning};
use crate::time::Timestamp;

/// Hands frames of one size to a sink.
pub(super) struct Feed<'a> {
    pool: FramePool,
    flip: Flip,
    level: Level,
    /// What makes pictures what is shown, and where they lie before; none if that is done in place.
    turn: Option<(Turner, FramePool)>,
    sequence: u64,
    sink: &'a dyn Sink,
}

impl<'a> Feed<'a> {
    /// A feed for pictures of `size`, of which `window` is shown, flipped and turned as the settings say; the sink learns
    /// size and rate.
    pub(super) fn open(
        settings: &Settings,
        size: FrameSize,
        window: Window,
        rate: FrameRate,
        sink: &'a dyn Sink,
    ) -> Self {
        let flip = Flip { horizontal: settings.hflip, vertical: settings.vflip };
        Self::flipping(flip, settings.turn, size, window, rate, sink)
    }

    /// The same with these flips: a camera may have flipped its pictures itself.
    pub(super) fn flipping(
        flip: Flip,
        quarter: Option<Quarter>,
        size: FrameSize,
        window: Window,
        rate: FrameRate,
        sink: &'a dyn Sink,
    ) -> Self {
        let shown = turned_size(window.size(), quarter);
        sink.size_known(shown, rate);
        let quarter = quarter.filter(|_| Quarter::size(window.size()).is_some());
        let apart = quarter.is_some() || window != Window::whole(size);
        let turn = apart.then(|| (Turner::new(size, window, flip, quarter), FramePool::new(size)));
        Self { pool: FramePool::new(shown), flip, level: level::best(), turn, sequence: 0, sink }
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

    /// Cuts, flips and turns a filled frame. Done apart from handing on, because the pattern's clock strip is drawn in
    /// between.
    pub(super) fn turn(&mut self, mut blank: BlankFrame) -> BlankFrame {
        let Some((turner, pool)) = &mut self.turn else {
            let size = blank.size();
            self.flip.apply(self.level, blank.samples(), size);
            return blank;
        };
        let mut shown = self.pool.blank();
        turner.turn(blank.samples(), shown.samples());
        pool.put_back(blank);
        shown
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
