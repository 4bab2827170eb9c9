//! A program that ends with its owner, and what it costs.
//!
//! Here belongs: ending, CPU time and memory of a process and its children, from /proc. Not here: which programs.

use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command};
use std::time::Duration;

use crate::Outcome;

/// A running program; dropped, it ends.
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command`; `name` is for people.
    pub(crate) fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        let child = command.spawn().map_err(|error| format!("{name} could not be started: {error}"))?;
        Ok(Self { name: name.into(), child })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output, once.
    pub(crate) fn take_output(&mut self) -> Outcome<ChildStdout> {
        self.child.stdout.take().ok_or_else(|| format!("{} has no output to read", self.name))
    }

    /// Its standard input, once.
    pub(crate) fn take_input(&mut self) -> Outcome<ChildStdin> {
        self.child.stdin.take().ok_or_else(|| format!("{} has no input to write to", self.name))
    }

    /// Fails if it has ended.
    pub(crate) fn check(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended ({status})", self.name)),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What processes have used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time since their start, in their own code.
    pub(crate) user: Duration,
    /// The same, in the kernel on their behalf.
    pub(crate) system: Duration,
    /// The most memory that each ever had resident, summed, in bytes.
    pub(crate) peak_memory: u64,
}

impl Usage {
    /// CPU time since their start.
    pub(crate) fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// What `processes` and all below them have used.
pub(crate) fn usage(processes: &[u32]) -> Usage {
    let mut sum = Usage::default();
    for process in with_children(processes) {
        let (user, system) = cpu(process).unwrap_or_default();
        sum.user += user;
        sum.system += system;
        sum.peak_memory += memory(process, "VmHWM:").unwrap_or_default();
    }
    sum
}

/// A thread, and what it has used.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    /// Its number.
    pub(crate) id: u32,
    /// Its name, as far as the kernel keeps it: 15 bytes.
    pub(crate) name: String,
    /// CPU time since its start.
    pub(crate) cpu: Duration,
}

/// The threads of `process` that run now.
pub(crate) fn threads(process: u32) -> Vec<Thread> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let thread = |entry: fs::DirEntry| {
        let (user, system) = times(&entry.path().join("stat"))?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some(Thread { id, name: name.trim().into(), cpu: user + system })
    };
    entries.filter_map(thread).collect()
}

/// What `process` has used, without its children.
pub(crate) fn own_cpu(process: u32) -> Duration {
    cpu(process).map_or(Duration::ZERO, |(user, system)| user + system)
}

/// What a process holds at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    /// Open files and sockets.
    pub(crate) files: usize,
    /// Threads.
    pub(crate) threads: usize,
    /// Resident memory in bytes.
    pub(crate) memory: u64,
}

/// What `process` holds, without its children.
pub(crate) fn holdings(process: u32) -> Holdings {
    let entries = |dir: &str| fs::read_dir(format!("/proc/{process}/{dir}")).map_or(0, Iterator::count);
    let memory = memory(process, "VmRSS:").unwrap_or_default();
    Holdings { files: entries("fd"), threads: entries("task"), memory }
}

fn with_children(processes: &[u32]) -> Vec<u32> {
    let mut all = processes.to_vec();
    let mut next = 0;
    while let Some(&process) = all.get(next) {
        // A thread that has children has them listed under its own number.
        for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        next += 1;
    }
    all
}

fn cpu(process: u32) -> Option<(Duration, Duration)> {
    times(Path::new(&format!("/proc/{process}/stat")))
}

/// User and system time from a process's or a thread's figures.
fn times(path: &Path) -> Option<(Duration, Duration)> {
    let stat = fs::read_to_string(path).ok()?;
    // The name, in parentheses, may hold anything; behind it utime and stime are the 12th and 13th field.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // USER_HZ is 100 on every Linux.
    let time = |at: usize| Some(Duration::from_millis(fields.get(at)?.parse::<u64>().ok()? * 10));
    Some((time(11)?, time(12)?))
}

fn memory(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_usage_is_found() {
        let found = usage(&[std::process::id()]);
        assert!(found.peak_memory > 100_000, "{found:?}");
    }
}
