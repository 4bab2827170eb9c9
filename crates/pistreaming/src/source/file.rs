//! A file of raw pictures, played again and again at its rate.
//!
//! Here belongs: which files can be. Not here: the formats, the loop.

use std::fs::File;
use std::path::Path;

use super::error::Fault;
use super::input::Input;
use super::play::{Pacing, Played, play};
use super::{Ended, Settings, Sink, SourceError};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// Opens a file to be played.
pub(super) fn open(path: &Path) -> Result<File, SourceError> {
    let failed = |error| SourceError::File { path: path.into(), error };
    // Looked at before it is opened: to open a pipe would wait for its writer.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(SourceError::Input { name: path.display().to_string(), fault: Fault::NoFile });
    }
    File::open(path).map_err(failed)
}

/// What a file is called where others than its owner may read it: where it lies is nobody else's affair.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Plays the file at `path` until the shutdown.
pub(super) fn run(
    path: &Path,
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Ended, SourceError> {
    let name = name(path);
    let input = Input { name: name.clone(), file: open(path)?, shutdown, patience: None };
    match play(input, settings, clock, sink, Pacing::Loop)? {
        Played::Stopped => Ok(Ended::Stopped),
        Played::Ended => Ok(Ended::InputEnded),
        Played::Short(fault) => Err(SourceError::Input { name, fault }),
    }
}
