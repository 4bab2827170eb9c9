//! Cameras that are unplugged, stall, or are another program's: said in words, and they come back.

use std::time::Duration;

use pistreaming::shutdown::Shutdown;
use pistreaming::source::{self, Ended, SourceError, Trouble, Wait, Watch};

use crate::lab::{self, Feeder, Module, capture, capture_of, run, set_controls, settings, wait_for_capture};
use crate::support::{Live, Program};

/// The platform device behind vivid, by which it can be unbound from its driver: that is unplugging.
const VIVID: &str = "/sys/bus/platform/drivers/vivid";

fn bind(what: &str) {
    std::fs::write(format!("{VIVID}/{what}"), "vivid.0").unwrap();
}

fn trouble(error: SourceError) -> Trouble {
    match error {
        SourceError::Camera { trouble, .. } => trouble,
        other => panic!("{other}"),
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn an_unplugged_camera_is_told_of_and_comes_back() {
    let _vivid = Module::vivid("input_types=0");
    let arguments = ["--source", "auto", "--size", "320x180", "--fps", "15"];
    let mut program = Program::start(&arguments);
    assert!(program.lines[0].contains("vivid at /dev/video0"), "{:?}", program.lines);
    let mut viewer = Live::open(program.http);
    viewer.picture();
    bind("unbind");
    let line = program.wait_for("trying again");
    assert!(line.contains("it is not there; plug it in"), "{line}");
    viewer.wait_for_notice("it is unplugged");
    bind("bind");
    program.wait_for("Camera: vivid at /dev/video0 gives");
    viewer.picture();
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_camera_is_found_again_under_another_number() {
    let vivid = Module::vivid("input_types=0 vid_cap_nr=3");
    let mut program = Program::start(&["--source", "v4l2:/dev/video3", "--size", "320x180", "--fps", "15"]);
    let mut viewer = Live::open(program.http);
    viewer.picture();
    // The driver cannot go while the camera is open; unplugged, it is let go of.
    bind("unbind");
    program.wait_for("trying again");
    drop(vivid);
    let _vivid = Module::vivid("input_types=0 vid_cap_nr=5");
    program.wait_for("Camera: vivid at /dev/video5 gives");
    viewer.picture();
    // A module in use cannot be unloaded.
    drop((viewer, program));
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn two_programs_after_one_camera() {
    let _vivid = Module::vivid("input_types=0");
    let arguments = ["--source", "v4l2", "--size", "320x180", "--fps", "15"];
    let mut first = Program::start(&arguments);
    first.wait_for("gives");
    let mut viewer = Live::open(first.http);
    viewer.picture();
    let mut second = Program::start(&arguments);
    let line = second.wait_for("trying again");
    assert!(line.contains(&format!("in use by pistreaming (process {})", first.id())), "{line}");
    drop(first);
    second.wait_for("gives");
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn an_idle_camera_is_let_go_of() {
    let _vivid = Module::vivid("input_types=0");
    let arguments = ["--source", "v4l2", "--size", "320x180", "--fps", "15", "--idle-camera", "stop:0"];
    let mut program = Program::start(&arguments);
    for _ in 0..2 {
        program.wait_for("Camera: stopped, for nobody watches");
        // Meanwhile it is free for others.
        let (ended, _) = capture(&settings("v4l2", "320x180", "15"), 1);
        assert_eq!(ended.unwrap(), Ended::Stopped);
        let mut viewer = Live::open(program.http);
        viewer.wait_for_notice("Waking the camera.");
        viewer.picture();
    }
    program.wait_for("Camera: stopped, for nobody watches");
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_camera_that_stalls_is_given_up() {
    let _loopback = Module::loopback();
    let feeder = Feeder::start(&["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]);
    wait_for_capture();
    let settings = settings("v4l2", "320x240", "10");
    let (ended, _) = capture(&settings, 2);
    assert_eq!(ended.unwrap(), Ended::Stopped);
    // Stopped, it keeps the camera and gives nothing.
    feeder.stop();
    let (ended, kept) = capture(&settings, usize::MAX);
    let trouble = trouble(ended.unwrap_err());
    assert!(matches!(trouble, Trouble::Silent { .. }), "{trouble} {:?}", kept.notes);
}

/// Sets what vivid's HDMI input gets: 0 a signal of the timings that are set, 1 none, 4 one of the kind `timings`.
fn set_signal(mode: u32, timings: u32) {
    let controls = format!("dv_timings_signal_mode={mode},dv_timings={timings}");
    let timings_are_off = format!("dv_timings_signal_mode={mode}");
    let controls = if mode == 4 { controls } else { timings_are_off };
    set_controls(&controls);
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_signal_that_changes_is_followed_and_one_that_is_gone_is_said() {
    let _vivid = Module::vivid("input_types=3");
    let mut program = Program::start(&["--source", "v4l2", "--size", "320x180", "--fps", "30"]);
    let before = program.wait_for(" gives ");
    let mut viewer = Live::open(program.http);
    viewer.picture();
    let stream = viewer.stream;
    set_signal(4, 4);
    let after = program.wait_for(" gives ");
    assert_ne!(before, after, "another rate");
    viewer.picture();
    assert_eq!(viewer.stream.map(|stream| stream.width), stream.map(|stream| stream.width));
    let trouble = |(code, _): &(wire::NoticeCode, String)| *code == wire::NoticeCode::CameraTrouble;
    assert!(!viewer.notices.iter().any(trouble), "{:?}", viewer.notices);
    set_signal(1, 0);
    let line = program.wait_for("trying again");
    assert!(line.contains("it gets no signal"), "{line}");
    viewer.wait_for_notice("it gets no signal");
    set_signal(4, 2);
    program.wait_for(" gives ");
    viewer.picture();
    drop((viewer, program));
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_signal_that_is_back_ends_the_wait_for_it() {
    let _vivid = Module::vivid("input_types=3");
    let settings = settings("v4l2", "320x180", "30");
    let chosen = source::choose(&settings).unwrap();
    let watch = Watch::new(&chosen);
    set_signal(1, 0);
    let (ended, _) = capture_of(&chosen, &settings, 1);
    assert!(matches!(trouble(ended.unwrap_err()), Trouble::NoSignal));
    let shutdown = Shutdown::new().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| watch.wait(Duration::from_secs(600), &shutdown));
        set_signal(4, 2);
        assert_eq!(waiting.join().unwrap(), Wait::Appeared);
    });
    let (ended, _) = capture_of(&chosen, &settings, 1);
    assert_eq!(ended.unwrap(), Ended::Stopped);
    // What is over does not end the next wait.
    assert_eq!(watch.wait(Duration::from_millis(1), &shutdown), Wait::TimedOut);
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn what_is_no_camera_of_ours_is_said() {
    let _vivid = Module::vivid("input_types=0");
    let mut settings = settings("v4l2", "320x180", "15");
    settings.camera_format = Some("H264".into());
    let (ended, _) = capture(&settings, 1);
    let text = trouble(ended.unwrap_err()).to_string();
    assert!(text.contains("none of its formats (YUYV"), "{text}");
    let missing = lab::settings("v4l2:/dev/video9", "320x180", "15");
    let (ended, _) = capture(&missing, 1);
    assert!(matches!(trouble(ended.unwrap_err()), Trouble::Gone));
    // Only root may open it now; and root may open all, so somebody else looks.
    run("chmod", &["600", "/dev/video0"]);
    let program = env!("CARGO_BIN_EXE_pistreaming");
    let output = std::process::Command::new("setpriv")
        .args([
            "--reuid=65534",
            "--clear-groups",
            program,
            "--source",
            "v4l2:0",
            "--port",
            "0",
            "--ws-port",
            "none",
        ])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.contains("usermod -aG video"), "{words}");
}
