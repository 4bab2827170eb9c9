//! Waiting until it is worth while to try a camera again: for a time, or until a video device appears.
//!
//! Here belongs: the kernel's word that /dev has changed. Not here: how long to wait, trying.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::{Chosen, Spec};
use crate::shutdown::{Ready, Shutdown};

/// Waits for one source to come back.
#[derive(Debug)]
pub struct Watch {
    /// Tells of new files in /dev, and of changed rights; none for sources that are no device.
    devices: Option<OwnedFd>,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The program ends.
    Stopped,
    /// The time is over.
    TimedOut,
    /// A video device has appeared, or may be opened now.
    Appeared,
}

impl Watch {
    /// Begins to watch: what appears from now on ends the next wait, even if it appears before.
    #[must_use]
    pub fn new(chosen: &Chosen) -> Self {
        // Without it (no more files, no more watches) the time alone counts.
        let devices = matches!(chosen.spec, Spec::V4l2(_)).then(|| watch("/dev").ok()).flatten();
        Self { devices }
    }

    /// Waits for as long as `time`.
    #[must_use]
    pub fn wait(&self, time: Duration, shutdown: &Shutdown) -> Wait {
        let after_time = |stopped| if stopped { Wait::Stopped } else { Wait::TimedOut };
        let Some(devices) = &self.devices else { return after_time(shutdown.wait_timeout(time)) };
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match shutdown.wait_readable(devices, Some(left)) {
                Ok(Ready::Triggered) => return Wait::Stopped,
                Ok(Ready::TimedOut) => return Wait::TimedOut,
                Ok(Ready::File) if names_video(devices) => return Wait::Appeared,
                Ok(Ready::File) => {}
                Err(_) => return after_time(shutdown.wait_timeout(left)),
            }
        }
    }
}

fn watch(folder: &str) -> io::Result<OwnedFd> {
    let devices = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    // udev makes a device first and sets its rights then.
    inotify::add_watch(&devices, folder, WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO)?;
    Ok(devices)
}

/// Reads all that was told; whether a video device is among it.
fn names_video(devices: &OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(devices, &mut buffer);
    let mut found = false;
    while let Ok(event) = events.next() {
        found |= event.file_name().is_some_and(|name| name.to_bytes().starts_with(b"video"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_device_that_appears_ends_the_wait() {
        let folder = std::env::temp_dir().join(format!("pistreaming-watch-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let watch = Watch { devices: Some(watch(folder.to_str().unwrap()).unwrap()) };
        let shutdown = Shutdown::new().unwrap();
        fs::write(folder.join("audio0"), "").unwrap();
        assert_eq!(watch.wait(Duration::from_millis(1), &shutdown), Wait::TimedOut);
        fs::write(folder.join("video7"), "").unwrap();
        assert_eq!(watch.wait(Duration::from_secs(600), &shutdown), Wait::Appeared);
        assert_eq!(watch.wait(Duration::ZERO, &shutdown), Wait::TimedOut, "told once");
        shutdown.trigger();
        assert_eq!(watch.wait(Duration::from_secs(600), &shutdown), Wait::Stopped);
        fs::remove_dir_all(folder).unwrap();
    }
}
