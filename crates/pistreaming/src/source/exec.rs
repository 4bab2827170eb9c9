//! Raw pictures from a shell command's standard output.
//!
//! Here belongs: running the command, its name, judging its end. Not here: the formats, running it again.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::child::Child;
use super::error::Fault;
use super::input::Input;
use super::play::{Pacing, Played, play};
use super::{Ended, Settings, Sink, SourceError};
use crate::shutdown::Shutdown;
use crate::time::Clock;

const SHELL: &str = "/bin/sh";
/// A command's first byte may take this long: it may have to reach a camera somewhere on a network.
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// Runs `command` and delivers its frames until the shutdown. That it ends is an error, whatever its exit status: a
/// camera should go on. Its frames come when it writes them; a command that only reads a file is to pace itself
/// (`ffmpeg -re`).
pub(super) fn run(
    command: &str,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Ended, SourceError> {
    let name = name(command);
    let mut shell = Command::new(SHELL);
    shell.args(["-c", command]).stdin(Stdio::null());
    let (mut child, file) = start(&mut shell)?;
    let input = Input { name: name.clone(), file, shutdown, patience: Some(STARTED_WITHIN) };
    let played = play(input, settings, clock, sink, Pacing::Producer);
    let fault = match played.map_err(|error| with_words(mendable(error), &child))? {
        Played::Stopped => return Ok(Ended::Stopped),
        Played::Ended => None,
        Played::Short(fault) => Some(fault),
    };
    let ending = child.ending();
    let succeeded = ending.status.is_some_and(|status| status.success());
    match fault {
        // One that failed says itself why; one that succeeded with less than a frame has another size in mind. With
        // nothing at all it has no size: so ends a pipe within the shell behind a camera that was unplugged.
        Some(fault) if succeeded && !matches!(fault, Fault::Short { got_bytes: 0, .. }) => {
            Err(SourceError::Input { name, fault })
        }
        _ => Err(SourceError::Ended { name, ending }),
    }
}

/// A stream that was good and is damaged is good again when the command is run again.
fn mendable(error: SourceError) -> SourceError {
    match error {
        SourceError::Input { name, fault: fault @ Fault::FrameMarker } => {
            SourceError::Read { name, error: io::Error::new(io::ErrorKind::InvalidData, fault.to_string()) }
        }
        other => other,
    }
}

/// What a command is called where others than its owner may read it: by its program alone. An argument may be an
/// address with a password in it, and so may a variable that is set before it.
pub(super) fn name(command: &str) -> String {
    let (mut program, mut rest) = first_word(command);
    while program.contains('=') {
        (program, rest) = first_word(rest);
    }
    let more = if program == command.trim() { "" } else { " …" };
    format!("the command \"{program}{more}\"")
}

/// A shell's first word (POSIX, 2.2 and 2.3), quotes and all, and what stands behind it.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (mut quote, mut escaped) = (None, false);
    let ends = |character: char| {
        match (character, quote) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            (_, None) => return character.is_whitespace(),
            (_, Some(_)) => {}
        }
        false
    };
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// What a child that gives nothing said last is told with its silence.
pub(super) fn with_words(error: SourceError, child: &Child) -> SourceError {
    match error {
        SourceError::Silent { name, time, .. } => {
            SourceError::Silent { name, time, last_words: child.last_words() }
        }
        other => other,
    }
}

/// Starts a child whose standard output is read as a stream.
pub(super) fn start(command: &mut Command) -> Result<(Child, File), SourceError> {
    let started = Child::start(command.stdout(Stdio::piped())).and_then(|mut child| {
        let stdout = child.take_stdout().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok((child, File::from(OwnedFd::from(stdout))))
    });
    started.map_err(|error| SourceError::Start { program: command.get_program().into(), error })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_command_is_named_without_its_arguments() {
        assert_eq!(name("ffmpeg -i rtsp://user:secret@camera/ -"), "the command \"ffmpeg …\"");
        assert_eq!(name(" KEY=secret cat x"), "the command \"cat …\"");
        for quoted in ["KEY='my secret' cat", r#"A=1 KEY="my \" secret" cat"#, r"KEY=my\ secret cat"] {
            assert_eq!(name(quoted), "the command \"cat …\"", "{quoted}");
        }
        assert_eq!(name("KEY=secret"), "the command \" …\"");
        assert_eq!(name("'/opt/my camera/run' secret"), "the command \"'/opt/my camera/run' …\"");
        assert_eq!(name("KEY='never closed"), "the command \" …\"");
        assert_eq!(name("cam"), "the command \"cam\"");
        assert_eq!(name(""), "the command \"\"");
    }
}
