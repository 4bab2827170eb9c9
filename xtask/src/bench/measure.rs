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
use super::systems::{Running, Video};
use crate::Outcome;
use crate::process::usage;

const TICK: Duration = Duration::from_micros(250);
/// A page that shows nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Not measured, after the first picture.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long the overlay is listened to: it speaks twice a second.
const OVERLAY_TIME: Duration = Duration::from_secs(4);
/// Opens our page's overlay and keeps each delay that it gives. Its first words may be of a picture long past.
const OPEN_OVERLAY: &str = "(() => { window.said = []; document.getElementById('statistics-button').click(); \
    const overlay = document.getElementById('overlay'); \
    new MutationObserver(() => { const { delay } = JSON.parse(overlay.dataset.figures); \
    if (delay !== null) said.push(delay.toFixed(2)); }).observe(overlay, { attributes: true, \
    attributeFilter: ['data-figures'] }); return ''; })()";
/// Closes it and gives those delays.
const CLOSE_OVERLAY: &str = "(document.getElementById('statistics-button').click(), window.said.join())";

/// A page's address, its words, and how large its first canvas is.
const PAGE_SAYS: &str = "(() => { const canvas = document.querySelector('canvas'); \
    return [location.href, document.body.innerText.replace(/\\s+/g, ' '), canvas?.width, canvas?.height].join(', '); })()";

/// What a run gave. Times in ms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// From stamp to screen, one value a picture.
    pub(crate) latency: Values,
    /// How old the picture on the screen is, one value a tick.
    pub(crate) age: Values,
    /// From the order to go to the page to the first picture on the screen, one value a run.
    pub(crate) first_picture: Values,
    /// What the overlay says of the delay, one value each time it says it, and what the screen shows meanwhile.
    pub(crate) overlay_says: Values,
    /// See `overlay_says`.
    pub(crate) overlay_seen: Values,
    /// From the order to show the hidden page again to the first picture on the screen that was captured after it, one
    /// value a run.
    pub(crate) back: Values,
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
        self.overlay_says.append(&other.overlay_says);
        self.overlay_seen.append(&other.overlay_seen);
        self.back.append(&other.back);
        self.shown += other.shown;
        self.captured += other.captured;
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
    }
}

/// What is done in a run.
pub(crate) struct Plan {
    /// How long pictures are watched.
    pub(crate) time: Duration,
    /// Whether the page's overlay is then opened, and held against the screen.
    pub(crate) overlay: bool,
    /// For how long the page is hidden then, if it is.
    pub(crate) hidden: Option<Duration>,
}

/// Watches the screen.
pub(crate) struct Watcher<'a> {
    screen: &'a Screen,
    video: Video,
    place: Place,
    bytes: Vec<u8>,
    row: Vec<u8>,
}

impl<'a> Watcher<'a> {
    /// Opens the page once to learn where its picture comes to be, and leaves it again.
    pub(crate) fn calibrate(
        screen: &'a Screen,
        browser: &mut Browser,
        video: Video,
        page: &str,
    ) -> Outcome<Self> {
        browser.go_to(page)?;
        let (mut bytes, mut row) = (Vec::new(), Vec::new());
        let start = Instant::now();
        let place = loop {
            let read_row = |y| {
                screen.read_row(y, screen.size().0, &mut bytes, &mut row)?;
                Some(row.clone())
            };
            if let Some(place) = strip::find(screen.size(), video.size, read_row) {
                break place;
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("{page} shows no picture with a clock strip within {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        browser.go_to("about:blank")?;
        let mut watcher = Self { screen, video, place, bytes, row };
        watcher.wait("the page was left, but its picture is there", |stamp| stamp.is_none())?;
        Ok(watcher)
    }

    /// Opens the page and measures.
    pub(crate) fn measure(
        &mut self,
        browser: &mut Browser,
        system: &mut Running,
        plan: &Plan,
    ) -> Outcome<Figures> {
        let mut figures = Figures::default();
        std::thread::sleep(random_part_of_a_frame(self.video));
        let start = Instant::now();
        browser.go_to(&system.page)?;
        self.until_shown().map_err(|error| with_words_of(browser, &error))?;
        figures.first_picture.push(ms(start.elapsed()));

        std::thread::sleep(WARM_UP);
        let before = usage(&system.server);
        let start = Instant::now();
        self.watch(start + plan.time, &mut figures);
        let after = usage(&system.server);
        figures.seconds = start.elapsed().as_secs_f64();
        figures.cpu = after.cpu().saturating_sub(before.cpu()).as_secs_f64();
        figures.peak_memory = after.peak_memory;
        if plan.overlay {
            self.watch_overlay(browser, &mut figures)?;
        }
        if let Some(time) = plan.hidden {
            figures.back.push(ms(self.hide(browser, time)?));
        }
        system.check()?;
        Ok(figures)
    }

    /// Waits until a picture is on the screen.
    pub(crate) fn until_shown(&mut self) -> Outcome {
        self.wait("the page shows no picture", |stamp| stamp.is_some())
    }

    /// Watches the pictures that come in so long a time.
    pub(crate) fn watch_for(&mut self, time: Duration) -> Figures {
        let mut figures = Figures::default();
        self.watch(Instant::now() + time, &mut figures);
        figures
    }

    /// Has the overlay opened, and writes down what it says and what the screen shows.
    fn watch_overlay(&mut self, browser: &mut Browser, figures: &mut Figures) -> Outcome {
        browser.evaluate(OPEN_OVERLAY)?;
        let seen = self.watch_for(OVERLAY_TIME);
        figures.overlay_seen.append(&seen.latency);
        let said = browser.evaluate(CLOSE_OVERLAY)?;
        said.split(',').filter_map(|ms| ms.parse::<f64>().ok()).for_each(|ms| figures.overlay_says.push(ms));
        if figures.overlay_says.is_empty() {
            Err(format!("the overlay says no delay: {said}"))
        } else {
            Ok(())
        }
    }

    /// Hides the page for `time` and shows it again: how long it takes then until a picture is on the screen that was
    /// captured after that.
    fn hide(&mut self, browser: &mut Browser, time: Duration) -> Outcome<Duration> {
        browser.cover()?;
        self.wait("another tab was opened, but the picture is there", |stamp| stamp.is_none())?;
        std::thread::sleep(time + random_part_of_a_frame(self.video));
        let (start, from) = (Instant::now(), Stamp::now());
        browser.uncover()?;
        self.wait("the tab is shown again, but no new picture", |stamp| {
            stamp.is_some_and(|stamp| stamp.is_behind(from))
        })?;
        Ok(start.elapsed())
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
            figures.captured = (last.since(first).as_secs_f64() * f64::from(self.video.rate)).round() as u32;
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
        let Self { screen, place, bytes, row, .. } = self;
        screen.read_row(place.row, place.end(), bytes, row)?;
        place.read(row, Stamp::now())
    }
}

/// The error, and what the page says of itself.
fn with_words_of(browser: &mut Browser, error: &str) -> String {
    let said = browser.evaluate(PAGE_SAYS).unwrap_or_else(|error| error);
    format!("{error}; the page says: {said}")
}

/// So that no run begins at the same point between two frames, and two refreshes, as another.
fn random_part_of_a_frame(video: Video) -> Duration {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    Duration::from_micros(u64::from(nanos / 1000) % (1_000_000 / u64::from(video.rate)))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
