//! Raw pictures on standard input.
//!
//! Here belongs: standard input as a stream, and its end, which is the program's. Not here: the formats.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;

use super::error::Fault;
use super::input::Input;
use super::play::{Pacing, Played, play};
use super::{Ended, Settings, Sink, SourceError};
use crate::shutdown::Shutdown;
use crate::time::Clock;

const NAME: &str = "standard input";

/// Refuses a terminal, from which nobody types pictures, and to stop what cannot be started again.
pub(super) fn check(settings: &Settings) -> Result<(), SourceError> {
    let fault = match settings.rest_after {
        Some(_) => Fault::Unstoppable,
        None if io::stdin().is_terminal() => Fault::Terminal,
        None => return Ok(()),
    };
    Err(SourceError::Input { name: NAME.into(), fault })
}

/// Delivers standard input's frames until it ends.
pub(super) fn run(
    settings: &Settings,
    clock: Clock,
    sink: &dyn Sink,
    shutdown: &Shutdown,
) -> Result<Ended, SourceError> {
    // The file itself: the standard library's reader keeps bytes back.
    let file = io::stdin().as_fd().try_clone_to_owned();
    let file = File::from(file.map_err(|error| SourceError::Read { name: NAME.into(), error })?);
    // A plain file has all its frames there at once: that is nobody's rate.
    let plain = file.metadata().is_ok_and(|data| data.is_file());
    let pacing = if plain { Pacing::Rate } else { Pacing::Producer };
    match play(Input { name: NAME.into(), file, shutdown, patience: None }, settings, clock, sink, pacing)? {
        Played::Stopped => Ok(Ended::Stopped),
        Played::Ended => Ok(Ended::InputEnded),
        Played::Short(fault) => Err(SourceError::Input { name: NAME.into(), fault }),
    }
}
