//! Which video devices there are, and which of them is meant.
//!
//! Here belongs: looking through /dev, telling who holds a device. Not here: what a device says of itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Wanted;
use super::device::{Device, Identity};
use crate::source::error::Trouble;

const FOLDER: &str = "/dev";
/// Links that udev makes, named after a camera and after its place.
const LINKS: [&str; 2] = ["/dev/v4l/by-id", "/dev/v4l/by-path"];

/// The camera that is meant; if it was seen before, the same, under whatever number.
pub(super) fn open(wanted: &Wanted, known: Option<&Identity>) -> Result<Device, Trouble> {
    if let Wanted::Path(path) = wanted {
        let found = open_path(path);
        match (&found, known) {
            (Ok(device), Some(known)) if device.identity != *known => {}
            (Err(Trouble::Gone), Some(_)) => {}
            _ => return found,
        }
    }
    let mut refused = None;
    let mut devices = Vec::new();
    for path in paths() {
        match open_path(&path) {
            Ok(device) => devices.push(device),
            Err(Trouble::Gone | Trouble::NoCamera) => {}
            Err(trouble) => refused = refused.or(Some(trouble)),
        }
    }
    pick(devices, wanted, known).ok_or_else(|| refused.unwrap_or(Trouble::Gone))
}

fn pick(devices: Vec<Device>, wanted: &Wanted, known: Option<&Identity>) -> Option<Device> {
    let position = match known {
        // In another socket it is still the same camera, but another of its kind in its own socket goes before.
        Some(known) => devices
            .iter()
            .position(|device| device.identity == *known)
            .or_else(|| devices.iter().position(|device| device.identity.card == known.card)),
        None => match wanted {
            Wanted::Any => devices.iter().position(is_usable),
            Wanted::Name(name) => devices.iter().position(|device| is_called(device, name)),
            Wanted::Path(_) => None,
        },
    };
    position.and_then(|position| devices.into_iter().nth(position))
}

/// Whether it is a camera with pictures that can be shown.
fn is_usable(device: &Device) -> bool {
    device.is_camera && device.formats().iter().any(|format| format.coding().is_some())
}

/// Whether `name` is, or is in, the camera's name or that of a link to it.
fn is_called(device: &Device, name: &str) -> bool {
    let name = name.to_lowercase();
    let link = || {
        let entries = LINKS.iter().flat_map(fs::read_dir).flatten().flatten();
        let mut named =
            entries.filter(|entry| entry.file_name().to_string_lossy().to_lowercase().contains(&name));
        named.any(|entry| entry.path().canonicalize().is_ok_and(|path| path == device.path))
    };
    device.identity.card.to_lowercase().contains(&name) || link()
}

/// Every video device, by its number.
pub(super) fn paths() -> Vec<PathBuf> {
    let number = |path: &PathBuf| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut paths: Vec<(u32, PathBuf)> =
        entries.filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    paths.sort();
    paths.into_iter().map(|(_, path)| path).collect()
}

/// Opens a device; what hinders it, in words.
pub(super) fn open_path(path: &Path) -> Result<Device, Trouble> {
    match Device::open(path) {
        Ok(Some(device)) => Ok(device),
        Ok(None) => Err(Trouble::NoCamera),
        Err(error) => Err(trouble(path, "opened", error)),
    }
}

/// What an error of a driver's means for people.
pub(super) fn trouble(path: &Path, undone: &'static str, error: io::Error) -> Trouble {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::BUSY) => Trouble::Busy { holder: holder(path) },
        Some(Errno::ACCESS | Errno::PERM) => Trouble::Forbidden { path: path.into() },
        Some(Errno::NOENT | Errno::NXIO | Errno::NODEV) => Trouble::Gone,
        Some(Errno::NOTTY) => Trouble::NoCamera,
        Some(Errno::NOSPC) => Trouble::NoBandwidth,
        _ => Trouble::Driver { undone, error },
    }
}

/// Another program that has the device open, as far as we may see: root sees all, others their own.
pub(super) fn holder(path: &Path) -> Option<String> {
    let own = std::process::id();
    // It may have been named by one of its links.
    let path = path.canonicalize().unwrap_or_else(|_| path.into());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut others = ids.filter(|&id| id != own);
    others.find_map(|id| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).ok()?;
        let mut targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| target == path).then_some(())?;
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        Some(format!("{} (process {id})", name.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::process::{Command, Stdio};

    #[test]
    fn who_holds_a_device_is_found_by_each_of_its_names() {
        let folder = std::env::temp_dir().join(format!("pistreaming-holder-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let (path, link) = (folder.join("video0"), folder.join("by-id"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(holder(&path), None);
        let mut sleep = Command::new("sleep");
        let mut other =
            sleep.arg("600").stdin(File::open(&path).unwrap()).stdout(Stdio::null()).spawn().unwrap();
        let expected = Some(format!("sleep (process {})", other.id()));
        let found = [&path, &link].map(|path| holder(path));
        other.kill().unwrap();
        other.wait().unwrap();
        fs::remove_dir_all(folder).unwrap();
        assert_eq!(found, [expected.clone(), expected]);
    }
}
