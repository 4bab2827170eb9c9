//! `cargo xtask bench crowd`: what sending one stream to thousands of viewers costs, and how soon all of them have it.
//!
//! Here belongs: options, the runs, the table. Not here: servers and viewers (`crowd_systems.rs`, the example `crowd`).
//!
//! All are sent the same pictures by the same crowd, one system after the other. CPU time is the kernel's account of the
//! server's processes; on loopback it holds what the viewers' side of TCP takes, too. The spread is from the first viewer
//! to the last who has a picture, and holds the time that the crowd takes to read. It is the first to suffer where other guests of the machine
//! take processors away: where that is much, the floor's row says what can be had.

use std::time::Duration;

use super::crowd_systems::{Crowd, System};
use super::stolen::Stolen;
use crate::Outcome;
use crate::packages::{NODE, TRACE, ensure};
use crate::process::{Usage, holdings, usage};

use super::OPTIONS;

/// From the last viewer's coming to the measurement: joins and what follows them are over then.
const SETTLE: Duration = Duration::from_secs(4);
/// How many stalled viewers come in addition, in the row of that name.
const STALLED: usize = 200;
/// Viewers while system calls are counted: each call takes a hundred times as long then.
const TRACED: usize = 50;

struct Settings {
    viewers: Vec<usize>,
    time: Duration,
    systems: Vec<System>,
    /// Whether the program is restarted, too.
    restart: bool,
}

/// Its name on the command line.
const RESTART: &str = "restart";

/// What one run gave.
struct Figures {
    /// What the crowd counted: see the example's `report.rs`.
    counted: Vec<(String, f64)>,
    used: Usage,
    /// Memory of the server with no viewer, and with all, in bytes.
    memory: (u64, u64),
    seconds: f64,
    /// What of the processors' time other guests of the machine took, in percent.
    stolen: f64,
}

/// Measures all systems and prints a table.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    let settings = Settings::parse(arguments)?;
    ensure(&[NODE, TRACE].concat())?;
    super::crowd_systems::prepare()?;
    if !settings.systems.is_empty() {
        measure_all(&settings)?;
    }
    if settings.restart { super::crowd_restart::run_all() } else { Ok(()) }
}

fn measure_all(settings: &Settings) -> Outcome {
    println!("{HEADING}");
    for &viewers in &settings.viewers {
        for &system in &settings.systems {
            let figures = measured(system, viewers, 0, settings.time)?;
            println!("{}", row(system.name(), viewers, &figures));
        }
    }
    let first = settings.viewers.first().copied().unwrap_or_default();
    for &system in settings.systems.iter().filter(|system| system.is_ours()) {
        let figures = measured(system, first, STALLED, settings.time)?;
        println!("{}", row(&format!("{} +{STALLED}", system.name()), first, &figures));
    }
    println!("\nSystem calls for each viewer and picture, with {TRACED} viewers, as strace counts them:");
    for &system in &settings.systems {
        println!("{:<10} {}", system.name(), system_calls(system)?);
    }
    Ok(())
}

impl Settings {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let (viewers, time) = (vec![1000, 4000], Duration::from_secs(10));
        let mut settings = Self { viewers, time, systems: System::ALL.to_vec(), restart: true };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => settings.time = Duration::from_secs(4),
                "--viewers" => {
                    let numbers: Result<_, _> = value()?.split(',').map(str::parse).collect();
                    settings.viewers = numbers.map_err(|_| format!("{word}: numbers with commas between"))?;
                }
                "--only" => {
                    let names: Vec<&str> = value()?.split(',').collect();
                    let known = |name: &&&str| {
                        **name == RESTART || System::ALL.iter().any(|system| system.name() == **name)
                    };
                    if let Some(unknown) = names.iter().find(|name| !known(name)) {
                        return Err(format!("there is no system '{unknown}'; {OPTIONS}"));
                    }
                    settings.systems.retain(|system| names.contains(&system.name()));
                    settings.restart = names.contains(&RESTART);
                }
                other => return Err(format!("unknown option '{other}'; {OPTIONS}")),
            }
        }
        Ok(settings)
    }
}

/// One run, everything anew.
fn measured(system: System, viewers: usize, stalled: usize, time: Duration) -> Outcome<Figures> {
    let mut running = system.start()?;
    let memory = |running: &super::crowd_systems::Running| holdings(running.server()).memory;
    let empty = memory(&running);
    let mut crowd = Crowd::start(&running, viewers, stalled, time)?;
    std::thread::sleep(SETTLE);
    let (before, stolen) = (usage(&[running.server()]), Stolen::now());
    crowd.begin()?;
    let counted = crowd.figures()?;
    let (after, stolen) = (usage(&[running.server()]), Stolen::now().percent_since(stolen));
    running.check()?;
    let used = Usage {
        user: after.user.saturating_sub(before.user),
        system: after.system.saturating_sub(before.system),
        peak_memory: after.peak_memory,
    };
    Ok(Figures { counted, used, memory: (empty, memory(&running)), seconds: time.as_secs_f64(), stolen })
}

impl Figures {
    fn counted(&self, name: &str) -> f64 {
        self.counted.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, value)| *value)
    }
}

const HEADING: &str = "                      CPU, us per message      CPU   spread, ms     delay, ms    memory, kB            pictures   stolen,\n\
                       system    viewers  user system  total      %    p50   p99     p50   p99  per viewer      lost   gone        %";

fn row(name: &str, viewers: usize, figures: &Figures) -> String {
    let messages = figures.counted("messages");
    let us = |time: Duration| time.as_secs_f64() * 1e6 / messages;
    let Figures { used, memory: (empty, full), seconds, .. } = figures;
    format!(
        "{name:<10} {viewers:>6} {:>5.2} {:>6.2} {:>6.2} {:>6.0} {:>6.1} {:>5.1} {:>7.1} {:>5.1} {:>11.1} {:>9} {:>6} {:>8.1}",
        us(used.user),
        us(used.system),
        us(used.cpu()),
        100.0 * used.cpu().as_secs_f64() / seconds,
        figures.counted("spread_p50"),
        figures.counted("spread_p99"),
        figures.counted("delay_p50"),
        figures.counted("delay_p99"),
        full.saturating_sub(*empty) as f64 / viewers as f64 / 1000.0,
        figures.counted("lost"),
        figures.counted("gone"),
        figures.stolen,
    )
}

/// Calls for each viewer and picture, the most frequent ones by name.
fn system_calls(system: System) -> Outcome<String> {
    const SECONDS: u64 = 5;
    let mut running = system.start()?;
    let mut crowd = Crowd::start(&running, TRACED, 0, Duration::from_secs(SECONDS))?;
    std::thread::sleep(SETTLE);
    let mut trace = crate::shell::command("timeout", &[]);
    let (time, server) = (SECONDS.to_string(), running.server().to_string());
    trace.args(["--signal=INT", &time, "strace", "-c", "-f", "-q", "-p", &server]);
    // The table goes to standard error; that it is ended by us is no fault.
    trace.stderr(std::process::Stdio::piped());
    let tracing = trace.spawn().map_err(|error| format!("strace: {error}"))?;
    crowd.begin()?;
    let messages =
        crowd.figures()?.iter().find(|(name, _)| name == "messages").map_or(0.0, |(_, value)| *value);
    let table = tracing.wait_with_output().map_err(|error| format!("strace: {error}"))?;
    running.check()?;
    let table = String::from_utf8_lossy(&table.stderr).into_owned();
    calls(&table, messages).ok_or_else(|| format!("strace said: {table}"))
}

/// The columns `calls` and `syscall` of strace's table; `errors`, between them, may be empty.
fn calls(table: &str, messages: f64) -> Option<String> {
    let mut rows: Vec<(f64, &str)> = table
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            Some((words.get(3)?.parse().ok()?, *words.last()?))
        })
        .collect();
    let total = rows.iter().position(|(_, name)| *name == "total").map(|at| rows.remove(at).0)?;
    rows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let named = rows.iter().take(4).map(|(calls, name)| format!("{name} {:.2}", calls / messages));
    Some(format!("{:>5.2}   ({})", total / messages, named.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_strace_s_table() {
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     ------ ----------- ----------- --------- --------- ----------------\n \
                     90.00    0.010000           5      2000           sendto\n  \
                     10.00    0.001000           5       500        20 epoll_wait\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.011000                  2500        20 total\n";
        // The total has no column for the time of a call.
        let table = table.replace("0.011000                  2500", "0.011000           5      2500");
        assert_eq!(calls(&table, 1000.0).unwrap().trim(), "2.50   (sendto 2.00, epoll_wait 0.50)");
    }
}
