//! `cargo xtask bench decode`: the decoder beside others on the same streams: in WebAssembly beside JSMpeg's, in turns
//! in one Node, and natively beside FFmpeg's, one thread each.
//!
//! Here belongs: the streams, what is run, the table. Not here: the clips (`clips`), timing in Node (`web/bench`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::clips::{self, CLIPS, Clip};
use crate::Outcome;
use crate::packages::{NODE, ensure};
use crate::shell::{cargo, command, output, root, run, target};

/// Fixed quantiser scales.
const QUANTISERS: [u8; 4] = [2, 4, 8, 16];
/// The rate of the stream that our encoder makes of each clip, in bits per second.
const BITS_PER_SECOND: u32 = 800_000;
/// For natively run decoders a stream is repeated so often: CPU time is counted in hundredths of a second.
const REPEATED: usize = 8;
/// They take so many turns; the least time counts.
const TURNS: usize = 3;
/// The one that is made from the clip `street`.
const FULL_HD: &str = "scale=1920:1440,crop=1920:1080";
const FULL_HD_PICTURES: &str = "120";

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    if let [unknown, ..] = arguments {
        return Err(format!("bench decode takes no option {unknown:?}"));
    }
    ensure(NODE)?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "mpeg1", "--examples"]))?;
    run(command("npm", &["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(root().join("web")))?;
    clips::make()?;
    println!("\npictures per second");
    println!(
        "{:<14} {:>8} {:>8} {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8}",
        "stream", "simd", "scalar", "JSMpeg", "simd/", "scalar/", "native", "FFmpeg", "native/"
    );
    for clip in CLIPS.iter().filter(|clip| clip.width == 640) {
        for quantiser in QUANTISERS {
            row(&format!("{}-{quantiser}", clip.name), &by_ffmpeg(clip, quantiser, None)?)?;
        }
        row(&format!("{}-800k", clip.name), &by_us(clip)?)?;
    }
    let street = CLIPS.iter().find(|clip| clip.name == "street").ok_or("there is no clip 'street'")?;
    for quantiser in [4, 16] {
        row(&format!("1080p-{quantiser}"), &by_ffmpeg(street, quantiser, Some(FULL_HD))?)?;
    }
    Ok(())
}

fn row(name: &str, stream: &Path) -> Outcome {
    let said = output(command("node", &["web/bench/decode.mjs"]).arg(stream).arg("--jsmpeg"))?;
    let of = |decoder: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(decoder));
        line.and_then(|rate| rate.trim().parse::<f64>().ok()).ok_or(format!("no line '{decoder}' in: {said}"))
    };
    let (simd, scalar, jsmpeg) = (of("simd ")?, of("scalar ")?, of("jsmpeg ")?);
    let (native, ffmpeg) = natively(stream)?;
    println!(
        "{name:<14} {simd:>8.0} {scalar:>8.0} {jsmpeg:>8.0} {:>8.2} {:>8.2}   {native:>8.0} {ffmpeg:>8.0} {:>8.2}",
        simd / jsmpeg,
        scalar / jsmpeg,
        native / ffmpeg
    );
    Ok(())
}

/// Pictures per second of CPU time: ours, and FFmpeg's.
fn natively(stream: &Path) -> Outcome<(f64, f64)> {
    let repeated = target().join("clips/repeated.m1v");
    let bytes = std::fs::read(stream).map_err(|error| format!("{}: {error}", stream.display()))?;
    std::fs::write(&repeated, bytes.repeat(REPEATED)).map_err(|error| error.to_string())?;
    let (mut pictures, mut ours, mut theirs) = (0.0, f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        let ended = Command::new(target().join("release/examples/decode")).arg(&repeated).output();
        let said = ended.map(|ended| String::from_utf8_lossy(&ended.stderr).into_owned());
        let said = said.map_err(|error| format!("the example decode: {error}"))?;
        pictures = said.split_once(' ').and_then(|(number, _)| number.parse().ok()).ok_or(said.clone())?;
        let seconds = said.trim_end().strip_suffix(" CPU seconds").and_then(|said| said.rsplit(' ').next());
        ours = ours.min(seconds.and_then(|seconds| seconds.parse().ok()).ok_or(said.clone())?);
        theirs = theirs.min(ffmpeg_seconds(&repeated)?);
    }
    Ok((pictures / ours, pictures / theirs))
}

/// FFmpeg's own `-benchmark` says user and system time of the process.
fn ffmpeg_seconds(stream: &Path) -> Outcome<f64> {
    let mut ffmpeg = command("ffmpeg", &["-nostdin", "-hide_banner", "-benchmark", "-threads", "1"]);
    ffmpeg.args(["-f", "mpegvideo", "-i"]).arg(stream).args(["-f", "null", "-"]);
    let ended = ffmpeg.output().map_err(|error| format!("ffmpeg: {error}"))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let number = |mark: &str| {
        let (_, rest) = said.rsplit_once(mark)?;
        rest.split('s').next()?.parse::<f64>().ok()
    };
    Ok(number("utime=").zip(number("stime=")).map(|(user, system)| user + system).ok_or(said.clone())?)
}

/// A stream of FFmpeg's, as ordinary as can be but without B pictures.
fn by_ffmpeg(clip: &Clip, quantiser: u8, filter: Option<&str>) -> Outcome<PathBuf> {
    let path = target().join("clips/to-decode.m1v");
    let mut ffmpeg = command("ffmpeg", &["-nostdin", "-v", "error", "-y", "-f", "rawvideo"]);
    ffmpeg.args(["-pix_fmt", "yuv420p", "-s", &clip.size(), "-r", "24", "-i"]).arg(clip.path());
    if let Some(filter) = filter {
        ffmpeg.args(["-vf", filter, "-frames:v", FULL_HD_PICTURES]);
    }
    ffmpeg.args(["-threads", "1", "-c:v", "mpeg1video", "-bf", "0", "-g", "12"]);
    run(ffmpeg.args(["-q:v", &quantiser.to_string(), "-f", "mpeg1video"]).arg(&path))?;
    Ok(path)
}

/// A stream of ours, as viewers get it.
fn by_us(clip: &Clip) -> Outcome<PathBuf> {
    let path = target().join("clips/to-decode.m1v");
    let mut encode = Command::new(target().join("release/examples/encode"));
    encode.args(["--size", &clip.size(), "--fps", "24", "--bitrate", &BITS_PER_SECOND.to_string()]);
    output(encode.arg(clip.path()).arg(&path))?;
    Ok(path)
}
