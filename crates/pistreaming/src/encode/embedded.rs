//! The encoder in this program, and when it works: on a frame while somebody watches, and at once for who joins.
//!
//! Here belongs: frames and orders in, access units out. Not here: coding itself (`mpeg1`).

use std::time::{Duration, Instant};

use super::coder::Coder;
use super::lower::Lower;
use super::{EncodeError, Settings, Station};
use crate::frame::Frame;
use crate::hub::{Orders, Rendition};
use crate::mailbox::Wake;

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
    let mut coders = Coders { full: None, lower: Lower::new() };
    let mut newest: Option<Newest> = None;
    station.hub.offer_renditions(settings.renditions);
    let due = |newest: &Option<Newest>| newest.as_ref()?.due(watched(station));
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
            if newest.due(watched(station)).is_some_and(|due| due <= Instant::now()) {
                coders.code(newest, settings, station)?;
                newest.coded = true;
                newest.since = Instant::now();
            }
            // What single viewers wait for is made when all have theirs.
            if newest.coded {
                coders.serve(station);
            }
        }
    }
}

/// What is ordered of any rendition: whether it is watched, and whether a start for all is waited for.
fn watched(station: &Station) -> Orders {
    let all = Rendition::all().map(|rendition| station.hub.orders_of(rendition));
    all.fold(Orders::default(), |sum, orders| Orders {
        watched: sum.watched || orders.watched,
        start: sum.start || orders.start,
        ..sum
    })
}

/// One for each rendition that somebody has.
struct Coders {
    full: Option<Coder>,
    lower: Lower,
}

impl Coders {
    /// Codes a frame, the full rendition first. A frame that was coded before is coded for those who wait for a start.
    fn code(&mut self, newest: &Newest, settings: &Settings, station: &Station) -> Result<(), EncodeError> {
        let (frame, rate) = (&newest.frame, station.rate());
        let full = match self.full.take().filter(|coder| coder.fits(frame.size, rate)) {
            Some(coder) => coder,
            None => Coder::new(Rendition::FULL, frame.size, rate, settings, station)?,
        };
        let full = self.full.insert(full);
        let orders = station.hub.orders();
        if orders.watched {
            full.code(frame.i420(), frame, orders, station);
            full.serve(station);
        }
        self.lower.code(frame, newest.since, settings, station)
    }

    fn serve(&mut self, station: &Station) {
        if let Some(full) = &mut self.full {
            full.serve(station);
        }
        self.lower.serve(station);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::lower::tests::{settings, station};
    use crate::frame::{FramePool, FrameSize};
    use crate::hub::{Link, Next, Role, Viewer};
    use crate::time::Timestamp;
    use crate::unit::TimeMeaning;
    use std::thread::JoinHandle;

    struct Rig {
        station: Station,
        thread: JoinHandle<Result<(), EncodeError>>,
    }

    impl Rig {
        fn start() -> Self {
            let (station, settings) = (station(), settings());
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
        let mut news = viewer.hub().news();
        runtime.block_on(async {
            loop {
                if let Some(next) = viewer.step(Link::default()) {
                    return next;
                }
                news.changed().await.unwrap();
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

    /// A viewer whose link carries `rate` bytes a second and is late, and how it is by his clock.
    fn slow(rate: f64, ms: u64) -> Link {
        let now = Timestamp::from_micros(ms * 1000);
        Link { now, rate: Some(rate), queue: std::time::Duration::from_millis(200), ..Link::default() }
    }

    #[test]
    fn a_lower_rendition_is_coded_for_who_needs_it_and_only_then() {
        let rig = Rig::start();
        let (mut quick, mut poor) = (rig.station.hub.join(), rig.station.hub.join());
        let mut given = Vec::new();
        for n in 0..200 {
            rig.put("640x480", n * 42_000);
            let next = take(&mut quick).item;
            assert_eq!(next.stream.rendition, Rendition::FULL);
            // His link was seen to be late from the first second on.
            given.extend(std::iter::from_fn(|| poor.step(slow(30e3, 3000 + n * 42))));
        }
        let smaller = given.iter().position(|next| next.item.stream.rendition != Rendition::FULL).unwrap();
        let next = &given[smaller].item;
        assert_eq!((next.stream.rendition.number(), next.stream.size.to_string()), (3, "320x240".into()));
        assert!(
            next.unit.start && given[..smaller].iter().all(|next| next.item.stream.rendition.number() == 0)
        );
        assert_eq!((next.stream.bits_per_second, next.stream.rate), (200_000, (24, 1)));
        let following = &given[smaller + 1..];
        assert!(
            following.len() > 10 && following.iter().all(|next| next.item.stream.rendition.number() >= 3)
        );
        drop(poor);
        let orders = Rendition::all().skip(1).map(|one| rig.station.hub.orders_of(one));
        assert!(orders.into_iter().all(|orders| !orders.watched));
        rig.end();
    }
}
