//! Playing a stream of raw pictures from its first byte to its end.
//!
//! Here belongs: what standard input, files and commands have in common. Not here: opening them, judging their end.

use super::error::Fault;
use super::feed::Feed;
use super::input::{Filled, Input};
use super::pace::Pace;
use super::patience::stalled_after;
use super::rate::FrameRate;
use super::stream::{Opened, Stream};
use super::{Settings, Sink, SourceError};
use crate::frame::{FrameSize, TimeMeaning};
use crate::time::Clock;

/// When frames are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pacing {
    /// When the producer delivers them.
    Producer,
    /// At the stream's rate, once.
    Rate,
    /// At the stream's rate, again and again; for plain files only.
    Loop,
}

/// How playing came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// The program ends.
    Stopped,
    /// The stream ended behind a whole frame, but for bytes that were dropped.
    Ended,
    /// It ended before there was a whole frame.
    Short(Fault),
}

impl Played {
    fn short(frame_bytes: usize, got_bytes: usize) -> Self {
        Self::Short(Fault::Short { frame_bytes, got_bytes })
    }
}

/// Delivers a stream's frames, each stamped when its last byte had arrived or, where the stream is paced, when it is
/// shown: a file has no time of capture.
pub(super) fn play(
    input: Input<'_>,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    pacing: Pacing,
) -> Result<Played, SourceError> {
    let shutdown = input.shutdown;
    let mut stream = match Stream::open(input, settings)? {
        Opened::Stream(stream) => stream,
        Opened::Stopped => return Ok(Played::Stopped),
        Opened::Ended(got) => return Ok(Played::short(settings.size.i420_len(), got)),
    };
    stream.remark().into_iter().for_each(|remark| sink.note(remark));
    let mut show = Show::open(&stream, settings, sink, pacing)?;
    let (mut frames_in_round, mut first_round) = (0_u64, true);
    loop {
        let mut filled = stream.next_frame()?;
        if filled == Filled::Whole && !show.fits(&stream) {
            show = Show::open(&stream, settings, sink, pacing)?;
        }
        let mut blank = show.feed.blank();
        if filled == Filled::Whole {
            filled = stream.read_frame(blank.samples())?;
        }
        match filled {
            Filled::Whole => {}
            Filled::Stopped => return Ok(Played::Stopped),
            // Also in a later round, or a file cut short meanwhile would keep a processor busy.
            Filled::Ended(got) if frames_in_round == 0 => {
                return Ok(Played::short(stream.size.i420_len(), got));
            }
            Filled::Ended(got) => {
                if got > 0 && first_round {
                    sink.note(dropped(&stream, got));
                }
                if pacing != Pacing::Loop {
                    return Ok(Played::Ended);
                }
                stream.rewind()?;
                show.feed.put_back(blank);
                (frames_in_round, first_round) = (0, false);
                continue;
            }
        }
        frames_in_round += 1;
        // It runs: from now on frames are waited for by their rate.
        stream.input.patience = stream.input.patience.map(|_| stalled_after(stream.rate));
        if show.pace.as_mut().is_some_and(|pace| pace.wait(shutdown)) {
            return Ok(Played::Stopped);
        }
        let captured = clock.now();
        let blank = show.feed.turn(blank);
        show.feed.hand_on(blank, captured, TimeMeaning::Arrival);
    }
}

/// How frames of one size and rate are handed on.
struct Show<'a> {
    size: FrameSize,
    rate: FrameRate,
    feed: Feed<'a>,
    pace: Option<Pace>,
}

impl<'a> Show<'a> {
    fn open(
        stream: &Stream<'_>,
        settings: &Settings,
        sink: &'a dyn Sink,
        pacing: Pacing,
    ) -> Result<Self, SourceError> {
        let (size, rate) = (stream.size, stream.rate);
        let window = settings.window(size);
        let window = window.map_err(|fault| SourceError::Input { name: stream.input.name.clone(), fault })?;
        stream.input.widen(size.i420_len());
        let feed = Feed::open(settings, size, window, rate, sink);
        let pace = (pacing != Pacing::Producer).then(|| Pace::start(rate));
        Ok(Self { size, rate, feed, pace })
    }

    fn fits(&self, stream: &Stream<'_>) -> bool {
        (self.size, self.rate) == (stream.size, stream.rate)
    }
}

fn dropped(stream: &Stream<'_>, got: usize) -> String {
    let (name, frame_bytes) = (&stream.input.name, stream.size.i420_len());
    format!("{name} ended within a frame, whose {got} of {frame_bytes} bytes are dropped")
}

#[cfg(test)]
pub(super) mod tests;
