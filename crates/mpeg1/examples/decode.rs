//! Decodes an MPEG-1 video elementary stream to raw I420 pictures: `decode IN.m1v OUT.yuv`. Without OUT.yuv it decodes
//! and says how long it took.

use mpeg1::decode::{Decoded, Decoder};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: decode IN.m1v [OUT.yuv]
  IN.m1v   an MPEG-1 video elementary stream (- for standard input); no MPEG-PS or MPEG-TS
  OUT.yuv  raw I420 pictures, one behind the other (- for standard output); a stream may change their size;
           without it they are only decoded";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (input, output) = match &arguments[..] {
        [input] => (input, None),
        [input, output] => (input, Some(output.as_str())),
        _ => {
            eprintln!("decode takes one or two files, not {}\n{USAGE}", arguments.len());
            return ExitCode::from(2);
        }
    };
    match run(input, output) {
        Ok(totals) => {
            eprintln!("{totals}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("decode: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(input: &str, output: Option<&str>) -> Result<String, String> {
    let mut from = open(input).map_err(|error| format!("cannot open {input}: {error}"))?;
    let name = output.unwrap_or("nothing");
    let mut sink = Sink::new(output).map_err(|error| format!("cannot create {name}: {error}"))?;
    let write_error = |error| format!("cannot write to {name}: {error}");
    let mut decoder = Decoder::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match from.read(&mut piece).map_err(|error| format!("cannot read {input}: {error}"))? {
            0 => break,
            len => decoder.push(&piece[..len]),
        }
        while let Some(decoded) = decoder.next_picture() {
            sink.picture(&decoded).map_err(write_error)?;
        }
    }
    while let Some(decoded) = decoder.finish() {
        sink.picture(&decoded).map_err(write_error)?;
    }
    sink.flush().map_err(write_error)?;
    if sink.pictures == 0 {
        return Err(format!("{input} has no picture that can be shown: is it an MPEG-1 elementary stream?"));
    }
    let Sink { pictures, concealed, .. } = sink;
    let skipped = decoder.skipped_pictures();
    let seconds = cpu_seconds().map_or("unknown".into(), |seconds| format!("{seconds:.2}"));
    Ok(format!(
        "{pictures} pictures, {concealed} macroblocks concealed, {skipped} B and D pictures skipped, {seconds} CPU seconds"
    ))
}

fn open(input: &str) -> std::io::Result<Box<dyn Read>> {
    Ok(if input == "-" { Box::new(std::io::stdin().lock()) } else { Box::new(File::open(input)?) })
}

/// Where pictures go, and what they come to.
struct Sink {
    out: Option<BufWriter<Box<dyn Write>>>,
    samples: Vec<u8>,
    pictures: u64,
    concealed: u64,
}

impl Sink {
    fn new(output: Option<&str>) -> std::io::Result<Self> {
        let open = |name: &str| -> std::io::Result<Box<dyn Write>> {
            Ok(if name == "-" { Box::new(std::io::stdout().lock()) } else { Box::new(File::create(name)?) })
        };
        let out = output.map(open).transpose()?.map(BufWriter::new);
        Ok(Self { out, samples: Vec::new(), pictures: 0, concealed: 0 })
    }

    fn picture(&mut self, decoded: &Decoded<'_>) -> std::io::Result<()> {
        self.pictures += 1;
        self.concealed += u64::from(decoded.concealed_macroblocks);
        let Some(out) = &mut self.out else { return Ok(()) };
        self.samples.clear();
        decoded.picture.write_i420(&mut self.samples);
        out.write_all(&self.samples)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// CPU time of this process so far, writing included; `None` where the system does not tell.
fn cpu_seconds() -> Option<f64> {
    // Behind the name in brackets, which may hold anything, utime and stime are fields 11 and 12, in 1/100 s (USER_HZ).
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}
