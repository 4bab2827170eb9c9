//! How many tests passed and failed, read from what test runners print, and what follows from it.
//!
//! Here belongs: the closing lines of cargo's and node's test runners. Not here: running them.

use crate::Outcome;

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// Reads one line of a runner's output; lines that are no summary change nothing.
    pub(crate) fn read_line(&mut self, line: &str) {
        if let Some(summary) = line.strip_prefix("test result: ") {
            self.read_cargo(summary);
        } else if let Some(summary) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            self.read_node(summary);
        }
    }

    /// All of them.
    pub(crate) const fn total(self) -> u64 {
        self.passed + self.failed
    }

    /// What is to be said of tests that passed and failed so, if their runner `ended_well` or not. None at all have failed.
    pub(crate) fn judge(mut self, ended_well: Outcome<bool>) -> (Self, Outcome<String>) {
        let result = match ended_well {
            Err(error) => Err(error),
            Ok(_) if self.failed > 0 => Err(format!("{} of {} tests failed", self.failed, self.total())),
            Ok(false) => Err("the tests could not be built or run to their end".into()),
            Ok(true) if self.total() == 0 => Err("no test ran".into()),
            Ok(true) => Ok(format!("{} tests passed", self.passed)),
        };
        if result.is_err() {
            self.failed = self.failed.max(1);
        }
        (self, result)
    }

    /// `ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
    fn read_cargo(&mut self, summary: &str) {
        let numbers = summary.split_once(". ").map_or("", |(_, numbers)| numbers);
        for part in numbers.split("; ") {
            match part.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// `pass 12`, `fail 0`, and `cancelled 1`: a test that its parent gave up.
    fn read_node(&mut self, summary: &str) {
        match summary.split_once(' ') {
            Some(("pass", number)) => self.passed += number.parse().unwrap_or(0),
            Some(("fail" | "cancelled", number)) => self.failed += number.parse().unwrap_or(0),
            _ => {}
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Counts {
        let mut counts = Counts::default();
        lines.lines().for_each(|line| counts.read_line(line));
        counts
    }

    #[test]
    fn cargo_summaries_add_up() {
        let text = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 1.0s";
        assert_eq!(read(text), Counts { passed: 13, failed: 2 });
    }

    #[test]
    fn node_summaries_are_read_in_both_reporters_forms() {
        let text = "ℹ tests 4\nℹ pass 3\nℹ fail 1\nℹ cancelled 0\n# pass 2\n# fail 0\npass 9\n# passing 3";
        assert_eq!(read(text), Counts { passed: 5, failed: 1 });
    }
}
