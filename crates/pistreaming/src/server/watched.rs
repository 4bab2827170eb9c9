//! The files of one thread that waits in the kernel: sockets by the thousand, and bells.
//!
//! Each is told of when it becomes ready, and not again while it stays so: who is waited for is registered once, and no
//! system call is made for him until something happens.
//!
//! Here belongs: registering and waiting. Not here: what is done for whom (`crowd`).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

/// So many are told of at a time.
const MOST: usize = 256;

/// What a file is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    /// There is something to be read, if only the end.
    pub(super) read: bool,
    /// There is room.
    pub(super) write: bool,
    /// Nothing more will come.
    pub(super) last: bool,
}

/// Files, each known by a number.
#[derive(Debug)]
pub(super) struct Watched {
    epoll: OwnedFd,
    happened: Vec<(u64, Ready)>,
}

impl Watched {
    /// None yet.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)?, happened: Vec::with_capacity(MOST) })
    }

    /// One more. What it is ready for already is told of, too. A file that is closed leaves by itself.
    pub(super) fn add(&self, file: impl AsFd, number: u64) -> io::Result<()> {
        let all = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, file, EventData::new_u64(number), all)?)
    }

    /// One less.
    pub(super) fn remove(&self, file: impl AsFd) {
        // It fails only if it was not there.
        let _ = epoll::delete(&self.epoll, file);
    }

    /// Waits until something has happened, or until that time: what, [`Self::happened`] says.
    pub(super) fn wait(&mut self, until: Option<Instant>) {
        let most = until.map(|until| whole_ms(until.saturating_duration_since(Instant::now())));
        let mut events = [const { MaybeUninit::uninit() }; MOST];
        self.happened.clear();
        match epoll::wait(&self.epoll, &mut events, most.as_ref()) {
            Ok((events, _)) => {
                self.happened.extend(events.iter().map(|event| (event.data.u64(), ready(*event))))
            }
            Err(Errno::INTR) => {}
            Err(error) => debug_assert!(false, "epoll_wait: {error}"),
        }
    }

    /// To which files what has happened.
    pub(super) fn happened(&self) -> &[(u64, Ready)] {
        &self.happened
    }
}

fn ready(event: Event) -> Ready {
    let flags = event.flags;
    let last = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
    let write = flags.intersects(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR);
    Ready { read: last || flags.intersects(EventFlags::IN), write, last }
}

/// Old kernels know no finer time; who is woken before it is over would find nothing to do.
fn whole_ms(time: Duration) -> Timespec {
    let ms = i64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX).min(3_600_000);
    Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    fn news(watched: &mut Watched) -> Vec<(u64, Ready)> {
        watched.wait(Some(Instant::now()));
        watched.happened().to_vec()
    }

    #[test]
    fn what_happens_is_told_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut far = listener.accept().unwrap().0;
        let mut watched = Watched::new().unwrap();
        watched.add(&near, 7).unwrap();
        let room = Ready { write: true, ..Ready::default() };
        assert_eq!((news(&mut watched), news(&mut watched)), (vec![(7, room)], vec![]));
        far.write_all(b"x").unwrap();
        watched.wait(None);
        assert_eq!(watched.happened(), [(7, Ready { read: true, ..room })]);
        assert_eq!(news(&mut watched), []);
        near.read_exact(&mut [0]).unwrap();
        drop(far);
        watched.wait(None);
        assert!(watched.happened().iter().any(|(_, ready)| ready.read && ready.last));
        watched.remove(&near);
        drop(near);
        assert_eq!(news(&mut watched), []);
    }

    #[test]
    fn no_time_is_rounded_down() {
        let ms = |time| (whole_ms(time).tv_sec, whole_ms(time).tv_nsec);
        assert_eq!(ms(Duration::ZERO), (0, 0));
        assert_eq!(ms(Duration::from_nanos(1)), (0, 1_000_000));
        assert_eq!(ms(Duration::from_micros(1_500_001)), (1, 501_000_000));
        assert_eq!(ms(Duration::MAX), (3600, 0));
    }
}
