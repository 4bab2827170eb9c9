//! The encoders that `bench encode` compares: how each is run on a clip, and what came out.
//!
//! Here belongs: one encoding. Not here: which are made (`encode`), counting instructions (`instructions`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::clips::{Clip, RATE};
use crate::Outcome;
use crate::shell::{command, output, run, target};

/// An encoder under measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoder {
    Ours,
    /// Ours with the preset for weak devices.
    OursFast,
    /// FFmpeg as it comes, without B pictures, which would be a frame of delay each.
    Ffmpeg,
    /// FFmpeg's best that holds no picture back.
    FfmpegTrellis,
}

/// What an encoder is told to keep to.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    Quantiser(u8),
    Rate(u32),
}

/// What came out.
#[derive(Clone, Copy)]
pub(crate) struct Coded {
    pub(crate) bytes: u64,
    pub(crate) cpu_seconds: f64,
}

impl Aim {
    /// For a table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Quantiser(quantiser) => quantiser.to_string(),
            Self::Rate(bits) => format!("{}k", bits / 1000),
        }
    }

    /// As our example takes it.
    pub(crate) fn options(self) -> [String; 2] {
        match self {
            Self::Quantiser(quantiser) => ["--quantiser".into(), quantiser.to_string()],
            Self::Rate(bits) => ["--bitrate".into(), bits.to_string()],
        }
    }
}

impl Encoder {
    /// For a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursFast => "ours --preset fast",
            Self::Ffmpeg => "ffmpeg -bf 0 -g 12",
            Self::FfmpegTrellis => "ffmpeg -bf 0 -g 120 -trellis 1",
        }
    }

    /// Where its last stream is.
    pub(crate) fn stream(self) -> PathBuf {
        let name = match self {
            Self::Ours => "ours",
            Self::OursFast => "ours-fast",
            Self::Ffmpeg => "ffmpeg",
            Self::FfmpegTrellis => "trellis",
        };
        target().join("clips").join(format!("coded-{name}.m1v"))
    }

    /// Codes the clip with one thread.
    pub(crate) fn encode(self, clip: &Clip, aim: Aim) -> Outcome<Coded> {
        let to = self.stream();
        let mut command = self.command(clip, aim, &to);
        let cpu_seconds = match self {
            Self::Ours | Self::OursFast => {
                let said = output(&mut command)?;
                number_behind(&said, "cpu ").ok_or_else(|| format!("the encoder said no CPU time: {said}"))?
            }
            _ => ffmpeg_seconds(&mut command)?,
        };
        let bytes = std::fs::metadata(to).map_err(|error| error.to_string())?.len();
        Ok(Coded { bytes, cpu_seconds })
    }

    /// Whether it is ours, with whatever preset.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursFast)
    }

    /// The command that does it; the stream's name comes last.
    pub(crate) fn command(self, clip: &Clip, aim: Aim, to: &Path) -> Command {
        match self {
            Self::Ours => ours(clip, aim, "balanced", to),
            Self::OursFast => ours(clip, aim, "fast", to),
            Self::Ffmpeg => ffmpeg(clip, aim, to, "-g 12"),
            Self::FfmpegTrellis => ffmpeg(clip, aim, to, "-g 120 -trellis 1"),
        }
    }
}

fn ours(clip: &Clip, aim: Aim, preset: &str, to: &Path) -> Command {
    let mut command = Command::new(target().join("release/examples/encode"));
    command.args(["--size", &clip.size(), "--fps", &RATE.to_string()]).args(aim.options());
    command.args(["--preset", preset]).arg(clip.path()).arg(to);
    command
}

fn ffmpeg(clip: &Clip, aim: Aim, to: &Path, more: &str) -> Command {
    let mut words = command("ffmpeg", &["-nostdin", "-hide_banner", "-y", "-benchmark", "-f", "rawvideo"]);
    words.args(["-pix_fmt", "yuv420p", "-s", &clip.size(), "-r", &RATE.to_string(), "-i"]).arg(clip.path());
    words.args("-threads 1 -c:v mpeg1video -bf 0".split(' ')).args(more.split(' '));
    match aim {
        Aim::Quantiser(quantiser) => words.args(["-q:v", &quantiser.to_string()]),
        Aim::Rate(bits) => words.args(["-b:v", &bits.to_string()]),
    };
    words.args(["-f", "mpeg1video"]).arg(to);
    words
}

/// FFmpeg's own `-benchmark` says user and system time of the process.
fn ffmpeg_seconds(command: &mut Command) -> Outcome<f64> {
    let ended = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let user = number_behind(&said, "utime=").ok_or_else(|| format!("FFmpeg failed: {said}"))?;
    Ok(user + number_behind(&said, "stime=").unwrap_or(0.0))
}

/// Pictures a second of ours, by the clock and not by CPU time, with so many threads.
pub(crate) fn ours_by_the_clock(clip: &Clip, aim: Aim, threads: usize) -> Outcome<f64> {
    let said = output(
        ours(clip, aim, "balanced", &Encoder::Ours.stream()).args(["--threads", &threads.to_string()]),
    )?;
    let (pictures, seconds) = (number_behind(&said, "pictures "), number_behind(&said, "elapsed "));
    pictures.zip(seconds).map(|(p, s)| p / s).ok_or_else(|| format!("the encoder said no time: {said}"))
}

/// PSNR of the luma of one of ours by the encoder's own reconstruction, which is what decoders make of it (tested), and
/// bytes.
pub(crate) fn ours_psnr(encoder: Encoder, clip: &Clip, aim: Aim) -> Outcome<(f64, f64)> {
    let said = output(encoder.command(clip, aim, &encoder.stream()).arg("--psnr"))?;
    let (psnr, bytes) = (number_behind(&said, "psnr "), number_behind(&said, "bytes "));
    psnr.zip(bytes).ok_or_else(|| format!("the encoder said no PSNR: {said}"))
}

/// Bytes of the stream's largest picture, with its headers.
pub(crate) fn largest_picture(stream: &Path) -> Outcome<u64> {
    let mut probe = command("ffprobe", &["-v", "error", "-show_entries", "packet=size", "-of", "csv=p=0"]);
    let said = output(probe.arg(stream))?;
    let sizes = said.lines().filter_map(|line| line.trim_end_matches(',').parse().ok());
    sizes.max().ok_or_else(|| format!("{}: FFmpeg finds no pictures", stream.display()))
}

/// PSNR and SSIM of the luma of what FFmpeg decodes, by FFmpeg's own filters.
pub(crate) fn quality(clip: &Clip, coded: &Path) -> Outcome<(f64, f64)> {
    let decoded = target().join("clips/decoded.yuv");
    let mut decode = command("ffmpeg", &["-nostdin", "-v", "error", "-y", "-i"]);
    run(decode
        .arg(coded)
        .args("-fps_mode passthrough -pix_fmt yuv420p -f rawvideo".split(' '))
        .arg(&decoded))?;
    let mut compare = command("ffmpeg", &["-nostdin", "-hide_banner"]);
    for file in [&decoded, &clip.path()] {
        compare.args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &clip.size(), "-i"]).arg(file);
    }
    let filters = "[0:v]split[a][b];[1:v]split[c][d];[a][c]psnr[x];[b][d]ssim[y]";
    compare.args([
        "-filter_complex",
        filters,
        "-map",
        "[x]",
        "-f",
        "null",
        "-",
        "-map",
        "[y]",
        "-f",
        "null",
        "-",
    ]);
    let ended = compare.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let psnr = said.split_once("PSNR y:").and_then(|(_, rest)| number_at(rest));
    let ssim = said.split_once("SSIM Y:").and_then(|(_, rest)| number_at(rest));
    psnr.zip(ssim).ok_or_else(|| format!("FFmpeg compared nothing: {said}"))
}

pub(crate) fn number_behind(text: &str, mark: &str) -> Option<f64> {
    text.rsplit_once(mark).and_then(|(_, rest)| number_at(rest))
}

fn number_at(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].parse().ok()
}
