//! `cargo xtask bench links`: the real program and a real browser at the ends of bad links, the age of the picture on the
//! screen, and what a good viewer beside it notices.
//!
//! Here belongs: options, the order of things, the end. Not here: the link (bench/link, `link`), what is tried
//! (`scenarios`), a run (`run`), the reckoning (`figures`).
//!
//! All of it runs at the server's end of the link; only the browser is started at the other.

mod beside;
mod figures;
mod link;
mod output;
mod run;
mod same;
mod scenarios;
mod sights;

use std::path::Path;

use self::figures::Row;
use self::link::Link;
use self::run::Bench;
use self::scenarios::{Scenario, Whose};
use super::OPTIONS;
use super::systems;
use crate::Outcome;
use crate::packages::{BROWSERS, LINK, NODE, ensure};
use crate::shell::{self, cargo, command, root, target};

struct Settings {
    quick: bool,
    verbose: bool,
    only: Option<String>,
}

impl Settings {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut settings = Self { quick: false, verbose: false, only: None };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => settings.quick = true,
                "--verbose" => settings.verbose = true,
                "--only" => settings.only = Some(words.next().ok_or("--only needs a name")?.clone()),
                other => return Err(format!("unknown option '{other}'; {OPTIONS}")),
            }
        }
        Ok(settings)
    }

    fn scenarios(&self) -> Vec<Scenario> {
        Scenario::all().into_iter().filter(|one| self.wants(one.name, one.quick)).collect()
    }

    /// Whether a scenario is tried.
    fn wants(&self, name: &str, quick: bool) -> bool {
        match &self.only {
            Some(part) => name.contains(part.as_str()),
            None => quick || !self.quick,
        }
    }
}

/// Tries all scenarios and prints a table.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let settings = Settings::parse(arguments)?;
    if let Some(link) = Link::of_environment()? {
        return inside(&settings, link);
    }
    ensure(&[LINK, BROWSERS].concat())?;
    if settings.scenarios().iter().any(|one| one.whose == Whose::Rival) {
        ensure(NODE)?;
        systems::prepare()?;
    } else if std::env::var_os("PISTREAMING_PROGRAM").is_none() {
        shell::run(&mut cargo(&["build", "--release", "--locked", "-p", "pistreaming", "--bins"]))?;
    }
    shell::run(&mut around(arguments)?)
}

/// Fails where no link can be made, with the reason.
pub(crate) fn possible() -> Outcome {
    ensure(LINK)?;
    let script = root().join("bench/link/link.py");
    let mut nothing = command("python3", &[]);
    shell::output(nothing.arg(script).args(["--", "true"])).map(drop)
}

/// This very command at the server's end of a link.
fn around(arguments: &[String]) -> Outcome<std::process::Command> {
    let own = std::env::current_exe().map_err(|error| format!("this program's own file: {error}"))?;
    let script = root().join("bench/link/link.py");
    let mut command = command("python3", &[]);
    command.arg(script).arg("--").arg(own).args(["bench", "links"]).args(arguments);
    Ok(command)
}

/// At the server's end.
fn inside(settings: &Settings, mut link: Link) -> Outcome {
    // Two may be measured at one time, if not well.
    let dir = target().join("bench-links").join(std::process::id().to_string());
    let (rows, mut faults) = try_all(settings, &mut link, &dir)?;
    // The browser's helpers may still write to it.
    let _ = std::fs::remove_dir_all(&dir);
    output::print(&rows);
    // What misses an aim is in the table: a figure of a busy machine is no fault. What does not work is one.
    faults.extend(rows.iter().filter_map(Row::fault));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// The rows of all scenarios, and what did not work.
fn try_all(settings: &Settings, link: &mut Link, dir: &Path) -> Outcome<(Vec<Row>, Vec<String>)> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut bench = Bench::start(link, dir, settings.verbose)?;
    for scenario in settings.scenarios() {
        match bench.run(&scenario) {
            Ok(done) => {
                done.iter().for_each(|row| println!("{}", row.line()));
                rows.extend(done);
            }
            Err(error) => faults.push(format!("{}: {error}", scenario.name)),
        }
    }
    if settings.wants(same::NAME, true) {
        match same::compare(&mut bench) {
            Ok(said) => println!("{said}"),
            Err(error) => faults.push(format!("{}: {error}", same::NAME)),
        }
    }
    Ok((rows, faults))
}
