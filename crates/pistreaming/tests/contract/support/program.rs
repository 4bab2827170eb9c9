//! The program as a child process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use super::http;

/// Each test's own program on free ports.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it said until it was ready.
    pub(crate) lines: Vec<String>,
    pub(crate) http: u16,
    /// The old pages' port; the HTTP server's where there is none.
    pub(crate) ws: u16,
}

/// A command for the program that no environment of the machine changes.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pistreaming"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PISTREAMING_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// The same with the tests' own Pi camera.
pub(crate) fn camera(behaviour: &[(&str, &str)], arguments: &[&str]) -> Command {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = command(arguments);
    command.env("PATH", format!("{folder}:{path}")).envs(behaviour.iter().copied());
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).stdin(Stdio::null()).output().unwrap()
}

impl Program {
    /// Starts it with the pattern on free ports, and `arguments`, and waits until it says where it can be opened.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_by(arguments, command)
    }

    /// The same from a shell that has done something before.
    pub(crate) fn start_after(doing: &str, arguments: &[&str]) -> Self {
        Self::start_by(arguments, |arguments| {
            let program = command(arguments);
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{doing}; exec \"$0\" \"$@\"")]);
            shell.arg(program.get_program()).args(program.get_args());
            shell
        })
    }

    /// The same by another program, which is handed it with its arguments.
    pub(crate) fn start_under(by: &[&str], arguments: &[&str]) -> Self {
        Self::start_by(arguments, |arguments| {
            let program = command(arguments);
            let mut other = Command::new(by[0]);
            other.args(&by[1..]).arg(program.get_program()).args(program.get_args());
            other
        })
    }

    /// The same with the tests' own Pi camera, which behaves as `behaviour` says: names and values for its environment.
    pub(crate) fn start_with_camera(behaviour: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_by(&[&["--source", "pi"], arguments].concat(), |arguments| camera(behaviour, arguments))
    }

    fn start_by(arguments: &[&str], command: impl Fn(&[&str]) -> Command) -> Self {
        let free: &[&str] = if arguments.contains(&"--ws-port") { &[] } else { &["--ws-port", "0"] };
        let port: &[&str] = if arguments.contains(&"--port") { &[] } else { &["--port", "0"] };
        let source: &[&str] = if arguments.contains(&"--source") { &[] } else { &["--source", "pattern"] };
        let all = [free, port, source, arguments].concat();
        let mut child = command(&all).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| words(line).starts_with("Open ")) {
            lines.push(line(&mut stdout).unwrap_or_else(|| panic!("it ended early: {lines:?}")));
        }
        let http = port_in(&lines, "HTTP server on port ").expect("the HTTP server's line");
        let ws = port_in(&lines, "WebSocket server for old pages on port ").unwrap_or(http);
        Self { child, stdout, lines, http, ws }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The next line that it says; none at its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        line(&mut self.stdout)
    }

    /// Waits until it has said a line with `words` in it; each line counts once.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let said = std::mem::take(&mut self.lines).into_iter().find(|line| line.contains(words));
        said.unwrap_or_else(|| {
            let lines = std::iter::from_fn(|| self.line());
            lines.into_iter().find(|line| line.contains(words)).expect("it goes on")
        })
    }

    /// Waits for its end; what it said since it was ready.
    pub(crate) fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let said = std::iter::from_fn(|| self.line()).collect();
        (self.child.wait().unwrap(), said)
    }

    /// Waits for its end, and reads nothing that it says.
    pub(crate) fn status(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// What `/stats` says.
    pub(crate) fn stats(&self) -> Value {
        serde_json::from_slice(&http::get(self.http, "/stats").body).unwrap()
    }

    /// Waits until each of the first so many viewers in `/stats` has been sent something, and then nothing for a second of
    /// frames.
    pub(crate) fn wait_for_stall(&self, viewers: usize) {
        let of_one =
            |stats: &Value, viewer: usize| stats["viewers"][viewer]["pictures_sent"].as_u64().unwrap();
        let sent = |stats: &Value| (0..viewers).map(|viewer| of_one(stats, viewer)).collect::<Vec<_>>();
        let captured = |stats: &Value| stats["source"]["frames_captured"].as_u64().unwrap();
        let mut before = self.stats();
        loop {
            let after = self.wait_for_stats(|stats| captured(stats) >= captured(&before) + 24);
            if sent(&after) == sent(&before) && !sent(&after).contains(&0) {
                return;
            }
            before = after;
        }
    }

    /// Asks `/stats` until it says what is waited for.
    pub(crate) fn wait_for_stats(&self, good: impl Fn(&Value) -> bool) -> Value {
        loop {
            let stats = self.stats();
            if good(&stats) {
                return stats;
            }
            // Figures have no event to wait for.
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `ended` there is nothing to kill. What it has started it cannot end itself any more: each has a group.
        let groups = children(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        for group in groups {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The processes that have this parent.
fn children(parent: u32) -> Vec<Pid> {
    let is_his = |process: &str| {
        // Name in parentheses, state, parent.
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let words = stat.rsplit(')').next().unwrap_or_default();
        words.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    let names =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|one| one.file_name().into_string().ok());
    let his = names.filter(|name| name.parse::<u32>().is_ok() && is_his(name));
    his.filter_map(|process| Pid::from_raw(process.parse().ok()?)).collect()
}

fn line(stdout: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    let count = stdout.read_line(&mut line).unwrap();
    (count > 0).then(|| line.trim_end().to_owned())
}

fn port_in(lines: &[String], before: &str) -> Option<u16> {
    lines.iter().find_map(|line| words(line).strip_prefix(before)?.parse().ok())
}

/// What a line says, as JSON or plain.
fn words(line: &str) -> String {
    let object = serde_json::from_str::<Value>(line).ok();
    object.and_then(|object| Some(object["message"].as_str()?.to_owned())).unwrap_or_else(|| line.to_owned())
}

/// Whether FFmpeg is installed; says so if not.
pub(crate) fn has_ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        println!("skipped: ffmpeg is not installed");
    }
    there
}
