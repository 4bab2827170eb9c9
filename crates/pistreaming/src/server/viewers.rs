//! Who is watching now, and what each was sent: the list behind `/stats`.
//!
//! Here belongs: the list and its counters. Not here: JSON (`stats`), what is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::time::Timestamp;

/// All who watch.
#[derive(Debug, Default)]
pub(super) struct Viewers {
    entries: Mutex<(u64, BTreeMap<u64, Arc<Record>>)>,
}

/// Which protocol a viewer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Live,
    Legacy,
}

/// What a viewer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Activity {
    /// Is sent pictures.
    Watching,
    /// Nobody sees the page.
    Hidden,
    /// The viewer asked to pause.
    Paused,
}

/// One viewer's counters. Each is written by the viewer's own task only; they need not agree with each other.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) peer: SocketAddr,
    pub(super) protocol: Protocol,
    pub(super) since: Timestamp,
    /// Pictures sent.
    pub(super) sent: AtomicU64,
    /// Pictures left out because he was behind.
    pub(super) dropped: AtomicU64,
    /// Bytes sent.
    pub(super) bytes: AtomicU64,
    /// From capture to shown as the viewer measured it, or [`wire::UNKNOWN`].
    pub(super) delay_us: AtomicU32,
    /// What his last decoding took, or [`wire::UNKNOWN`].
    pub(super) decode_us: AtomicU32,
    activity: AtomicU8,
}

impl Record {
    pub(super) fn set_activity(&self, activity: Activity) {
        self.activity.store(activity as u8, Relaxed);
    }

    pub(super) fn activity(&self) -> Activity {
        let number = self.activity.load(Relaxed);
        let known = [Activity::Watching, Activity::Hidden, Activity::Paused];
        known.into_iter().find(|one| *one as u8 == number).unwrap_or(Activity::Watching)
    }

    /// A picture was sent, and `missed` were left out before it.
    pub(super) fn count(&self, missed: u32, bytes: usize) {
        self.sent.fetch_add(1, Relaxed);
        self.dropped.fetch_add(missed.into(), Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}

/// A viewer's entry; dropping it takes him off the list.
#[derive(Debug)]
pub(super) struct Entry {
    viewers: Arc<Viewers>,
    id: u64,
    pub(super) record: Arc<Record>,
}

impl Viewers {
    /// Puts one on the list.
    pub(super) fn enter(self: &Arc<Self>, peer: SocketAddr, protocol: Protocol, since: Timestamp) -> Entry {
        let record = Arc::new(Record {
            peer,
            protocol,
            since,
            sent: 0.into(),
            dropped: 0.into(),
            bytes: 0.into(),
            delay_us: wire::UNKNOWN.into(),
            decode_us: wire::UNKNOWN.into(),
            activity: (Activity::Watching as u8).into(),
        });
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.0 += 1;
        let id = entries.0;
        entries.1.insert(id, Arc::clone(&record));
        drop(entries);
        Entry { viewers: Arc::clone(self), id, record }
    }

    /// All, in the order of their coming.
    pub(super) fn all(&self) -> Vec<Arc<Record>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).1.values().cloned().collect()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.viewers.entries.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.id);
    }
}
