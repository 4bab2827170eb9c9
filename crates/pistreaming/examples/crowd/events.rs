//! What happens to the files of one thread that waits for viewers' sockets by the hundred, and for its input.
//!
//! Here belongs: waiting once. Not here: who is waited for, what follows.

use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event};
use rustix::fd::OwnedFd;

use crate::Outcome;

/// The event's number of our input.
pub(crate) const INPUT: u64 = u64::MAX;

/// Waits once, no longer than `most`: what happened to others than our input, and whether there is something on that.
pub(crate) fn wait(epoll: &OwnedFd, most: Duration) -> Outcome<(Vec<Event>, bool)> {
    let mut events = Vec::with_capacity(512);
    match epoll::wait(epoll, spare_capacity(&mut events), Some(&Timespec::try_from(most)?)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let all = events.len();
    events.retain(|event| event.data.u64() != INPUT);
    let told = events.len() < all;
    Ok((events, told))
}
