//! A camera that runs: from its set-up to the end of its frames.
//!
//! Here belongs: when it ends, and what becomes of each frame. Not here: which camera, opening it, how a frame is converted.

use std::io;

use bytes::Bytes;

use super::controls::Changes;
use super::device::Device;
use super::find;
use super::flow::{Flow, Wake, captured};
use super::picture::Picture;
use super::set_up::{SetUp, set_up};
use crate::shutdown::Shutdown;
use crate::source::error::Trouble;
use crate::source::feed::Feed;
use crate::source::patience::Patience;
use crate::source::rate::FrameRate;
use crate::source::{Ended, Settings, Sink, Window};
use crate::time::Clock;

/// Delivers frames until the shutdown, or, then nothing is returned, until the signal changes.
pub(super) fn run(
    device: &Device,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Option<Ended>, Trouble> {
    let failed = |undone| move |error| find::trouble(&device.path, undone, error);
    // Dropped behind the flow: a camera that runs lets itself be changed less.
    let mut changes = Changes::none(device);
    let mut set_up = set_up(device, settings, &mut changes, sink)?;
    // As `changes`.
    let _cut = set_up.cut.take();
    let mut flow = Flow::start(device).map_err(failed("started"))?;
    let mut show = Show::new(&set_up, settings, clock, sink);
    loop {
        match flow.wait(show.patience.left(), shutdown).map_err(failed("waited for"))? {
            Wake::Stopped => return Ok(Some(Ended::Stopped)),
            Wake::TimedOut => return Err(show.patience.exhausted()),
            Wake::Changed => return Ok(None),
            Wake::Frame => show.newest(&mut flow, failed("read"))?,
        }
    }
}

/// What becomes of frames.
struct Show<'a> {
    picture: Picture,
    feed: Feed<'a>,
    patience: Patience,
    clock: Clock,
    sink: &'a dyn Sink,
    /// One frame in so many is shown.
    every: u32,
    /// Frames that came.
    count: u32,
}

/// What a frame in the camera's memory is.
enum Seen {
    /// One that is shown: its picture as JPEG, if the camera made that and somebody wants it.
    Good(Option<Bytes>),
    /// Damaged, and why.
    Bad(String),
    /// One of those that are left out.
    LeftOut,
}

impl<'a> Show<'a> {
    fn new(set_up: &SetUp<'_>, settings: &Settings, clock: Clock, sink: &'a dyn Sink) -> Self {
        let &SetUp { ref answer, rate, left, size, window, .. } = set_up;
        let every = every_nth(rate, settings.frames_per_second);
        let rate = FrameRate::new(rate.numerator(), rate.denominator().saturating_mul(every)).unwrap_or(rate);
        let (shown, whole) = (window.size(), Window::whole(window.size()));
        let feed = Feed::flipping(left, settings.turn, shown, whole, rate, sink);
        let picture = Picture::new(answer, size, window);
        Self { picture, feed, patience: Patience::new(rate), clock, sink, every, count: 0 }
    }

    /// Shows the newest of the frames that are there.
    fn newest(
        &mut self,
        flow: &mut Flow<'_>,
        failed: impl FnOnce(io::Error) -> Trouble,
    ) -> Result<(), Trouble> {
        let mut blank = self.feed.blank();
        let clock = self.clock;
        let newest =
            flow.newest(|memory, buffer| (captured(buffer, clock), self.look(memory, blank.samples())));
        match newest.map_err(failed)? {
            Some(((captured, meaning), Seen::Good(jpeg))) => {
                self.patience.renew();
                let blank = self.feed.turn(blank);
                self.feed.hand_on_coded(blank, captured, meaning, jpeg);
                return Ok(());
            }
            Some((_, Seen::Bad(why))) => self.patience.bad(why)?,
            // The driver said that there is something, and there is nothing, or one that is left out.
            Some((_, Seen::LeftOut)) | None => self.patience.check()?,
        }
        self.feed.put_back(blank);
        Ok(())
    }

    /// Converts a frame, if it is one of those that are shown.
    fn look(&mut self, memory: &[&[u8]], samples: &mut [u8]) -> Seen {
        self.count = self.count.wrapping_add(1);
        if !self.count.is_multiple_of(self.every) {
            return Seen::LeftOut;
        }
        if let Err(why) = self.picture.convert(memory, samples) {
            return Seen::Bad(why);
        }
        let as_it_came = self.sink.wants_jpeg() && self.feed.keeps_pictures();
        Seen::Good(if as_it_came { self.picture.jpeg(memory) } else { None })
    }
}

/// Of a camera that is at least twice as fast as was asked for, every nth frame is taken: to code the others would only
/// take processor and bits.
fn every_nth(rate: FrameRate, asked: FrameRate) -> u32 {
    ((rate.as_f64() / asked.as_f64() + 0.02) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_is_much_too_fast_is_thinned_out() {
        let rate = |text: &str| text.parse::<FrameRate>().unwrap();
        for (camera, asked, every) in [
            ("30", "24", 1),
            ("30", "15", 2),
            ("29.97", "15", 2),
            ("60", "24", 2),
            ("30", "5", 6),
            ("5", "24", 1),
        ] {
            assert_eq!(every_nth(rate(camera), rate(asked)), every, "{camera} for {asked}");
        }
    }
}
