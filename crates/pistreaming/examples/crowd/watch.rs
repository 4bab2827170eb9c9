//! The crowd: as many viewers as are wanted on one thread, which does as little as it can for each.
//!
//! Prints `ready` when all are connected, waits for a line on its input, measures, prints one line of figures, and stays
//! until its input ends.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;

use crate::Outcome;
use crate::connect::{Target, open};
use crate::events::{INPUT, wait};
use crate::frames::{Arrived, Frames};
use crate::pictures::now_us;
use crate::report::Report;
use crate::tell::Told;

/// What is done.
pub(crate) struct Settings {
    target: Target,
    viewers: usize,
    /// Of these never reads a byte.
    stalled: usize,
    time: Duration,
    /// Whether each picture is acknowledged, as the page does.
    acknowledge: bool,
}

impl Settings {
    pub(crate) fn parse(address: &str, options: &[&str]) -> Outcome<Self> {
        let target = Target { address: address.into(), path: "/".into(), protocol: String::new() };
        let mut settings =
            Self { target, viewers: 100, stalled: 0, time: Duration::from_secs(5), acknowledge: false };
        for option in options.chunks(2) {
            match *option {
                ["--viewers", number] => settings.viewers = number.parse()?,
                ["--stalled", number] => settings.stalled = number.parse()?,
                ["--seconds", number] => settings.time = Duration::from_secs(number.parse()?),
                ["--protocol", "old"] => {}
                ["--protocol", "live"] => {
                    settings.target.path = "/live".into();
                    settings.target.protocol = wire::SUBPROTOCOL.into();
                    settings.acknowledge = true;
                }
                _ => return Err(format!("unknown option {option:?}").into()),
            }
        }
        Ok(settings)
    }
}

/// How often a page asks for the server's clock while pictures come (`player/src/live.rs`).
const PROBE_EACH: Duration = Duration::from_secs(10);

/// One viewer.
struct Viewer {
    socket: TcpStream,
    frames: Frames,
    newest: Option<u32>,
    told: Told,
}

/// Connects, measures, reports.
pub(crate) fn run(settings: &Settings) -> Outcome {
    let stalled: Vec<_> = (0..settings.stalled).map(|_| open(&settings.target)).collect::<Result<_, _>>()?;
    let mut crowd = Crowd::new(settings.acknowledge)?;
    for count in 0..settings.viewers {
        crowd.join(&settings.target)?;
        // Those who are connected already take what they are sent.
        if count % 16 == 0 {
            crowd.watch_for(Duration::ZERO)?;
        }
    }
    say("ready")?;
    crowd.begin_to_probe();
    crowd.watch_until_told()?;
    crowd.report = Report::default();
    crowd.watch_for(settings.time)?;
    say(&std::mem::take(&mut crowd.report).line(settings.viewers))?;
    crowd.watch_until_told()?;
    drop(stalled);
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    println!("{line}");
    io::stdout().flush()
}

/// All who read.
struct Crowd {
    epoll: OwnedFd,
    viewers: Vec<Viewer>,
    acknowledge: bool,
    /// When each who acknowledges asks for the server's clock next, and who that is.
    probes: VecDeque<(Instant, usize)>,
    report: Report,
    buffer: Vec<u8>,
}

impl Crowd {
    fn new(acknowledge: bool) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, io::stdin(), EventData::new_u64(INPUT), EventFlags::IN)?;
        let report = Report::default();
        let (viewers, probes, buffer) = (Vec::new(), VecDeque::new(), vec![0; 1 << 16]);
        Ok(Self { epoll, viewers, acknowledge, probes, report, buffer })
    }

    fn join(&mut self, target: &Target) -> Outcome {
        let (socket, first) = open(target)?;
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let mut viewer = Viewer { socket, frames: Frames::default(), newest: None, told: Told::default() };
        viewer.frames.take(&first, |_| {});
        let data = EventData::new_u64(self.viewers.len() as u64);
        epoll::add(&self.epoll, &viewer.socket, data, EventFlags::IN | EventFlags::ET)?;
        self.viewers.push(viewer);
        Ok(())
    }

    fn watch_for(&mut self, time: Duration) -> Outcome {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            self.turn(left)?;
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    /// Until there is a byte on our input, or its end.
    fn watch_until_told(&mut self) -> Outcome {
        while !self.turn(Duration::from_secs(1))? {}
        // What is there is a line, or the end.
        io::stdin().read(&mut [0; 64]).map(drop)?;
        Ok(())
    }

    /// From now on each who acknowledges asks for the server's clock, one after the other.
    fn begin_to_probe(&mut self) {
        let (now, count) = (Instant::now(), self.viewers.len() as u32);
        let due = (0..count).map(|number| (now + PROBE_EACH * number / count, number as usize));
        self.probes.extend(due.filter(|_| self.acknowledge));
    }

    /// Asks for those whose time has come; how long until the next one's has.
    fn probe(&mut self) -> Option<Duration> {
        let now = Instant::now();
        while let Some((due, number)) = self.probes.front().copied().filter(|(due, _)| *due <= now) {
            let Viewer { told, socket, .. } = &mut self.viewers[number];
            told.probe(socket);
            self.probes.rotate_left(1);
            self.probes[self.viewers.len() - 1] = (due + PROBE_EACH, number);
        }
        self.probes.front().map(|(due, _)| due.saturating_duration_since(now))
    }

    /// Waits once for what there is, and takes it. Whether there is something on our input.
    fn turn(&mut self, most: Duration) -> Outcome<bool> {
        let most = self.probe().map_or(most, |wait| wait.min(most));
        let (events, told) = wait(&self.epoll, most)?;
        for event in &events {
            self.take(event.data.u64() as usize);
        }
        Ok(told)
    }

    fn take(&mut self, number: usize) {
        let Self { viewers, acknowledge, report, buffer, .. } = self;
        let Viewer { socket, frames, newest, told } = &mut viewers[number];
        loop {
            let count = match socket.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(count) if count > 0 => count,
                Ok(_) | Err(_) => {
                    report.gone += 1;
                    return;
                }
            };
            let now = now_us();
            frames.take(&buffer[..count], |arrived| {
                let stamp = match arrived {
                    Arrived::Picture(stamp) => stamp,
                    Arrived::Pace(pace) => return told.set(pace),
                    Arrived::Clock => return told.answered(),
                    Arrived::Other | Arrived::Close => return,
                };
                told.came(stamp, now);
                // A band has the number of the picture behind which it comes.
                if newest.is_some_and(|newest| newest >= stamp.number) {
                    return;
                }
                report.arrived(stamp, now);
                report.lost += newest.map_or(0, |newest| u64::from(stamp.number - newest - 1));
                *newest = Some(stamp.number);
            });
            if let Some(newest) = newest.filter(|_| *acknowledge) {
                report.told += u64::from(told.tell(socket, newest, frames.payload_bytes()));
            }
            // The event comes again with the next bytes.
            if count < buffer.len() {
                return;
            }
        }
    }
}
