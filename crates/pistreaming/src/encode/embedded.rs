//! The encoder in this program, and when it works: on a frame while somebody watches, at once when somebody joins.
//!
//! Here belongs: frames and orders in, access units out. Not here: coding itself (`mpeg1`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate};

use super::{EncodeError, Settings, Station, start_interval};
use crate::frame::Frame;
use crate::hub::{Orders, Stream};
use crate::mailbox::Wake;
use crate::source::FrameRate;
use crate::unit::{AccessUnit, Picture};

/// Who joins between two frames of a slow (or broken) camera gets the last one coded again after this long. A camera
/// that is quicker brings a new frame before.
const REPEAT_AFTER: Duration = Duration::from_millis(100);

/// The newest frame, kept so that it can be coded when somebody comes.
struct Newest {
    frame: Frame,
    coded: bool,
    since: Instant,
}

impl Newest {
    const fn new(frame: Frame, since: Instant) -> Self {
        Self { frame, coded: false, since }
    }

    /// When it is to be coded under these orders; none: not at all, as it stands.
    fn due(&self, orders: Orders) -> Option<Instant> {
        match (orders.watched, self.coded) {
            (true, false) => Some(self.since),
            (true, true) if orders.start => Some(self.since + REPEAT_AFTER),
            _ => None,
        }
    }
}

/// Codes frames until the mailbox is closed. With nobody watching only the newest frame is kept.
pub(super) fn run(settings: &Settings, station: &Station) -> Result<(), EncodeError> {
    let mut coder: Option<Coder> = None;
    let mut newest: Option<Newest> = None;
    let due = |newest: &Option<Newest>| newest.as_ref()?.due(station.hub.orders(station.clock.now()));
    loop {
        match station.frames.wait(due(&newest)) {
            Wake::Item(frame) => newest = Some(Newest::new(frame, Instant::now())),
            // Somebody joined, or waits for too long.
            Wake::Nudged | Wake::TimedOut => {}
            Wake::Closed => return Ok(()),
        }
        if let Some(newest) = newest.as_mut() {
            let orders = station.hub.orders(station.clock.now());
            if newest.due(orders).is_some_and(|due| due <= Instant::now()) {
                let coder = Coder::for_frame(&mut coder, &newest.frame, settings, station)?;
                station.hub.publish(coder.code(&newest.frame, orders, station));
                newest.coded = true;
                newest.since = Instant::now();
            }
        }
    }
}

/// An encoder for frames of one size and rate.
struct Coder {
    encoder: Encoder,
    stream: Arc<Stream>,
    rate: FrameRate,
    sequence: u32,
    /// Holds a picture until its length is known.
    scratch: Vec<u8>,
}

impl Coder {
    /// The coder for `frame`: the one there is, or a new one and with it a new stream.
    fn for_frame<'a>(
        kept: &'a mut Option<Self>,
        frame: &Frame,
        settings: &Settings,
        station: &Station,
    ) -> Result<&'a mut Self, EncodeError> {
        let rate = station.rate();
        let fits = |coder: &Self| coder.stream.size == frame.size && coder.rate == rate;
        let coder = match kept.take().filter(fits) {
            Some(coder) => coder,
            None => Self::new(frame, rate, settings, station)?,
        };
        Ok(kept.insert(coder))
    }

    fn new(
        frame: &Frame,
        rate: FrameRate,
        settings: &Settings,
        station: &Station,
    ) -> Result<Self, EncodeError> {
        let encoder = Encoder::new(mpeg1::encode::Settings {
            width: frame.size.width(),
            height: frame.size.height(),
            frames_per_second: rate.as_f64(),
            rate: Rate::BitsPerSecond(settings.bits_per_second),
            threads: settings.threads(frame.size),
            intra_interval: start_interval(rate),
        });
        let encoder = encoder.map_err(EncodeError::Settings)?;
        let stream = station.hub.begin_stream(frame.size, (rate.numerator(), rate.denominator()));
        Ok(Self { encoder, stream, rate, sequence: 0, scratch: Vec::new() })
    }

    fn code(&mut self, frame: &Frame, orders: Orders, station: &Station) -> AccessUnit {
        let begun = station.clock.now();
        let size = frame.size;
        let view = PictureView::from_i420(frame.i420(), size.width(), size.height());
        let intra = if orders.start { Intra::Force } else { Intra::Auto };
        self.scratch.clear();
        let coded = self.encoder.encode(view, intra, &mut self.scratch);
        let start = coded.kind == mpeg1::PictureKind::Intra;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let done = station.clock.now();
        AccessUnit {
            stream: self.stream.id,
            sequence,
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            captured: frame.captured,
            meaning: frame.meaning,
            coded: done,
            coding: done.since(begun),
            bytes: Bytes::copy_from_slice(&self.scratch),
        }
    }
}
