//! A gate as a row of steps: a heading each, its time, and what came of it in the end.
//!
//! Here belongs: headings, times, the closing table. Not here: what the steps do.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::beside::{Beside, Ended, Tests};
use crate::counts::Counts;
use crate::shell::{run, run_lines};

/// The steps that ran so far.
pub(crate) struct Steps {
    start: Instant,
    counts: Counts,
    done: Vec<Done>,
}

struct Done {
    name: String,
    time: Duration,
    result: String,
}

impl Default for Steps {
    fn default() -> Self {
        Self::since(Instant::now())
    }
}

impl Steps {
    /// None yet, of a gate that has run since `start`.
    fn since(start: Instant) -> Self {
        Self { start, counts: Counts::default(), done: Vec::new() }
    }

    /// A check that passes or fails as one: it adds to the failed ones only.
    pub(crate) fn check(&mut self, name: &str, check: impl FnOnce() -> Outcome) -> bool {
        self.step(name, || {
            let result = check();
            let failed = u64::from(result.is_err());
            (Counts { passed: 0, failed }, result.map(|()| "ok".into()))
        })
    }

    /// The same of what gives something that is needed later.
    pub(crate) fn check_for<T>(&mut self, name: &str, check: impl FnOnce() -> Outcome<T>) -> Option<T> {
        let mut got = None;
        self.check(name, || check().map(|it| got = Some(it)));
        got
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
            counts.judge(ended_well)
        })
    }

    /// Begins a step that goes on beside those that follow.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Beside<T> {
        self.heading(&format!("{name}: beside what follows"));
        Beside::begin(name, work)
    }

    /// Waits for its end, and gives what it was to give.
    pub(crate) fn end<T>(&mut self, step: Beside<T>) -> Option<T> {
        let waiting = Instant::now();
        let Ended { name, time, result } = step.end();
        let waited = waiting.elapsed().as_secs_f64();
        let (got, result) = match result {
            Ok(got) => (Some(got), Ok(format!("ok, beside others but for {waited:.1} s"))),
            Err(error) => (None, Err(error)),
        };
        self.heading(&format!("{name}: its end"));
        let counts = Counts { passed: 0, failed: u64::from(got.is_none()) };
        self.record(&name, time, counts, result);
        got
    }

    /// Begins tests that go on beside the steps that follow; `command` makes them ready.
    pub(crate) fn begin_tests(
        &self,
        name: &str,
        command: impl FnOnce() -> Outcome<Command> + Send + 'static,
    ) -> Beside<Tests> {
        self.begin(name, || Tests::run(&mut command()?))
    }

    /// Waits for their end, and prints what they have said.
    pub(crate) fn end_tests(&mut self, step: Beside<Tests>) {
        let Ended { name, time, result } = step.end();
        self.heading(&format!("{name}: its end"));
        let (counts, result) = match result {
            Ok(tests) => {
                print!("{}", tests.said);
                tests.counts.judge(Ok(tests.ended_well))
            }
            Err(error) => Counts::default().judge(Err(error)),
        };
        self.record(&name, time, counts, result.map(|result| format!("{result}, beside others")));
    }

    /// Rows of steps that take long and little of the machine each, at the same time. Their output is mixed.
    pub(crate) fn side_by_side(&mut self, rows: &[fn(&mut Self)]) {
        let ended = std::thread::scope(|scope| {
            let start = self.start;
            let threads: Vec<_> =
                rows.iter().map(|row| scope.spawn(move || Self::row(start, *row))).collect();
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

    fn row(start: Instant, row: fn(&mut Self)) -> Self {
        let mut steps = Self::since(start);
        row(&mut steps);
        steps
    }

    /// Records a step that did not run, loudly, and why.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.heading(name);
        println!("SKIPPED: {why}");
        self.done.push(Done { name: name.into(), time: Duration::ZERO, result: format!("SKIPPED: {why}") });
    }

    /// Prints the table of all steps and the sums; an error if anything failed.
    pub(crate) fn close(self) -> Outcome {
        println!("\n== in short");
        for done in &self.done {
            println!("{:>7.1} s  {:<38} {}", done.time.as_secs_f64(), done.name, done.result);
        }
        let Counts { passed, failed } = self.counts;
        println!("{:>7.1} s  in all", self.start.elapsed().as_secs_f64());
        println!("\n{passed} passed, {failed} failed");
        if failed == 0 { Ok(()) } else { Err("not all is well; the table above says where".into()) }
    }

    fn step(&mut self, name: &str, step: impl FnOnce() -> (Counts, Outcome<String>)) -> bool {
        self.heading(name);
        let start = Instant::now();
        let (counts, result) = step();
        self.record(name, start.elapsed(), counts, result)
    }

    /// What is next, and how long the gate has run.
    fn heading(&self, name: &str) {
        let seconds = self.start.elapsed().as_secs();
        println!("\n== {name} ({}:{:02})", seconds / 60, seconds % 60);
    }

    fn record(&mut self, name: &str, time: Duration, counts: Counts, result: Outcome<String>) -> bool {
        let passed = result.is_ok();
        let result = result.unwrap_or_else(|error| format!("FAILED: {error}"));
        println!("-- {name}: {result} ({:.1} s)", time.as_secs_f64());
        self.counts += counts;
        self.done.push(Done { name: name.into(), time, result });
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command;

    fn summary(passed: u32, failed: u32) -> Command {
        let line = format!("test result: ok. {passed} passed; {failed} failed; 0 ignored");
        command("echo", &[&line])
    }

    #[test]
    fn tests_beside_others_count_as_others_do() {
        let mut steps = Steps::default();
        let beside = steps.begin_tests("two", || Ok(summary(2, 0)));
        assert!(steps.tests("three", &mut summary(3, 0)));
        steps.end_tests(beside);
        assert_eq!(steps.counts, Counts { passed: 5, failed: 0 });
        assert!(steps.close().is_ok());
    }

    #[test]
    fn what_fails_beside_others_fails_the_gate() {
        for command in
            [|| Ok(summary(1, 1)), || Ok(summary(0, 0)), || Ok(command("false", &[])), || Err("why".into())]
        {
            let mut steps = Steps::default();
            let beside = steps.begin_tests("tests", command);
            steps.end_tests(beside);
            assert!(steps.close().is_err());
        }
        let mut steps = Steps::default();
        let beside = steps.begin("check", || Outcome::<()>::Err("why".into()));
        assert!(steps.end(beside).is_none());
        assert!(steps.close().is_err());
    }
}
