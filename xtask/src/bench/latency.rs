//! `cargo xtask bench latency`: whose picture is how old when it reaches the screen.
//!
//! Here belongs: options, the runs in turns, the table. Not here: a run (measure.rs).

use std::path::Path;
use std::time::Duration;

use super::OPTIONS;
use super::browser::Browser;
use super::measure::{Figures, Watcher};
use super::screen::Screen;
use super::systems::{self, SIZE, System};
use crate::packages::{BROWSERS, MEDIA, NODE, ensure};
use crate::shell::target;
use crate::{Outcome, stalled};

/// What keeps the page's thread busy, with `--busy`.
const BUSY: &str =
    "setInterval(() => { const end = performance.now() + 50; while (performance.now() < end); }, 200);";

struct Settings {
    runs: u32,
    time: Duration,
    stalled: usize,
    busy: bool,
    systems: Vec<System>,
}

/// Measures all systems in turns and prints a table.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let settings = Settings::parse(arguments)?;
    ensure(&[MEDIA, NODE, BROWSERS].concat())?;
    systems::prepare()?;
    let dir = target().join("bench");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let mut results = vec![Figures::default(); settings.systems.len()];
    for run in 1..=settings.runs {
        for (system, result) in settings.systems.iter().zip(&mut results) {
            // The browser's helpers may still write to the profile before.
            let dir = dir.join(format!("{}-{run}", system.name()));
            let figures =
                one_run(*system, &settings, &dir).map_err(|error| format!("{}: {error}", system.name()))?;
            println!("run {run} of {}", row(system.name(), &figures));
            result.append(&figures);
        }
    }
    println!("\n{HEADING}");
    for (system, figures) in settings.systems.iter().zip(&results) {
        println!("{}", row(system.name(), figures));
    }
    Ok(())
}

impl Settings {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut settings = Self {
            runs: 3,
            time: Duration::from_secs(20),
            stalled: 0,
            busy: false,
            systems: System::ALL.to_vec(),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let number =
                |text: &String| text.parse::<u32>().map_err(|_| format!("{word}: '{text}' is no number"));
            match word.as_str() {
                "--runs" => settings.runs = number(value()?)?.max(1),
                "--seconds" => settings.time = Duration::from_secs(number(value()?)?.max(1).into()),
                "--stalled" => settings.stalled = number(value()?)? as usize,
                "--busy" => settings.busy = true,
                "--only" => {
                    let names: Vec<&str> = value()?.split(',').collect();
                    let known = |name: &&&str| System::ALL.iter().any(|system| system.name() == **name);
                    if let Some(unknown) = names.iter().find(|name| !known(name)) {
                        return Err(format!("there is no system '{unknown}'; {OPTIONS}"));
                    }
                    settings.systems.retain(|system| names.contains(&system.name()));
                }
                other => return Err(format!("unknown option '{other}'; {OPTIONS}")),
            }
        }
        Ok(settings)
    }
}

/// Everything anew for each run: server, screen, browser, profile, all in the new folder `dir`.
fn one_run(system: System, settings: &Settings, dir: &Path) -> Outcome<Figures> {
    // As large as the picture: shown 1:1 then, by every page.
    let screen = Screen::start(dir, SIZE)?;
    let mut running = system.start()?;
    let mut browser = Browser::start(&screen, &dir.join("profile"), None)?;
    if settings.busy {
        browser.run_in_pages(BUSY)?;
    }
    let mut watcher = Watcher::calibrate(&screen, &mut browser, &running.page)?;
    let (address, path, protocol) = &running.socket;
    let stalled = stalled::open(settings.stalled, address, path, protocol)?;
    let figures = watcher.measure(&mut browser, &mut running, settings.time)?;
    drop(stalled);
    Ok(figures)
}

const HEADING: &str = "              to the screen, ms           its age, ms    pictures           first, ms        server\n\
                       system          mean   p50   p95   p99   p99   max   shown  per s      p50   max    CPU %    MB";

fn row(name: &str, figures: &Figures) -> String {
    let Figures { latency, age, first_picture, .. } = figures;
    let shown = f64::from(figures.shown);
    format!(
        "{name:<13} {:>6.1} {:>5.1} {:>5.1} {:>5.1} {:>5.0} {:>5.0} {:>5}/{:<5}{:>5.1} {:>6.0} {:>5.0} {:>7.1} {:>6.1}",
        latency.mean(),
        latency.percentile(50.0),
        latency.percentile(95.0),
        latency.percentile(99.0),
        age.percentile(99.0),
        age.max(),
        figures.shown,
        figures.captured,
        shown / figures.seconds,
        first_picture.percentile(50.0),
        first_picture.max(),
        100.0 * figures.cpu / figures.seconds,
        figures.peak_memory as f64 / 1e6,
    )
}
