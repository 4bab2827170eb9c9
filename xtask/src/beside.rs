//! A step that goes on beside others, because it mostly waits, or gives way to them.
//!
//! Here belongs: its beginning and its end. Not here: what it does; it prints a line at most, or others' lines are torn.

use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::counts::Counts;
use crate::shell::each_line;

/// Such a step, which is to give a `T`.
#[must_use = "a step that nobody waits for is no check"]
pub(crate) struct Beside<T> {
    name: String,
    thread: JoinHandle<(Outcome<T>, Duration)>,
}

/// What came of it, and how long it took.
pub(crate) struct Ended<T> {
    pub(crate) name: String,
    pub(crate) time: Duration,
    pub(crate) result: Outcome<T>,
}

impl<T: Send + 'static> Beside<T> {
    /// Begins with `work`.
    pub(crate) fn begin(name: &str, work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Self {
        let timed = || {
            let start = Instant::now();
            (work(), start.elapsed())
        };
        Self { name: name.into(), thread: std::thread::spawn(timed) }
    }
}

impl<T> Beside<T> {
    /// Waits for its end.
    pub(crate) fn end(self) -> Ended<T> {
        let panicked = |_| (Err("it panicked".into()), Duration::ZERO);
        let (result, time) = self.thread.join().unwrap_or_else(panicked);
        Ended { name: self.name, time, result }
    }
}

/// Tests that ran beside other steps: what they have said is held back until these are at their end.
pub(crate) struct Tests {
    pub(crate) counts: Counts,
    pub(crate) said: String,
    pub(crate) ended_well: bool,
}

impl Tests {
    /// Runs `command` and counts them.
    pub(crate) fn run(command: &mut Command) -> Outcome<Self> {
        let (mut counts, mut said) = (Counts::default(), String::new());
        let ended_well = each_line(command, |line| {
            said.push_str(line);
            counts.read_line(line.trim_end());
        })?;
        Ok(Self { counts, said, ended_well })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_gives_and_what_it_says_of_its_fault_are_had_in_the_end() {
        assert_eq!(Beside::begin("one", || Ok(1)).end().result, Ok(1));
        assert_eq!(Beside::<()>::begin("none", || Err("why".into())).end().result, Err("why".into()));
        assert!(Beside::<()>::begin("panics", || panic!("on purpose")).end().result.is_err());
    }
}
