//! The lower renditions: each coded only while somebody has it, and only in the time that is left when the full one is done.
//!
//! Where the time is short a picture is left out, the smallest rendition's last; one that gets hardly any time is given up
//! for a while, and who has it gets another. Until then it has a picture now and then, so that nobody's stands still; else
//! the full one never waits for them.
//!
//! Here belongs: which of them are coded now. Not here: what they are and who has them (the hub), coding (`coder`).

use std::time::{Duration, Instant};

use super::coder::Coder;
use super::{EncodeError, Settings, Station};
use crate::frame::{Frame, FrameSize};
use crate::hub::Rendition;
use crate::source::FrameRate;
use crate::source::convert::Scaler;

/// The part of the time between frames that all coding together may take; what is over is for who joins.
const MOST_TIME: f64 = 0.8;
/// A rendition for which there was no time for so long is given up for that long.
const GIVE_UP_AFTER: Duration = Duration::from_secs(2);
const GIVEN_UP_FOR: Duration = Duration::from_secs(30);
/// So old the last picture of a rendition may become, whatever time there is, until it is given up.
const LONGEST_GAP: Duration = Duration::from_millis(200);

/// All of them.
pub(super) struct Lower {
    lines: Vec<Line>,
    frames: u32,
    scaled: Scaled,
}

/// One of them.
struct Line {
    rendition: Rendition,
    coder: Option<Coder>,
    /// When there was time for it last, while somebody had it.
    had_time: Option<Instant>,
    /// When it was coded last, while somebody had it.
    coded: Option<Instant>,
    given_up: Option<Instant>,
}

impl Lower {
    pub(super) fn new() -> Self {
        let line = |rendition| Line { rendition, coder: None, had_time: None, coded: None, given_up: None };
        // The smallest first: it takes the least time, and who has it can have nothing else.
        let lines = Rendition::all().skip(1).rev().map(line).collect();
        Self { lines, frames: 0, scaled: Scaled::default() }
    }

    /// Codes a frame that came at `since` in each rendition that somebody has.
    pub(super) fn code(
        &mut self,
        frame: &Frame,
        since: Instant,
        settings: &Settings,
        station: &Station,
    ) -> Result<(), EncodeError> {
        self.scaled.is_done = false;
        let rate = station.rate();
        let most = Duration::from_secs_f64((MOST_TIME / rate.as_f64()).min(10.0));
        for line in &mut self.lines {
            let orders = station.hub.orders_of(line.rendition);
            line.take_up_again(station);
            if !orders.watched {
                (line.coder, line.had_time, line.coded) = (None, None, None);
                continue;
            }
            if !orders.start && !self.frames.is_multiple_of(line.rendition.every()) {
                continue;
            }
            let takes = line.coder.as_ref().map_or(Duration::ZERO, Coder::takes);
            if since.elapsed() + takes <= most {
                line.had_time = Some(Instant::now());
            } else if line.left_out(station) || !line.is_overdue() {
                continue;
            }
            line.coded = Some(Instant::now());
            let coder = line.coder_for(frame.size, rate, settings, station)?;
            let samples = self.scaled.of(frame, coder.size());
            coder.code(samples, frame, orders, station);
        }
        self.frames = self.frames.wrapping_add(1);
        Ok(())
    }

    /// Makes what single viewers wait for.
    pub(super) fn serve(&mut self, station: &Station) {
        for coder in self.lines.iter_mut().filter_map(|line| line.coder.as_mut()) {
            coder.serve(station);
        }
    }
}

impl Line {
    fn coder_for(
        &mut self,
        size: FrameSize,
        rate: FrameRate,
        settings: &Settings,
        station: &Station,
    ) -> Result<&mut Coder, EncodeError> {
        let coder = match self.coder.take().filter(|coder| coder.fits(size, rate)) {
            Some(coder) => coder,
            None => Coder::new(self.rendition, size, rate, settings, station)?,
        };
        Ok(self.coder.insert(coder))
    }

    /// There is no time for it. Whether it is given up.
    fn left_out(&mut self, station: &Station) -> bool {
        let since = *self.had_time.get_or_insert_with(Instant::now);
        let gives_up = since.elapsed() > GIVE_UP_AFTER;
        if gives_up {
            station.hub.bar(self.rendition, true);
            (self.given_up, self.had_time) = (Some(Instant::now()), None);
        }
        gives_up
    }

    /// Whether who has it sees a picture that is too old. Who waits for its first one sees another rendition's.
    fn is_overdue(&self) -> bool {
        self.coded.is_some_and(|coded| coded.elapsed() > LONGEST_GAP)
    }

    fn take_up_again(&mut self, station: &Station) {
        if self.given_up.is_some_and(|at| at.elapsed() > GIVEN_UP_FOR) {
            self.given_up = None;
            station.hub.bar(self.rendition, false);
        }
    }
}

/// A frame in a smaller size, made once for all renditions that have it.
#[derive(Default)]
struct Scaled {
    scaler: Option<(FrameSize, FrameSize, Scaler)>,
    samples: Vec<u8>,
    is_done: bool,
}

impl Scaled {
    /// The samples of `frame` in `size`.
    fn of<'a>(&'a mut self, frame: &'a Frame, size: FrameSize) -> &'a [u8] {
        if size == frame.size {
            return frame.i420();
        }
        let fits = |(from, to, _): &(FrameSize, FrameSize, Scaler)| (*from, *to) == (frame.size, size);
        if !self.scaler.as_ref().is_some_and(fits) {
            self.scaler = Some((frame.size, size, Scaler::new(frame.size, size)));
            self.samples.resize(size.i420_len(), 0);
            self.is_done = false;
        }
        if let Some((.., scaler)) = self.scaler.as_mut().filter(|_| !self.is_done) {
            scaler.scale(frame.i420(), &mut self.samples);
            self.is_done = true;
        }
        &self.samples
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::encode::Choice;
    use crate::frame::FramePool;
    use crate::hub::{Hub, Link, Role, Viewer};
    use crate::mailbox::Mailbox;
    use crate::shutdown::Shutdown;
    use crate::time::{Clock, Timestamp};
    use crate::unit::TimeMeaning;
    use mpeg1::encode::Preset;
    use std::sync::{Arc, Mutex};

    /// An encoder's surroundings, with frames of 24 a second.
    pub fn station() -> Station {
        let frames = Arc::new(Mailbox::new());
        let hub = Hub::new(true, Arc::clone(&frames));
        let rate = Arc::new(Mutex::new("24".parse().unwrap()));
        Station { hub, frames, rate, clock: Clock::start(), shutdown: Shutdown::new().unwrap(), say: |_| {} }
    }

    pub fn settings() -> Settings {
        Settings {
            choice: Choice::Embedded,
            bits_per_second: 800_000,
            preset: Preset::Balanced,
            threads: None,
            renditions: 3,
            ffmpeg_program: "ffmpeg".into(),
        }
    }

    fn frame(number: u64) -> Frame {
        let mut pool = FramePool::new("64x64".parse().unwrap());
        let blank = pool.blank();
        pool.freeze(blank, number, Timestamp::from_micros(number), TimeMeaning::Arrival)
    }

    /// The renditions of the pictures that he is given now; bands show nothing new.
    fn given(viewer: &mut Viewer) -> Vec<u16> {
        std::iter::from_fn(|| viewer.step(Link::default()))
            .filter(|next| !matches!(next.item.role, Role::Band(_)))
            .map(|next| next.item.stream.rendition.number())
            .collect()
    }

    /// There is never time for it, and who has it sees a picture all the same, until he is given another.
    #[test]
    fn what_there_is_no_time_for_does_not_stand_still_until_it_is_given_up() {
        let (station, settings) = (station(), settings());
        station.hub.offer_renditions(settings.renditions);
        let mut full =
            Coder::new(Rendition::FULL, frame(0).size, station.rate(), &settings, &station).unwrap();
        let mut lower = Lower::new();
        let mut viewer = station.hub.join();
        viewer.want(crate::hub::Wants { most_bits_per_second: 300_000, slow_device: false });
        let (mut number, mut had, mut late) = (0, false, 0);
        loop {
            number += 1;
            let frame = frame(number);
            full.code(frame.i420(), &frame, station.hub.orders(), &station);
            // Once he has the lower one all the time is over each time that its turn comes.
            let since = if had {
                Instant::now().checked_sub(Duration::from_secs(1)).unwrap()
            } else {
                Instant::now()
            };
            lower.code(&frame, since, &settings, &station).unwrap();
            lower.serve(&station);
            full.serve(&station);
            let given = given(&mut viewer);
            late += u32::from(had && given.contains(&3));
            if had && given.contains(&0) {
                break;
            }
            had |= given.contains(&3);
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(late > 3, "{late} pictures in the time in which it is given up");
    }
}
