//! The camera, played by shell scripts that answer as its programs do.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use super::find::choose_from;
use super::*;
use crate::source::play::tests::{Keeper, settings};

/// A folder with a camera program of the tests' own in it, a shell script; removed in the end.
struct Fake {
    folder: PathBuf,
}

impl Fake {
    fn new(name: &str, script: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("pistreaming-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let fake = Self { folder: std::env::temp_dir().join(unique) };
        fs::create_dir(&fake.folder).unwrap();
        fake.add(name, script);
        fake
    }

    fn add(&self, name: &str, script: &str) {
        // Written by a child: while this process holds a program open for writing, even in a child that another
        // thread is about to start, it cannot be run.
        let write = r#"cat > "$0" && chmod 755 "$0""#;
        let mut writer = Command::new("sh")
            .args(["-c", write])
            .arg(self.folder.join(name))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        write!(writer.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
        assert!(writer.wait().unwrap().success());
    }

    fn path(&self) -> OsString {
        self.folder.clone().into_os_string()
    }

    fn camera(&self, settings: &Settings) -> Camera {
        Camera::new(self.folder.join("rpicam-vid"), settings).unwrap()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn run(camera: &Camera, settings: &Settings, keeper: &Keeper) -> Result<Ended, SourceError> {
    camera.run(settings, Clock::start(), keeper, &keeper.shutdown)
}

/// Writes frame after frame, as the real one does: 32x16 in rows 64 and 32 apart, luma 255, Cb 0, Cr 128.
const FRAMES: &str = r#"
echo "$@" >&2
row() { printf "$1%.0s" $(seq 32); printf 'P%.0s' $(seq 32); }
half() { printf "$1%.0s" $(seq 16); printf 'P%.0s' $(seq 16); }
frame() {
  for row in $(seq 16); do row '\377'; done
  for row in $(seq 8); do half '\000'; done
  for row in $(seq 8); do half '\200'; done
}
frame > "$0.frame"
"#;

#[test]
fn its_frames_are_unpacked_and_the_first_are_kept_back() {
    let fake = Fake::new("rpicam-vid", &format!("{FRAMES}while :; do cat \"$0.frame\" || exit; done"));
    let settings = settings("32x16", "10");
    let keeper = Keeper::new(3);
    assert_eq!(run(&fake.camera(&settings), &settings, &keeper).unwrap(), Ended::Stopped);
    let kept = keeper.kept();
    assert_eq!(kept.known, [(settings.size, settings.frames_per_second)]);
    assert!(kept.notes.is_empty());
    for (number, frame) in kept.frames.iter().enumerate() {
        let [y, cb, cr] = frame.planes();
        assert!(
            y.iter().all(|&y| y == 235) && cb.iter().all(|&cb| cb == 16) && cr.iter().all(|&cr| cr == 128)
        );
        assert_eq!((frame.sequence, frame.meaning), (number as u64, TimeMeaning::Arrival));
    }
}

#[test]
fn its_death_is_told_with_its_last_words_and_arguments_arrive() {
    let script = format!(
        "{FRAMES}for n in 1 2 3 4 5; do cat \"$0.frame\"; done; echo 'ERROR: *** no link ***' >&2; exit 255"
    );
    let fake = Fake::new("rpicam-vid", &script);
    let mut settings = settings("32x16", "29.97");
    settings.frames_per_second = "10".parse().unwrap();
    (settings.hflip, settings.vflip) = (true, true);
    settings.pi_args = ["--awb", "daylight", "--stride", "64"].map(String::from).to_vec();
    let keeper = Keeper::new(usize::MAX);
    let error = run(&fake.camera(&settings), &settings, &keeper).unwrap_err();
    assert!(!error.is_fatal());
    let expected = "rpicam-vid ended (exit status: 255); its last words: -t 0 -n --codec yuv420 --width 32 --height 16 \
                    --framerate 10 --hflip --vflip --flush -o - --awb daylight | ERROR: *** no link ***";
    assert_eq!(error.to_string(), expected);
    // Three frames in 300 ms of warm-up.
    assert_eq!(keeper.kept().frames.len(), 2);
}

#[test]
fn one_that_says_nothing_does_not_hold_the_end_up() {
    let fake = Fake::new("rpicam-vid", "exec sleep 1000");
    let settings = settings("32x16", "24");
    let keeper = Keeper::new(1);
    keeper.shutdown.trigger();
    assert_eq!(run(&fake.camera(&settings), &settings, &keeper).unwrap(), Ended::Stopped);
}

#[test]
fn odd_sizes_and_bad_strides_are_refused() {
    let refused = |settings: &Settings| match Camera::new(PathBuf::new(), settings) {
        Err(SourceError::Input { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&settings("641x480", "24")), Fault::OddSize);
    assert_eq!(refused(&settings("640x481", "24")), Fault::OddSize);
    let mut settings = settings("640x480", "24");
    for bad in ["638", "641", "-1", "", "99999999"] {
        settings.pi_args = vec![format!("--stride={bad}")];
        assert_eq!(refused(&settings), Fault::Stride(bad.into()));
    }
    for (good, stride) in [("none", 640), ("640", 640), ("768", 768)] {
        settings.pi_args = vec!["--stride".into(), good.into()];
        assert_eq!(Camera::new(PathBuf::new(), &settings).unwrap().stride, Some(stride));
    }
}

#[test]
fn auto_takes_a_listed_camera() {
    let list = "[ \"$*\" = --list-cameras ] || exit 9; printf 'Available cameras\n-----------------\n0 : imx219 [3280x2464 10-bit RGGB] (/base/i2c@1)\n'";
    let chosen =
        choose_from(&Fake::new("libcamera-vid", list).path(), &settings("640x480", "24")).unwrap().unwrap();
    assert_eq!(
        (chosen.name.as_str(), chosen.reason.as_str()),
        ("the Pi camera imx219", "libcamera-vid lists it")
    );
}

#[test]
fn auto_says_why_there_is_none() {
    let reason = |fake: &Fake| choose_from(&fake.path(), &settings("640x480", "24")).unwrap().unwrap_err();
    let fake = Fake::new("something-else", "");
    assert_eq!(reason(&fake), "there is neither rpicam-vid nor libcamera-vid");
    fake.add("libcamera-vid", "echo 'the older one'; exit 3");
    assert_eq!(
        reason(&fake),
        "libcamera-vid did not list cameras: it ended (exit status: 3) and said nothing"
    );
    fake.add("rpicam-vid", "echo 'No cameras available!'");
    assert_eq!(reason(&fake), "rpicam-vid lists no camera");
}
