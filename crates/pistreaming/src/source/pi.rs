//! The Raspberry Pi's camera, through the program that its system has for it.
//!
//! Here belongs: running `rpicam-vid` (once called `libcamera-vid`). Not here: finding it and its cameras, the layout of
//! its buffers. The library itself is not linked: that breaks with each of its releases.

mod find;
mod rows;

pub(super) use find::{choose_automatically, describe_all, find_program};

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use self::rows::Rows;
use super::convert::{Converter, Short};
use super::error::Fault;
use super::exec;
use super::feed::Feed;
use super::flip::Flip;
use super::input::{Filled, Input};
use super::patience::stalled_after;
use super::{Ended, Settings, Sink, SourceError, Window};
use crate::frame::{FrameSize, TimeMeaning};
use crate::shutdown::Shutdown;
use crate::time::Clock;

/// How much of a camera's first frames is not shown. The camera's software keeps back most of what it takes until
/// exposure and white balance are found; this covers the rest. Nobody waits for it: the camera runs before viewers come.
const WARM_UP: Duration = Duration::from_millis(300);
/// Its first frame may take this long: on a Pi Zero, and with a sensor that is slow to wake, it takes some seconds.
const STARTED_WITHIN: Duration = Duration::from_secs(15);

/// The camera, and how to run it.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    program: PathBuf,
    /// Bytes from one row of luma to the next, if the user says so.
    stride: Option<usize>,
    /// The user's further arguments.
    args: Vec<String>,
    /// The part of its pictures that is shown.
    window: Window,
}

impl Camera {
    /// The camera driven by `program`. Among the user's arguments, `--stride BYTES` (or `none`) is ours: how far apart
    /// the rows are in the program's output, where it is not found out rightly.
    pub(super) fn new(program: PathBuf, settings: &Settings) -> Result<Self, SourceError> {
        let input = |fault| SourceError::Input { name: "the Pi camera".into(), fault };
        if !settings.size.width().is_multiple_of(2) || !settings.size.height().is_multiple_of(2) {
            return Err(input(Fault::OddSize));
        }
        let window = settings.window(settings.size).map_err(input)?;
        let mut camera = Self { program, stride: None, args: Vec::new(), window };
        let mut args = settings.pi_args.iter();
        while let Some(arg) = args.next() {
            let stride = match arg.strip_prefix("--stride") {
                Some("") => args.next().map_or("", String::as_str),
                Some(value) if value.starts_with('=') => &value[1..],
                _ => {
                    camera.args.push(arg.clone());
                    continue;
                }
            };
            camera.stride = Some(parse_stride(stride, settings.size).map_err(input)?);
        }
        Ok(camera)
    }

    /// Delivers the camera's frames until the shutdown. The camera flips its pictures itself, at no cost.
    pub(super) fn run(
        &self,
        settings: &Settings,
        clock: Clock,
        sink: &dyn Sink,
        shutdown: &Shutdown,
    ) -> Result<Ended, SourceError> {
        let name = file_name(&self.program);
        let (mut child, file) = exec::start(&mut self.command(settings))?;
        let mut input = Input { name: name.clone(), file, shutdown, patience: Some(STARTED_WITHIN) };
        let read = self.read_frames(&mut input, settings, clock, sink);
        match read.map_err(|error| exec::with_words(error, &child))? {
            Filled::Stopped => Ok(Ended::Stopped),
            _ => Err(SourceError::Ended { name, ending: child.ending() }),
        }
    }

    fn command(&self, settings: &Settings) -> Command {
        let Settings { size, frames_per_second, .. } = settings;
        let own = self.flips(settings).0;
        let mut command = Command::new(&self.program);
        command.args(["-t", "0", "-n", "--codec", "yuv420"]);
        command.args(["--width", &size.width().to_string(), "--height", &size.height().to_string()]);
        command.args(["--framerate", &frames_per_second.to_string()]);
        command.args(own.horizontal.then_some("--hflip")).args(own.vertical.then_some("--vflip"));
        command.args(["--flush", "-o", "-"]).args(&self.args).stdin(Stdio::null());
        command
    }

    /// Which flips the camera does itself, and the part of its pictures that is shown then. It does none where the part
    /// would begin on an odd sample.
    fn flips(&self, settings: &Settings) -> (Flip, Window) {
        let wanted = Flip { horizontal: settings.hflip, vertical: settings.vflip };
        self.window
            .flipped(wanted, settings.size)
            .map_or((Flip::default(), self.window), |window| (wanted, window))
    }

    /// Reads frames until the stream ends; in which way is returned, and never [`Filled::Whole`].
    fn read_frames(
        &self,
        input: &mut Input<'_>,
        settings: &Settings,
        clock: Clock,
        sink: &dyn Sink,
    ) -> Result<Filled, SourceError> {
        let (size, rate) = (settings.size, settings.frames_per_second);
        // The first rows show how far apart rows are. There are never fewer bytes of luma than this.
        let mut buffer = vec![0; size.width() * size.height()];
        let begun = input.fill(&mut buffer)?;
        if begun != Filled::Whole {
            return Ok(begun);
        }
        let rows = self.stride.map_or_else(|| Rows::find(&buffer, size), |stride| Rows::new(size, stride));
        if rows.stride() != Rows::usual_stride(size.width()) && self.stride.is_none() {
            sink.note(format!("{} sends rows {} bytes apart", input.name, rows.stride()));
        }
        input.widen(rows.buffer_len());
        let (own, window) = self.flips(settings);
        let ours = Flip { horizontal: settings.hflip, vertical: settings.vflip }.xor(own);
        let shown = window.size();
        let mut feed = Feed::flipping(ours, settings.turn, shown, Window::whole(shown), rate, sink);
        let mut converter = Converter::of_part(rows.layout(), window);
        let (mut held, mut warm_up) = (buffer.len(), rate.frames_in(WARM_UP));
        buffer.resize(rows.buffer_len(), 0);
        loop {
            let filled = input.fill(&mut buffer[held..])?;
            if filled != Filled::Whole {
                return Ok(filled);
            }
            held = 0;
            input.patience = Some(stalled_after(rate));
            let captured = clock.now();
            if warm_up > 0 {
                warm_up -= 1;
                continue;
            }
            let mut blank = feed.blank();
            converter.convert(&[&buffer], blank.samples()).map_err(|short| short_of(&input.name, short))?;
            let blank = feed.turn(blank);
            feed.hand_on(blank, captured, TimeMeaning::Arrival);
        }
    }
}

/// There are whole buffers only; but if one were not, it would be this.
fn short_of(name: &str, short: Short) -> SourceError {
    let fault = Fault::Short { frame_bytes: short.needed_bytes, got_bytes: short.got_bytes };
    SourceError::Input { name: name.into(), fault }
}

fn parse_stride(text: &str, size: FrameSize) -> Result<usize, Fault> {
    let stride = if text == "none" { Some(size.width()) } else { text.parse().ok() };
    let usable = |stride: &usize| stride.is_multiple_of(2) && (size.width()..=1 << 16).contains(stride);
    stride.filter(usable).ok_or_else(|| Fault::Stride(text.into()))
}

fn file_name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
