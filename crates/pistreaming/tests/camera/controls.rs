//! What a camera does itself, its controls: set while it is ours, and put back.

use pistreaming::frame::Frame;
use pistreaming::source::{self, Ended, Settings, SourceError};
use rustix::process::Signal;

use crate::lab::{self, Module, capture, control, set_controls, settings};
use crate::pictures::{check_bars, check_bars_as};
use crate::support::Program;
use crate::support::program::run;

fn with_controls(controls: &[&str]) -> Settings {
    let mut settings = settings("v4l2", "320x180", "15");
    settings.controls = controls.iter().map(|text| text.parse().unwrap()).collect();
    settings
}

fn refusal(settings: &Settings) -> String {
    let error = source::choose(settings).unwrap_err();
    assert!(error.is_fatal() && matches!(error, SourceError::Camera { .. }), "{error}");
    error.to_string()
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn controls_are_set_while_the_camera_is_ours() {
    let _vivid = Module::vivid("input_types=0");
    set_controls("brightness=130,contrast=100");
    let wishes = ["Brightness=200", "contrast=90", "boolean=off", "menu=menu item 4", "menu=3"];
    let mut program = Program::start(
        &[
            &["--source", "v4l2", "--size", "320x180", "--fps", "15"][..],
            &["--camera-control", &wishes.join(",")],
        ]
        .concat(),
    );
    program.wait_for(" gives ");
    assert_eq!(["brightness", "contrast", "boolean", "menu"].map(control), [200, 90, 0, 3]);
    program.signal(Signal::INT);
    assert!(program.ended().0.success());
    assert_eq!(["brightness", "contrast", "boolean", "menu"].map(control), [130, 100, 1, 3]);
    // It is seen in the picture, too: at the least brightness white is darker than usual.
    let luma = |controls: &[&str]| {
        let (ended, kept) = capture(&with_controls(controls), 3);
        assert_eq!(ended.unwrap(), Ended::Stopped);
        kept.frames[2].planes()[0][170 * 320 + 20]
    };
    set_controls("brightness=128,contrast=128");
    let (usual, dark) = (luma(&[]), luma(&["brightness=64"]));
    assert!(dark < usual - 40, "{dark} {usual}");
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn controls_that_cannot_be_set_are_said_at_once() {
    let _vivid = Module::vivid("input_types=0");
    let said = refusal(&with_controls(&["exposure_time_absolute=5"]));
    assert!(said.contains("no control exposure_time_absolute; it has brightness, contrast, "), "{said}");
    let said = refusal(&with_controls(&["contrast=1", "brightness=256"]));
    assert!(said.contains("its control brightness takes 0 to 255, not \"256\""), "{said}");
    let said = refusal(&with_controls(&["menu=9"]));
    assert!(said.contains("(Menu Item 1)"), "{said}");
    let ports = ["--port", "0", "--ws-port", "none"];
    let output = run(&[&["--camera-control", "brightness=bright"], &ports[..]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("takes 0 to 255"), "{said}");
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_camera_flips_its_pictures_itself() {
    let _vivid = Module::vivid("input_types=0");
    for (horizontal, vertical) in [(true, false), (false, true), (true, true)] {
        let mut settings = settings("v4l2", "640x360", "30");
        (settings.hflip, settings.vflip) = (horizontal, vertical);
        let (ended, kept) = capture(&settings, 3);
        assert_eq!(ended.unwrap(), Ended::Stopped);
        assert!(kept.notes[0].ends_with(", flipped by itself"), "{:?}", kept.notes);
        check_bars_as(&kept.frames[2], 360, horizontal, vertical);
        assert_eq!(["horizontal_flip", "vertical_flip"].map(control), [0, 0], "put back");
    }
    // What a program that was killed has left behind is not turned round once more.
    set_controls("horizontal_flip=1");
    let mut mirrored = settings("v4l2", "640x360", "30");
    mirrored.hflip = true;
    let (_, kept) = capture(&mirrored, 3);
    check_bars_as(&kept.frames[2], 360, true, false);
    set_controls("horizontal_flip=0");
    // A part of the picture is on the other side then.
    let mut part = settings("v4l2", "640x360", "30");
    (part.hflip, part.crop) = (true, Some("80x360+0+0".parse().unwrap()));
    let (_, kept) = capture(&part, 1);
    let white = kept.frames[0].planes()[0][330 * 80 + 40];
    assert!(white > 160, "{white}");
    // What the user has set is his: flipped by him, flipped back by us.
    let mut twice = settings("v4l2", "640x360", "30");
    (twice.hflip, twice.controls) = (true, vec!["horizontal_flip=on".parse().unwrap()]);
    let (_, kept) = capture(&twice, 3);
    assert!(!kept.notes[0].contains("by itself"), "{:?}", kept.notes);
    check_bars(&kept.frames[2], 360, true);
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_sensor_that_is_built_in_upside_down_is_put_right() {
    let _vivid = Module::vivid("input_types=0");
    set_controls("sensor_flipped_horizontally=1,sensor_flipped_vertically=1");
    for (flip, own) in [(false, true), (true, false)] {
        let mut settings = settings("v4l2", "640x360", "30");
        (settings.hflip, settings.vflip) = (flip, flip);
        let (ended, kept) = capture(&settings, 3);
        assert_eq!(ended.unwrap(), Ended::Stopped);
        assert_eq!(kept.notes[0].contains("by itself"), own, "{:?}", kept.notes);
        check_bars_as(&kept.frames[2], 360, flip, flip);
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_camera_cuts_a_part_out_itself() {
    let _vivid = Module::vivid("input_types=3");
    // It writes on the part, too, if it may.
    set_controls("osd_text_mode=2");
    let mut settings = settings("v4l2", "640x480", "30");
    let (_, kept) = capture(&settings, 2);
    check_bars(&kept.frames[1], 480, true);
    // Two bars and two halves; of an odd size it is ours.
    for (crop, own) in [("240x128+200+320", true), ("241x129+200+320", false)] {
        settings.crop = Some(crop.parse().unwrap());
        let (ended, cut) = capture(&settings, 2);
        assert_eq!(ended.unwrap(), Ended::Stopped);
        assert_eq!(cut.notes[0].contains(", cut out by itself"), own, "{:?}", cut.notes);
        let (frame, whole) = (&cut.frames[1], &kept.frames[1]);
        for (x, y) in [(4, 4), (36, 20), (44, 100), (120, 64), (196, 120), (204, 2), (238, 126)] {
            let sample = |frame: &Frame, plane: usize, x: usize, y: usize| {
                let half = 1 + usize::from(plane > 0);
                let width = if plane == 0 { frame.size.width() } else { frame.size.chroma().0 };
                frame.planes()[plane][y / half * width + x / half]
            };
            for plane in 0..3 {
                let (found, expected) = (sample(frame, plane, x, y), sample(whole, plane, x + 200, y + 320));
                assert!(found.abs_diff(expected) <= 2, "{crop} {x} {y} {plane}: {found} for {expected}");
            }
        }
        // All of it is shown again.
        let (_, after) = capture(&lab::settings("v4l2", "640x480", "30"), 2);
        check_bars(&after.frames[1], 480, true);
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn cameras_are_listed() {
    let _vivid = Module::vivid("input_types=0");
    let mut program = Program::start(&["--source", "v4l2", "--size", "320x180", "--fps", "15"]);
    program.wait_for("gives");
    set_controls("contrast=5");
    let output = run(&["cameras"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "vivid at /dev/video0, platform:vivid-000",
        &format!("in use by pistreaming (process {})", program.id()),
        "    YUYV UYVY YVYU VYUY YU12 YV12 NV12 NV21 GREY\n      320x180 at 1, 2, ",
        "    not these: ",
        "  128 of 0 to 255\n",
        "  5 of 0 to 255; usually 128\n",
        "(Menu Item 1)",
        "--source v4l2:/dev/video0 --size 640x480 --fps 24 takes YUYV 640x480 at 25 frames/s",
        "--source auto takes vivid at /dev/video0 (there is neither",
    ] {
        assert!(said.contains(words), "{words} in: {said}");
    }
}
