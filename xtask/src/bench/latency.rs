//! `cargo xtask bench latency`: whose picture is how old when it reaches the screen.
//!
//! Here belongs: options, the runs in turns. Not here: a run (measure.rs), the table (table.rs).

use std::path::Path;
use std::time::Duration;

use super::browser::Browser;
use super::conditions::Condition;
use super::measure::{Figures, Plan, Watcher};
use super::screen::Screen;
use super::systems::{self, System};
use super::{OPTIONS, table};
use crate::packages::{BROWSERS, MEDIA, NODE, ensure};
use crate::shell::target;
use crate::{Outcome, stalled};

struct Settings {
    runs: u32,
    time: Duration,
    hidden: Duration,
    stalled: usize,
    conditions: Vec<Condition>,
    systems: Vec<System>,
    rivals: bool,
}

/// One system under one condition, and what its runs gave.
struct Contest {
    condition: Condition,
    system: System,
    figures: Figures,
}

/// Measures all in turns and prints tables.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let settings = Settings::parse(arguments)?;
    ensure(&[MEDIA, NODE, BROWSERS].concat())?;
    systems::prepare()?;
    let dir = target().join("bench");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let mut contests = settings.contests();
    for run in 1..=settings.runs {
        for contest in &mut contests {
            let name = format!("{}-{}", contest.condition.name(), contest.system.name());
            // The browser's helpers may still write to the profile before.
            let dir = dir.join(format!("{name}-{run}"));
            let figures = one_run(contest.condition, contest.system, &settings, &dir)
                .map_err(|error| format!("{name}: {error}"))?;
            println!(
                "run {run} {:<6} {}",
                contest.condition.name(),
                table::row(contest.system.name(), &figures)
            );
            contest.figures.append(&figures);
        }
    }
    for condition in Condition::ALL {
        let of_it = contests.iter().filter(|contest| contest.condition == condition);
        let rows: Vec<_> = of_it.map(|contest| (contest.system.name(), &contest.figures)).collect();
        if !rows.is_empty() {
            table::print(condition, &rows);
        }
    }
    Ok(())
}

impl Settings {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut settings = Self {
            runs: 5,
            time: Duration::from_secs(10),
            hidden: Duration::from_secs(4),
            stalled: 0,
            conditions: Condition::ALL.to_vec(),
            systems: vec![System::Floor, System::Ours],
            rivals: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let number =
                |text: &String| text.parse::<u32>().map_err(|_| format!("{word}: '{text}' is no number"));
            let seconds = |text: &String| number(text).map(|seconds| Duration::from_secs(seconds.into()));
            match word.as_str() {
                "--runs" => settings.runs = number(value()?)?.max(1),
                "--seconds" => settings.time = seconds(value()?)?.max(Duration::from_secs(1)),
                "--hidden" => settings.hidden = seconds(value()?)?,
                "--stalled" => settings.stalled = number(value()?)? as usize,
                "--rivals" => settings.rivals = true,
                "--conditions" => settings.conditions = chosen(value()?, &Condition::ALL, Condition::name)?,
                "--only" => settings.systems = chosen(value()?, &System::ALL, System::name)?,
                other => return Err(format!("unknown option '{other}'; {OPTIONS}")),
            }
        }
        Ok(settings)
    }

    /// Who is measured under which condition, in the order of turns.
    fn contests(&self) -> Vec<Contest> {
        let mut contests = Vec::new();
        for &condition in &self.conditions {
            let rivals = System::ALL.into_iter().filter(|system| {
                self.rivals && condition == Condition::Quiet && !self.systems.contains(system)
            });
            for system in self.systems.iter().copied().chain(rivals) {
                contests.push(Contest { condition, system, figures: Figures::default() });
            }
        }
        contests
    }
}

/// Those of `all` whose names stand in `text`, with commas between.
fn chosen<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Outcome<Vec<T>> {
    let names: Vec<&str> = text.split(',').collect();
    match names.iter().find(|wanted| !all.iter().any(|one| name(*one) == **wanted)) {
        Some(unknown) => Err(format!("there is no '{unknown}'; {OPTIONS}")),
        None => Ok(all.iter().copied().filter(|one| names.contains(&name(*one))).collect()),
    }
}

/// Everything anew for each run: server, screen, browser, profile, all in the new folder `dir`.
fn one_run(condition: Condition, system: System, settings: &Settings, dir: &Path) -> Outcome<Figures> {
    let video = condition.video();
    // As large as the picture: shown 1:1 then, by every page.
    let screen = Screen::start(dir, video.size)?;
    let mut running = system.start(video)?;
    let mut browser = Browser::start(&screen, &dir.join("profile"), None)?;
    if let Some(script) = condition.script() {
        browser.run_in_pages(script)?;
    }
    let mut watcher = Watcher::calibrate(&screen, &mut browser, video, &running.page)?;
    let (address, path, protocol) = &running.socket;
    let stalled = stalled::open(settings.stalled, address, path, protocol)?;
    let hidden = Some(settings.hidden).filter(|time| condition.hides() && !time.is_zero());
    let plan = Plan { time: settings.time, overlay: system.has_overlay(), hidden };
    let figures = watcher.measure(&mut browser, &mut running, &plan)?;
    drop(stalled);
    Ok(figures)
}
