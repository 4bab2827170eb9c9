//! The encoder in this program, and when it works: on a frame while somebody watches, and at once for who joins.
//!
//! Here belongs: frames and orders in, access units out. Not here: coding itself (`mpeg1`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate};

use super::private::{Common, Private};
use super::{EncodeError, Settings, Station};
use crate::frame::Frame;
use crate::hub::{Orders, Stream};
use crate::mailbox::Wake;
use crate::source::FrameRate;
use crate::unit::{AccessUnit, Picture};

/// Who is the first to come, when the newest frame was coded for those who have just left, gets it coded again after this
/// long. Most cameras bring a new frame before.
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
    let due = |newest: &Option<Newest>| newest.as_ref()?.due(station.hub.orders());
    loop {
        match station.frames.wait(due(&newest)) {
            Wake::Item(frame) => newest = Some(Newest::new(frame, Instant::now())),
            // The camera rests: who comes later is not shown what it saw before.
            Wake::Cleared => newest = None,
            // Somebody joined, or waits for too long.
            Wake::Nudged | Wake::TimedOut => {}
            Wake::Closed => return Ok(()),
        }
        if let Some(newest) = newest.as_mut() {
            let orders = station.hub.orders();
            if newest.due(orders).is_some_and(|due| due <= Instant::now()) {
                let coder = Coder::for_frame(&mut coder, &newest.frame, settings, station)?;
                coder.code(&newest.frame, orders, station);
                newest.coded = true;
                newest.since = Instant::now();
            }
            // What single viewers wait for is made when all have theirs.
            if let Some(coder) = coder.as_mut().filter(|_| newest.coded) {
                coder.serve(station);
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
    private: Private,
    newest: Option<Common>,
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
        let (width, height) = (frame.size.width(), frame.size.height());
        let bits = Rate::BitsPerSecond(settings.bits_per_second);
        let encoder = Encoder::new(mpeg1::encode::Settings {
            threads: settings.threads(frame.size),
            ..mpeg1::encode::Settings::new(width, height, rate.as_f64(), bits)
        });
        let encoder = encoder.map_err(EncodeError::Settings)?;
        let stream = station.hub.begin_stream(
            frame.size,
            (rate.numerator(), rate.denominator()),
            settings.bits_per_second,
        );
        let private = Private::new(settings.bits_per_second, rate.as_f64());
        Ok(Self { encoder, stream, rate, sequence: 0, private, newest: None, scratch: Vec::new() })
    }

    /// Codes a frame and hands it out.
    fn code(&mut self, frame: &Frame, orders: Orders, station: &Station) {
        let begun = station.clock.now();
        let size = frame.size;
        let view = PictureView::from_i420(frame.i420(), size.width(), size.height());
        let intra = if orders.start { Intra::Force } else { Intra::Auto };
        self.scratch.clear();
        // What is left out for want of bits nobody gets: the next frame will do.
        let Some(coded) = self.encoder.encode(view, intra, &mut self.scratch) else { return };
        let start = coded.kind == mpeg1::PictureKind::Intra;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let done = station.clock.now();
        let unit = AccessUnit {
            stream: self.stream.id,
            sequence,
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            captured: frame.captured,
            meaning: frame.meaning,
            coded: done,
            coding: done.since(begun),
            bytes: Bytes::copy_from_slice(&self.scratch),
        };
        station.hub.publish(unit.clone());
        self.newest = Some(Common { unit, scale: coded.quantiser });
    }

    /// Makes what single viewers wait for of the picture that was coded last.
    fn serve(&mut self, station: &Station) {
        if let Some(common) = &self.newest {
            self.private.serve(&mut self.encoder, common, station.hub.orders(), &station.hub, station.clock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Choice;
    use crate::frame::{FramePool, FrameSize};
    use crate::hub::{Hub, Link, Next, Role, Viewer};
    use crate::mailbox::Mailbox;
    use crate::shutdown::Shutdown;
    use crate::time::{Clock, Timestamp};
    use crate::unit::TimeMeaning;
    use std::sync::Mutex;
    use std::thread::JoinHandle;

    struct Rig {
        station: Station,
        thread: JoinHandle<Result<(), EncodeError>>,
    }

    impl Rig {
        fn start() -> Self {
            let frames = Arc::new(Mailbox::new());
            let station = Station {
                hub: Hub::new(true, Arc::clone(&frames)),
                frames,
                rate: Arc::new(Mutex::new("24".parse().unwrap())),
                clock: Clock::start(),
                shutdown: Shutdown::new().unwrap(),
                say: |_| {},
            };
            let settings = Settings {
                choice: Choice::Embedded,
                bits_per_second: 800_000,
                threads: None,
                ffmpeg_program: "ffmpeg".into(),
            };
            let thread = std::thread::spawn({
                let station = station.clone();
                move || run(&settings, &station)
            });
            Self { station, thread }
        }

        fn put(&self, size: &str, captured: u64) {
            let size: FrameSize = size.parse().unwrap();
            let mut pool = FramePool::new(size);
            let blank = pool.blank();
            let captured = Timestamp::from_micros(captured);
            self.station.frames.put(pool.freeze(blank, captured.as_micros(), captured, TimeMeaning::Arrival));
        }

        fn end(self) {
            self.station.frames.close();
            self.thread.join().unwrap().unwrap();
        }
    }

    /// Waits for the viewer's next picture.
    fn take(viewer: &mut Viewer) -> Next {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            loop {
                if let Some(next) = viewer.step(Link::default()) {
                    return next;
                }
                viewer.news().await;
            }
        })
    }

    #[test]
    fn who_joins_a_resting_encoder_gets_the_frame_that_it_kept() {
        let rig = Rig::start();
        rig.put("32x32", 3);
        let mut viewer = rig.station.hub.join();
        let first = take(&mut viewer).item;
        assert!(first.unit.start);
        assert_eq!(
            (first.unit.captured.as_micros(), first.unit.sequence),
            (3, 0),
            "nothing was coded before"
        );
        rig.put("32x32", 4);
        let second = take(&mut viewer).item;
        assert_eq!((second.unit.start, second.unit.sequence), (false, 1));
        assert_eq!(second.unit.stream, first.unit.stream);
        rig.end();
    }

    #[test]
    fn who_joins_between_the_frames_of_a_slow_camera_gets_the_last_one_again() {
        let rig = Rig::start();
        rig.put("32x32", 1);
        assert_eq!(take(&mut rig.station.hub.join()).item.unit.sequence, 0);
        let again = take(&mut rig.station.hub.join()).item;
        assert!(again.unit.start);
        assert_eq!((again.unit.captured.as_micros(), again.unit.sequence), (1, 1));
        rig.end();
    }

    #[test]
    fn another_size_or_rate_is_another_stream() {
        let rig = Rig::start();
        let mut viewer = rig.station.hub.join();
        let mut streams = Vec::new();
        for (size, rate) in [("32x32", "24"), ("48x32", "24"), ("48x32", "25")] {
            *rig.station.rate.lock().unwrap() = rate.parse().unwrap();
            rig.put(size, 1);
            let next = take(&mut viewer).item;
            assert!(next.unit.start && next.unit.sequence == 0);
            assert_eq!(next.stream.size.to_string(), size);
            streams.push(next.stream.id);
        }
        assert_eq!(streams, [1, 2, 3]);
        rig.end();
    }

    #[test]
    fn who_joins_beside_another_gets_his_own_start_between_two_frames() {
        let rig = Rig::start();
        rig.put("64x64", 1);
        let mut one = rig.station.hub.join();
        assert_eq!(take(&mut one).item.unit.sequence, 0);
        for n in 1..9 {
            rig.put("64x64", n);
            assert!(!take(&mut one).item.unit.start);
        }
        let joined = take(&mut rig.station.hub.join()).item;
        assert_eq!((&joined.role, joined.unit.sequence, joined.unit.start), (&Role::Join, 8, true));
        assert_eq!(joined.unit.captured.as_micros(), 8, "no new frame was needed");
        rig.put("64x64", 9);
        let next = take(&mut one).item;
        assert_eq!((next.unit.sequence, next.unit.start), (9, false), "the other one saw nothing of it");
        rig.end();
    }
}
