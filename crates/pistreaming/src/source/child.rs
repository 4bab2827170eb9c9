//! A program run as a child: it never outlives us, its last words are kept.
//!
//! Here belongs: starting, ending and the words of any child, cameras and encoders alike. Not here: what is read from it
//! or written to it, starting it again.
//!
//! Each child leads its own process group, so that Ctrl+C on the terminal reaches us alone and ending reaches all that
//! the child started. It asks the kernel for SIGTERM when its parent dies, so that a crash of ours leaves no camera held.
#![allow(unsafe_code)]

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child as Process, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, getppid, kill_process_group, pidfd_open,
    set_parent_process_death_signal, waitpgid,
};

use crate::shutdown::{Ready, Shutdown, poll_within};

/// How long a child may take to end in order once it was asked to.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long it may take to end by itself once it has closed its pipe: it may have much to clear away.
const LAST_WORDS_TIME: Duration = Duration::from_millis(700);
/// How much of what a child says is kept.
const WORDS_BYTES: usize = 4096;
/// How many of its last lines are reported.
const WORDS_LINES: usize = 8;

/// A running child. Dropping it ends it: SIGTERM to its process group, after 300 ms SIGKILL.
#[derive(Debug)]
pub struct Child {
    process: Process,
    words: Arc<Mutex<Vec<u8>>>,
    listener: Option<Listener>,
    ended: bool,
}

/// The thread that drains a child's standard error.
#[derive(Debug)]
struct Listener {
    thread: JoinHandle<()>,
    stop: Shutdown,
    /// Never carries anything: it is disconnected once all of the child's group have closed their standard error.
    silent: mpsc::Receiver<()>,
}

/// How a child ended, and what it said last.
#[derive(Debug)]
pub struct Ending {
    /// Its exit status; `None` if it had to be ended.
    pub status: Option<ExitStatus>,
    /// Its last lines on standard error, without control characters.
    pub last_words: Vec<String>,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "ended ({status})")?,
            None => f.write_str("closed its pipe and was ended")?,
        }
        if self.last_words.is_empty() {
            f.write_str(" and said nothing")
        } else {
            said_last(f, &self.last_words)
        }
    }
}

/// Writes last words behind what happened, if there are any.
pub(super) fn said_last(f: &mut fmt::Formatter<'_>, words: &[String]) -> fmt::Result {
    if words.is_empty() { Ok(()) } else { write!(f, "; its last words: {}", words.join(" | ")) }
}

impl Child {
    /// Starts `command`, with standard error drained. The caller's thread must live as long as the child may: the
    /// kernel counts the end of the thread that started a child as the parent's death.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let parent = getpid();
        command.process_group(0).stderr(Stdio::piped());
        // SAFETY: the closure runs in the forked child before exec, where only async-signal-safe work is allowed: it
        // makes two system calls, allocates nothing and takes no lock.
        unsafe { command.pre_exec(move || die_with(parent)) };
        let stop = Shutdown::new()?;
        let mut process = command.spawn()?;
        let stderr = process.stderr.take();
        // What fails from here on ends it.
        let mut child = Self { process, words: Arc::default(), listener: None, ended: false };
        child.listener = stderr.map(|stderr| listen(stderr, Arc::clone(&child.words), stop)).transpose()?;
        Ok(child)
    }

    /// Its process id, which is its group's too.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its standard input, if it was piped and not yet taken.
    pub const fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.process.stdin.take()
    }

    /// Its standard output, if it was piped and not yet taken.
    pub const fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// Waits for a child that closed its pipe to end by itself, ends it if it does not within 700 ms, and tells how it
    /// went.
    pub fn ending(&mut self) -> Ending {
        let deadline = Instant::now() + LAST_WORDS_TIME;
        let by_itself = self.wait_for_end(deadline);
        self.wait_for_silence(deadline);
        let status = self.end();
        Ending { status: status.filter(|_| by_itself), last_words: self.last_words() }
    }

    /// The last lines it said so far.
    #[must_use]
    pub fn last_words(&self) -> Vec<String> {
        last_lines(&self.words.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn group(&self) -> Option<Pid> {
        i32::try_from(self.process.id()).ok().and_then(Pid::from_raw)
    }

    /// Waits until the child has ended; whether that was before `deadline`.
    fn wait_for_end(&self, deadline: Instant) -> bool {
        // Without pidfds (Linux before 5.3) there is nothing to wait on: as if it had not ended.
        let Some(handle) = self.group().and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            return false;
        };
        let mut files = [PollFd::new(&handle, PollFlags::IN)];
        poll_within(&mut files, Some(left(deadline))).is_ok_and(|count| count > 0)
    }

    /// Waits until all that the child started have closed its standard error, which they do when they end.
    fn wait_for_silence(&self, deadline: Instant) -> bool {
        self.listener.as_ref().is_none_or(|listener| {
            listener.silent.recv_timeout(left(deadline)) == Err(RecvTimeoutError::Disconnected)
        })
    }

    fn wait_for_all(&self, deadline: Instant) -> bool {
        self.wait_for_end(deadline) && self.wait_for_silence(deadline)
    }

    /// Ends it and all of its group. Until `wait` has returned, the process id and with it the group's is ours.
    fn end(&mut self) -> Option<ExitStatus> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        if let Some(group) = self.group() {
            if !self.wait_for_all(Instant::now()) {
                // Fails only if nobody is left in the group.
                let _ = kill_process_group(group, Signal::TERM);
                self.wait_for_all(Instant::now() + PATIENCE);
            }
            let _ = kill_process_group(group, Signal::KILL);
            self.wait_for_silence(Instant::now() + PATIENCE);
        }
        let status = self.process.wait().ok();
        self.group().into_iter().for_each(reap);
        if let Some(Listener { thread, stop, .. }) = self.listener.take() {
            stop.trigger();
            let _ = thread.join();
        }
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Kills all of our children, with all that they have started: for a program that ends at once, in which nobody is left to end
/// them in order. Those that ignore SIGTERM would go on.
pub(crate) fn kill_all() {
    let ours = getpid();
    // Each leads its group, until somebody has waited for it.
    for group in processes().filter(|&process| parent_of(process) == Some(ours)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn processes() -> impl Iterator<Item = Pid> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| Pid::from_raw(name.to_str()?.parse().ok()?))
}

/// By proc(5): the name in parentheses, which may have any in it, the state, the parent.
fn parent_of(process: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?;
    Pid::from_raw(parent.parse().ok()?)
}

/// How often, and how long, it is waited for what was killed to be gone.
const LOOKS: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Where we are the first process, as in a container, what a child has started becomes ours when that has ended, and stays in
/// the list of processes until it is asked about. Elsewhere there is nothing to ask about.
fn reap(group: Pid) {
    for _ in 0..LOOKS {
        match waitpgid(group, WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            // It has closed its files, and is about to end; of that no event tells.
            Ok(None) => thread::sleep(BETWEEN_LOOKS),
            Err(_) => return,
        }
    }
}

/// Runs in the child before exec. The parent may have died between fork and prctl, in which case the signal never comes:
/// then the child has a new parent by now and must not begin.
fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    if getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH.into()) }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Whether a program that could not be started may well be in a moment: the system had no room.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE))
}

fn listen(stderr: ChildStderr, words: Arc<Mutex<Vec<u8>>>, stop: Shutdown) -> io::Result<Listener> {
    let (sender, silent) = mpsc::channel();
    let thread = thread::Builder::new().name("last words".into()).spawn({
        let stop = stop.clone();
        move || {
            drain(stderr, &words, &stop);
            drop(sender);
        }
    })?;
    Ok(Listener { thread, stop, silent })
}

fn drain(mut stderr: ChildStderr, words: &Mutex<Vec<u8>>, stop: &Shutdown) {
    let mut piece = [0; 1024];
    while stop.wait_readable(&stderr, None).is_ok_and(|ready| ready == Ready::File) {
        match stderr.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                words.extend_from_slice(&piece[..count]);
                let surplus = words.len().saturating_sub(WORDS_BYTES);
                words.drain(..surplus);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The last lines of `said`, made fit for a console: what is no text is left out, colours included.
fn last_lines(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let mut lines: Vec<String> = text
        .split(['\n', '\r'])
        .map(|line| without_escapes(line).trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    lines.drain(..lines.len().saturating_sub(WORDS_LINES));
    lines
}

/// `line` without terminal escapes (ECMA-48, 5.4: ESC `[` … a final byte from `@` to `~`) and control characters.
fn without_escapes(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            if characters.next() == Some('[') {
                characters.by_ref().find(|end| ('@'..='~').contains(end));
            }
        } else if !character.is_control() {
            kept.push(character);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
