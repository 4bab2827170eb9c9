//! `cargo xtask bench encode`: the encoder beside FFmpeg's `mpeg1video` on the same clips in one run, one thread each.
//!
//! Here belongs: what is run, and the table. Not here: the clips (`clips`), comparing curves (`curves`).

use std::path::Path;
use std::process::Command;

use super::clips::{self, CLIPS, Clip, PICTURES, RATE};
use super::curves::{Point, rate_difference};
use crate::Outcome;
use crate::shell::{cargo, command, output, run, target};

/// Fixed quantiser scales.
const QUANTISERS: [u8; 4] = [2, 4, 8, 16];
/// A rate to be met, in bits per second.
const BITS_PER_SECOND: u32 = 800_000;
/// Each encoding is timed so often, the encoders in turns; the least counts.
const TIMES: usize = 3;

/// An encoder under measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoder {
    Ours,
    /// FFmpeg as it comes, without B pictures, which would be a frame of delay each.
    Ffmpeg,
    /// FFmpeg's best that holds no picture back.
    FfmpegTrellis,
}

const ENCODERS: [(Encoder, &str); 3] = [
    (Encoder::Ours, "ours"),
    (Encoder::Ffmpeg, "ffmpeg -bf 0 -g 12"),
    (Encoder::FfmpegTrellis, "ffmpeg -bf 0 -g 120 -trellis 1"),
];

/// What an encoder is told to keep to.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    Quantiser(u8),
    Rate(u32),
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

/// What came out.
#[derive(Clone, Copy)]
struct Coded {
    bytes: u64,
    cpu_seconds: f64,
}

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    if let [unknown, ..] = arguments {
        return Err(format!("bench encode takes no option {unknown:?}"));
    }
    run(&mut cargo(&["build", "--release", "--locked", "-p", "mpeg1", "--example", "encode"]))?;
    clips::make()?;
    for clip in &CLIPS {
        one_clip(clip)?;
    }
    Ok(())
}

fn one_clip(clip: &Clip) -> Outcome {
    println!("\n{}: {}, {PICTURES} pictures of {}", clip.name, clip.what, clip.size());
    println!(
        "{:<32} {:>9} {:>11} {:>9} {:>9} {:>9}",
        "", "quantiser", "pictures/s", "kbit/s", "PSNR-Y", "SSIM-Y"
    );
    let mut curves = [const { Vec::new() }; ENCODERS.len()];
    for quantiser in QUANTISERS {
        let coded = in_turns(clip, Aim::Quantiser(quantiser))?;
        for (n, (_, name)) in ENCODERS.iter().enumerate() {
            let (psnr, ssim) = quality(clip, &stream(n))?;
            curves[n].push(Point { bits: coded[n].bytes as f64 * 8.0, psnr });
            print_row(name, &quantiser.to_string(), coded[n], psnr, ssim);
        }
    }
    let coded = in_turns(clip, Aim::Rate(BITS_PER_SECOND))?;
    for (n, (_, name)) in ENCODERS.iter().enumerate() {
        let (psnr, ssim) = quality(clip, &stream(n))?;
        print_row(name, "800k", coded[n], psnr, ssim);
        let off = kbits(coded[n]) * 1000.0 / f64::from(BITS_PER_SECOND) - 1.0;
        println!("{:<32} {:>9} rate off by {:+.1} %", "", "", off * 100.0);
    }
    for (other, (_, name)) in ENCODERS.iter().enumerate().skip(1) {
        println!(
            "BD-rate of ours against {name}: {:+.1} %",
            rate_difference(&curves[other], &curves[0]) * 100.0
        );
    }
    Ok(())
}

fn print_row(name: &str, aim: &str, coded: Coded, psnr: f64, ssim: f64) {
    let speed = PICTURES as f64 / coded.cpu_seconds;
    println!("{name:<32} {aim:>9} {speed:>11.0} {:>9.0} {psnr:>9.2} {ssim:>9.4}", kbits(coded));
}

fn kbits(coded: Coded) -> f64 {
    coded.bytes as f64 * 8.0 * RATE / PICTURES as f64 / 1000.0
}

/// Codes the clip with every encoder, in turns; the least CPU time of each counts.
fn in_turns(clip: &Clip, aim: Aim) -> Outcome<Vec<Coded>> {
    let mut best: Vec<Option<Coded>> = vec![None; ENCODERS.len()];
    for _ in 0..TIMES {
        for (n, (encoder, _)) in ENCODERS.iter().enumerate() {
            let coded = encode(*encoder, clip, aim, &stream(n))?;
            let quicker = best[n].is_none_or(|best| coded.cpu_seconds < best.cpu_seconds);
            best[n] = if quicker { Some(coded) } else { best[n] };
        }
    }
    Ok(best.into_iter().flatten().collect())
}

fn stream(encoder: usize) -> std::path::PathBuf {
    target().join("clips").join(format!("coded-{encoder}.m1v"))
}

fn encode(encoder: Encoder, clip: &Clip, aim: Aim, to: &Path) -> Outcome<Coded> {
    let cpu_seconds = match encoder {
        Encoder::Ours => ours(clip, aim, to)?,
        Encoder::Ffmpeg => ffmpeg(clip, aim, to, "-g 12")?,
        Encoder::FfmpegTrellis => ffmpeg(clip, aim, to, "-g 120 -trellis 1")?,
    };
    let bytes = std::fs::metadata(to).map_err(|error| error.to_string())?.len();
    Ok(Coded { bytes, cpu_seconds })
}

fn ours(clip: &Clip, aim: Aim, to: &Path) -> Outcome<f64> {
    let mut command = Command::new(target().join("release/examples/encode"));
    command.args(["--size", &clip.size(), "--fps", &RATE.to_string()]);
    command.args(aim.options());
    let said = output(command.arg(clip.path()).arg(to))?;
    number_behind(&said, "cpu ").ok_or_else(|| format!("the encoder said no CPU time: {said}"))
}

/// FFmpeg's own `-benchmark` says user and system time of the process.
fn ffmpeg(clip: &Clip, aim: Aim, to: &Path, more: &str) -> Outcome<f64> {
    let mut words = command("ffmpeg", &["-nostdin", "-hide_banner", "-y", "-benchmark", "-f", "rawvideo"]);
    words.args(["-pix_fmt", "yuv420p", "-s", &clip.size(), "-r", &RATE.to_string(), "-i"]).arg(clip.path());
    words.args("-threads 1 -c:v mpeg1video -bf 0".split(' ')).args(more.split(' '));
    match aim {
        Aim::Quantiser(quantiser) => words.args(["-q:v", &quantiser.to_string()]),
        Aim::Rate(bits) => words.args(["-b:v", &bits.to_string()]),
    };
    let ended = words.args(["-f", "mpeg1video"]).arg(to).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let user = number_behind(&said, "utime=").ok_or_else(|| format!("FFmpeg failed: {said}"))?;
    Ok(user + number_behind(&said, "stime=").unwrap_or(0.0))
}

/// PSNR and SSIM of the luma of what FFmpeg decodes, by FFmpeg's own filters.
fn quality(clip: &Clip, coded: &Path) -> Outcome<(f64, f64)> {
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

fn number_behind(text: &str, mark: &str) -> Option<f64> {
    text.rsplit_once(mark).and_then(|(_, rest)| number_at(rest))
}

fn number_at(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].parse().ok()
}
