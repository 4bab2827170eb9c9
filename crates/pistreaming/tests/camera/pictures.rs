//! What cameras show arrives as it is: every format, size and way of lying in memory.

use pistreaming::frame::{Frame, TimeMeaning};
use pistreaming::source::{Ended, Settings};

use crate::lab::{Feeder, Kept, Module, capture, settings, wait_for_capture};
use crate::support::{Program, http};

/// vivid's bars, from left to right, as red, green and blue; their brightness is 191 of 255.
const BARS: [[f64; 3]; 8] = [
    [1.0, 1.0, 1.0],
    [1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0],
    [0.0, 1.0, 0.0],
    [1.0, 0.0, 1.0],
    [1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0],
    [0.0, 0.0, 0.0],
];
const LEVEL: f64 = 191.0 / 255.0;

/// Y, Cb and Cr of a bar by BT.601, video range.
fn bar([r, g, b]: [f64; 3]) -> [f64; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    let (cb, cr) = ((b - y) / 1.772, (r - y) / 1.402);
    [16.0 + 219.0 * y * LEVEL, 128.0 + 224.0 * cb * LEVEL, 128.0 + 224.0 * cr * LEVEL]
}

/// The same as vivid makes it grey: by BT.709, full range; made video range.
fn grey_bar([r, g, b]: [f64; 3]) -> [f64; 3] {
    [16.0 + 219.0 * (0.2126 * r + 0.7152 * g + 0.0722 * b) * LEVEL, 128.0, 128.0]
}

/// Looks at the middle of each bar, below what vivid writes over them; `height` rows of the picture's middle are bars.
pub(crate) fn check_bars(frame: &Frame, height: usize, coloured: bool) {
    look_at_bars(frame, height, coloured, false);
}

/// The same of a flipped picture. Upside down it is told by what vivid writes in its upper left corner.
pub(crate) fn check_bars_as(frame: &Frame, height: usize, mirrored: bool, upside_down: bool) {
    let (size, luma) = (frame.size, frame.planes()[0]);
    let rows = if upside_down { size.height() - 100..size.height() } else { 0..100 };
    let left = if mirrored { size.width() - 80 } else { 0 };
    // The first bar is white; what is written on it is darker.
    let written =
        rows.flat_map(|row| &luma[row * size.width() + left..][..80]).filter(|&&sample| sample < 100);
    assert!(written.count() > 100, "nothing is written there");
    if !upside_down {
        look_at_bars(frame, height, true, mirrored);
    }
}

fn look_at_bars(frame: &Frame, height: usize, coloured: bool, mirrored: bool) {
    let (width, planes) = (frame.size.width(), frame.planes());
    let row = (frame.size.height() - height) / 2 + height * 9 / 10;
    for (index, colour) in BARS.into_iter().enumerate() {
        let place = if mirrored { 7 - index } else { index };
        let x = width * (2 * place + 1) / 16;
        let chroma = row / 2 * frame.size.chroma().0 + x / 2;
        let found = [planes[0][row * width + x], planes[1][chroma], planes[2][chroma]].map(f64::from);
        let expected = if coloured { bar(colour) } else { grey_bar(colour) };
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() <= 4.0, "bar {index}: {found} for {expected}");
        }
    }
}

fn capture_well(settings: &Settings) -> Kept {
    let (ended, kept) = capture(settings, 3);
    assert_eq!(ended.unwrap(), Ended::Stopped, "{:?}", kept.notes);
    assert_eq!(kept.known.unwrap().0, settings.size);
    kept
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_webcams_bars_arrive_in_every_format() {
    let formats = [
        ("multiplanar=1", "YUYV UYVY YVYU VYUY NV12 NV21 YU12 YV12 GREY"),
        ("multiplanar=2", "NM12 NM21 YM12 YM21 YUYV NV12"),
    ];
    for (planes, formats) in formats {
        let _vivid = Module::vivid(&format!("input_types=0 {planes}"));
        for format in formats.split(' ') {
            let mut settings = settings("v4l2", "640x360", "30");
            settings.camera_format = Some(format.into());
            let kept = capture_well(&settings);
            assert!(kept.notes[0].contains(&format!("gives {format} 640x360 at 30")), "{:?}", kept.notes);
            for (number, frame) in kept.frames.iter().enumerate() {
                check_bars(frame, 360, format != "GREY");
                assert_eq!((frame.sequence, frame.meaning), (number as u64, TimeMeaning::Driver));
            }
            let times: Vec<u64> = kept.frames.iter().map(|frame| frame.captured.as_micros()).collect();
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        }
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_size_that_the_camera_has_not_is_scaled_and_keeps_its_shape() {
    let _vivid = Module::vivid("input_types=0");
    // At 25 frames/s it has 640x480 and smaller ones; in another shape there are black bars above and below.
    for (asked, height) in [("320x240", 240), ("480x480", 360), ("1000x1000", 750)] {
        let kept = capture_well(&settings("v4l2", asked, "25"));
        assert!(
            kept.notes[0].contains(&format!("640x480 at 25 frames/s, scaled to {asked}")),
            "{:?}",
            kept.notes
        );
        check_bars(&kept.frames[2], height, true);
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn hdmi_is_followed_and_every_other_frame_taken() {
    let _vivid = Module::vivid("input_types=3");
    let kept = capture_well(&settings("v4l2", "640x480", "30"));
    assert!(kept.notes[0].contains("640x480 at 60 frames/s"), "{:?}", kept.notes);
    assert_eq!(kept.known.unwrap().1, "30".parse().unwrap());
    check_bars(&kept.frames[2], 480, true);
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn jpeg_pictures_are_decoded() {
    let _loopback = Module::loopback();
    let _feeder = Feeder::start(&["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]);
    wait_for_capture();
    let kept = capture_well(&settings("v4l2:fed", "320x240", "10"));
    assert!(kept.notes[0].contains("gives MJPG 320x240"), "{:?}", kept.notes);
    // The third of SMPTE's bars from the left is cyan: as coded in JPEG, made video range.
    let planes = kept.frames[2].planes();
    let (x, row) = (320 * 5 / 14, 60);
    let found =
        [planes[0][row * 320 + x], planes[1][row / 2 * 160 + x / 2], planes[2][row / 2 * 160 + x / 2]];
    for (found, expected) in found.into_iter().zip(bar([0.0, 1.0, 1.0])) {
        assert!((f64::from(found) - expected).abs() <= 6.0, "{found} for {expected}");
    }
}

#[test]
#[ignore = "needs the lab's kernel: cargo xtask test --camera-lab"]
fn a_cameras_own_jpeg_is_passed_on() {
    /// How JPEG pictures by FFmpeg call their maker, in a comment.
    const MAKER: &[u8] = b"Lavc";
    let _loopback = Module::loopback();
    let _feeder = Feeder::start(&["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]);
    wait_for_capture();
    for (flip, own) in [(&[][..], true), (&["--hflip"], false)] {
        let arguments = ["--source", "v4l2", "--size", "320x240", "--fps", "10"];
        let program = Program::start(&[&arguments, flip].concat());
        // Emulated, on a busy machine, a camera may take longer to start than is waited for.
        let reply = || http::get(program.http, "/snapshot.jpg");
        let reply = std::iter::repeat_with(reply).take(10).find(|reply| reply.status == 200).unwrap();
        let named = reply.body.windows(MAKER.len()).any(|bytes| bytes == MAKER);
        assert_eq!(named, own, "turned round by us, it is no longer what came");
    }
}
