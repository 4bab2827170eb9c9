//! A scenario as it is run: servers, the page, the phases one after the other.
//!
//! Here belongs: doing and measuring. Not here: what is tried (`scenarios`), what the figures mean (`figures`).

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::figures::Row;
use super::link::{Link, SERVER};
use super::scenarios::{Event, Phase, Scenario, Whose};
use super::sights::Sights;
use crate::Outcome;
use crate::bench::browser::Browser;
use crate::bench::screen::Screen;
use crate::bench::systems::{Running, SIZE, System, get};
use crate::shell::{command, root};

/// A page that shows nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a browser's address on the link begins with.
const CLIENT: &str = "\"10.87.0.2:";
/// The page's figures without being seen: they would lie over the picture.
const COUNT: &str = "(function () { var overlay = document.getElementById('overlay'); if (!overlay) return 'none'; \
    overlay.style.opacity = 0; if (overlay.hidden) document.getElementById('statistics-button').click(); return 'on'; })()";
const FIGURES: &str = "(document.getElementById('overlay') || {dataset: {}}).dataset.figures || ''";

/// What `ss` says of a connection that shows where bytes wait.
const WAITING: [&str; 8] =
    ["rto:", "rtt:", "cwnd:", "unacked:", "notsent:", "retrans:", "minrtt:", "delivery_rate"];

/// Link, screen and browser.
pub(super) struct Bench<'a> {
    pub(super) link: &'a mut Link,
    pub(super) browser: Browser,
    screen: Screen,
    verbose: bool,
}

impl<'a> Bench<'a> {
    /// Starts the browser at the link's other end, with its files in `dir`.
    pub(super) fn start(link: &'a mut Link, dir: &Path, verbose: bool) -> Outcome<Self> {
        let screen = Screen::start(dir, SIZE)?;
        let browser = Browser::start(&screen, &dir.join("profile"), Some(link.client()))?;
        Ok(Self { link, browser, screen, verbose })
    }

    /// Runs one, and gives a row for each phase.
    pub(super) fn run(&mut self, scenario: &Scenario) -> Outcome<Vec<Row>> {
        let system = start(scenario.whose)?;
        let beside = match scenario.whose {
            Whose::Rival => None,
            _ => Some(Beside::join(&system.socket.0)?),
        };
        let Self { link, browser, screen, verbose } = self;
        let sights = Sights::new(screen);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| sights.watch(&stop));
            let mut course = Course { link, browser, sights: &sights, system, beside, verbose: *verbose };
            let rows = course.run(scenario);
            stop.store(true, Relaxed);
            rows
        })
    }
}

fn start(whose: Whose) -> Outcome<Running> {
    let old_page = root().join("bench/link/old-page.html");
    match whose {
        Whose::Ours => System::Ours.start_at(SERVER, &[]),
        Whose::OldPage => System::Ours.start_at(SERVER, &["--index", &old_page.to_string_lossy()]),
        Whose::Rival => System::JsmpegTuned.start_at(SERVER, &[]),
    }
}

/// One scenario under way.
struct Course<'a, 'b> {
    link: &'a mut Link,
    browser: &'a mut Browser,
    sights: &'a Sights<'b>,
    system: Running,
    beside: Option<Beside>,
    verbose: bool,
}

/// What a program says of the viewer on the link.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    bytes: f64,
    skipped: f64,
    /// Kilobits a second at most of the rendition that he is sent.
    rendition: Option<f64>,
}

impl Course<'_, '_> {
    fn run(&mut self, scenario: &Scenario) -> Outcome<Vec<Row>> {
        self.calibrate()?;
        let mut rows: Vec<Row> = Vec::new();
        for phase in &scenario.phases {
            let mut aims = phase.aims;
            if phase.as_before {
                // What one phase's chance may be above another's.
                aims.age = rows.first().map(|row| row.age.percentile(95.0) + 20.0);
            }
            let mut row = Row { scenario: scenario.name, phase: phase.name, aims, ..Row::default() };
            self.phase(phase, &mut row)?;
            rows.push(row);
        }
        self.link.shape("")?;
        self.leave()?;
        Ok(rows)
    }

    /// Opens the page once on a good link to learn where its picture comes to be, and leaves it again.
    fn calibrate(&mut self) -> Outcome {
        self.link.shape("")?;
        self.browser.go_to(&self.system.page)?;
        let start = Instant::now();
        while let Err(error) = self.sights.find_place() {
            if start.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.leave()
    }

    /// Leaves the page and waits until it is gone: what is still sent to it would be in the way of the next one.
    fn leave(&mut self) -> Outcome {
        self.browser.go_to("about:blank")?;
        let start = Instant::now();
        while self.sights.find_place().is_ok() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
        }
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    }

    fn phase(&mut self, phase: &Phase, row: &mut Row) -> Outcome {
        if let Some(beside) = &self.beside {
            beside.take();
        }
        let before = self.sent();
        let from = self.sights.now();
        match &phase.event {
            Event::Open(words) => {
                self.link.shape(words)?;
                self.open()?;
            }
            Event::Link(words) => self.link.shape(words)?,
            Event::Hide => self.browser.cover()?,
            Event::Show => self.browser.uncover()?,
        }
        let begun = if matches!(phase.event, Event::Open(_)) { self.sights.now() } else { from };
        self.pass(Duration::from_secs_f64(phase.seconds));
        let to = self.sights.now();
        self.system.check()?;
        row.see(&self.sights.all(), (from, begun + phase.settle * 1000.0, to));
        if let (Some(before), Some(after)) = (before, self.sent()) {
            // Who had to come again is counted anew.
            let more = |before: f64, after: f64| if after < before { after } else { after - before };
            row.kbit = Some(more(before.bytes, after.bytes) * 8.0 / (to - from));
            row.skipped = Some(more(before.skipped, after.skipped));
            row.rendition = after.rendition;
        }
        let said = self.browser.evaluate(FIGURES)?;
        row.overlay = number(&said, "\"delay\":");
        if let (Some(width), Some(height)) = (number(&said, "\"width\":"), number(&said, "\"height\":")) {
            row.size = format!("{width}x{height}");
        }
        let units = self.beside.as_ref().map(Beside::take).unwrap_or_default();
        units.iter().filter(|unit| !unit.join).for_each(|unit| row.beside.push(unit.delay));
        Ok(())
    }

    /// Goes to the page and waits for its first picture.
    fn open(&mut self) -> Outcome {
        let before = self.sights.last();
        let start = Instant::now();
        self.browser.go_to(&self.system.page)?;
        while self.sights.last() == before {
            if start.elapsed() > PATIENCE {
                return Err(format!("no picture within {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        println!("first picture after {:.2} s", start.elapsed().as_secs_f64());
        self.browser.evaluate(COUNT).map(drop)
    }

    /// Lets time pass, with words on the connection if they are wanted.
    fn pass(&self, time: Duration) {
        let end = Instant::now() + time;
        while self.verbose && Instant::now() + Duration::from_secs(1) < end {
            std::thread::sleep(Duration::from_secs(1));
            self.say_how_it_goes();
        }
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
    }

    fn say_how_it_goes(&self) {
        let age = self.sights.last().map_or(f64::NAN, |sight| self.sights.now() - sight.stamped);
        println!("age {age:.0} ms");
        for viewer in on_the_link(&self.stats()) {
            println!("  {}", viewer.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let sockets = command("ss", &["-tinHO", "dst", "10.87.0.2"]).output();
        let said = sockets
            .map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).into());
        let of_interest = |word: &&str| WAITING.iter().any(|name| word.starts_with(name));
        for socket in said.lines().filter(|line| line.starts_with("ESTAB")) {
            // Behind the state: bytes received and not read, bytes sent and not acknowledged.
            let waiting = socket.split_whitespace().nth(2).unwrap_or_default();
            let words: Vec<_> = socket.split_whitespace().filter(of_interest).collect();
            println!("  in the socket {waiting} bytes, {}", words.join(" "));
        }
    }

    fn sent(&self) -> Option<Sent> {
        let stats = self.stats();
        let sent = |viewer: &str| {
            Some(Sent {
                bytes: number(viewer, "\"bytes_sent\":")?,
                skipped: number(viewer, "\"pictures_dropped\":")?,
                rendition: number(viewer, "\"bits_per_second\":").map(|bits| bits / 1000.0),
            })
        };
        // Of several connections the last is the one that is used.
        let last = on_the_link(&stats).last().and_then(|viewer| sent(viewer));
        last.or_else(|| (!stats.is_empty()).then(Sent::default))
    }

    /// The program's `/stats`, or nothing where there is none.
    fn stats(&self) -> String {
        get(&self.system.socket.0, "/stats").unwrap_or_default()
    }
}

/// What `/stats` says of each browser on the link.
pub(super) fn on_the_link(stats: &str) -> Vec<&str> {
    stats.split("\"address\":").filter(|viewer| viewer.trim_start().starts_with(CLIENT)).collect()
}

/// The number behind `name`.
pub(super) fn number(text: &str, name: &str) -> Option<f64> {
    let rest = text.split_once(name)?.1.trim_start();
    rest.split(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c))).next()?.parse().ok()
}
