//! Setting a camera up as the user wants it.
//!
//! Here belongs: what is asked of the driver and in which order, what is left to us, what the user is told of it. Not here:
//! which mode suits best (`modes`), how a control or a shape is set (`controls`, `geometry`), frames.

use super::controls::Changes;
use super::device::Device;
use super::find;
use super::format::Answer;
use super::geometry::{self, Cut};
use super::modes::{self, Mode};
use crate::frame::FrameSize;
use crate::source::error::Trouble;
use crate::source::flip::Flip;
use crate::source::rate::FrameRate;
use crate::source::{Settings, Sink, Window};

/// How a camera was set up.
pub(super) struct SetUp<'a> {
    pub(super) answer: Answer,
    pub(super) rate: FrameRate,
    /// The flips that are left to us.
    pub(super) left: Flip,
    /// What its pictures are made, and the part of these that is shown.
    pub(super) size: FrameSize,
    pub(super) window: Window,
    /// What it cuts out itself.
    pub(super) cut: Option<Cut<'a>>,
}

/// Chooses a mode and sets it, then all else: a camera that another program uses is not changed.
pub(super) fn set_up<'a>(
    device: &'a Device,
    settings: &Settings,
    changes: &mut Changes<'_>,
    sink: &dyn Sink,
) -> Result<SetUp<'a>, Trouble> {
    device.follow_signal()?;
    let mode = mode(device, settings)?;
    let (answer, rate) = device.set(&mode).map_err(|error| find::trouble(&device.path, "set up", error))?;
    let rate = rate.or(mode.rate).unwrap_or(settings.frames_per_second);
    settings.controls.iter().try_for_each(|wish| changes.grant(wish))?;
    let (own, left, window) = flips(device, settings, changes);
    let mut set_up = SetUp { answer, rate, left, size: settings.size, window, cut: None };
    // Whether the part is taken before or behind the flips, drivers do not say.
    let may_cut = own.is_none() && mode.size == settings.size && answer.layout.size == mode.size;
    if let Some((cut, answer)) = may_cut.then(|| geometry::cut(device, &mode, window)).flatten() {
        let (size, window) = (window.size(), Window::whole(window.size()));
        set_up = SetUp { answer, size, window, cut: Some(cut), ..set_up };
    }
    sink.note(note(device, &set_up, own));
    Ok(set_up)
}

/// The mode that is taken.
fn mode(device: &Device, settings: &Settings) -> Result<Mode, Trouble> {
    let mut modes = device.modes(settings.size);
    if let Some(only) = &settings.camera_format {
        modes.retain(|mode| mode.fourcc.to_string().eq_ignore_ascii_case(only));
    }
    modes::choose(&modes, settings.size, settings.frames_per_second).ok_or_else(|| {
        let formats: Vec<String> = device.formats().iter().map(ToString::to_string).collect();
        Trouble::NoMode { formats: formats.join(", ") }
    })
}

/// What the user is told of it.
fn note(device: &Device, set_up: &SetUp<'_>, own: Flip) -> String {
    let SetUp { answer, rate, size, .. } = set_up;
    let (fourcc, got) = (answer.fourcc, answer.layout.size);
    let flipped = if own.is_none() { "" } else { ", flipped by itself" };
    let cut = if set_up.cut.is_none() { "" } else { ", cut out by itself" };
    let scaled = if got == *size { String::new() } else { format!(", scaled to {size}") };
    format!("Camera: {} gives {fourcc} {got} at {rate} frames/s{flipped}{cut}{scaled}", device.name())
}

/// Which flips the camera does itself, which are left, and the part of its pictures that is shown then. It does none where
/// the part would begin on an odd sample.
fn flips(device: &Device, settings: &Settings, changes: &mut Changes<'_>) -> (Flip, Flip, Window) {
    let built_in = device.built_in_flip();
    let wanted = Flip { horizontal: settings.hflip, vertical: settings.vflip }.xor(built_in);
    // That it is within them was seen when the camera was chosen.
    let window = settings.window(settings.size).unwrap_or(Window::whole(settings.size));
    if window.flipped(wanted, settings.size).is_none() {
        return (Flip::default(), wanted, window);
    }
    let own = geometry::flip(device, changes, wanted);
    let window = window.flipped(own, settings.size).unwrap_or(window);
    (own, wanted.xor(own), window)
}
