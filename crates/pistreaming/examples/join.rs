//! How soon one who joins sees what those see who watched from the start: the program's encoder, hub and joins, with
//! links that are reckoned and not real, so that every run gives the same figures.

use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};
use mpeg1::{PictureKind, PictureView};
use pistreaming::encode::private::{Common, Private};
use pistreaming::hub::{Hub, Link, Role, Viewer};
use pistreaming::mailbox::Mailbox;
use pistreaming::time::{Clock, Timestamp};
use pistreaming::unit::{AccessUnit, Picture, TimeMeaning};

const USAGE: &str = "join WxH FPS BITS_PER_SECOND IN.yuv

Prints, for links of 1.1, 1.5, 3 and 20 times the rate, by how many dB (luma) the picture of one who joins is behind that
of one who watched from the start, some seconds after the join, as the mean of several joins; – where he has no picture yet.";

/// Links, in multiples of the rate.
const LINKS: [f64; 4] = [1.1, 1.5, 3.0, 20.0];
/// When it is looked, in seconds after the join: 0 is just before the next picture.
const LOOKS: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 5.0];
/// When somebody joins, in seconds.
const JOINS: [f64; 4] = [2.0, 2.4, 3.1, 4.0];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match Job::parse(&words).map(|job| job.run()) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("join: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

struct Job {
    width: usize,
    height: usize,
    frames_per_second: u32,
    bits_per_second: u32,
    pictures: Vec<u8>,
}

impl Job {
    fn parse(words: &[String]) -> Option<Self> {
        let [size, fps, bits, file] = words else { return None };
        let (width, height) = size.split_once('x')?;
        Some(Self {
            width: width.parse().ok()?,
            height: height.parse().ok()?,
            frames_per_second: fps.parse().ok()?,
            bits_per_second: bits.parse().ok()?,
            pictures: std::fs::read(file).map_err(|error| eprintln!("{file}: {error}")).ok()?,
        })
    }

    fn run(&self) -> Result<(), Box<dyn std::error::Error>> {
        println!("link     {:>7} {:>7} {:>7} {:>7} {:>7}  s after the join", "0", "0.5", "1", "2", "5");
        for times in LINKS {
            let mut sums = [(0.0, 0.0); LOOKS.len()];
            for at in JOINS {
                for (sum, loss) in sums.iter_mut().zip(self.one_join(at, times)?) {
                    *sum = loss.map_or(*sum, |loss| (sum.0 + loss, sum.1 + 1.0));
                }
            }
            let cell = |(sum, count): &(f64, f64)| {
                if *count > 0.0 { format!("{:7.2}", sum / count) } else { "      –".into() }
            };
            let cells: Vec<String> = sums.iter().map(cell).collect();
            println!("{times:>4} x   {}  dB", cells.join(" "));
        }
        Ok(())
    }

    /// What one who joins `at` this second by a link of `times` the rate loses at each look; none where the clip ends.
    fn one_join(
        &self,
        at: f64,
        times: f64,
    ) -> Result<[Option<f64>; LOOKS.len()], Box<dyn std::error::Error>> {
        let fps = f64::from(self.frames_per_second);
        let mut river = River::new(self)?;
        let mut joiner = Joiner::new(&river.hub, f64::from(self.bits_per_second) * times);
        let first = (at * fps) as usize;
        let looks = LOOKS.map(|seconds| first + (seconds * fps).round() as usize);
        let mut losses = [None; LOOKS.len()];
        // One who watches from the start keeps the encoder at work.
        let mut watcher = river.hub.join();
        let _ = watcher.step(Link::default());
        let mut watched = Vec::new();
        let len = PictureView::i420_len(self.width, self.height);
        for (n, samples) in self.pictures.chunks_exact(len).enumerate().take(looks[LOOKS.len() - 1] + 1) {
            river.code(samples);
            while watcher.step(Link::default()).is_some() {}
            watched.push(psnr(river.encoder.reference(), samples, self));
            if n >= first {
                joiner.receive_until((n as f64 + 1.0) / fps, n as f64 / fps, &mut river);
            }
            if let (Some(look), Some(shown)) = (looks.iter().position(|&look| look == n), joiner.shown) {
                let source = &self.pictures[shown * len..][..len];
                let picture = joiner.decoder.newest().ok_or("the joiner has a picture")?;
                losses[look] = Some(watched[shown] - psnr(picture, source, self));
            }
        }
        Ok(losses)
    }
}

/// The program from frame to hub.
struct River {
    encoder: Encoder,
    private: Private,
    hub: Arc<Hub>,
    stream: u32,
    newest: Option<Common>,
    coded: u32,
    fps: f64,
}

impl River {
    fn new(job: &Job) -> Result<Self, Box<dyn std::error::Error>> {
        let fps = f64::from(job.frames_per_second);
        let rate = Rate::BitsPerSecond(job.bits_per_second);
        let hub = Hub::new(true, Arc::new(Mailbox::new()));
        let size = format!("{}x{}", job.width, job.height).parse()?;
        let stream = hub.begin_stream(size, (job.frames_per_second, 1), job.bits_per_second).id;
        Ok(Self {
            encoder: Encoder::new(Settings {
                adaptive: true,
                ..Settings::new(job.width, job.height, fps, rate)
            })?,
            private: Private::new(job.bits_per_second, fps),
            hub,
            stream,
            newest: None,
            coded: 0,
            fps,
        })
    }

    fn code(&mut self, samples: &[u8]) {
        let mut bytes = Vec::new();
        let reference = self.encoder.reference();
        let view = PictureView::from_i420(samples, reference.width, reference.height);
        let Some(coded) = self.encoder.encode(view, Intra::Auto, &mut bytes) else { return };
        let start = coded.kind == PictureKind::Intra;
        let at = Timestamp::from_micros((f64::from(self.coded) / self.fps * 1e6) as u64);
        let unit = AccessUnit {
            stream: self.stream,
            sequence: self.coded,
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            captured: at,
            meaning: TimeMeaning::Arrival,
            coded: at,
            coding: std::time::Duration::ZERO,
            bytes: Bytes::from(bytes),
        };
        self.coded += 1;
        self.hub.publish(unit.clone());
        self.newest = Some(Common { unit, scale: coded.quantiser });
    }

    /// What the encode thread does when a viewer nudges it.
    fn serve(&mut self) {
        if let Some(common) = &self.newest {
            self.private.serve(&mut self.encoder, common, self.hub.orders(), &self.hub, Clock::start());
        }
    }
}

/// One who joins, at the other end of a link.
struct Joiner {
    viewer: Viewer,
    bits_per_second: f64,
    /// The picture on its way, and the second at which it has arrived.
    link: Option<(f64, Bytes, usize)>,
    decoder: Decoder,
    /// The common picture that he sees.
    shown: Option<usize>,
}

impl Joiner {
    fn new(hub: &Arc<Hub>, bits_per_second: f64) -> Self {
        Self { viewer: hub.join(), bits_per_second, link: None, decoder: Decoder::new(), shown: None }
    }

    /// Sends and receives from `now` until the second `end`.
    fn receive_until(&mut self, end: f64, mut now: f64, river: &mut River) {
        loop {
            // Of a link of which nothing is known yet nothing is expected.
            let rate = self.shown.map(|_| self.bits_per_second / 8.0);
            let link = Link { rate, idle: true, ..Link::default() };
            if self.link.is_none() {
                let next = self.viewer.step(link).or_else(|| {
                    river.serve();
                    self.viewer.step(link)
                });
                let Some(next) = next else { return };
                let unit = &next.item.unit;
                let arrives = now + unit.bytes.len() as f64 * 8.0 / self.bits_per_second;
                debug_assert!(self.shown.is_some() || next.item.role != Role::Common || unit.start);
                self.link = Some((arrives, unit.bytes.clone(), unit.sequence as usize));
            }
            let Some((arrives, bytes, sequence)) = self.link.take_if(|(arrives, ..)| *arrives <= end) else {
                return;
            };
            now = arrives;
            self.decoder.decode_unit(&bytes);
            self.shown = Some(sequence);
        }
    }
}

/// PSNR of the luma against the source.
fn psnr(picture: PictureView<'_>, source: &[u8], job: &Job) -> f64 {
    let mut sum = 0u64;
    for (y, source) in source[..job.width * job.height].chunks_exact(job.width).enumerate() {
        let row = picture.y.row(y);
        sum += row.iter().zip(source).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
    }
    let mean = sum.max(1) as f64 / (job.width * job.height) as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}
