//! How FFmpeg is called.
//!
//! Here belongs: what it is told, and what of that MPEG-1 cannot say. Not here: running it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::frame::FrameSize;
use crate::source::FrameRate;

/// How FFmpeg is to be run.
#[derive(Clone, Debug)]
pub struct FfmpegSettings {
    /// The program; `ffmpeg` is looked for on the PATH.
    pub program: PathBuf,
    /// Size of the frames.
    pub size: FrameSize,
    /// Their rate.
    pub rate: FrameRate,
    /// Bits per second to aim at.
    pub bits_per_second: u32,
    /// Pictures from one I picture to the next at most. FFmpeg's own habit is 12.
    pub intra_interval: u32,
}

/// The command that runs it so.
pub(super) fn command(settings: &FfmpegSettings) -> Command {
    let FfmpegSettings { program, size, rate, bits_per_second, intra_interval } = settings;
    // Raw frames have no times: they may as well come at a rate that MPEG-1 has a code for. FFmpeg then neither doubles
    // frames nor writes codes of its own invention, and the bits per second are put in proportion.
    let legal = nearest_legal_rate(*rate);
    let bits = f64::from(*bits_per_second) * legal.as_f64() / rate.as_f64();
    let rate = format!("{}/{}", legal.numerator(), legal.denominator());
    let mut command = Command::new(program);
    command
        .args(["-hide_banner", "-nostats", "-loglevel", "error"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size.to_string(), "-r", &rate, "-i", "-"])
        .args(["-c:v", "mpeg1video", "-strict", "unofficial", "-flags", "low_delay", "-bf", "0"])
        .args(["-b:v", &format!("{:.0}", bits.min(MOST_BITS_PER_SECOND))])
        .args(["-g", &intra_interval.to_string()])
        .args(["-f", "mpegts", "-omit_video_pes_length", "0", "-muxdelay", "0", "-flush_packets", "1", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// What a sequence header can say: 18 bits of 400 bit/s (ISO/IEC 11172-2, 2.4.3.2), all ones aside.
const MOST_BITS_PER_SECOND: f64 = 400.0 * ((1 << 18) - 2) as f64;

/// The rates that picture_rate has codes for (ISO/IEC 11172-2, 2.4.3.2).
const LEGAL_RATES: [(u32, u32); 8] =
    [(24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];

fn nearest_legal_rate(rate: FrameRate) -> FrameRate {
    let legal = LEGAL_RATES.into_iter().filter_map(|(frames, seconds)| FrameRate::new(frames, seconds).ok());
    let distance = |legal: &FrameRate| (legal.as_f64() - rate.as_f64()).abs();
    legal.min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_without_a_code_take_the_nearest_that_has_one() {
        for (rate, legal) in [
            ("5", "24000/1001"),
            ("24", "24"),
            ("24.4", "24"),
            ("12.5", "24000/1001"),
            ("40.1", "50"),
            ("240", "60"),
        ] {
            assert_eq!(nearest_legal_rate(rate.parse().unwrap()), legal.parse().unwrap(), "{rate}");
        }
    }
}
