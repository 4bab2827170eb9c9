//! Other programs: where they are, running them, their last words.
//!
//! Here belongs: starting a program and waiting for it. Not here: which programs a command needs, what their output
//! means.
//!
//! No program is given a standard input: nothing here may wait for a person.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// The repository's root: of the clone that cargo runs in, which need not be the one where this was built.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&package);
    package.parent().unwrap_or(package).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// `program`, to be run at the repository's root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this, with the same toolchain.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// The same command, giving way to everything that measures or waits meanwhile.
pub(crate) fn giving_way(command: &Command) -> Command {
    let mut nice = self::command("nice", &["-n", "19"]);
    nice.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    nice
}

/// Runs `command` with our own output.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// Runs `command` beside others: what it says is printed, as one, if it fails.
pub(crate) fn run_held_back(command: &mut Command) -> Outcome {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    println!("{}", String::from_utf8_lossy(&said).trim_end());
    Err(format!("`{}` failed ({})", shown(command), output.status))
}

/// Runs `command`, prints each line of its output as it comes and hands it to `line`. Whether it succeeded.
pub(crate) fn run_lines(command: &mut Command, mut line: impl FnMut(&str)) -> Outcome<bool> {
    each_line(command, |text| {
        print!("{text}");
        // What is seen only late is no progress.
        let _ = std::io::stdout().flush();
        line(text.trim_end());
    })
}

/// Runs `command` and hands each line of its output to `line`, with its end. Whether it succeeded.
pub(crate) fn each_line(command: &mut Command, mut line: impl FnMut(&str)) -> Outcome<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let output = child.stdout.take().ok_or("the child has no output")?;
    // Not lines(): a test may print bytes that are no UTF-8.
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes).map_err(|error| error.to_string())? > 0 {
        line(&String::from_utf8_lossy(&bytes));
        bytes.clear();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(status.success())
}

/// Runs `command` and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("without a word");
    Err(format!("`{}` failed ({}): {last}", shown(command), output.status))
}

/// Whether a program of that name, or a file of that path, is there.
pub(crate) fn is_there(name: &str) -> bool {
    if name.starts_with('/') {
        return Path::new(name).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` could not be started: {error}", shown(command))
}
