//! Cameras that come and go as a test wishes, and the frames that they give.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pistreaming::frame::{Frame, FrameSize};
use pistreaming::shutdown::Shutdown;
use pistreaming::source::{self, Chosen, Ended, FrameRate, Settings, Sink, SourceError};
use pistreaming::time::Clock;
use rustix::process::{Pid, Signal, kill_process};

/// Emulated, everything takes its time; what comes at all comes within this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A loaded kernel module, unloaded in the end.
pub(crate) struct Module(&'static str);

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {words}");
}

impl Module {
    /// vivid: a camera of the kernel's own, with colour bars.
    pub(crate) fn vivid(parameters: &str) -> Self {
        let own = ["node_types=0x1", "n_devs=1"].into_iter().chain(parameters.split_whitespace());
        run("modprobe", &["vivid"].into_iter().chain(own).collect::<Vec<_>>());
        wait_for_device();
        Self("vivid")
    }

    /// v4l2loopback: a camera that shows what another program writes to it.
    pub(crate) fn loopback() -> Self {
        let path = std::env::var("LAB_LOOPBACK").expect("the lab says where the module is");
        run("modprobe", &["videodev"]);
        run("insmod", &[&path, "exclusive_caps=1", "card_label=Fed"]);
        wait_for_device();
        Self("v4l2loopback")
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // In a test that failed it may be in use still; another's camera must not be taken for the next one's.
        let done = Command::new("rmmod").arg(self.0).output();
        assert!(std::thread::panicking() || done.is_ok_and(|done| done.status.success()), "{} stays", self.0);
    }
}

/// Waits until there is a video device.
pub(crate) fn wait_for_device() {
    let is_video = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("video");
    let begun = Instant::now();
    while !std::fs::read_dir("/dev").unwrap().flatten().any(is_video) {
        assert!(begun.elapsed() < PATIENCE, "no video device");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until somebody feeds v4l2loopback: only then it is a camera.
pub(crate) fn wait_for_capture() {
    let begun = Instant::now();
    while let Err(error) = source::choose(&settings("v4l2:/dev/video0", "320x240", "10")) {
        assert!(begun.elapsed() < PATIENCE, "{error}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Sets a camera's controls behind everybody's back, as a user does.
pub(crate) fn set_controls(controls: &str) {
    run("v4l2-ctl", &["--device", "/dev/video0", "--set-ctrl", controls]);
}

/// What a camera's control is set to.
pub(crate) fn control(name: &str) -> i32 {
    let output =
        Command::new("v4l2-ctl").args(["--device", "/dev/video0", "--get-ctrl", name]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    // `menu: 3 (Menu Item 3)`
    said.split_whitespace().nth(1).unwrap_or_default().parse().unwrap_or_else(|_| panic!("{name}: {said}"))
}

/// FFmpeg, writing pictures to v4l2loopback.
pub(crate) struct Feeder(Child);

impl Feeder {
    /// Begins to write.
    pub(crate) fn start(coding: &[&str]) -> Self {
        let mut ffmpeg = Command::new("ffmpeg");
        // Each picture the same bytes: v4l2loopback may write the next one where the last is being read.
        ffmpeg.args(["-v", "error", "-re", "-f", "lavfi", "-i", "smptebars=s=320x240:r=10"]).args(coding);
        ffmpeg.args(["-q:v", "2", "-f", "v4l2", "/dev/video0"]).stdin(Stdio::null());
        Self(ffmpeg.spawn().unwrap())
    }

    /// Lets it stand still: it keeps the device open and writes nothing.
    pub(crate) fn stop(&self) {
        kill_process(Pid::from_child(&self.0), Signal::STOP).unwrap();
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Settings for a camera.
pub(crate) fn settings(source: &str, size: &str, rate: &str) -> Settings {
    Settings::new(source.parse().unwrap(), size.parse().unwrap(), rate.parse().unwrap())
}

/// Keeps so many frames, then ends the source.
pub(crate) struct Keeper {
    most: usize,
    shutdown: Shutdown,
    kept: Mutex<Kept>,
}

/// What a camera gave.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) known: Option<(FrameSize, FrameRate)>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) notes: Vec<String>,
}

impl Sink for Keeper {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        self.kept.lock().unwrap().known = Some((size, rate));
    }

    fn frame(&self, frame: Frame) {
        let mut kept = self.kept.lock().unwrap();
        kept.frames.push(frame);
        if kept.frames.len() >= self.most {
            self.shutdown.trigger();
        }
    }

    fn note(&self, text: String) {
        self.kept.lock().unwrap().notes.push(text);
    }
}

/// Runs a camera until it has given `most` frames, or fails.
pub(crate) fn capture(settings: &Settings, most: usize) -> (Result<Ended, SourceError>, Kept) {
    capture_of(&source::choose(settings).unwrap(), settings, most)
}

/// The same of a source that was settled on.
pub(crate) fn capture_of(
    chosen: &Chosen,
    settings: &Settings,
    most: usize,
) -> (Result<Ended, SourceError>, Kept) {
    let keeper = Keeper { most, shutdown: Shutdown::new().unwrap(), kept: Mutex::default() };
    let ended = source::run(chosen, settings, Clock::start(), &keeper, &keeper.shutdown);
    let kept = keeper.kept.lock().unwrap().clone();
    (ended, kept)
}
