//! Many messages to many sockets by one system call: io_uring, where the kernel has it and the system allows it.
//!
//! What a system call costs besides sending, and what the CPU's caches lose by going to and fro, is saved: 4 % of all that a
//! crowd costs over loopback on one machine, a fifth on another. A message is taken at once or refused, as by `send` with
//! `MSG_DONTWAIT`, and all are done when the call returns. Old kernels would rather wait for a refused one: whether this one
//! does is tried at the start. Containers and careful administrators forbid io_uring: then messages are sent one by one.
//!
//! Here belongs: one ring, and sending by it. Not here: what is sent to whom (`standing`).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::io_uring::{
    IORING_OFF_SQ_RING, IORING_OFF_SQES, IoringEnterFlags, IoringFeatureFlags, IoringOp,
    addr_or_splice_off_in_union, io_uring_cqe, io_uring_enter, io_uring_params, io_uring_ptr, io_uring_setup,
    io_uring_sqe, io_uring_user_data, len_union, op_flags_union,
};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::tap::SEND_FLAGS;

/// So many messages at a time at most: the more, the fewer calls; it is 16 KiB of memory.
pub(super) const MOST: usize = 256;
/// Where this is set in the environment, messages are sent one by one.
const FORBIDDEN: &str = "PISTREAMING_NO_IO_URING";
/// A call that fails without having done anything is tried again so often.
const TRIES: u32 = 100;
/// What a message came to of which nothing was heard.
const UNKNOWN: i32 = i32::MIN;

/// A ring.
#[derive(Debug)]
pub(super) struct Together {
    file: OwnedFd,
    entries: Memory,
    queues: Memory,
    places: Places,
    results: Vec<i32>,
}

/// Where things lie in the queues' memory, and how many there are.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// Of entries, the first that the kernel has not taken in, and the first that is not put in.
    head: u32,
    tail: u32,
    entries: u32,
    /// Of what is done, the first that was not taken out, and the first that is not done.
    done_head: u32,
    done_tail: u32,
    done: u32,
    done_entries: u32,
}

/// Memory that is shared with the kernel.
#[derive(Debug)]
struct Memory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: it is owned, and reached by nobody else but the kernel.
unsafe impl Send for Memory {}

impl Memory {
    fn of(file: &OwnedFd, len: usize, at: u64) -> io::Result<Self> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED | MapFlags::POPULATE);
        // SAFETY: the kernel chooses where, so that no other memory is touched.
        let start = unsafe { mmap(null_mut(), len, protection, flags, file, at) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { start, len })
    }

    /// The place of a `T` at so many bytes from the start.
    fn at<T>(&self, bytes: usize) -> *mut T {
        assert!(bytes + size_of::<T>() <= self.len && bytes.is_multiple_of(align_of::<T>()));
        // SAFETY: it lies within the memory, as was looked at just now.
        unsafe { self.start.as_ptr().add(bytes) }.cast()
    }

    fn number(&self, bytes: u32) -> &AtomicU32 {
        // SAFETY: four aligned bytes of this memory, which lives as long as it is borrowed; both sides read and write them
        // as one.
        unsafe { AtomicU32::from_ptr(self.at(bytes as usize)) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody borrows it any more.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
    }
}

impl Together {
    /// One, if the kernel does what is wanted and nobody forbids it.
    pub(super) fn new() -> Option<Self> {
        if std::env::var_os(FORBIDDEN).is_some() {
            return None;
        }
        let mut together = Self::open().ok()?;
        together.refuses_at_once().then_some(together)
    }

    fn open() -> io::Result<Self> {
        let mut params = io_uring_params::default();
        // SAFETY: without flags there is nothing else in the parameters that would have to be valid.
        let file = unsafe { io_uring_setup(MOST as u32, &mut params) }?;
        if !params.features.contains(IoringFeatureFlags::SINGLE_MMAP) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let submissions = params.sq_off.array as usize + params.sq_entries as usize * size_of::<u32>();
        let completions =
            params.cq_off.cqes as usize + params.cq_entries as usize * size_of::<io_uring_cqe>();
        let queues = Memory::of(&file, submissions.max(completions), IORING_OFF_SQ_RING)?;
        let entries =
            Memory::of(&file, params.sq_entries as usize * size_of::<io_uring_sqe>(), IORING_OFF_SQES)?;
        for number in 0..params.sq_entries {
            queues.number(params.sq_off.array + number * 4).store(number, Ordering::Relaxed);
        }
        let places = Places {
            head: params.sq_off.head,
            tail: params.sq_off.tail,
            entries: params.sq_entries,
            done_head: params.cq_off.head,
            done_tail: params.cq_off.tail,
            done: params.cq_off.cqes,
            done_entries: params.cq_entries,
        };
        Ok(Self { file, entries, queues, places, results: Vec::with_capacity(MOST) })
    }

    /// Whether a socket that is full refuses a message at once, and one that is not takes it.
    fn refuses_at_once(&mut self) -> bool {
        let (Ok((full, _other)), Ok((empty, _another))) = (UnixStream::pair(), UnixStream::pair()) else {
            return false;
        };
        while rustix::net::send(&full, &[0; 4096], SEND_FLAGS).is_ok() {}
        self.put([(full.as_fd(), &b"x"[..]), (empty.as_fd(), b"x")].into_iter());
        // It is not waited for: that might be for ever. Both bytes are there for ever, too.
        let _ = self.enter(0);
        self.take();
        self.results == [-Errno::WOULDBLOCK.raw_os_error(), 1]
    }

    /// Sends to each of these, [`MOST`] at most: how many bytes each socket took; less than none: it was an error.
    pub(super) fn send<'a>(&mut self, messages: impl Iterator<Item = (BorrowedFd<'a>, &'a [u8])>) -> &[i32] {
        // What is put in is borrowed until all of it has come out again, or was withdrawn.
        let (mut left, mut tries) = (self.put(messages), 0);
        loop {
            left -= self.take();
            if left == 0 {
                return &self.results;
            }
            let before = self.waiting();
            let is_done = self.enter(left).is_ok();
            if !is_done && before > 0 && self.waiting() == before {
                tries += 1;
                if tries == TRIES {
                    left -= self.withdraw();
                }
            }
        }
    }

    /// Puts in messages, each with its number: how many.
    fn put<'a>(&mut self, messages: impl Iterator<Item = (BorrowedFd<'a>, &'a [u8])>) -> u32 {
        let tail = self.queues.number(self.places.tail);
        let (from, mut count) = (tail.load(Ordering::Relaxed), 0);
        self.results.clear();
        for (socket, bytes) in messages.take(MOST) {
            let place = from.wrapping_add(count) % self.places.entries;
            let entry: *mut io_uring_sqe = self.entries.at(place as usize * size_of::<io_uring_sqe>());
            // SAFETY: a place for one, which the kernel does not read before the tail is moved.
            unsafe { entry.write(message(socket, bytes, count)) };
            self.results.push(UNKNOWN);
            count += 1;
        }
        tail.store(from.wrapping_add(count), Ordering::Release);
        count
    }

    /// How many have not been taken in by the kernel.
    fn waiting(&self) -> u32 {
        let [head, tail] = [self.places.head, self.places.tail].map(|at| self.queues.number(at));
        tail.load(Ordering::Relaxed).wrapping_sub(head.load(Ordering::Acquire))
    }

    /// Lets the kernel take in what waits, and waits itself until so many are done.
    fn enter(&self, until: u32) -> rustix::io::Result<u32> {
        // SAFETY: all entries before the tail are messages, whose bytes and sockets are borrowed by whoever put them in
        // until they are done.
        unsafe { io_uring_enter(&self.file, self.waiting(), until, IoringEnterFlags::GETEVENTS) }
    }

    /// Takes out what is done: how many.
    fn take(&mut self) -> u32 {
        let [head, tail] = [self.places.done_head, self.places.done_tail].map(|at| self.queues.number(at));
        let (from, to) = (head.load(Ordering::Relaxed), tail.load(Ordering::Acquire));
        let count = to.wrapping_sub(from);
        for number in 0..count {
            let place = from.wrapping_add(number) % self.places.done_entries;
            let at = self.places.done as usize + place as usize * size_of::<io_uring_cqe>();
            let done: *const io_uring_cqe = self.queues.at(at);
            // SAFETY: the kernel has written it whole, as the tail says, and writes no other until the head is moved.
            let done = unsafe { &*done };
            let (who, result) = (done.user_data.u64_(), done.res);
            if let Some(place) = usize::try_from(who).ok().and_then(|who| self.results.get_mut(who)) {
                *place = result;
            }
        }
        head.store(to, Ordering::Release);
        count
    }

    /// Takes back what the kernel has not taken in: how many.
    fn withdraw(&mut self) -> u32 {
        let [head, tail] = [self.places.head, self.places.tail].map(|at| self.queues.number(at));
        let count = self.waiting();
        tail.store(head.load(Ordering::Acquire), Ordering::Release);
        count
    }
}

/// The entry of one message.
fn message(socket: BorrowedFd<'_>, bytes: &[u8], number: u32) -> io_uring_sqe {
    io_uring_sqe {
        opcode: IoringOp::Send,
        fd: socket.as_raw_fd(),
        addr_or_splice_off_in: addr_or_splice_off_in_union {
            addr: io_uring_ptr::new(bytes.as_ptr().cast_mut().cast()),
        },
        len: len_union { len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) },
        op_flags: op_flags_union { send_flags: SEND_FLAGS },
        user_data: io_uring_user_data::from_u64(number.into()),
        ..io_uring_sqe::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn each_gets_his_own_and_who_takes_nothing_refuses_it_at_once() {
        let Some(mut together) = Together::new() else {
            return eprintln!("left out, for there is no io_uring here");
        };
        let mut pairs: Vec<_> = (0..MOST).map(|_| UnixStream::pair().unwrap()).collect();
        for round in 0..20_u8 {
            // In each round another's socket is full and one's other end is gone.
            let (full, gone) = (usize::from(round) * 3, usize::from(round) * 5 + 100);
            while rustix::net::send(&pairs[full].0, &[0; 4096], SEND_FLAGS).is_ok() {}
            pairs[gone] = UnixStream::pair().map(|(one, _)| (one.try_clone().unwrap(), one)).unwrap();
            let texts: Vec<Vec<u8>> = (0..MOST).map(|n| vec![n as u8 ^ round; n + 1]).collect();
            let messages = pairs.iter().zip(&texts).map(|((near, _), text)| (near.as_fd(), &text[..]));
            let results = together.send(messages).to_vec();
            for (n, ((_, far), text)) in pairs.iter_mut().zip(&texts).enumerate() {
                let took = match n {
                    n if n == full => -Errno::WOULDBLOCK.raw_os_error(),
                    n if n == gone => -Errno::PIPE.raw_os_error(),
                    n => n as i32 + 1,
                };
                assert_eq!(results[n], took, "{n} in {round}");
                if took > 0 {
                    let mut read = vec![0; n + 1];
                    far.read_exact(&mut read).unwrap();
                    assert!(read == *text, "{n} in {round}");
                }
            }
            pairs[full] = UnixStream::pair().unwrap();
            pairs[gone] = UnixStream::pair().unwrap();
        }
        assert!(together.send(std::iter::empty()).is_empty());
    }

    /// For this thread, and for ever: `io_uring_setup` fails as Docker's filter of system calls lets it. Whether that can be done.
    fn forbid_io_uring() -> bool {
        use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter, sock_fprog};
        let step = |code: u32, jf, k| sock_filter { code: code as u16, jt: 0, jf, k };
        let refusal = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
        // The number of the system call stands first in what the filter is shown.
        let mut steps = [
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0),
            step(BPF_JMP | BPF_JEQ | BPF_K, 1, libc::SYS_io_uring_setup as u32),
            step(BPF_RET | BPF_K, 0, refusal),
            step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
        // SAFETY: it takes numbers only; what it changes is this thread's only, and nothing here depends on it.
        let may = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        // SAFETY: the filter is valid while it is copied; it is this thread's only.
        let is = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
        (may, is) == (0, 0)
    }

    #[test]
    fn where_io_uring_is_forbidden_there_is_none() {
        let forbidden = || forbid_io_uring().then(|| (Together::open().err(), Together::new().is_none()));
        let Some((error, is_none)) = std::thread::spawn(forbidden).join().unwrap() else {
            return eprintln!("left out, for there are no filters of system calls here");
        };
        assert_eq!(error.and_then(|error| error.raw_os_error()), Some(libc::EPERM));
        assert!(is_none);
    }

    #[test]
    fn what_is_withdrawn_was_never_sent() {
        let Some(mut together) = Together::new() else {
            return eprintln!("left out, for there is no io_uring here");
        };
        let (near, mut far) = UnixStream::pair().unwrap();
        let text = |text: &'static [u8]| std::iter::once((near.as_fd(), text));
        assert_eq!((together.put(text(b"a")), together.waiting(), together.withdraw()), (1, 1, 1));
        assert_eq!(together.waiting(), 0);
        assert_eq!(together.send(text(b"bc")), [2]);
        let mut read = [0; 2];
        far.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"bc");
    }
}
