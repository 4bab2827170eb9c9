//! Row 6: both encoders make streams that others decode; FFmpeg's end is noticed and mended.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wire::{NoticeCode, UnitFlags};

use crate::support::{Live, Old, Program, has_ffmpeg};

const ENCODERS: [&str; 2] = ["embedded", "ffmpeg"];

/// How many pictures FFmpeg decodes of an elementary stream, and what it has to say about it.
fn decode(stream: &[u8], size: (u16, u16)) -> (usize, String) {
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-loglevel", "warning", "-f", "mpegvideo", "-i", "-", "-fps_mode", "passthrough"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = ffmpeg.stdin.take().unwrap();
    let stream = stream.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&stream));
    let output = ffmpeg.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let picture = usize::from(size.0) * usize::from(size.1) * 3 / 2;
    (output.stdout.len() / picture, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_old_stream_decodes() {
    for encoder in ENCODERS {
        if !has_ffmpeg() {
            return;
        }
        let program = Program::start(&["--encoder", encoder, "--size", "160x120"]);
        let mut client = Old::open(program.ws, "/");
        let mut stream = client.message();
        let mut pictures = 1;
        while pictures < 40 {
            let message = client.message();
            assert!(crate::legacy::picture_starts(&message) == 1, "one picture a message");
            pictures += usize::from(message.len() > 4);
            stream.extend(message);
        }
        // The last message's start code begins a picture that is not there.
        stream.truncate(stream.len() - 4);
        let (decoded, said) = decode(&stream, client.size);
        assert_eq!((decoded, &*said), (pictures, ""), "{encoder}");
    }
}

#[test]
fn the_live_stream_decodes() {
    for encoder in ENCODERS {
        if !has_ffmpeg() {
            return;
        }
        let program = Program::start(&["--encoder", encoder, "--size", "160x120"]);
        let mut viewer = Live::open(program.http);
        let mut stream = Vec::new();
        for _ in 0..40 {
            stream.extend(viewer.picture().1);
        }
        assert_eq!(decode(&stream, (160, 120)), (40, String::new()), "{encoder}");
        assert_eq!(program.stats()["encoder"]["name"], encoder);
    }
}

#[test]
fn who_joins_ffmpeg_s_stream_gets_the_newest_start_and_all_since() {
    if !has_ffmpeg() {
        return;
    }
    let program = Program::start(&["--encoder", "ffmpeg", "--size", "64x48"]);
    let mut first = Live::open(program.http);
    for _ in 0..30 {
        first.picture();
    }
    // Live::picture checks that the first is a start and none is missing.
    let mut second = Live::open(program.http);
    let joined = second.picture().0;
    assert!(joined.flags.has(UnitFlags::START));
    let newest = first.picture().0.sequence;
    while second.picture().0.sequence < newest {}
    assert_eq!(second.missed, 0);
}

/// The children of a process.
fn children(id: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let of_task =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let text: String = tasks.flatten().map(of_task).collect();
    text.split_ascii_whitespace().map(|id| id.parse().unwrap()).collect()
}

#[test]
fn ffmpeg_s_death_is_noticed_explained_and_mended() {
    if !has_ffmpeg() {
        return;
    }
    let mut program = Program::start(&["--encoder", "ffmpeg", "--size", "64x48"]);
    let mut viewer = Live::open(program.http);
    let mut old = Old::open(program.ws, "/");
    let before = viewer.picture().0;
    let [child] = children(program.id())[..] else { panic!("one child") };
    kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    let after = loop {
        let header = viewer.picture().0;
        if header.stream != before.stream {
            break header;
        }
    };
    assert!(after.flags.has(UnitFlags::START));
    assert!(
        viewer.notices.iter().any(|(code, _)| *code == NoticeCode::EncoderTrouble),
        "{:?}",
        viewer.notices
    );
    while viewer.notices.last().is_none_or(|(code, _)| *code != NoticeCode::Fine) {
        viewer.receive();
    }
    for _ in 0..20 {
        assert!(!old.message().is_empty(), "an old client goes on");
    }
    let said = std::iter::from_fn(|| program.line()).find(|line| line.starts_with("Encoder: "));
    assert!(said.is_some_and(|line| line.contains("FFmpeg")));
    program.signal(Signal::INT);
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn no_child_outlives_the_program() {
    if !has_ffmpeg() {
        return;
    }
    for signal in [Signal::INT, Signal::KILL] {
        let program = Program::start(&["--encoder", "ffmpeg", "--size", "64x48"]);
        Live::open(program.http).picture();
        let children = children(program.id());
        assert_eq!(children.len(), 1);
        program.signal(signal);
        program.ended();
        let alive = |id: &i32| {
            let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
        };
        // A child that was told to end by the kernel needs a moment to do so.
        while children.iter().any(alive) {
            std::thread::yield_now();
        }
    }
}
