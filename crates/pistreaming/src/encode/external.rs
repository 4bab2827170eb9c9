//! FFmpeg kept going as the encoder: started on the first frame, fed, started again when it dies or the size changes.
//!
//! It rests only when the camera does: it cannot be asked for a start, so its pictures since the last one must be there for who joins.
//!
//! Here belongs: supervision. Not here: running FFmpeg (`ffmpeg`), reading its output (`ts`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::NoticeCode;

use super::ffmpeg::{CodedPicture, Ffmpeg, FfmpegError, FfmpegSettings, Written};
use super::{EncodeError, Settings, Station};
use crate::frame::Frame;
use crate::hub::Hub;
use crate::mailbox::Wake;
use crate::unit::AccessUnit;

/// Pictures from one start to the next: FFmpeg's own habit, and the original's. Who joins is sent all since the last
/// start, and who fell behind waits for the next.
const START_INTERVAL: u32 = 12;
/// How long a dead FFmpeg is left alone before it is started again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// One that ran for this long was well: its next death is a first one.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// Why an FFmpeg is fed no longer.
enum Fed {
    /// The program ends.
    Over,
    /// This frame, and what follows, needs another.
    Changed(Frame),
    /// There are no frames for a while, and what there was is forgotten.
    Resting,
}

/// Codes frames until the mailbox is closed.
pub(super) fn run(settings: &Settings, station: &Station) -> Result<(), EncodeError> {
    let mut wait = FIRST_WAIT;
    let mut first = frame_after_rest(station);
    while let Some(frame) = first.take() {
        let begun = Instant::now();
        match feed(frame, settings, station) {
            Ok(Fed::Over) => return Ok(()),
            Ok(Fed::Changed(frame)) => first = Some(frame),
            Ok(Fed::Resting) => {
                // What FFmpeg still had in it came behind the camera's end.
                station.hub.forget();
                first = frame_after_rest(station);
            }
            Err(error) if error.is_fatal() => return Err(EncodeError::Ffmpeg(error)),
            Err(error) => {
                if begun.elapsed() >= WELL_AFTER {
                    wait = FIRST_WAIT;
                }
                tell(&error, wait, station);
                if station.shutdown.wait_timeout(wait) {
                    return Ok(());
                }
                wait = LONGEST_WAIT.min(wait * 2);
                first = frame_after_rest(station);
            }
        }
    }
    Ok(())
}

/// Starts FFmpeg for frames of this kind, and feeds it.
fn feed(first: Frame, settings: &Settings, station: &Station) -> Result<Fed, FfmpegError> {
    let (size, rate) = (first.size, station.rate());
    let stream =
        station.hub.begin_stream(size, (rate.numerator(), rate.denominator()), settings.bits_per_second);
    let settings = FfmpegSettings {
        program: settings.ffmpeg_program.clone(),
        size,
        rate,
        bits_per_second: settings.bits_per_second,
        intra_interval: START_INTERVAL,
    };
    let output = publisher(Arc::clone(&station.hub), stream.id);
    let mut ffmpeg = Ffmpeg::start(&settings, station.clock, &station.shutdown, output)?;
    let mut frame = first;
    loop {
        if ffmpeg.write(&frame)? == Written::Stopped {
            return Ok(Fed::Over);
        }
        frame = match next_frame(station) {
            Next::Over => return Ok(Fed::Over),
            Next::Rest => return Ok(Fed::Resting),
            Next::Frame(frame) if frame.size != size || station.rate() != rate => {
                return Ok(Fed::Changed(frame));
            }
            Next::Frame(frame) => frame,
        };
    }
}

/// Hands FFmpeg's pictures to the hub, from FFmpeg's own thread.
fn publisher(hub: Arc<Hub>, stream: u32) -> Box<dyn FnMut(CodedPicture) + Send> {
    let mut sequence = 0_u32;
    Box::new(move |coded| {
        if sequence == 0 {
            hub.withdraw(NoticeCode::EncoderTrouble);
        }
        hub.publish(AccessUnit {
            stream,
            sequence,
            picture: coded.picture,
            start: coded.start,
            captured: coded.captured,
            meaning: coded.meaning,
            coded: coded.coded,
            coding: coded.coded.since(coded.captured),
            bytes: coded.bytes,
        });
        sequence = sequence.wrapping_add(1);
    })
}

fn tell(error: &FfmpegError, wait: Duration, station: &Station) {
    // Why, with FFmpeg's last words, is for the console: viewers need not know the machine.
    station.hub.tell(NoticeCode::EncoderTrouble, "The encoder failed; it is being started again.");
    (station.say)(&format!("Encoder: {error}; starting it again in {:.1} s", wait.as_secs_f32()));
}

/// What FFmpeg is to do next.
enum Next {
    Frame(Frame),
    /// The camera rests.
    Rest,
    /// The program ends.
    Over,
}

fn next_frame(station: &Station) -> Next {
    loop {
        match station.frames.wait(None) {
            Wake::Item(frame) => return Next::Frame(frame),
            Wake::Cleared => return Next::Rest,
            Wake::Closed => return Next::Over,
            Wake::Nudged | Wake::TimedOut => {}
        }
    }
}

/// The next frame, however long the camera rests; none at the end.
fn frame_after_rest(station: &Station) -> Option<Frame> {
    loop {
        match next_frame(station) {
            Next::Frame(frame) => return Some(frame),
            Next::Rest => {}
            Next::Over => return None,
        }
    }
}
