//! `cargo xtask bench encode`: the encoder beside FFmpeg's `mpeg1video` on the same clips in one run, one thread each.
//!
//! Here belongs: what is run, and the table. Not here: the encoders (`encoders`), the clips (`clips`), comparing curves
//! (`curves`), counting instructions (`instructions`).

use super::clips::{self, CLIPS, Clip, FULL_HD, PICTURES, RATE};
use super::curves::{Point, rate_difference};
use super::encoders::{Aim, Coded, Encoder, largest_picture, ours_by_the_clock, ours_psnr, quality};
use super::instructions;
use crate::Outcome;
use crate::shell::{cargo, run, target};

/// Fixed quantiser scales.
const QUANTISERS: [u8; 4] = [2, 4, 8, 16];
/// A rate to be met, in bits per second.
const BITS_PER_SECOND: u32 = 800_000;
/// Each encoding is timed so often, the encoders in turns; the least counts. Only ours and FFmpeg's default are: nothing
/// is aimed at of how quick the other one is, and it takes as long as all the rest.
const TIMES: usize = 5;
const ENCODERS: [Encoder; 4] = [OURS[0], OURS[1], RIVALS[0], RIVALS[1]];
const OURS: [Encoder; 2] = [Encoder::Ours, Encoder::OursFast];
const RIVALS: [Encoder; 2] = [Encoder::Ffmpeg, Encoder::FfmpegTrellis];
/// The quantiser of what is measured at one alone: full HD, two threads.
const ONE: Aim = Aim::Quantiser(8);

/// What is asked for.
struct Options {
    /// Some clips alone; none: all.
    clips: Vec<String>,
    /// Nothing but BD-rates, to see what a change is worth.
    quick: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self { clips: Vec::new(), quick: false };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => options.quick = true,
                "--clip" => options.clips.push(words.next().ok_or("--clip needs a name")?.clone()),
                _ => return Err(format!("bench encode takes no option {word:?}")),
            }
        }
        let known = |name: &str| CLIPS.iter().chain([&FULL_HD]).any(|clip| clip.name == name);
        match options.clips.iter().find(|name| !known(name)) {
            Some(name) => {
                let names = CLIPS.map(|clip| clip.name).join(", ");
                Err(format!("there is no clip {name:?} but {names}, {}", FULL_HD.name))
            }
            None => Ok(options),
        }
    }

    fn wants(&self, clip: &Clip) -> bool {
        self.clips.is_empty() || self.clips.iter().any(|name| name == clip.name)
    }
}

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "mpeg1", "--example", "encode"]))?;
    clips::make()?;
    for clip in CLIPS.iter().filter(|clip| options.wants(clip)) {
        if options.quick { rates_alone(clip)? } else { one_clip(clip)? }
    }
    if !options.quick && options.wants(&FULL_HD) {
        clips::make_one(&FULL_HD)?;
        head(&FULL_HD);
        rows(&FULL_HD, ONE)?;
        threads(&FULL_HD)?;
    }
    Ok(())
}

fn head(clip: &Clip) {
    println!("\n{}: {}, {PICTURES} pictures of {}", clip.name, clip.what, clip.size());
    println!(
        "{:<32} {:>9} {:>11} {:>9} {:>9} {:>9}",
        "", "quantiser", "pictures/s", "kbit/s", "PSNR-Y", "SSIM-Y"
    );
}

fn one_clip(clip: &Clip) -> Outcome {
    head(clip);
    let mut curves = [const { Vec::new() }; ENCODERS.len()];
    for quantiser in QUANTISERS {
        let points = rows(clip, Aim::Quantiser(quantiser))?;
        curves.iter_mut().zip(points).for_each(|(curve, point)| curve.push(point));
    }
    let points = rows(clip, Aim::Rate(BITS_PER_SECOND))?;
    for (encoder, point) in ENCODERS.iter().zip(points) {
        let off = kbits(point.bits) * 1000.0 / f64::from(BITS_PER_SECOND) - 1.0;
        let largest = largest_picture(&encoder.stream())?;
        let rate = format!("rate off by {:+.1} %, largest picture {largest} bytes", off * 100.0);
        println!("{:<32} {:>9} {rate}", encoder.name(), "800k");
    }
    let (ours, rivals) = curves.split_at(OURS.len());
    for (encoder, ours) in OURS.iter().zip(ours) {
        for (rival, theirs) in RIVALS.iter().zip(rivals) {
            print_rate_difference((*rival, theirs), (*encoder, ours));
        }
    }
    threads(clip)?;
    count(clip)
}

/// A row for each encoder.
fn rows(clip: &Clip, aim: Aim) -> Outcome<Vec<Point>> {
    let mut points = Vec::new();
    let coded = in_turns(clip, aim)?;
    let rival = coded[OURS.len()].cpu_seconds;
    let times: Vec<_> = coded[..OURS.len()].iter().map(|ours| rival / ours.cpu_seconds).collect();
    for (encoder, coded) in ENCODERS.into_iter().zip(coded) {
        let (psnr, ssim) = quality(clip, &encoder.stream())?;
        let (speed, bits) = (PICTURES as f64 / coded.cpu_seconds, coded.bytes as f64 * 8.0);
        let (name, aim) = (encoder.name(), aim.name());
        println!("{name:<32} {aim:>9} {speed:>11.0} {:>9.0} {psnr:>9.2} {ssim:>9.4}", kbits(bits));
        points.push(Point { bits, psnr });
    }
    for (encoder, times) in OURS.iter().zip(times) {
        let (name, rival) = (encoder.name(), RIVALS[0].name());
        println!("{name:<32} {:>9} {times:>10.2} times the speed of {rival}", aim.name());
    }
    Ok(points)
}

/// Codes the clip with every encoder, in turns; the least CPU time of each counts, and of the slow one the only one.
fn in_turns(clip: &Clip, aim: Aim) -> Outcome<Vec<Coded>> {
    let mut best = Vec::new();
    for encoder in ENCODERS {
        best.push(encoder.encode(clip, aim)?);
    }
    for _ in 1..TIMES {
        let quick = ENCODERS.into_iter().zip(&mut best);
        for (encoder, best) in quick.filter(|(encoder, _)| *encoder != Encoder::FfmpegTrellis) {
            let coded = encoder.encode(clip, aim)?;
            best.cpu_seconds = best.cpu_seconds.min(coded.cpu_seconds);
        }
    }
    Ok(best)
}

/// One thread beside two.
fn threads(clip: &Clip) -> Outcome {
    let (mut one, mut two) = (0f64, 0f64);
    for _ in 0..TIMES {
        one = one.max(ours_by_the_clock(clip, ONE, 1)?);
        two = two.max(ours_by_the_clock(clip, ONE, 2)?);
    }
    println!("ours by the clock at quantiser {}: {one:.0} pictures/s, with two threads {two:.0}", ONE.name());
    Ok(())
}

/// Instructions of ours and of FFmpeg's default.
fn count(clip: &Clip) -> Outcome {
    if !instructions::can_count() {
        println!("instructions are not counted: there is no valgrind (apt-get install valgrind)");
        return Ok(());
    }
    for quantiser in QUANTISERS {
        let aim = Aim::Quantiser(quantiser);
        let count = |of| instructions::a_picture(of, clip, aim).map(|count| count as f64 / 1e6);
        let rival = count(RIVALS[0])?;
        println!("million instructions a picture at quantiser {quantiser}: {} {rival:.1}", RIVALS[0].name());
        for encoder in OURS {
            let ours = count(encoder)?;
            println!("    {} {ours:.1}: {:.2} times fewer", encoder.name(), rival / ours);
        }
    }
    Ok(())
}

/// BD-rates of ours against FFmpeg's curves, which are kept from run to run.
fn rates_alone(clip: &Clip) -> Outcome {
    println!("{}", clip.name);
    for encoder in OURS {
        let mut ours = Vec::new();
        for quantiser in QUANTISERS {
            let (psnr, bytes) = ours_psnr(encoder, clip, Aim::Quantiser(quantiser))?;
            ours.push(Point { bits: bytes * 8.0, psnr });
        }
        for rival in RIVALS {
            print_rate_difference((rival, &kept_curve(rival, clip)?), (encoder, &ours));
        }
    }
    Ok(())
}

fn kept_curve(encoder: Encoder, clip: &Clip) -> Outcome<Vec<Point>> {
    let file =
        target().join("clips").join(format!("{}-{}.curve", clip.name, encoder.name().replace(' ', "")));
    if let Ok(text) = std::fs::read_to_string(&file) {
        let number = |word: &str| word.parse::<f64>().map_err(|_| format!("{}: delete it", file.display()));
        let point = |line: &str| -> Outcome<Point> {
            let (bits, psnr) =
                line.split_once(' ').ok_or_else(|| format!("{}: delete it", file.display()))?;
            Ok(Point { bits: number(bits)?, psnr: number(psnr)? })
        };
        return text.lines().map(point).collect();
    }
    let mut curve = Vec::new();
    for quantiser in QUANTISERS {
        let bits = encoder.encode(clip, Aim::Quantiser(quantiser))?.bytes as f64 * 8.0;
        curve.push(Point { bits, psnr: quality(clip, &encoder.stream())?.0 });
    }
    let lines: String = curve.iter().map(|point| format!("{} {}\n", point.bits, point.psnr)).collect();
    std::fs::write(&file, lines).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(curve)
}

fn print_rate_difference((rival, theirs): (Encoder, &[Point]), (encoder, ours): (Encoder, &[Point])) {
    let (name, rival) = (encoder.name(), rival.name());
    println!("BD-rate of {name} against {rival}: {:+.1} %", rate_difference(theirs, ours) * 100.0);
}

fn kbits(bits: f64) -> f64 {
    bits * RATE / PICTURES as f64 / 1000.0
}
