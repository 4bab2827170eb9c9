//! Which program drives the Pi camera, and whether there is a camera.
//!
//! Here belongs: looking for both. Not here: running the camera.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::{Camera, file_name};
use crate::shutdown::poll_within;
use crate::source::child::Ending;
use crate::source::choose::Spec;
use crate::source::{Chosen, Settings, SourceError, exec};

/// Its names, today's first.
const PROGRAMS: [&str; 2] = ["rpicam-vid", "libcamera-vid"];
/// How long it may take to list cameras; on a Pi Zero it takes about two seconds.
const LIST_TIME: Duration = Duration::from_secs(8);
/// How much of its list is read.
const LIST_BYTES: usize = 64 * 1024;

/// The program that drives the camera.
pub(in crate::source) fn find_program() -> Result<PathBuf, SourceError> {
    find_in(&search_path()).ok_or(SourceError::NoCameraProgram)
}

/// The Pi camera if one is listed, else why it is not.
pub(in crate::source) fn choose_automatically(
    settings: &Settings,
) -> Result<Result<Chosen, String>, SourceError> {
    choose_from(&search_path(), settings)
}

pub(super) fn choose_from(path: &OsStr, settings: &Settings) -> Result<Result<Chosen, String>, SourceError> {
    let Some(program) = find_in(path) else {
        return Ok(Err(format!("there is neither {} nor {}", PROGRAMS[0], PROGRAMS[1])));
    };
    let tool = file_name(&program);
    Ok(match list(&program) {
        Ok(Some(model)) => {
            let camera = Camera::new(program, settings)?;
            let (name, reason) = (format!("the Pi camera {model}"), format!("{tool} lists it"));
            Ok(Chosen { name, reason, spec: Spec::Pi(camera) })
        }
        Ok(None) => Err(format!("{tool} lists no camera")),
        Err(why) => Err(format!("{tool} did not list cameras: {why}")),
    })
}

/// What the camera's program says of cameras, for people; nothing if there is no such program.
pub(in crate::source) fn describe_all() -> Option<String> {
    let program = find_in(&search_path())?;
    let said = listing(&program).map_or_else(|why| why, |(said, _)| said);
    let several = said.lines().filter_map(model).count() > 1;
    let other =
        if several { "\n--source pi takes the first; another one: --pi-arg=--camera --pi-arg=1" } else { "" };
    Some(format!("{}:\n{}{other}", file_name(&program), said.trim_end()))
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

fn find_in(path: &OsStr) -> Option<PathBuf> {
    let runs = |program: &PathBuf| {
        program.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    let found = |name| env::split_paths(path).map(|folder| folder.join(name)).find(runs);
    PROGRAMS.into_iter().find_map(found)
}

/// The model of the first camera that `program` lists, or why it lists nothing.
fn list(program: &Path) -> Result<Option<String>, String> {
    let (said, ending) = listing(program)?;
    match first_camera(&said) {
        None if !ending.status.is_some_and(|status| status.success()) => Err(format!("it {ending}")),
        model => Ok(model),
    }
}

/// What `program` says of cameras, and how it ended.
fn listing(program: &Path) -> Result<(String, Ending), String> {
    let deadline = Instant::now() + LIST_TIME;
    let mut command = Command::new(program);
    command.arg("--list-cameras").stdin(Stdio::null());
    let (mut child, file) = exec::start(&mut command).map_err(|error| error.to_string())?;
    let mut said = vec![0; LIST_BYTES];
    let mut length = 0;
    // A list that does not fit is cut: the first camera is at its head.
    while length < said.len() {
        let mut files = [PollFd::new(&file, PollFlags::IN)];
        let left = deadline.saturating_duration_since(Instant::now());
        if poll_within(&mut files, Some(left)).map_err(|error| error.to_string())? == 0 {
            return Err(format!("no answer within {} s", LIST_TIME.as_secs()));
        }
        match (&file).read(&mut said[length..]).map_err(|error| error.to_string())? {
            0 => break,
            count => length += count,
        }
    }
    Ok((String::from_utf8_lossy(&said[..length]).into_owned(), child.ending()))
}

/// The model of the first camera in a list:
///
/// ```text
/// Available cameras
/// -----------------
/// 0 : imx708 [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)
///     Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
/// ```
///
/// or `No cameras available!`.
fn first_camera(list: &str) -> Option<String> {
    list.lines().find_map(model)
}

/// The model of the camera that a line names, if it names one.
fn model(line: &str) -> Option<String> {
    let (number, camera) = line.split_once(" : ")?;
    let listed = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let model = camera.split_whitespace().next()?;
    (listed && camera.contains('[')).then(|| model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_tools_print_them() {
        let list = "Available cameras\n-----------------\n0 : imx708 [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)\n    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]\n                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]\n\n1 : ov5647 [2592x1944] (/base)\n";
        assert_eq!(first_camera(list).as_deref(), Some("imx708"));
        for none in [
            "No cameras available!\n",
            "",
            "Available cameras\n-----------------\n",
            " : x [1x1]",
            "ERROR : no [0x0]",
        ] {
            assert_eq!(first_camera(none), None, "{none}");
        }
    }
}
