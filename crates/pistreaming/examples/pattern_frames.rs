//! Writes the test pattern to standard output as raw I420 frames, at its rate: a camera for other programs.
//!
//! `cargo run --release -p pistreaming --example pattern_frames -- --size 640x480 --fps 24 | ffplay -f rawvideo …`

use std::error::Error;
use std::io::{self, Write as _};

use pistreaming::frame::{Frame, FrameSize};
use pistreaming::shutdown::Shutdown;
use pistreaming::source::{self, Choice, FrameRate, Settings, Sink};
use pistreaming::time::Clock;

/// Writes frames as they come, until nobody reads them.
struct Output<'a> {
    shutdown: &'a Shutdown,
}

impl Sink for Output<'_> {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        eprintln!("I420, {}x{}, {} frames/s", size.width(), size.height(), rate.as_f64());
    }

    fn frame(&self, frame: Frame) {
        if io::stdout().lock().write_all(frame.i420()).is_err() {
            self.shutdown.trigger();
        }
    }

    fn note(&self, text: String) {
        eprintln!("{text}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = settings()?;
    let chosen = source::choose(&settings)?;
    let shutdown = Shutdown::new()?;
    source::run(&chosen, &settings, Clock::start(), &Output { shutdown: &shutdown }, &shutdown)?;
    Ok(())
}

fn settings() -> Result<Settings, Box<dyn Error>> {
    let mut settings = Settings::new(Choice::Pattern, FrameSize::new(640, 480)?, FrameRate::new(24, 1)?);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--size" => settings.size = value.parse()?,
            "--fps" => settings.frames_per_second = value.parse()?,
            _ => return Err(format!("unknown option {name}; there are --size WxH and --fps N").into()),
        }
    }
    Ok(settings)
}
