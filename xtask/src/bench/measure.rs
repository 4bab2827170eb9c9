//! One run: a page is opened, and its picture watched on the screen.
//!
//! Here belongs: what is measured, and how. Not here: of whom (systems.rs), how often (latency.rs).
//!
//! The frame buffer has no event to wait for, so a strip's row is read every quarter of a millisecond; that is the error
//! of every figure here, and costs about 3 % of a core, which no system is spared.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::browser::Browser;
use super::screen::Screen;
use super::strip::{self, Place, Stamp};
use super::summary::Values;
use super::systems::{RATE, Running, SIZE};
use crate::Outcome;
use crate::process::usage;

const TICK: Duration = Duration::from_micros(250);
/// A page that shows nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Not measured, after the first picture.
const WARM_UP: Duration = Duration::from_secs(2);

/// What a run gave. Times in ms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// From stamp to screen, one value a picture.
    pub(crate) latency: Values,
    /// How old the picture on the screen is, one value a tick.
    pub(crate) age: Values,
    /// From the order to go to the page to the first picture on the screen, one value a run.
    pub(crate) first_picture: Values,
    /// Pictures shown, and frames that were stamped from the first to the last of them.
    pub(crate) shown: u32,
    /// See `shown`.
    pub(crate) captured: u32,
    /// How long was measured, in seconds.
    pub(crate) seconds: f64,
    /// The server's CPU time meanwhile, in seconds.
    pub(crate) cpu: f64,
    /// The server's peak memory, in bytes.
    pub(crate) peak_memory: u64,
}

impl Figures {
    /// Adds another run's.
    pub(crate) fn append(&mut self, other: &Self) {
        self.latency.append(&other.latency);
        self.age.append(&other.age);
        self.first_picture.append(&other.first_picture);
        self.shown += other.shown;
        self.captured += other.captured;
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
    }
}

/// Watches the screen.
pub(crate) struct Watcher<'a> {
    screen: &'a Screen,
    place: Place,
    bytes: Vec<u8>,
    row: Vec<u8>,
}

impl<'a> Watcher<'a> {
    /// Opens the page once to learn where its picture comes to be, and leaves it again.
    pub(crate) fn calibrate(screen: &'a Screen, browser: &mut Browser, page: &str) -> Outcome<Self> {
        browser.go_to(page)?;
        let (mut bytes, mut row) = (Vec::new(), Vec::new());
        let start = Instant::now();
        let place = loop {
            let read_row = |y| {
                screen.read_row(y, screen.size().0, &mut bytes, &mut row)?;
                Some(row.clone())
            };
            if let Some(place) = strip::find(screen.size(), SIZE, read_row) {
                break place;
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("{page} shows no picture with a clock strip within {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        browser.go_to("about:blank")?;
        let mut watcher = Self { screen, place, bytes, row };
        watcher.wait("the page was left, but its picture is there", |stamp| stamp.is_none())?;
        Ok(watcher)
    }

    /// Opens the page and measures for `time`.
    pub(crate) fn measure(
        &mut self,
        browser: &mut Browser,
        system: &mut Running,
        time: Duration,
    ) -> Outcome<Figures> {
        let mut figures = Figures::default();
        std::thread::sleep(random_part_of_a_frame());
        let start = Instant::now();
        browser.go_to(&system.page)?;
        self.wait("the page shows no picture", |stamp| stamp.is_some())?;
        figures.first_picture.push(ms(start.elapsed()));

        std::thread::sleep(WARM_UP);
        let before = usage(&system.server);
        let start = Instant::now();
        self.watch(start + time, &mut figures);
        let after = usage(&system.server);
        figures.seconds = start.elapsed().as_secs_f64();
        figures.cpu = after.cpu().saturating_sub(before.cpu()).as_secs_f64();
        figures.peak_memory = after.peak_memory;
        system.check()?;
        Ok(figures)
    }

    /// Looks at each tick until `end`.
    fn watch(&mut self, end: Instant, figures: &mut Figures) {
        let (mut first, mut last) = (None, None);
        while Instant::now() < end {
            let stamp = self.read();
            let now = Stamp::now();
            if stamp.is_some() && stamp != last {
                // The first one may have been there for a while.
                if let (Some(stamp), Some(_)) = (stamp, last) {
                    figures.latency.push(ms(now.since(stamp)));
                    figures.shown += 1;
                }
                first = first.or(stamp);
                last = stamp;
            }
            if let Some(shown) = last {
                figures.age.push(ms(now.since(shown)));
            }
            std::thread::sleep(TICK);
        }
        if let (Some(first), Some(last)) = (first, last) {
            figures.captured = (last.since(first).as_secs_f64() * f64::from(RATE)).round() as u32;
        }
    }

    fn wait(&mut self, what: &str, reached: impl Fn(Option<Stamp>) -> bool) -> Outcome {
        let start = Instant::now();
        while !reached(self.read()) {
            if start.elapsed() > PATIENCE {
                return Err(format!("{what}, still after {PATIENCE:?}"));
            }
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// The stamp on the screen. Nothing while there is none, or half of one.
    fn read(&mut self) -> Option<Stamp> {
        let Self { screen, place, bytes, row } = self;
        screen.read_row(place.row, place.end(), bytes, row)?;
        place.read(row, Stamp::now())
    }
}

/// So that no run begins at the same point between two frames, and two refreshes, as another.
fn random_part_of_a_frame() -> Duration {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    Duration::from_micros(u64::from(nanos / 1000) % (1_000_000 / u64::from(RATE)))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
