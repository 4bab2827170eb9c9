//! Waiting until it is worth while to try a camera again: for a time, until a video device appears, or until one that had
//! nothing to show gets a signal.
//!
//! Here belongs: the kernel's word that something has changed. Not here: how long to wait, trying.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::Chosen;
use super::choose::Spec;
use super::v4l2::{Camera, Dark};
use crate::shutdown::{Shutdown, poll_within};

/// Waits for one source to come back.
#[derive(Debug)]
pub struct Watch {
    /// Tells of new files in /dev, and of changed rights; none for sources that are no device.
    devices: Option<OwnedFd>,
    /// What may be waiting for a signal.
    camera: Option<Camera>,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The program ends.
    Stopped,
    /// The time is over.
    TimedOut,
    /// A video device has appeared, or may be opened now, or gets a signal.
    Appeared,
}

impl Watch {
    /// Begins to watch: what appears from now on ends the next wait, even if it appears before.
    #[must_use]
    pub fn new(chosen: &Chosen) -> Self {
        let Spec::V4l2(camera) = &chosen.spec else { return Self { devices: None, camera: None } };
        // Without it (no more files, no more watches) the time alone counts.
        Self { devices: watch("/dev").ok(), camera: Some(camera.clone()) }
    }

    /// Waits for as long as `time`.
    #[must_use]
    pub fn wait(&self, time: Duration, shutdown: &Shutdown) -> Wait {
        let deadline = Instant::now() + time;
        let mut dark = self.camera.as_ref().and_then(Camera::dark);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.wait_once(left, dark.as_ref(), shutdown) {
                Ok(Woken::Stopped) => return Wait::Stopped,
                Ok(Woken::TimedOut) => return Wait::TimedOut,
                Ok(Woken::Signal) => return Wait::Appeared,
                Ok(Woken::Devices(devices)) if names_video(devices) => return Wait::Appeared,
                Ok(Woken::Devices(_)) => {}
                // It is unplugged, or has no such events after all; it would say so for ever.
                Ok(Woken::Broken) => dark = None,
                Err(_) if shutdown.wait_timeout(left) => return Wait::Stopped,
                Err(_) => return Wait::TimedOut,
            }
        }
    }

    fn wait_once(&self, left: Duration, dark: Option<&Dark>, shutdown: &Shutdown) -> io::Result<Woken<'_>> {
        let stop = shutdown.as_fd();
        // Twice the same file where there is no other.
        let devices = self.devices.as_ref().map_or(stop, |devices| devices.as_fd());
        let (signal, wanted) = dark.map_or((stop, PollFlags::empty()), |dark| (dark.as_fd(), PollFlags::PRI));
        let mut files = [
            PollFd::from_borrowed_fd(stop, PollFlags::IN),
            PollFd::from_borrowed_fd(devices, PollFlags::IN),
            PollFd::from_borrowed_fd(signal, wanted),
        ];
        if poll_within(&mut files, Some(left))? == 0 {
            return Ok(Woken::TimedOut);
        }
        let [stop, _, signal] = files.map(|file| file.revents());
        Ok(match &self.devices {
            _ if !stop.is_empty() => Woken::Stopped,
            _ if signal.contains(PollFlags::PRI) => Woken::Signal,
            _ if !signal.is_empty() => Woken::Broken,
            Some(devices) => Woken::Devices(devices),
            None => Woken::TimedOut,
        })
    }
}

/// What has something to say.
enum Woken<'a> {
    Stopped,
    TimedOut,
    Signal,
    Broken,
    Devices(&'a OwnedFd),
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
        let watch = Watch { devices: Some(watch(folder.to_str().unwrap()).unwrap()), camera: None };
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
