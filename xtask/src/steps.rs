//! A gate as a row of steps: a heading each, its time, and what came of it in the end.
//!
//! Here belongs: headings, times, the closing table. Not here: what the steps do.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::counts::Counts;
use crate::shell::{run, run_lines};

/// The steps that ran so far.
#[derive(Default)]
pub(crate) struct Steps {
    counts: Counts,
    done: Vec<Done>,
}

struct Done {
    name: String,
    time: Duration,
    result: String,
}

impl Steps {
    /// A check that passes or fails as one: it adds to the failed ones only.
    pub(crate) fn check(&mut self, name: &str, check: impl FnOnce() -> Outcome) -> bool {
        self.step(name, || {
            let result = check();
            let failed = u64::from(result.is_err());
            (Counts { passed: 0, failed }, result.map(|()| "ok".into()))
        })
    }

    /// A command that is right if it ends with status 0.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) -> bool {
        self.check(name, || run(command))
    }

    /// A command that runs tests and counts them. One that runs none has failed.
    pub(crate) fn tests(&mut self, name: &str, command: &mut Command) -> bool {
        self.step(name, || {
            let mut counts = Counts::default();
            let ended_well = run_lines(command, |line| counts.read_line(line));
            let result = match ended_well {
                Err(error) => Err(error),
                Ok(_) if counts.failed > 0 => {
                    Err(format!("{} of {} tests failed", counts.failed, counts.total()))
                }
                Ok(false) => Err("the tests could not be built or run to their end".into()),
                Ok(true) if counts.total() == 0 => Err("no test ran".into()),
                Ok(true) => Ok(format!("{} tests passed", counts.passed)),
            };
            if result.is_err() {
                counts.failed = counts.failed.max(1);
            }
            (counts, result)
        })
    }

    /// Rows of steps that take long and little of the machine each, at the same time. Their output is mixed.
    pub(crate) fn side_by_side(&mut self, rows: &[fn(&mut Self)]) {
        let ended = std::thread::scope(|scope| {
            let threads: Vec<_> = rows.iter().map(|row| scope.spawn(|| Self::row(*row))).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        for row in ended {
            match row {
                Ok(row) => {
                    self.counts += row.counts;
                    self.done.extend(row.done);
                }
                Err(_) => _ = self.check("steps side by side", || Err("one of them panicked".into())),
            }
        }
    }

    fn row(row: fn(&mut Self)) -> Self {
        let mut steps = Self::default();
        row(&mut steps);
        steps
    }

    /// Records a step that did not run, loudly, and why.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        println!("\n== {name}\nSKIPPED: {why}");
        self.done.push(Done { name: name.into(), time: Duration::ZERO, result: format!("SKIPPED: {why}") });
    }

    /// Prints the table of all steps and the sums; an error if anything failed.
    pub(crate) fn close(self) -> Outcome {
        println!("\n== in short");
        for done in &self.done {
            println!("{:>7.1} s  {:<38} {}", done.time.as_secs_f64(), done.name, done.result);
        }
        let Counts { passed, failed } = self.counts;
        println!("\n{passed} passed, {failed} failed");
        if failed == 0 { Ok(()) } else { Err("not all is well; the table above says where".into()) }
    }

    fn step(&mut self, name: &str, step: impl FnOnce() -> (Counts, Outcome<String>)) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let (counts, result) = step();
        let time = start.elapsed();
        let passed = result.is_ok();
        let result = result.unwrap_or_else(|error| format!("FAILED: {error}"));
        println!("-- {name}: {result} ({:.1} s)", time.as_secs_f64());
        self.counts += counts;
        self.done.push(Done { name: name.into(), time, result });
        passed
    }
}
