//! `cargo xtask bench drift`: what viewers see whose decoder has another inverse DCT than ours. The standard leaves its
//! rounding open; what is predicted from a picture carries the difference on, until the refresh has passed.
//!
//! Here belongs: the decoders, and how far their pictures are from the clip. Not here: the clips (`clips`), speeds.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::clips::{self, CLIPS, Clip, RATE};
use super::encoders::Aim;
use crate::Outcome;
use crate::packages::{NODE, ensure};
use crate::shell::{cargo, command, output, root, run, target};

/// So many pictures, the clip forwards and backwards again and again: without a cut.
const PICTURES: usize = 500;
/// Pictures in which the default refresh goes through the picture once (3 s).
const CYCLE: usize = 3 * RATE as usize;
/// What FFmpeg's pictures may lose, in dB: its inverse DCT is ours.
const MOST_OF_FFMPEG: f64 = 0.05;

const AIMS: [Aim; 4] = [Aim::Quantiser(2), Aim::Quantiser(4), Aim::Quantiser(8), Aim::Rate(800_000)];

/// Decoders; the first gives the encoder's own reconstruction, which tests show.
const DECODERS: [(&str, Decoder); 6] = [
    ("ours", Decoder::Example("decode")),
    ("FFmpeg", Decoder::Ffmpeg),
    ("oxideav-mpeg12video", Decoder::Example("decode_oxideav")),
    ("jsmpeg 1.0.0, of 2013", Decoder::Jsmpeg("2013")),
    ("today's JSMpeg, JavaScript", Decoder::Jsmpeg("js")),
    ("today's JSMpeg, WebAssembly", Decoder::Jsmpeg("wasm")),
];

#[derive(Clone, Copy)]
enum Decoder {
    /// One of the codec's examples.
    Example(&'static str),
    Ffmpeg,
    Jsmpeg(&'static str),
}

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    if let [unknown, ..] = arguments {
        return Err(format!("bench drift takes no option {unknown:?}"));
    }
    ensure(NODE)?;
    run(command("npm", &["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(root().join("web")))?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "mpeg1", "--examples"]))?;
    clips::make()?;
    for clip in &CLIPS[..2] {
        println!("\n{}: {}, {PICTURES} pictures of {}", clip.name, clip.what, clip.size());
        println!(
            "{:<6} {:<28} {:>8} {:>8} {:>8} {:>8}   mean loss of each cycle",
            "", "", "PSNR-Y", "loss", "worst", "chroma"
        );
        let long = lengthen(clip)?;
        let done = AIMS.iter().try_for_each(|aim| one_stream(clip, &long, *aim));
        fs::remove_file(&long).map_err(|error| error.to_string())?;
        done?;
    }
    Ok(())
}

fn file(name: &str) -> PathBuf {
    target().join("clips").join(name)
}

/// The clip to and fro.
fn lengthen(clip: &Clip) -> Outcome<PathBuf> {
    let bytes = fs::read(clip.path()).map_err(|error| error.to_string())?;
    let forwards = bytes.chunks_exact(clip.picture_len());
    let to_and_fro = forwards.clone().chain(forwards.rev()).cycle().take(PICTURES);
    let path = file("drift.yuv");
    let mut out = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    to_and_fro
        .into_iter()
        .try_for_each(|picture| out.write_all(picture))
        .map_err(|error| error.to_string())?;
    Ok(path)
}

fn one_stream(clip: &Clip, source: &Path, aim: Aim) -> Outcome {
    let (stream, decoded) = (file("drift.m1v"), file("drift-decoded.yuv"));
    let mut encode = Command::new(target().join("release/examples/encode"));
    encode.args(["--size", &clip.size(), "--fps", &RATE.to_string()]).args(aim.options());
    output(encode.arg(source).arg(&stream))?;
    let mut ours: Option<Vec<Quality>> = None;
    for (name, decoder) in DECODERS {
        decoder.decode(&stream, &decoded)?;
        let theirs = compare(clip, source, &decoded)?;
        let loss = Loss::of(ours.as_ref().unwrap_or(&theirs), &theirs);
        println!("{:<6} {name:<28} {loss}", aim.name());
        if matches!(decoder, Decoder::Ffmpeg) && loss.mean >= MOST_OF_FFMPEG {
            return Err(format!(
                "FFmpeg's pictures lose {:.3} dB: its inverse DCT should be ours",
                loss.mean
            ));
        }
        ours.get_or_insert(theirs);
    }
    [stream, decoded].iter().try_for_each(fs::remove_file).map_err(|error| error.to_string())
}

impl Decoder {
    fn decode(self, stream: &Path, to: &Path) -> Outcome {
        let mut command = match self {
            Self::Example(name) => Command::new(target().join("release/examples").join(name)),
            Self::Ffmpeg => command("ffmpeg", &["-nostdin", "-v", "error", "-y", "-i"]),
            Self::Jsmpeg(which) => command("node", &["web/bench/planes.mjs", which]),
        };
        command.arg(stream);
        if matches!(self, Self::Ffmpeg) {
            command.args("-fps_mode passthrough -pix_fmt yuv420p -f rawvideo".split(' '));
        }
        output(command.arg(to)).map(drop)
    }
}

/// PSNRs of one picture, in dB.
#[derive(Clone, Copy)]
struct Quality {
    luma: f64,
    chroma: f64,
}

/// Reads two files of pictures side by side.
fn compare(clip: &Clip, a: &Path, b: &Path) -> Outcome<Vec<Quality>> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (mut a, mut b) = (open(a)?, open(b)?);
    let (mut one, mut other) = (vec![0; clip.picture_len()], vec![0; clip.picture_len()]);
    let luma = clip.width * clip.height;
    let mut read = || -> std::io::Result<Quality> {
        a.read_exact(&mut one)?;
        b.read_exact(&mut other)?;
        Ok(Quality { luma: psnr(&one[..luma], &other[..luma]), chroma: psnr(&one[luma..], &other[luma..]) })
    };
    (0..PICTURES).map(|n| read().map_err(|error| format!("picture {n} of {PICTURES}: {error}"))).collect()
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / (sum as f64).max(1.0)).log10()
}

/// What a decoder's pictures lose against another's, in dB.
struct Loss {
    psnr: f64,
    mean: f64,
    worst: f64,
    chroma: f64,
    /// The mean of each cycle of the refresh.
    cycles: Vec<f64>,
}

impl Loss {
    fn of(ours: &[Quality], theirs: &[Quality]) -> Self {
        let losses: Vec<f64> =
            ours.iter().zip(theirs).map(|(ours, theirs)| ours.luma - theirs.luma).collect();
        let chroma: Vec<f64> =
            ours.iter().zip(theirs).map(|(ours, theirs)| ours.chroma - theirs.chroma).collect();
        let psnrs: Vec<f64> = theirs.iter().map(|quality| quality.luma).collect();
        Self {
            psnr: mean(&psnrs),
            mean: mean(&losses),
            worst: losses.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            chroma: mean(&chroma),
            cycles: losses.chunks_exact(CYCLE).map(mean).collect(),
        }
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { psnr, mean, worst, chroma, cycles } = self;
        write!(f, "{psnr:>8.2} {mean:>8.3} {worst:>8.3} {chroma:>8.3}  ")?;
        cycles.iter().try_for_each(|cycle| write!(f, " {cycle:.2}"))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_by_cycle_and_at_their_worst() {
        let quality = |luma| Quality { luma, chroma: luma };
        let ours = vec![quality(40.0); 2 * CYCLE + 1];
        let mut theirs = ours.clone();
        theirs[CYCLE..].fill(quality(39.0));
        theirs[3] = quality(38.0);
        let loss = Loss::of(&ours, &theirs);
        assert_eq!((loss.worst, loss.cycles[1], loss.cycles.len()), (2.0, 1.0, 2));
        assert!((loss.mean - (CYCLE as f64 + 3.0) / (2.0 * CYCLE as f64 + 1.0)).abs() < 1e-9);
        assert!((psnr(&[10; 100], &[11; 100]) - 48.13).abs() < 0.01);
    }
}
