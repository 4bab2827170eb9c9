//! What the user is told of the V4L2 cameras that there are.
//!
//! Here belongs: words. Not here: looking for cameras.

use std::fmt::Write as _;

use super::controls::{Control, Kind};
use super::device::Device;
use super::find;
use super::modes::{self, Mode};
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
    let mut text = format!("{}, {}\n", device.name(), device.identity.bus);
    if !device.is_camera {
        // On a Pi there are many of them.
        return text + "  part of a camera that another program must put together: not for --source v4l2";
    }
    if let Some(holder) = find::holder(&device.path) {
        let _ = writeln!(text, "  in use by {holder}");
    }
    if let Err(trouble) = device.follow_signal() {
        let _ = writeln!(text, "  {trouble}");
    }
    let modes = device.modes(settings.size);
    let (path, size, rate) = (device.path.display(), settings.size, settings.frames_per_second);
    let _ = match modes::choose(&modes, size, rate) {
        Some(mode) => writeln!(text, "  --source v4l2:{path} --size {size} --fps {rate} takes {mode}"),
        None => {
            writeln!(text, "  it has no format that can be used; FFmpeg may know it: --source exec:COMMAND")
        }
    };
    text += &formats(device, &modes);
    text += &controls(&device.controls());
    text.trim_end().into()
}

fn formats(device: &Device, modes: &[Mode]) -> String {
    let mut text = String::from("  formats, for --camera-format:\n");
    let (usable, other): (Vec<_>, Vec<_>) =
        device.formats().into_iter().partition(|fourcc| fourcc.coding().is_some());
    let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for fourcc in usable {
        let lines = sizes(modes.iter().filter(|mode| mode.fourcc == fourcc));
        match groups.iter_mut().find(|(_, known)| *known == lines) {
            Some((names, _)) => names.push(fourcc.to_string()),
            None => groups.push((vec![fourcc.to_string()], lines)),
        }
    }
    for (names, lines) in groups {
        let _ = writeln!(text, "    {}\n      {}", names.join(" "), lines.join("\n      "));
    }
    if !other.is_empty() {
        let names: Vec<String> = other.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "    not these: {}", names.join(" "));
    }
    text
}

/// `640x480, 320x240 at 30, 15 frames/s`: a line for all sizes that have the same rates.
fn sizes<'a>(modes: impl Iterator<Item = &'a Mode>) -> Vec<String> {
    let modes: Vec<&Mode> = modes.collect();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    // All rates of a size stand together.
    for group in modes.chunk_by(|one, other| one.size == other.size) {
        let rates: Vec<String> =
            group.iter().filter_map(|mode| mode.rate).map(|rate| rate.to_string()).collect();
        let (rates, size) = (rates.join(", "), group[0].size.to_string());
        match lines.iter_mut().find(|(known, _)| *known == rates) {
            Some((_, sizes)) => sizes.push(size),
            None => lines.push((rates, vec![size])),
        }
    }
    let line = |(rates, sizes): (String, Vec<String>)| match rates.as_str() {
        "" => sizes.join(", "),
        _ => format!("{} at {rates} frames/s", sizes.join(", ")),
    };
    lines.into_iter().map(line).collect()
}

/// A line each: name, value, what it takes, and the usual value where that is another.
fn controls(controls: &[Control]) -> String {
    let mut text = String::new();
    if !controls.is_empty() {
        text += "  controls, for --camera-control NAME=VALUE:\n";
    }
    let widest = controls.iter().map(|control| control.name.len()).max().unwrap_or_default();
    for control in controls {
        let Control { name, kind, default, value, .. } = control;
        let now = value.map_or("not readable".into(), |value| kind.value(value));
        let range = if *kind == Kind::Switch { String::new() } else { format!(" of {kind}") };
        let usual = if *value == Some(*default) {
            String::new()
        } else {
            format!("; usually {}", kind.value(*default))
        };
        let hindrance = control.hindrance().map_or(String::new(), |words| format!("; {words}"));
        let _ = writeln!(text, "    {name:<widest$}  {now}{range}{usual}{hindrance}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::v4l2::format::FourCc;

    #[test]
    fn sizes_of_the_same_rates_stand_in_one_line() {
        let fourcc = FourCc(u32::from_le_bytes(*b"YUYV"));
        let mode = |text: &str| {
            let (size, rate) = text.split_once(' ').unwrap();
            let coding = fourcc.coding().unwrap();
            Mode { fourcc, coding, size: size.parse().unwrap(), rate: rate.parse().ok() }
        };
        let modes =
            ["640x480 30", "640x480 15", "1280x720 10", "320x240 30", "320x240 15", "64x48 ?"].map(mode);
        assert_eq!(
            sizes(modes.iter()),
            ["640x480, 320x240 at 30, 15 frames/s", "1280x720 at 10 frames/s", "64x48"]
        );
    }
}
