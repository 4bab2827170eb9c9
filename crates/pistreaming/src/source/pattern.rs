//! The test pattern: a picture to look at, with a clock for people and one for tests.
//!
//! Here belongs: the source and the picture's layout. Not here: how its parts are drawn, the clock strip's format.

mod bars;
mod canvas;
mod discs;
mod field;
mod text;

use self::canvas::Canvas;
use self::discs::Discs;
use self::field::Field;
use super::feed::Feed;
use super::pace::Pace;
use super::rate::FrameRate;
use super::{Ended, Settings, Sink, Window, strip};
use crate::frame::{FrameSize, TimeMeaning};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// Draws the pattern of one size and rate.
#[derive(Debug)]
pub struct Pattern {
    size: FrameSize,
    field: Field,
    discs: Discs,
    caption: Vec<u8>,
}

/// Delivers frames at the settings' rate until the shutdown. A frame's time is that at which its drawing began: what
/// its clock strip shows, and as true as a sensor's.
pub(super) fn run(settings: &Settings, clock: Clock, sink: &dyn Sink, shutdown: &Shutdown) -> Ended {
    let (size, rate) = (settings.size, settings.frames_per_second);
    let pattern = Pattern::new(size, rate);
    // That it is within them was seen when the pattern was chosen.
    let window = settings.window(size).unwrap_or(Window::whole(size));
    let mut feed = Feed::open(settings, size, window, rate, sink);
    let mut pace = Pace::start(rate);
    while !pace.wait(shutdown) {
        let mut blank = feed.blank();
        let captured = clock.now();
        let unix_us = clock.to_unix_us(captured);
        pattern.draw(blank.samples(), unix_us);
        let mut blank = feed.turn(blank);
        // Behind flips and turns: such a picture's strip can still be read.
        let size = blank.size();
        strip::draw(blank.samples(), size, strip::value(unix_us));
        feed.hand_on(blank, captured, TimeMeaning::Sensor);
    }
    Ended::Stopped
}

const PANEL: canvas::Colour = [30, 128, 128];
const CLOCK: u8 = 235;
const CAPTION: u8 = 170;

impl Pattern {
    /// The pattern for pictures of `size` at `rate`.
    #[must_use]
    pub fn new(size: FrameSize, rate: FrameRate) -> Self {
        Self {
            size,
            field: Field::new(size),
            discs: Discs::new(size, Self::footer(size)),
            caption: format!("{size} {rate} f/s UTC").into_bytes(),
        }
    }

    /// Draws the picture of `unix_us` (Unix time in µs) into I420 samples: the same for the same time, but for the clock
    /// strip, which is not part of it.
    ///
    /// # Panics
    /// If `samples` are fewer than the size needs.
    pub fn draw(&self, samples: &mut [u8], unix_us: u64) {
        let canvas = &mut Canvas::new(samples, self.size);
        self.field.draw(canvas, unix_us);
        self.discs.draw(canvas, unix_us);
        let footer = Self::footer(self.size);
        let top = self.size.height().saturating_sub(footer) / 2 * 2;
        bars::draw(canvas, self.size.width(), top, footer);
        self.write(canvas, &clock_text(unix_us), top);
    }

    /// Lines at the bottom for the bars and, below them, the clock strip.
    const fn footer(size: FrameSize) -> usize {
        let bars = size.height() / 12 / 2 * 2;
        if strip::cell_width(size.width()).is_some() { bars + strip::LINES } else { bars }
    }

    /// Writes clock and caption into a panel in the middle of the lines above `bottom`, as large as fits well.
    fn write(&self, canvas: &mut Canvas<'_>, clock: &[u8], bottom: usize) {
        let width = self.size.width();
        let scale = (width * 3 / 4 / text::width(clock)).min(bottom / 4 / text::HEIGHT);
        if scale == 0 {
            return;
        }
        let small = (scale / 2).max(1);
        let caption = if text::width(&self.caption) * small <= width { self.caption.as_slice() } else { &[] };
        let line = text::HEIGHT * scale;
        let text_height = line + scale * 2 + text::HEIGHT * small;
        let text_width = (text::width(clock) * scale).max(text::width(caption) * small);
        let panel_width = ((text_width + 4 * scale) / 2 * 2).min(width);
        let panel_height = (text_height + 4 * scale) / 2 * 2;
        let left = (width - panel_width) / 4 * 2;
        let top = bottom.saturating_sub(panel_height) / 4 * 2;
        canvas.fill(left, top, panel_width, panel_height, PANEL);
        let centred = |text: &[u8], scale: usize| (width - text::width(text) * scale) / 2;
        let first = top + (panel_height - text_height) / 2;
        text::draw(&mut canvas.y, centred(clock, scale), first, scale, clock, CLOCK);
        let second = first + line + scale * 2;
        text::draw(&mut canvas.y, centred(caption, small), second, small, caption, CAPTION);
    }
}

/// The time of day in UTC, to the millisecond. No `format!`: it would allocate for each frame.
fn clock_text(unix_us: u64) -> [u8; 12] {
    let (seconds, ms) = (unix_us / 1_000_000, unix_us / 1000 % 1000);
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let digit = |number: u64| b'0' + (number % 10) as u8;
    let [h, m, s] = [hours, minutes, seconds].map(|number| [digit(number / 10), digit(number)]);
    [h[0], h[1], b':', m[0], m[1], b':', s[0], s[1], b'.', digit(ms / 100), digit(ms / 10), digit(ms)]
}

#[cfg(test)]
mod tests;
