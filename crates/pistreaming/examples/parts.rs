//! What it gains to send a picture in parts while it is being coded: the program's encoder and hub, working in real time, and
//! two viewers side by side of the same pictures, one who takes parts and one who does not. Links are reckoned and not real.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pistreaming::encode::{self, Choice, Settings, Station};
use pistreaming::frame::{FramePool, FrameSize};
use pistreaming::hub::{Audience, Hub, Link, Viewer};
use pistreaming::mailbox::Mailbox;
use pistreaming::shutdown::Shutdown;
use pistreaming::source::FrameRate;
use pistreaming::time::Clock;
use pistreaming::unit::TimeMeaning;

const USAGE: &str = "parts WxH FPS BITS_PER_SECOND THREADS IN.yuv

Prints, for links of some rates, the time in ms from a frame to the last byte of its picture at the other end: whole, in parts,
and by how much less; medians, and 95th of a hundred. Only pictures that were handed out in parts count.";

/// Links, in Mbit/s; at the last one nothing takes any time.
const LINKS: [f64; 5] = [10.0, 20.0, 50.0, 100.0, f64::INFINITY];
/// Pictures read of the clip: 1.5 GB of 1920x1080 are too much for a small machine.
const MOST_PICTURES: usize = 120;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [size, fps, bits, threads, file] = words.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(size, fps, bits, threads, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(size: &str, fps: &str, bits: &str, threads: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let size: FrameSize = size.parse()?;
    let rate: FrameRate = fps.parse()?;
    let frames = Arc::new(Mailbox::new());
    let station = Station {
        hub: Hub::new(true, Arc::clone(&frames)),
        frames,
        rate: Arc::new(Mutex::new(rate)),
        clock: Clock::start(),
        shutdown: Shutdown::new()?,
        say: |_| {},
    };
    let settings = Settings {
        choice: Choice::Embedded,
        bits_per_second: bits.parse()?,
        preset: mpeg1::encode::Preset::Balanced,
        threads: Some(threads.parse()?),
        renditions: 0,
        ffmpeg_program: "ffmpeg".into(),
    };
    let encoder = std::thread::spawn({
        let station = station.clone();
        move || encode::run(&settings, &station)
    });
    let takers = [Audience::Live, Audience::Old].map(|audience| {
        let (viewer, clock) = (station.hub.join_as(audience), station.clock);
        let stop = station.shutdown.clone();
        std::thread::spawn(move || take(viewer, clock, &stop))
    });
    feed(size, rate, file, &station)?;
    station.shutdown.trigger();
    station.hub.wake();
    let seen = takers.map(|taker| taker.join().unwrap_or_default());
    station.frames.close();
    encoder.join().map_err(|_| "the encoder has panicked")??;
    report(&seen[0], &seen[1], station.hub.counts().coding_mean_us);
    Ok(())
}

/// Puts the clip's frames into the river, in real time.
fn feed(size: FrameSize, rate: FrameRate, file: &str, station: &Station) -> Result<(), Box<dyn Error>> {
    let mut clip = vec![0; size.i420_len() * MOST_PICTURES];
    let mut len = 0;
    let mut file = std::fs::File::open(file)?;
    while let count @ 1.. = file.read(&mut clip[len..])? {
        len += count;
    }
    let mut pool = FramePool::new(size);
    let (begun, interval) = (Instant::now(), Duration::from_secs_f64(1.0 / rate.as_f64()));
    for (n, samples) in clip[..len].chunks_exact(size.i420_len()).enumerate() {
        let mut blank = pool.blank();
        blank.samples().copy_from_slice(samples);
        std::thread::sleep((interval * n as u32).saturating_sub(begun.elapsed()));
        let captured = station.clock.now();
        station.frames.put(pool.freeze(blank, n as u64, captured, TimeMeaning::Arrival));
    }
    std::thread::sleep(interval * 4);
    Ok(())
}

/// When its frame was captured, and when so many bytes of it were there to be sent, all in seconds.
#[derive(Debug, Default)]
struct Sent {
    captured: f64,
    parts: Vec<(f64, usize)>,
}

/// Takes all that there is for one viewer, by the numbers of pictures.
fn take(mut viewer: Viewer, clock: Clock, stop: &Shutdown) -> BTreeMap<u32, Sent> {
    let (mut seen, mut news) = (BTreeMap::<u32, Sent>::new(), viewer.hub().news());
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return seen };
    while !stop.is_triggered() {
        while let Some(next) = viewer.step(Link::default()) {
            let unit = &next.item.unit;
            let sent = seen.entry(unit.sequence).or_default();
            sent.captured = unit.captured.as_micros() as f64 / 1e6;
            sent.parts.push((clock.now().as_micros() as f64 / 1e6, unit.bytes.len()));
        }
        if runtime.block_on(news.changed()).is_err() {
            break;
        }
    }
    seen
}

fn report(in_parts: &BTreeMap<u32, Sent>, whole: &BTreeMap<u32, Sent>, coding_us: u64) {
    let counted = |sequence: &u32| in_parts.get(sequence).is_some_and(|sent| sent.parts.len() > 1);
    let count = whole.keys().filter(|sequence| counted(sequence)).count();
    let parts: usize = in_parts.values().map(|sent| sent.parts.len()).sum();
    println!(
        "{count} of {} pictures in parts, {parts} messages, coding takes {:.1} ms",
        whole.len(),
        coding_us as f64 / 1e3
    );
    println!("Mbit/s      whole         in parts      less");
    for megabits in LINKS {
        let (ours, theirs) = (arrivals(in_parts, megabits), arrivals(whole, megabits));
        let both = || theirs.iter().filter(|(sequence, _)| counted(sequence));
        let theirs: Vec<f64> = both().map(|(_, ms)| *ms).collect();
        let ours: Vec<f64> = both().filter_map(|(sequence, _)| ours.get(sequence).copied()).collect();
        let less: Vec<f64> = theirs.iter().zip(&ours).map(|(theirs, ours)| theirs - ours).collect();
        let cells = [theirs, ours, less].map(|mut values| {
            values.sort_by(f64::total_cmp);
            let at = |percent: usize| values.get(values.len().saturating_sub(1) * percent / 100);
            let number = |value: Option<&f64>| value.map_or("–".into(), |value| format!("{value:.1}"));
            format!("{:>6} {:>6}", number(at(50)), number(at(95)))
        });
        println!("{megabits:>6} {}", cells.join("  "));
    }
}

/// From each frame to its picture's last byte at the other end of a link, in ms.
fn arrivals(sent: &BTreeMap<u32, Sent>, megabits: f64) -> BTreeMap<u32, f64> {
    let mut free = 0.0_f64;
    let arrival = |(sequence, sent): (&u32, &Sent)| {
        for (at, bytes) in &sent.parts {
            free = free.max(*at) + *bytes as f64 * 8.0 / (megabits * 1e6);
        }
        (*sequence, (free - sent.captured) * 1e3)
    };
    sent.iter().map(arrival).collect()
}
