//! Who is watching now, how many may, and what they were sent: the list behind `/stats`, `/status` and `/metrics`.
//!
//! Here belongs: the list and its limits, and the sums over all who ever watched. Not here: how it is shown (`stats`,
//! `status`, `metrics`), one viewer's counters (`record`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client::Client;
use super::record::{Delays, Protocol, Record};
use crate::time::{Clock, Timestamp};

/// How many may watch at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// In all.
    pub(super) viewers: usize,
    /// From one address that stands for one place.
    pub(super) per_address: Option<usize>,
}

/// Why somebody may not watch now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As many watch as may.
    All,
    /// As many from his address as may.
    Address,
}

impl Full {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::All, Self::Address];

    /// For him.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::All => "There is no room for more viewers.",
            Self::Address => "There is no room for more viewers from this address.",
        }
    }

    /// For programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "full",
            Self::Address => "address",
        }
    }
}

/// What is told of a viewer's visit, as it happens.
#[derive(Debug)]
pub struct Visit {
    /// His address.
    pub address: String,
    /// The protocol that he speaks: `live`, `legacy` or `mjpeg`.
    pub protocol: &'static str,
    /// What happens.
    pub event: VisitEvent,
}

/// What happens to a viewer.
#[derive(Clone, Copy, Debug)]
pub enum VisitEvent {
    /// He comes.
    Came,
    /// There is no room for him.
    Refused(Full),
    /// He leaves: how it was.
    Left(Left),
}

/// How a visit was.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// How long it was.
    pub seconds: f64,
    /// Pictures that he was sent.
    pub sent: u64,
    /// Pictures that he was not sent, because he was behind.
    pub skipped: u64,
    /// Bytes of the pictures that he was sent.
    pub bytes: u64,
}

/// Hears of visits.
pub type OnVisit = fn(&Visit);

/// Sums over all who watch or watched, by protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) visits: u64,
    pub(super) sent: u64,
    pub(super) skipped: u64,
    pub(super) bytes: u64,
}

impl Sums {
    fn add(&mut self, record: &Record) {
        self.sent += record.sent.load(Relaxed);
        self.skipped += record.skipped.load(Relaxed);
        self.bytes += record.bytes.load(Relaxed);
    }
}

/// All who watch.
#[derive(Debug)]
pub(super) struct Viewers {
    pub(super) limits: Limits,
    list: Mutex<List>,
    /// Those who were told that there is no room: in all, for their address.
    refused: [AtomicU64; 2],
    pub(super) delays: Delays,
    clock: Clock,
    on_visit: OnVisit,
}

#[derive(Debug, Default)]
struct List {
    ids: u64,
    entries: BTreeMap<u64, Arc<Record>>,
    /// Of those who have left; visits are counted as they come.
    sums: [Sums; Protocol::ALL.len()],
}

/// A viewer's entry; dropping it takes him off the list.
#[derive(Debug)]
pub(super) struct Entry {
    viewers: Arc<Viewers>,
    id: u64,
    pub(super) record: Arc<Record>,
}

impl Viewers {
    /// An empty list.
    pub(super) fn new(limits: Limits, clock: Clock, on_visit: OnVisit) -> Arc<Self> {
        let (list, refused, delays) = (Mutex::default(), Default::default(), Delays::default());
        Arc::new(Self { limits, list, refused, delays, clock, on_visit })
    }

    /// Puts one on the list, if there is room for him.
    pub(super) fn enter(self: &Arc<Self>, client: Client, protocol: Protocol) -> Result<Entry, Full> {
        let mut list = self.lock();
        if let Err(full) = self.room(&list, client) {
            drop(list);
            self.refused[full as usize].fetch_add(1, Relaxed);
            self.tell(client, protocol, VisitEvent::Refused(full));
            return Err(full);
        }
        let record = Arc::new(Record::new(client, protocol, self.clock.now()));
        list.ids += 1;
        list.sums[protocol as usize].visits += 1;
        let id = list.ids;
        list.entries.insert(id, Arc::clone(&record));
        drop(list);
        self.tell(client, protocol, VisitEvent::Came);
        Ok(Entry { viewers: Arc::clone(self), id, record })
    }

    fn tell(&self, client: Client, protocol: Protocol, event: VisitEvent) {
        (self.on_visit)(&Visit { address: client.to_string(), protocol: protocol.name(), event });
    }

    fn room(&self, list: &List, client: Client) -> Result<(), Full> {
        if list.entries.len() >= self.limits.viewers {
            return Err(Full::All);
        }
        let (Some(most), Some(address)) = (self.limits.per_address, client.counted()) else { return Ok(()) };
        let from_there = list.entries.values().filter(|record| record.client.counted() == Some(address));
        if from_there.count() >= most { Err(Full::Address) } else { Ok(()) }
    }

    /// All, in the order of their coming.
    pub(super) fn all(&self) -> Vec<Arc<Record>> {
        self.lock().entries.values().cloned().collect()
    }

    /// How many were refused for that.
    pub(super) fn refused(&self, full: Full) -> u64 {
        self.refused[full as usize].load(Relaxed)
    }

    /// The sums of one protocol, and how many watch by it now.
    pub(super) fn sums(&self, protocol: Protocol) -> (Sums, usize) {
        let list = self.lock();
        let mut sums = list.sums[protocol as usize];
        let here = list.entries.values().filter(|record| record.protocol == protocol);
        let count = here.inspect(|record| sums.add(record)).count();
        (sums, count)
    }

    /// What a panic of another holder could leave is a sum that is a little off.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Each has another.
    pub(super) const fn number(&self) -> u64 {
        self.id
    }

    /// From capture to shown, as he measured it.
    pub(super) fn delayed(&self, delay_us: u32) {
        self.record.delay_us.store(delay_us, Relaxed);
        if delay_us != wire::UNKNOWN {
            self.viewers.delays.count(delay_us);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let record = &self.record;
        let mut list = self.viewers.lock();
        list.entries.remove(&self.id);
        list.sums[record.protocol as usize].add(record);
        drop(list);
        let now: Timestamp = self.viewers.clock.now();
        let left = Left {
            seconds: now.since(record.since).as_secs_f64(),
            sent: record.sent.load(Relaxed),
            skipped: record.skipped.load(Relaxed),
            bytes: record.bytes.load(Relaxed),
        };
        self.viewers.tell(record.client, record.protocol, VisitEvent::Left(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Part;
    use axum::http::HeaderMap;

    fn client(address: &str) -> Client {
        Client::of(address.parse().unwrap(), &HeaderMap::new(), &[])
    }

    fn viewers(viewers: usize, per_address: Option<usize>) -> Arc<Viewers> {
        Viewers::new(Limits { viewers, per_address }, Clock::start(), |_| {})
    }

    #[test]
    fn there_is_room_for_so_many_and_again_when_one_has_left() {
        let viewers = viewers(2, None);
        let enter = || viewers.enter(client("192.0.2.1:9"), Protocol::Live);
        let (first, second) = (enter().unwrap(), enter().unwrap());
        assert_eq!(enter().unwrap_err(), Full::All);
        drop(first);
        let third = enter().unwrap();
        assert_eq!((viewers.all().len(), viewers.refused(Full::All)), (2, 1));
        drop((second, third));
        assert_eq!(viewers.sums(Protocol::Live), (Sums { visits: 3, ..Sums::default() }, 0));
    }

    #[test]
    fn an_address_has_its_own_limit_but_not_this_machine_s() {
        let viewers = viewers(100, Some(2));
        let enter = |address| viewers.enter(client(address), Protocol::Legacy);
        let _here: Vec<_> = (0..5).map(|_| enter("127.0.0.1:9").unwrap()).collect();
        let _first = enter("192.0.2.1:9").unwrap();
        let _second = enter("192.0.2.1:10").unwrap();
        assert_eq!(enter("192.0.2.1:11").unwrap_err(), Full::Address);
        let _other = enter("192.0.2.2:9").unwrap();
        assert_eq!(viewers.sums(Protocol::Legacy).1, 8);
    }

    #[test]
    fn sums_outlast_who_leaves() {
        let viewers = viewers(9, None);
        let entry = viewers.enter(client("192.0.2.1:9"), Protocol::Live).unwrap();
        entry.record.count(2, 500, Part::WHOLE, Timestamp::from_micros(1));
        let during = viewers.sums(Protocol::Live).0;
        drop(entry);
        assert_eq!(viewers.sums(Protocol::Live).0, during);
        assert_eq!(during, Sums { visits: 1, sent: 1, skipped: 2, bytes: 500 });
    }
}
