//! Viewers who come back when their connection is lost: when each has a picture again after a server that ended and was
//! started anew.
//!
//! Each does as `web/live.js`: the first try about 300 ms after the loss, each further one after twice the time, up to 8 s,
//! all of them a quarter earlier or later by chance; a picture ends the count. An attempt that nothing answers is given up
//! after 6 s.
//!
//! Prints `ready` when all have a picture; a line on its input says that the server is about to end, and `counting` answers
//! it: who loses his connection from then on is counted. Prints one line of figures when all have a picture again, or after
//! 30 s; and ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use socket2::{Domain, Socket, Type};

use crate::Outcome;
use crate::connect::{Target, consent};
use crate::events::{INPUT, wait};
use crate::frames::{Arrived, Frames};
use crate::pictures::{Stamp, now_us};
use crate::tell::Told;

/// As in `web/live.js`.
const FIRST_RETRY: Duration = Duration::from_millis(300);
const LAST_RETRY: Duration = Duration::from_secs(8);
const CONNECT_WITHIN: Duration = Duration::from_secs(6);
/// Who is not back then is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much time's attempts are counted together: a stampede would show.
const BURST: Duration = Duration::from_millis(100);

/// One viewer.
#[derive(Default)]
struct Viewer {
    socket: Option<TcpStream>,
    /// Whether he has asked for the WebSocket.
    asked: bool,
    /// What the server has answered so far; none: it has consented.
    reply: Option<Vec<u8>>,
    frames: Frames,
    told: Told,
    newest: Option<u32>,
    retries: u32,
    /// Which of his times is meant: what was to be done at an earlier one is no longer.
    time: u32,
    /// The server's end has ended his connection.
    lost: bool,
    /// When he had a picture after that.
    back: Option<Duration>,
}

/// All of them.
struct Viewers {
    target: Target,
    to: SocketAddr,
    epoll: OwnedFd,
    all: Vec<Viewer>,
    /// When what is to be done for whom.
    times: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    /// When the server ended.
    ended: Option<Instant>,
    /// When each attempt since then began.
    tries: Vec<Duration>,
    chance: u64,
    buffer: Vec<u8>,
}

/// Connects, waits for the end, reports.
pub(crate) fn run(address: &str, viewers: usize) -> Outcome {
    let target = Target { address: address.into(), path: "/live".into(), protocol: wire::SUBPROTOCOL.into() };
    let mut all = Viewers::new(target, viewers)?;
    (0..viewers).for_each(|at| all.connect(at));
    while !all.all.iter().all(|viewer| viewer.newest.is_some()) {
        all.turn()?;
    }
    say("ready")?;
    while !all.turn()? {}
    let ended = *all.ended.insert(Instant::now());
    say("counting")?;
    while all.back() < viewers && ended.elapsed() < PATIENCE {
        all.turn()?;
    }
    say(&all.line())
}

fn say(line: &str) -> Outcome {
    println!("{line}");
    Ok(io::stdout().flush()?)
}

impl Viewers {
    fn new(target: Target, viewers: usize) -> Outcome<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, io::stdin(), EventData::new_u64(INPUT), EventFlags::IN | EventFlags::ET)?;
        let to = target.address.parse()?;
        let all = (0..viewers).map(|_| Viewer::default()).collect();
        let (times, tries, buffer) = (BinaryHeap::new(), Vec::new(), vec![0; 1 << 16]);
        let chance = now_us() | 1;
        Ok(Self { target, to, epoll, all, times, ended: None, tries, chance, buffer })
    }

    fn back(&self) -> usize {
        self.all.iter().filter(|viewer| viewer.back.is_some()).count()
    }

    /// Waits once for what there is, and does it. Whether there is something on our input.
    fn turn(&mut self) -> Outcome<bool> {
        let next = self.times.peek().map_or(Duration::from_secs(1), |Reverse((time, ..))| {
            time.saturating_duration_since(Instant::now())
        });
        let (events, told) = wait(&self.epoll, next)?;
        for event in &events {
            self.happened(event.data.u64() as usize);
        }
        while let Some(&Reverse((_, at, count))) =
            self.times.peek().filter(|first| first.0.0 <= Instant::now())
        {
            self.times.pop();
            self.time_has_come(at, count);
        }
        Ok(told)
    }

    /// He has a socket that never answered, or none.
    fn time_has_come(&mut self, at: usize, count: u32) {
        if self.all[at].time == count {
            if self.all[at].socket.is_some() { self.lost(at) } else { self.connect(at) }
        }
    }

    fn at_a_time(&mut self, at: usize, wait: Duration) {
        self.all[at].time += 1;
        self.times.push(Reverse((Instant::now() + wait, at, self.all[at].time)));
    }

    fn connect(&mut self, at: usize) {
        self.tries.extend(self.ended.map(|ended| ended.elapsed()));
        self.at_a_time(at, CONNECT_WITHIN);
        let Viewer { retries, time, lost, back, .. } = self.all[at];
        self.all[at] = Viewer { retries, time, lost, back, reply: Some(Vec::new()), ..Viewer::default() };
        match self.socket(at) {
            Ok(socket) => self.all[at].socket = Some(socket),
            Err(_) => self.lost(at),
        }
    }

    fn socket(&self, at: usize) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(self.to), Type::STREAM.nonblocking(), None)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&self.to.into()) {
            Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                return Err(error);
            }
            _ => {}
        }
        let all = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&self.epoll, &socket, EventData::new_u64(at as u64), all)?;
        Ok(socket.into())
    }

    fn happened(&mut self, at: usize) {
        if self.all[at].socket.is_some() && self.take(at).is_err() {
            self.lost(at);
        }
    }

    /// Takes all that he is sent.
    fn take(&mut self, at: usize) -> Outcome {
        let Self { all, buffer, target, ended, .. } = self;
        let Viewer { socket: Some(socket), asked, reply, frames, told, newest, .. } = &mut all[at] else {
            return Ok(());
        };
        *asked = *asked || ask(socket, target)?;
        if !*asked {
            return Ok(());
        }
        loop {
            let count = match socket.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Ok(count) if count > 0 => count,
                Ok(_) => return Err("closed".into()),
                Err(error) => return Err(error.into()),
            };
            let mut bytes = &buffer[..count];
            let behind;
            if let Some(so_far) = reply {
                so_far.extend_from_slice(bytes);
                let Some(rest) = consent(so_far)? else { continue };
                (behind, *reply) = (rest, None);
                bytes = &behind;
            }
            frames.take(bytes, |arrived| match arrived {
                Arrived::Picture(stamp) => {
                    told.came(Stamp { made_us: None, ..stamp }, 0);
                    *newest = Some(stamp.number);
                }
                Arrived::Pace(pace) => told.set(pace),
                Arrived::Clock | Arrived::Other | Arrived::Close => {}
            });
            if let Some(newest) = *newest {
                told.tell(socket, newest, frames.payload_bytes());
            }
        }
        if newest.is_some() {
            let viewer = &mut all[at];
            (viewer.retries, viewer.time) = (0, viewer.time + 1);
            viewer.back = viewer.back.or(ended.filter(|_| viewer.lost).map(|ended| ended.elapsed()));
        }
        Ok(())
    }

    fn lost(&mut self, at: usize) {
        let viewer = &mut self.all[at];
        viewer.socket = None;
        viewer.lost |= self.ended.is_some();
        let wait = FIRST_RETRY.saturating_mul(1 << viewer.retries.min(16)).min(LAST_RETRY);
        viewer.retries += 1;
        let chance = self.chance();
        self.at_a_time(at, wait.mul_f64(0.75 + chance / 2.0));
    }

    /// From 0 to 1 (xorshift64, Marsaglia 2003).
    fn chance(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One line of `name=value`: times from the server's end to a picture, and what the server met.
    fn line(&self) -> String {
        let mut back: Vec<f64> =
            self.all.iter().filter_map(|viewer| viewer.back).map(|back| back.as_secs_f64()).collect();
        back.sort_unstable_by(f64::total_cmp);
        let at =
            |part: f64| back.get(((back.len() as f64 - 1.0) * part) as usize).copied().unwrap_or(f64::NAN);
        let bursts = self.tries.iter().map(|try_| {
            let together = |other: &&Duration| (*try_..*try_ + BURST).contains(*other);
            self.tries.iter().filter(together).count()
        });
        format!(
            "back={} first={:.2} p50={:.2} p99={:.2} last={:.2} tries={} busiest={}",
            back.len(),
            at(0.0),
            at(0.5),
            at(0.99),
            at(1.0),
            self.tries.len(),
            bursts.max().unwrap_or(0)
        )
    }
}

/// Asks for the WebSocket, if he is connected: whether he is.
fn ask(mut socket: &TcpStream, target: &Target) -> Outcome<bool> {
    match socket.peer_addr() {
        // Still on its way.
        Err(error) if error.kind() == ErrorKind::NotConnected => match socket.take_error()? {
            Some(error) => Err(error.into()),
            None => Ok(false),
        },
        Err(error) => Err(error.into()),
        Ok(_) => Ok(socket.write_all(target.request().as_bytes()).map(|()| true)?),
    }
}
