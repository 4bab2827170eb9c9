//! Writes a clip of raw I420 to standard output at its rate, again and again, each picture with the clock strip of the moment
//! in which it is written: a camera that sees something natural, and whose delay can be read from the screen.
//!
//! `--source "exec:target/release/examples/clip_frames 1920x1080 24 target/clips/full-hd.yuv"`

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pistreaming::frame::FrameSize;
use pistreaming::source::{FrameRate, strip};

/// Pictures of the clip that are kept: 150 MB of 1920x1080.
const MOST_PICTURES: usize = 48;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [size, fps, file] = words.as_slice() else { return Err("clip_frames WxH FPS FILE.yuv".into()) };
    let (size, rate) = (size.parse::<FrameSize>()?, fps.parse::<FrameRate>()?);
    let mut clip = Vec::new();
    File::open(file)?.take((MOST_PICTURES * size.i420_len()) as u64).read_to_end(&mut clip)?;
    let mut pictures: Vec<&mut [u8]> = clip.chunks_exact_mut(size.i420_len()).collect();
    let last = pictures.len().checked_sub(1).ok_or(format!("{file} holds no picture of that size"))?;
    let (begun, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate.as_f64()));
    for n in 0_u32.. {
        std::thread::sleep((interval * n).saturating_sub(begun.elapsed()));
        // To and fro, so that there is never a cut.
        let place = n as usize % (2 * last).max(1);
        let picture = &mut *pictures[place.min(2 * last - place)];
        let unix_us = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64;
        strip::draw(picture, size, strip::value(unix_us));
        if io::stdout().lock().write_all(picture).is_err() {
            break; // nobody reads them any more
        }
    }
    Ok(())
}
