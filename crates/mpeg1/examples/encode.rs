//! Codes raw I420 pictures into an MPEG-1 video elementary stream.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Preset, Rate, Refresh, Settings};

const USAGE: &str =
    "encode --size WxH --fps N (--quantiser Q | --bitrate BPS) [--threads N] [--gop N] [--preset NAME] [--adaptive]
    [--pictures N] [--psnr] [--parts] IN.yuv OUT.m1v

Codes raw I420 pictures of IN.yuv into OUT.m1v and prints pictures, bytes, the largest picture's bytes, CPU seconds and elapsed ones.

  --size WxH      width and height in pixels
  --fps N         pictures per second
  --quantiser Q   a fixed quantiser scale, 1 (finest) to 31
  --bitrate BPS   bits per second
  --threads N     threads that code one picture (1)
  --gop N         an I picture every N pictures, 1 to 132 (a rolling refresh within 3 s)
  --preset NAME   balanced: few bits, or fast: little time (balanced)
  --adaptive      what is busy is coded more coarsely
  --pictures N    no more than so many
  --psnr          print the PSNR of the luma, too; its time is in the seconds
  --parts         print how much of a picture's coding time has passed when its first slice is handed out";

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).map(|job| run(&job)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("encode: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("encode: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

struct Job {
    settings: Settings,
    most_pictures: u64,
    psnr: bool,
    parts: bool,
    input: String,
    output: String,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Job, String> {
    let (mut size, mut fps, mut rate, mut threads, mut gop) = (None, None, None, 1, None);
    let (mut most_pictures, mut psnr, mut parts, mut adaptive) = (u64::MAX, false, false, false);
    let (mut preset, mut files) = (Preset::default(), Vec::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--size" => {
                size = value()?.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)))
            }
            "--fps" => fps = Some(number(&value()?)?),
            "--quantiser" => rate = Some(Rate::Quantiser(number(&value()?)?)),
            "--bitrate" => rate = Some(Rate::BitsPerSecond(number(&value()?)?)),
            "--threads" => threads = number(&value()?)?,
            "--gop" => gop = Some(number(&value()?)?),
            "--pictures" => most_pictures = number(&value()?)?,
            "--psnr" => psnr = true,
            "--preset" => preset = value()?.parse().map_err(|error| format!("{error}"))?,
            "--adaptive" => adaptive = true,
            "--parts" => parts = true,
            option if option.starts_with("--") => return Err(format!("there is no option {option}")),
            _ => files.push(word),
        }
    }
    let (width, height) = size.ok_or("--size WxH is missing")?;
    let fps = fps.ok_or("--fps N is missing")?;
    let rate = rate.ok_or("--quantiser Q or --bitrate BPS is missing")?;
    let [input, output] = <[String; 2]>::try_from(files).map_err(|_| "IN.yuv and OUT.m1v are to be named")?;
    let mut settings = Settings { threads, preset, adaptive, ..Settings::new(width, height, fps, rate) };
    settings.refresh = gop.map_or(settings.refresh, Refresh::Periodic);
    Ok(Job { settings, most_pictures, psnr, parts, input, output })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number that fits"))
}

fn run(job: &Job) -> Result<(), Box<dyn std::error::Error>> {
    let Settings { width, height, .. } = job.settings;
    let mut encoder = Encoder::new(job.settings)?;
    let mut input = File::open(&job.input).map_err(|error| format!("{}: {error}", job.input))?;
    let output = File::create(&job.output).map_err(|error| format!("{}: {error}", job.output))?;
    let mut output = BufWriter::new(output);
    let mut picture = vec![0; PictureView::i420_len(width, height)];
    let (mut unit, mut pictures, mut bytes, mut largest, mut off) = (Vec::new(), 0u64, 0, 0, 0);
    let (mut until_first, mut coding) = (0.0, 0.0);
    let (before, start) = (cpu_seconds(), Instant::now());
    while pictures < job.most_pictures && read_whole(&mut input, &mut picture)? {
        unit.clear();
        let view = PictureView::from_i420(&picture, width, height);
        let (begun, mut first) = (Instant::now(), None);
        encoder
            .encode_parts(view, Intra::Auto, &mut unit, |_| _ = first.get_or_insert_with(|| begun.elapsed()));
        until_first += first.unwrap_or_default().as_secs_f64();
        coding += begun.elapsed().as_secs_f64();
        if job.psnr {
            off += squared_error(view, encoder.reference());
        }
        output.write_all(&unit)?;
        pictures += 1;
        bytes += unit.len();
        largest = largest.max(unit.len());
    }
    output.write_all(&[0, 0, 1, mpeg1::bits::start_code::SEQUENCE_END])?;
    output.flush()?;
    println!("pictures {pictures}\nbytes {bytes}\nlargest {largest}\ncpu {:.3} s", cpu_seconds() - before);
    println!("elapsed {:.3} s", start.elapsed().as_secs_f64());
    if job.parts {
        println!(
            "first part after {:.1} % of {:.3} ms",
            until_first / coding * 100.0,
            coding * 1e3 / pictures as f64
        );
    }
    if job.psnr {
        let mean = off as f64 / (pictures as f64 * (width * height) as f64);
        println!("psnr {:.4} dB", 10.0 * (255.0 * 255.0 / mean).log10());
    }
    Ok(())
}

/// The sum of squared differences of the luma.
fn squared_error(a: PictureView<'_>, b: PictureView<'_>) -> u64 {
    let row = |y: usize| -> u32 {
        let pairs = a.y.row(y)[..a.width].iter().zip(b.y.row(y));
        pairs.map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    (0..a.height).map(|y| u64::from(row(y))).sum()
}

/// Whether a whole picture was read; the rest of a file that holds a part of one is left.
fn read_whole(input: &mut File, picture: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(picture) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// CPU time of the process's threads so far, of those that live: the first field of their `schedstat`, in nanoseconds.
/// The times in `stat` are rounded to 10 ms, a twelfth of what a clip takes.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}
