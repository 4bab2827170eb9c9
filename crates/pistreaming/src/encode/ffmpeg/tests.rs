//! The real FFmpeg: that it holds nothing back, that its pictures are right, how its end is told.

use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::frame::FramePool;
use crate::source::pattern::Pattern;

/// An encoder, frames for it, and its pictures.
struct Bench {
    ffmpeg: Ffmpeg,
    pool: FramePool,
    pattern: Pattern,
    pictures: Receiver<CodedPicture>,
    shutdown: Shutdown,
    written: u64,
}

fn settings(size: &str, rate: &str) -> FfmpegSettings {
    FfmpegSettings {
        program: "ffmpeg".into(),
        size: size.parse().unwrap(),
        rate: rate.parse().unwrap(),
        bits_per_second: 800_000,
        intra_interval: 12,
    }
}

impl Bench {
    fn new(settings: &FfmpegSettings) -> Self {
        let (sender, pictures) = channel();
        let shutdown = Shutdown::new().unwrap();
        let output = Box::new(move |picture| drop(sender.send(picture)));
        let ffmpeg = Ffmpeg::start(settings, Clock::start(), &shutdown, output).unwrap();
        let (pool, pattern) = (FramePool::new(settings.size), Pattern::new(settings.size, settings.rate));
        Self { ffmpeg, pool, pattern, pictures, shutdown, written: 0 }
    }

    /// Writes the next frame of the pattern, captured so many ms after the clock's zero as its number.
    fn write(&mut self) -> Result<Written, FfmpegError> {
        let mut blank = self.pool.blank();
        self.pattern.draw(blank.samples(), self.written * 40_000);
        let captured = Timestamp::from_micros(self.written * 1000);
        let frame = self.pool.freeze(blank, self.written, captured, TimeMeaning::Driver);
        self.written += 1;
        self.ffmpeg.write(&frame)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.ffmpeg.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn picture(&self) -> CodedPicture {
        self.pictures.recv_timeout(Duration::from_secs(60)).expect("a picture for the frame that was written")
    }
}

/// picture_rate in a sequence header.
fn rate_code(bytes: &[u8]) -> u8 {
    assert_eq!(bytes[..4], [0, 0, 1, 0xB3]);
    bytes[7] & 15
}

#[test]
fn no_frame_is_held_back_at_any_rate() {
    for (rate, code) in [("24", 2), ("5", 1), ("10", 1), ("15", 1), ("29.97", 4), ("1", 1), ("100", 8)] {
        let mut bench = Bench::new(&settings("64x48", rate));
        for number in 0..14 {
            assert_eq!(bench.write().unwrap(), Written::Whole);
            // The next frame is not written before this one's picture is there: a frame held back would end the test.
            let picture = bench.picture();
            assert_eq!(picture.captured, Timestamp::from_micros(number * 1000), "rate {rate}");
            assert_eq!(picture.meaning, TimeMeaning::Driver);
            let due = number % 12 == 0;
            assert!(picture.start || !due, "rate {rate}, picture {number}");
            assert_eq!(picture.start, picture.picture == Picture::Intra);
            if picture.start {
                assert_eq!(rate_code(&picture.bytes), code, "rate {rate}");
            } else {
                assert_eq!(picture.bytes[..4], [0, 0, 1, 0]);
            }
        }
    }
}

#[test]
fn joined_pictures_are_a_stream_that_decodes_to_the_frames() {
    let mut bench = Bench::new(&FfmpegSettings { bits_per_second: 4_000_000, ..settings("320x240", "24") });
    let mut stream = Vec::new();
    for _ in 0..25 {
        bench.write().unwrap();
        stream.extend_from_slice(&bench.picture().bytes);
    }
    let raw = "-v error -xerror -f mpegvideo -i - -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -";
    let mut decoder = Command::new("ffmpeg")
        .args(raw.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = decoder.stdin.take().unwrap();
    let feeder = thread::spawn(move || stdin.write_all(&stream).unwrap());
    let decoded = decoder.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert!(decoded.status.success());
    let length = bench.ffmpeg.size.i420_len();
    assert_eq!(decoded.stdout.len(), 25 * length);
    let mut frame = vec![0; length];
    for (number, picture) in decoded.stdout.chunks(length).enumerate() {
        bench.pattern.draw(&mut frame, number as u64 * 40_000);
        let difference: u64 =
            frame.iter().zip(picture).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
        assert!(
            difference < 4 * length as u64,
            "picture {number} differs by {difference} in {length} samples"
        );
    }
}

#[test]
fn pictures_too_large_for_a_pes_length_come_at_once_too() {
    let settings = FfmpegSettings { bits_per_second: 60_000_000, ..settings("640x480", "24") };
    let mut bench = Bench::new(&settings);
    let (mut state, mut large) = (1_u32, 0);
    for number in 0..4 {
        let mut blank = bench.pool.blank();
        for sample in blank.samples() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (state >> 24) as u8;
        }
        let captured = Timestamp::from_micros(number);
        let frame = bench.pool.freeze(blank, number, captured, TimeMeaning::Arrival);
        bench.ffmpeg.write(&frame).unwrap();
        let picture = bench.picture();
        assert_eq!(picture.captured, captured);
        large += u32::from(picture.bytes.len() > 1 << 16);
    }
    assert_eq!(large, 4);
}

#[test]
fn its_death_is_told_with_status_and_last_words() {
    let mut bench = Bench::new(&settings("64x48", "24"));
    bench.write().unwrap();
    bench.picture();
    bench.signal(Signal::KILL);
    let error = loop {
        match bench.write() {
            Ok(written) => assert_eq!(written, Written::Whole),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "FFmpeg ended (signal: 9 (SIGKILL)) and said nothing");
    assert!(!error.is_fatal());
}

#[test]
fn what_it_complains_of_is_told() {
    let settings = FfmpegSettings { program: "ffprobe".into(), ..settings("64x48", "24") };
    let mut bench = Bench::new(&settings);
    let error = loop {
        if let Err(error) = bench.write() {
            break error;
        }
    };
    assert!(matches!(error, FfmpegError::Ended(_)));
    assert!(error.to_string().starts_with("FFmpeg ended (exit status: 1); its last words: "), "{error}");
}

#[test]
fn a_missing_one_is_told_with_what_to_do() {
    let settings = FfmpegSettings { program: "/nonexistent/ffmpeg".into(), ..settings("64x48", "24") };
    let shutdown = Shutdown::new().unwrap();
    let error = Ffmpeg::start(&settings, Clock::start(), &shutdown, Box::new(drop)).unwrap_err();
    assert!(error.is_fatal());
    assert!(error.to_string().contains("sudo apt install ffmpeg"), "{error}");
}

#[test]
fn one_that_does_nothing_does_not_hold_the_end_up() {
    let mut bench = Bench::new(&settings("640x480", "24"));
    bench.signal(Signal::STOP);
    bench.shutdown.trigger();
    while bench.write().unwrap() == Written::Whole {}
    assert!(bench.written <= IN_FLIGHT as u64 + 1, "no more frames wait in the pipe");
}

#[test]
fn frames_of_another_size_are_refused() {
    let mut bench = Bench::new(&settings("64x48", "24"));
    bench.pool = FramePool::new("32x32".parse().unwrap());
    bench.pattern = Pattern::new("32x32".parse().unwrap(), "24".parse().unwrap());
    assert!(matches!(bench.write(), Err(FfmpegError::Size(_))));
}
