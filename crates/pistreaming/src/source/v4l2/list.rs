//! What the user is told of the V4L2 cameras that there are.
//!
//! Here belongs: words. Not here: looking for cameras.

use std::fmt::Write as _;

use super::device::Device;
use super::modes::{self, Mode};
use super::{find, name};
use crate::source::{Settings, Trouble};

/// Each camera with its formats, sizes, rates and controls, a paragraph each.
pub(in crate::source) fn describe_all(settings: &Settings) -> Vec<String> {
    let mut paragraphs = Vec::new();
    for path in find::paths() {
        match find::open_path(&path) {
            Ok(device) => paragraphs.push(describe(&device, settings)),
            Err(Trouble::NoCamera) => {}
            Err(trouble) => paragraphs.push(format!("{}: {trouble}", path.display())),
        }
    }
    paragraphs
}

fn describe(device: &Device, settings: &Settings) -> String {
    let mut text = format!("{}, {}\n", name(device), device.identity.bus);
    if let Err(trouble) = device.follow_signal() {
        let _ = writeln!(text, "  {trouble}");
    }
    let modes = device.modes(settings.size);
    if !device.is_camera {
        text += "  part of a camera that another program must put together: not for --source v4l2\n";
    }
    if let Some(holder) = find::holder(&device.path) {
        let _ = writeln!(text, "  in use by {holder}");
    }
    let (usable, other): (Vec<_>, Vec<_>) =
        device.formats().into_iter().partition(|fourcc| fourcc.coding().is_some());
    for fourcc in usable {
        let _ = writeln!(text, "  {fourcc} {}", sizes(&modes, |mode| mode.fourcc == fourcc));
    }
    if !other.is_empty() {
        let names: Vec<String> = other.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  formats that cannot be used: {}", names.join(" "));
    }
    for control in device.controls() {
        let (least, most) = control.range;
        let value = control.value.map_or("not readable".into(), |value| format!("now {value}"));
        let _ = writeln!(text, "  {}: {least} to {most}, {value}, usually {}", control.name, control.default);
    }
    if let Some(mode) = modes::choose(&modes, settings.size, settings.frames_per_second) {
        let (size, rate) = (settings.size, settings.frames_per_second);
        let _ = write!(text, "  for {size} at {rate} frames/s it would be taken as {mode}");
    }
    text
}

/// `640x480 (30, 15), 1280x720 (10)`
fn sizes(modes: &[Mode], which: impl Fn(&Mode) -> bool) -> String {
    let modes: Vec<&Mode> = modes.iter().filter(|mode| which(mode)).collect();
    // All rates of a size stand together.
    let groups = modes.chunk_by(|one, other| one.size == other.size);
    let words = groups.map(|group| {
        let rates: Vec<String> =
            group.iter().filter_map(|mode| mode.rate).map(|rate| rate.to_string()).collect();
        let size = group[0].size;
        if rates.is_empty() { size.to_string() } else { format!("{size} ({})", rates.join(", ")) }
    });
    words.collect::<Vec<_>>().join(", ")
}
