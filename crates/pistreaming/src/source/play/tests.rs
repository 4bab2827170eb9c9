//! Raw and Y4M streams played from real pipes and files.

use std::fs::File;
use std::io::{Seek as _, Write as _, pipe};
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use super::*;
use crate::frame::{Frame, FrameSize};
use crate::shutdown::Shutdown;
use crate::source::{Choice, FrameRate};

/// Keeps all that a source hands out, and may stop it after some frames.
pub(in crate::source) struct Keeper {
    pub(in crate::source) kept: Mutex<Kept>,
    pub(in crate::source) shutdown: Shutdown,
    pub(in crate::source) enough: usize,
}

#[derive(Default)]
pub(in crate::source) struct Kept {
    pub(in crate::source) known: Vec<(FrameSize, FrameRate)>,
    pub(in crate::source) frames: Vec<Frame>,
    pub(in crate::source) notes: Vec<String>,
}

impl Keeper {
    pub(in crate::source) fn new(enough: usize) -> Self {
        Self { kept: Mutex::default(), shutdown: Shutdown::new().unwrap(), enough }
    }

    pub(in crate::source) fn kept(self) -> Kept {
        self.kept.into_inner().unwrap()
    }
}

impl Sink for Keeper {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        self.kept.lock().unwrap().known.push((size, rate));
    }

    fn frame(&self, frame: Frame) {
        let mut kept = self.kept.lock().unwrap();
        assert_eq!(kept.known.last().unwrap().0, frame.size);
        kept.frames.push(frame);
        if kept.frames.len() == self.enough {
            self.shutdown.trigger();
        }
    }

    fn note(&self, text: String) {
        self.kept.lock().unwrap().notes.push(text);
    }
}

pub(in crate::source) fn settings(size: &str, rate: &str) -> Settings {
    Settings::new(Choice::Stdin, size.parse().unwrap(), rate.parse().unwrap())
}

/// Plays `bytes` from a pipe.
fn piped(bytes: &[u8], settings: &Settings) -> (Result<Played, SourceError>, Kept) {
    let keeper = Keeper::new(usize::MAX);
    let (reader, mut writer) = pipe().unwrap();
    let played = std::thread::scope(|scope| {
        // Fails where the stream is refused before its end.
        scope.spawn(move || drop(writer.write_all(bytes)));
        let input = Input {
            name: "the pipe".into(),
            file: OwnedFd::from(reader).into(),
            shutdown: &keeper.shutdown,
            patience: None,
        };
        play(input, settings, Clock::start(), &keeper, Pacing::Producer)
    });
    (played, keeper.kept())
}

fn fault(played: Result<Played, SourceError>) -> Fault {
    match played {
        Err(error @ SourceError::Input { .. }) => {
            assert!(error.is_fatal());
            let SourceError::Input { fault, .. } = error else { unreachable!() };
            fault
        }
        other => panic!("{other:?}"),
    }
}

/// A frame of 16x16 in which each sample tells which it is.
fn samples(first: u8) -> Vec<u8> {
    (0..384_usize).map(|index| first.wrapping_add(index as u8)).collect()
}

#[test]
fn raw_pictures_come_whole_and_in_order() {
    let bytes = [samples(1), samples(2), samples(3)].concat();
    let (played, kept) = piped(&bytes, &settings("16x16", "30"));
    assert_eq!(played.unwrap(), Played::Ended);
    assert_eq!(kept.known, [("16x16".parse().unwrap(), "30".parse().unwrap())]);
    assert!(kept.notes.is_empty());
    for (number, frame) in kept.frames.iter().enumerate() {
        assert_eq!(frame.i420(), samples(number as u8 + 1));
        assert_eq!((frame.sequence, frame.meaning), (number as u64, TimeMeaning::Arrival));
    }
    assert_eq!(kept.frames.len(), 3);
}

#[test]
fn a_part_of_a_last_frame_is_dropped_and_told() {
    let bytes = [samples(1), samples(2)].concat();
    let (played, kept) = piped(&bytes[..383 + 384], &settings("16x16", "30"));
    assert_eq!(played.unwrap(), Played::Ended);
    assert_eq!(kept.frames.len(), 1);
    assert_eq!(kept.notes, ["the pipe ended within a frame, whose 383 of 384 bytes are dropped"]);
}

#[test]
fn less_than_a_frame_is_a_fault_of_the_size() {
    for length in [0, 5, 10, 383] {
        let (played, kept) = piped(&samples(0)[..length], &settings("16x16", "30"));
        assert_eq!(played.unwrap(), Played::short(384, length));
        assert!(kept.frames.is_empty());
    }
}

#[test]
fn y4m_says_its_size_and_rate_itself() {
    let header = b"YUV4MPEG2 W16 H16 F25:1 It C420paldv\n".as_slice();
    let bytes = [header, b"FRAME\n", &samples(7), b"FRAME It Xwhatever\n", &samples(8)].concat();
    let (played, kept) = piped(&bytes, &settings("640x480", "24"));
    assert_eq!(played.unwrap(), Played::Ended);
    assert_eq!(kept.known, [("16x16".parse().unwrap(), "25".parse().unwrap())]);
    assert_eq!(kept.frames.len(), 2);
    assert_eq!((kept.frames[0].i420(), kept.frames[1].i420()), (&samples(7)[..], &samples(8)[..]));
    assert_eq!(kept.notes, ["the pipe is interlaced; its fields are shown as they are, woven"]);
}

#[test]
fn y4m_may_begin_anew_with_another_size_and_rate() {
    let small =
        [b"YUV4MPEG2 W16 H16 F240:1\nFRAME\n".as_slice(), &samples(1), b"FRAME\n", &samples(2)].concat();
    let large = [b"YUV4MPEG2 W32 H16 F120:1\nFRAME\n".as_slice(), &[3; 768]].concat();
    let one = ("16x16".parse().unwrap(), "240".parse().unwrap());
    let other = ("32x16".parse().unwrap(), "120".parse().unwrap());
    let settings = settings("640x480", "24");
    let (played, kept) = piped(&[&small[..], &small, &large, b"YUV4MPEG2 W16"].concat(), &settings);
    assert_eq!((played.unwrap(), kept.known), (Played::Ended, vec![one, other]));
    let first: Vec<u8> = kept.frames.iter().map(|frame| frame.i420()[0]).collect();
    assert_eq!(first, [1, 2, 1, 2, 3]);

    let mut file = tempfile();
    file.write_all(&[small, large].concat()).unwrap();
    file.rewind().unwrap();
    let keeper = Keeper::new(7);
    let input = Input { name: "the file".into(), file, shutdown: &keeper.shutdown, patience: None };
    let played = play(input, &settings, Clock::start(), &keeper, Pacing::Loop);
    assert_eq!(played.unwrap(), Played::Stopped);
    assert_eq!(keeper.kept().known, [one, other, one, other, one]);
}

#[test]
fn full_range_is_made_video_range() {
    let header = b"YUV4MPEG2 W16 H16 XCOLORRANGE=FULL\nFRAME\n".as_slice();
    let (played, kept) = piped(&[header, &[255; 256], &[0; 128]].concat(), &settings("16x16", "24"));
    assert_eq!(played.unwrap(), Played::Ended);
    assert!(kept.notes.is_empty(), "the same size and rate as was asked for");
    let [y, cb, cr] = kept.frames[0].planes();
    assert_eq!((y[0], y[255], cb[63], cr[0]), (235, 235, 16, 16));
}

#[test]
fn damaged_y4m_is_refused_with_a_reason() {
    let settings = settings("16x16", "24");
    let (played, kept) = piped(b"YUV4MPEG2 W16 H16 C444\nFRAME\n", &settings);
    assert_eq!(fault(played), Fault::Colour("444".into()));
    assert!(kept.known.is_empty());
    let endless = [b"YUV4MPEG2 W16 H16 X".as_slice(), &[b'x'; 100_000]].concat();
    assert_eq!(fault(piped(&endless, &settings).0), Fault::HeaderLine);
    assert_eq!(fault(piped(b"YUV4MPEG2 W16 H16", &settings).0), Fault::HeaderLine);
    let header = b"YUV4MPEG2 W16 H16\n".as_slice();
    let (played, kept) = piped(&[header, b"FRAME\n", &samples(1), &samples(2)].concat(), &settings);
    assert_eq!(fault(played), Fault::FrameMarker);
    assert_eq!(kept.frames.len(), 1);
    let endless = [header, b"FRAME ", &[b'x'; 100_000]].concat();
    assert_eq!(fault(piped(&endless, &settings).0), Fault::HeaderLine);
}

#[test]
fn pictures_are_flipped_on_request() {
    let mut settings = settings("16x16", "24");
    (settings.hflip, settings.vflip) = (true, true);
    let (_, kept) = piped(&samples(0), &settings);
    let [y, ..] = kept.frames[0].planes();
    assert_eq!((y[0], y[255]), (255, 0));
}

#[test]
fn a_part_is_cut_out_before_the_flips() {
    let mut settings = settings("640x480", "24");
    (settings.crop, settings.hflip) = (Some("16x16+16+0".parse().unwrap()), true);
    let header = b"YUV4MPEG2 W32 H16\nFRAME\n".as_slice();
    let frame: Vec<u8> = (0..32 * 16 * 3 / 2).map(|index| (index % 32) as u8).collect();
    let (played, kept) = piped(&[header, &frame].concat(), &settings);
    assert_eq!((played.unwrap(), kept.known[0].0), (Played::Ended, "16x16".parse().unwrap()));
    let [y, ..] = kept.frames[0].planes();
    assert!(y.chunks_exact(16).all(|row| row.iter().copied().eq((16..32).rev())));
    let header = b"YUV4MPEG2 W16 H16\nFRAME\n".as_slice();
    let (played, _) = piped(&[header, &samples(1)].concat(), &settings);
    assert!(matches!(fault(played), Fault::Crop { .. }));
}

#[test]
fn pictures_are_turned_behind_the_flips() {
    let mut settings = settings("32x16", "24");
    (settings.hflip, settings.turn) = (true, Some(crate::source::Quarter::Right));
    // Each column has its number; mirrored and turned, each row has it, the last first.
    let frame: Vec<u8> = (0..settings.size.i420_len()).map(|index| (index % 32) as u8).collect();
    let (_, kept) = piped(&[frame.as_slice(), &frame].concat(), &settings);
    let turned = settings.shown_size();
    assert_eq!((turned.width(), turned.height(), kept.known[0].0), (16, 32, turned));
    assert_eq!(kept.frames.len(), 2);
    for frame in &kept.frames {
        let [y, ..] = frame.planes();
        assert!(y.chunks_exact(16).zip((0..32).rev()).all(|(row, number)| row.iter().all(|&y| y == number)));
    }
}

#[test]
fn a_silent_producer_does_not_hold_the_end_up() {
    let keeper = Keeper::new(1);
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&samples(0)).unwrap();
    let input = Input {
        name: String::new(),
        file: OwnedFd::from(reader).into(),
        shutdown: &keeper.shutdown,
        patience: None,
    };
    let played = play(input, &settings("16x16", "24"), Clock::start(), &keeper, Pacing::Producer);
    assert_eq!(played.unwrap(), Played::Stopped);
}

#[test]
fn a_file_is_played_again_and_again() {
    for header in [b"".as_slice(), b"YUV4MPEG2 W16 H16 \n"] {
        let marker: &[u8] = if header.is_empty() { b"" } else { b"FRAME\n" };
        let rest = &samples(3)[..7];
        let bytes = [header, marker, &samples(1), marker, &samples(2), marker, rest].concat();
        let mut file = tempfile();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        let keeper = Keeper::new(5);
        let input = Input { name: "the file".into(), file, shutdown: &keeper.shutdown, patience: None };
        let played = play(input, &settings("16x16", "240"), Clock::start(), &keeper, Pacing::Loop);
        assert_eq!(played.unwrap(), Played::Stopped);
        let kept = keeper.kept();
        let first: Vec<u8> = kept.frames.iter().map(|frame| frame.i420()[0]).collect();
        assert_eq!(first, [1, 2, 1, 2, 1]);
        assert_eq!(kept.notes.len(), 1, "the rest is told of once: {:?}", kept.notes);
    }
}

/// A plain file without a name.
fn tempfile() -> File {
    let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR;
    File::from(rustix::fs::open(std::env::temp_dir(), flags, rustix::fs::Mode::RUSR).unwrap())
}
