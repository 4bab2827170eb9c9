//! The Pi camera's program, played by `tests/fake/rpicam-vid`: each way in which it can go wrong is told of and mended,
//! and with `--idle-camera stop` it runs only while somebody watches.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pistreaming::frame::FrameSize;
use pistreaming::source::mjpeg::Mjpeg;
use wire::{NoticeCode, State};

use crate::support::program::{camera, run};
use crate::support::viewer::Received;
use crate::support::{Live, Old, Program, http};

/// A small picture whose rows are padded, often.
const SMALL: [&str; 4] = ["--size", "162x100", "--fps", "10"];

/// A folder of the test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pistreaming-camera-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The camera's process, once it runs.
fn process(pid_file: &str) -> String {
    loop {
        let text = std::fs::read_to_string(pid_file).unwrap_or_default();
        if let Some(pid) = text.strip_suffix('\n') {
            return pid.to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether any process of this group runs: what a camera has started too.
fn runs(group: &str) -> bool {
    let stat = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("stat")).ok();
    let of_group = |stat: String| {
        // The name, in parentheses, may hold anything; behind it come state, parent and group.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(2) == Some(&group) && fields[0] != "Z"
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(stat).any(of_group)
}

/// Waits until no process of this group runs. What was killed dies when the kernel comes to it, and nobody hears of a
/// grandchild's end.
fn wait_for_end(group: &str) {
    while runs(group) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The snapshot's samples.
fn snapshot(program: &Program, size: &str) -> (FrameSize, Vec<u8>) {
    let reply = http::get(program.http, "/snapshot.jpg");
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let size: FrameSize = size.parse().unwrap();
    let mut samples = vec![0; size.i420_len()];
    Mjpeg::new(size).decode(&reply.body, &mut samples).unwrap();
    (size, samples)
}

/// Luma at a quarter and at three quarters of the middle row, Cb above and below.
fn look((size, samples): &(FrameSize, Vec<u8>)) -> [u8; 4] {
    let (width, height) = (size.width(), size.height());
    let (chroma_width, chroma_height) = size.chroma();
    let luma = |x| samples[height / 2 * width + x];
    let cb = |y| samples[width * height + y * chroma_width + chroma_width / 2];
    [luma(width / 4), luma(width * 3 / 4), cb(chroma_height / 4), cb(chroma_height * 3 / 4)]
}

fn assert_near(found: [u8; 4], expected: [u8; 4]) {
    let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 3);
    assert!(near, "{found:?} for {expected:?}");
}

#[test]
fn padded_rows_of_full_range_are_shown_as_they_are() {
    // The left is black, the right white, Cb 240 above and 16 below, in full range: 226 and 30 in video's.
    for (stride, arguments, expected) in [
        ("192", &[][..], [16, 235, 226, 30]),
        ("176", &[], [16, 235, 226, 30]),
        ("192", &["--rotate", "180"], [235, 16, 30, 226]),
        ("192", &["--hflip"], [235, 16, 226, 30]),
    ] {
        let program =
            Program::start_with_camera(&[("FAKE_STRIDE", stride)], &[&SMALL[..], arguments].concat());
        assert_near(look(&snapshot(&program, "162x100")), expected);
    }
}

#[test]
fn a_part_is_cut_out_before_flips_and_turns() {
    for (crop, size, arguments, expected) in [
        ("80x50+0+0", "80x50", &[][..], [16, 16, 226, 226]),
        ("80x50+0+0", "80x50", &["--hflip", "--vflip"], [16, 16, 226, 226]),
        ("82x100+40+0", "82x100", &["--hflip"], [235, 16, 226, 30]),
        // Of odd sizes the camera's own flips would begin on an odd sample: they are ours.
        ("83x51+40+24", "83x51", &["--hflip", "--vflip"], [235, 16, 30, 226]),
        ("82x60", "82x60", &["--rotate", "180"], [235, 16, 30, 226]),
    ] {
        let program = Program::start_with_camera(&[], &[&SMALL[..], &["--crop", crop], arguments].concat());
        assert_near(look(&snapshot(&program, size)), expected);
    }
    let ports = ["--port", "0", "--ws-port", "none"];
    let output = run(&[&["--source", "pattern", "--crop", "640x480+2+0"], &ports[..]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("is not within its pictures of 640x480"),
        "{said}"
    );
}

#[test]
fn one_that_dies_is_told_of_with_its_last_words_and_started_again() {
    for after in ["0", "7"] {
        let folder = Folder::new();
        let once = folder.file("once");
        let behaviour = [("FAKE_DIES_AFTER", after), ("FAKE_ONCE", &once)];
        let mut program = Program::start_with_camera(&behaviour, &SMALL);
        let mut viewer = Live::open(program.http);
        let line = program.wait_for("trying again");
        assert!(line.contains("rpicam-vid ended (exit status: 255)"), "{line}");
        assert!(line.contains("ERROR: *** failed to start camera ***"), "{line}");
        viewer.wait_for_notice("rpicam-vid has ended");
        viewer.picture();
        program.wait_for("Camera: it gives pictures again");
    }
}

#[test]
fn one_that_hangs_is_ended_with_all_that_it_started_and_started_again() {
    let folder = Folder::new();
    let (once, pid) = (folder.file("once"), folder.file("pid"));
    let behaviour = [("FAKE_HANGS_AFTER", "6"), ("FAKE_ONCE", &once), ("FAKE_PID", &pid)];
    let mut program = Program::start_with_camera(&behaviour, &SMALL);
    let group = process(&pid);
    let mut viewer = Live::open(program.http);
    viewer.picture();
    let line = program.wait_for("trying again");
    assert!(line.contains("rpicam-vid runs, but has given nothing for 3 s; it is ended"), "{line}");
    assert!(line.contains("Dequeue timer"), "{line}");
    wait_for_end(&group);
    viewer.wait_for_notice("rpicam-vid hangs");
    viewer.picture();
    assert_ne!(process(&pid), group);
}

#[test]
fn a_command_that_hangs_is_started_again_too() {
    let folder = Folder::new();
    let once = folder.file("once");
    let pictures = "head -c 3000000 /dev/zero";
    let command =
        format!("exec:{pictures}; [ -e {once} ] || {{ : > {once}; sleep 600; }}; {pictures}; sleep 600");
    let mut program = Program::start(&["--source", &command, "--size", "64x48"]);
    let line = program.wait_for("trying again");
    assert!(line.contains("has given nothing for 3 s"), "{line}");
    Live::open(program.http).picture();
}

#[test]
fn one_that_does_not_want_to_end_does_not_outlive_the_program() {
    let folder = Folder::new();
    let pid = folder.file("pid");
    // What a shell starts ignores the signals that it does.
    let command = format!("exec:trap '' TERM; head -c 3000000 /dev/zero; echo $$ > {pid}; exec sleep 600");
    let program = Program::start(&["--source", &command, "--size", "64x48"]);
    let group = process(&pid);
    program.signal(rustix::process::Signal::INT);
    assert_eq!(program.ended().0.code(), Some(0));
    wait_for_end(&group);
}

#[test]
fn one_that_does_not_want_to_end_does_not_outlive_a_second_ctrl_c() {
    let folder = Folder::new();
    let pid = folder.file("pid");
    // What reads the pictures waits for the shell to end, which it does not; that is time for the second signal.
    let command = format!("exec:trap '' TERM; head -c 3000000 /dev/zero; echo $$ > {pid}; exec sleep 600");
    let mut program = Program::start(&["--source", &command, "--size", "64x48"]);
    let group = process(&pid);
    program.signal(rustix::process::Signal::INT);
    program.wait_for("Stopping the camera");
    program.signal(rustix::process::Signal::INT);
    let (status, said) = program.ended();
    wait_for_end(&group);
    // Where the machine was so slow that all had ended in order before, there was nothing left to do.
    let at_once = said.iter().any(|line| line == "Ended at once");
    assert_eq!(status.code(), Some(if at_once { 130 } else { 0 }), "{said:?}");
}

/// The first process of a container has all orphans for children.
#[test]
fn as_the_first_process_it_leaves_nothing_behind_of_cameras_that_ended() {
    const CONTAINER: [&str; 6] = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let works = |by: &[&str]| {
        let mut unshare = std::process::Command::new(by[0]);
        unshare.args(&by[1..]).arg("true").output().is_ok_and(|output| output.status.success())
    };
    let by =
        [&CONTAINER[..], &["unshare", "--pid", "--fork", "--kill-child"]].into_iter().find(|by| works(by));
    let Some(by) = by else { return eprintln!("left out, for there are no namespaces of processes here") };
    let command = "exec:head -c 3000000 /dev/zero; sleep 600 | sleep 601 & exit 3";
    let mut program = Program::start_under(by, &["--source", command, "--size", "64x48"]);
    (0..2).for_each(|_| drop(program.wait_for("trying again")));
    let children = format!("/proc/{0}/task/{0}/children", program.id());
    let first = std::fs::read_to_string(children).unwrap();
    assert_eq!(children_of(first.trim()), Vec::<String>::new());
}

/// What the processes are called that have this parent, those too that have ended.
fn children_of(parent: &str) -> Vec<String> {
    let stat = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("stat")).ok();
    let stats = std::fs::read_dir("/proc").unwrap().flatten().filter_map(stat);
    // Name in parentheses, state, parent.
    stats.filter(|stat| stat.rsplit(')').next().unwrap().split_whitespace().nth(1) == Some(parent)).collect()
}

#[test]
fn a_command_that_gives_nothing_is_started_again() {
    let folder = Folder::new();
    let once = folder.file("once");
    let command = format!("exec:[ -e {once} ] && {{ head -c 3000000 /dev/zero; sleep 600; }} || : > {once}");
    let mut program = Program::start(&["--source", &command, "--size", "64x48"]);
    let line = program.wait_for("trying again");
    assert!(line.contains("the command \"[ …\" ended (exit status: 0) and said nothing"), "{line}");
    Live::open(program.http).picture();
}

#[test]
fn a_command_whose_stream_is_damaged_is_started_again() {
    let frames =
        "printf 'YUV4MPEG2 W64 H48 F24:1\\nFRAME\\n'; head -c 4608 /dev/zero; sleep 1; head -c 99 /dev/zero";
    let mut program = Program::start(&["--source", &format!("exec:{frames}; sleep 600"), "--size", "64x48"]);
    Live::open(program.http).picture();
    let line = program.wait_for("trying again");
    assert!(line.contains("no frame header where one was due"), "{line}");
}

#[test]
fn one_that_is_slow_is_not_said_to_hang() {
    let slow = [("FAKE_START", "4"), ("FAKE_SAYS", "ERROR: *** nothing that matters ***")];
    let program = Program::start_with_camera(&slow, &["--size", "64x48", "--fps", "0.25"]);
    let mut viewer = Live::open(program.http);
    assert!((0..2).map(|_| viewer.picture()).count() == 2);
    assert!(
        viewer.notices.iter().all(|(code, _)| *code != NoticeCode::CameraTrouble),
        "{:?}",
        viewer.notices
    );
    program.signal(rustix::process::Signal::TERM);
    let (_, said) = program.ended();
    assert!(said.iter().all(|line| !line.contains("trying again")), "{said:?}");
}

#[test]
fn its_list_of_cameras_is_understood() {
    let list = |behaviour: &[(&str, &str)]| {
        let output = camera(behaviour, &["cameras"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let said = list(&[]);
    assert!(
        said.starts_with("rpicam-vid:\nAvailable cameras\n-----------------\n0 : imx708_wide ["),
        "{said}"
    );
    assert!(said.contains("--source auto takes the Pi camera imx708_wide (rpicam-vid lists it)"), "{said}");
    assert!(list(&[("FAKE_LIST", "none")]).contains("(rpicam-vid lists no camera"));
    let said = list(&[("FAKE_LIST", "fails")]);
    assert!(said.contains("rpicam-vid did not list cameras: it ended (exit status: 255)"), "{said}");
}

/// A camera that stops as soon as nobody needs it, where its process id is, and its folder.
fn idle_camera(more: &[&str]) -> (Program, String, Folder) {
    let folder = Folder::new();
    let pid = folder.file("pid");
    let arguments = [&SMALL[..], &["--idle-camera", "stop:0"], more].concat();
    let mut program = Program::start_with_camera(&[("FAKE_PID", &pid)], &arguments);
    program.wait_for("Camera: stopped, for nobody watches");
    (program, pid, folder)
}

/// Waits until the camera has stopped, and sees that it has.
fn wait_for_rest(program: &mut Program, pid_file: &str) {
    program.wait_for("Camera: stopped, for nobody watches");
    program.wait_for_stats(|stats| stats["source"]["resting"] == true);
    assert!(Path::new(pid_file).exists());
    wait_for_end(&process(pid_file));
    std::fs::remove_file(pid_file).unwrap();
}

#[test]
fn an_idle_camera_runs_only_while_somebody_watches() {
    let (mut program, pid, _folder) = idle_camera(&[]);
    assert!(!Path::new(&pid).exists(), "nobody has come yet");
    let mut viewer = Live::open(program.http);
    viewer.wait_for_notice("Waking the camera.");
    assert_eq!(viewer.notices.last().unwrap().0, NoticeCode::Waking);
    let before = viewer.picture().0;
    viewer.picture();
    assert_eq!(viewer.notices.last().unwrap().0, NoticeCode::Fine);
    // A page that nobody looks at needs no camera; one that is looked at again wakes it, and shows nothing old.
    viewer.set_state(State { hidden: true, ..State::default() });
    wait_for_rest(&mut program, &pid);
    viewer.notices.clear();
    viewer.set_state(State::default());
    viewer.forget();
    let after = viewer.picture().0;
    assert!(viewer.notices.iter().any(|(code, _)| *code == NoticeCode::Waking), "{:?}", viewer.notices);
    assert!(after.captured_us > before.captured_us);
    drop(viewer);
    wait_for_rest(&mut program, &pid);
    let mut old = Old::open(program.ws, "/");
    old.message();
    drop(old);
    wait_for_rest(&mut program, &pid);
}

#[test]
fn an_idle_camera_wakes_for_the_page_and_for_stills() {
    let (mut program, pid, _folder) = idle_camera(&[]);
    for path in ["/stats", "/healthz", "/jsmpg.js"] {
        assert_eq!(http::get(program.http, path).status, 200, "{path}");
    }
    assert_eq!(http::ask(program.http, "HEAD", "/index.html", &[]).status, 200);
    assert!(!Path::new(&pid).exists(), "none of these needs it");
    assert_near(look(&snapshot(&program, "162x100")), [16, 235, 226, 30]);
    wait_for_rest(&mut program, &pid);
    assert_eq!(http::get(program.http, "/index.html").status, 200);
    program.wait_for("Camera: woken");
    process(&pid);
}

#[test]
fn an_idle_camera_rests_with_ffmpeg_as_encoder_too() {
    if !crate::support::program::has_ffmpeg() {
        return;
    }
    let (mut program, pid, _folder) = idle_camera(&["--encoder", "ffmpeg"]);
    let mut captured = 0;
    for _ in 0..2 {
        let mut viewer = Live::open(program.http);
        let first = viewer.picture().0;
        assert!(first.captured_us > captured, "nothing of before");
        while let Received::Picture(header, _) = viewer.receive() {
            captured = header.captured_us;
            if header.sequence > first.sequence + 12 {
                break;
            }
        }
        drop(viewer);
        wait_for_rest(&mut program, &pid);
    }
}

#[test]
fn what_cannot_be_stopped_is_said() {
    let ports = ["--port", "0", "--ws-port", "none"];
    let output = run(&[&["--source", "stdin", "--idle-camera", "stop"], &ports[..]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("no --idle-camera stop") && said.contains("exec:COMMAND"), "{said}");
}
