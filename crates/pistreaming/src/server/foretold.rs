//! Acknowledgements that need not be read to be known.
//!
//! Where a page tells of one picture in four or eight the kernel says that something came from it, and says so of many viewers at
//! once; reading what it is costs a system call for each. So where just one acknowledgement is to come, and something comes
//! when it should, that is taken for it, and read later together with others. Whatever is not as foretold is read at once: what
//! comes unasked (a clock probe, a change of state, word of a late picture), too soon, or too late. If something else came
//! in its place, then the next acknowledgement comes unasked, or is missing, and all is read: nothing is believed wrongly for
//! longer than from one to the next, and what was is taken back.
//!
//! Here belongs: what is to come, and when. **Sans-IO: all times and bytes are arguments.** Not here: reading (`inbox`), what
//! follows from the news (the hub's `window`).

use std::time::Duration;

use crate::time::Timestamp;

/// Later than his least round trip by more than this it is not as foretold: half the time from one to the next, or less.
pub(super) const LATE: Duration = Duration::from_millis(80);

/// What comes later than usual by more than that, and is not overdue, may be word of another picture, which was late: where two of them in
/// turn were taken for it a link that had fallen was found out 0.3 s later. It is what a page itself takes for late. *Than usual*: to 4,000
/// viewers a picture takes as long to be sent at all, and reading what each says of it took the rest of the processor.
const IN_TIME: Duration = Duration::from_millis(30);
/// What is usual changes by this part with each that comes.
const PART: u32 = 8;

/// What is to come from one viewer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foretold {
    /// So many acknowledgements.
    due: u32,
    /// When the first of their pictures was sent.
    at: Timestamp,
    /// All bytes that were sent up to the end of the last one.
    end: u64,
    /// So many were taken for it and have not been read; the last of them is to say this.
    unread: u32,
    taken: u64,
    /// How much longer than the least round trip it usually takes.
    usual: Duration,
}

impl Foretold {
    /// A picture was sent that is to be acknowledged; with it `end` bytes in all.
    pub(super) const fn sent(&mut self, now: Timestamp, end: u64) {
        if self.due == 0 {
            self.at = now;
        }
        self.due += 1;
        self.end = end;
    }

    /// Something came by a link of this least round trip. If it is what was to come: how many bytes have arrived, then.
    pub(super) fn comes(&mut self, now: Timestamp, least: Duration) -> Option<u64> {
        let took = now.since(self.at);
        if self.due != 1 || took < least || took > least + LATE {
            return None;
        }
        let (more, usual) = (took - least, self.usual);
        self.usual = usual * (PART - 1) / PART + more / PART;
        (more <= usual + IN_TIME).then(|| {
            (self.due, self.unread, self.taken) = (0, self.unread + 1, self.end);
            self.end
        })
    }

    /// It was read that in all `total` bytes have arrived. Whether that is less than the last one was taken for: it is of an earlier
    /// picture, which was late.
    pub(super) const fn read(&mut self, total: u64) -> bool {
        if total >= self.end {
            self.due = 0;
        }
        let is_last = self.unread == 1;
        self.unread = self.unread.saturating_sub(1);
        is_last && total < self.taken
    }

    /// Whether something should have come and has not.
    pub(super) fn is_overdue(&self, now: Timestamp, least: Duration) -> bool {
        self.due > 0 && now.since(self.at) > least + LATE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_millis(20);

    fn ms(ms: u64) -> Timestamp {
        Timestamp::from_micros(ms * 1000)
    }

    #[test]
    fn what_comes_in_time_is_what_was_to_come_and_once_only() {
        let mut foretold = Foretold::default();
        assert_eq!(foretold.comes(ms(1), LEAST), None, "nothing is to come");
        foretold.sent(ms(1000), 5000);
        assert_eq!(foretold.comes(ms(1019), LEAST), None, "it cannot be it");
        assert_eq!(foretold.comes(ms(1025), LEAST), Some(5000));
        assert_eq!(foretold.comes(ms(1026), LEAST), None);
        assert!(!foretold.is_overdue(ms(9000), LEAST));
    }

    #[test]
    fn what_comes_late_or_might_be_one_of_two_is_read() {
        let mut foretold = Foretold::default();
        foretold.sent(ms(1000), 5000);
        assert!(!foretold.is_overdue(ms(1100), LEAST) && foretold.is_overdue(ms(1101), LEAST));
        assert_eq!(foretold.comes(ms(1051), LEAST), None, "a page would take it for late");
        foretold.sent(ms(1170), 9000);
        assert_eq!(foretold.comes(ms(1195), LEAST), None);
        assert!(!foretold.read(5000));
        assert_eq!(foretold.comes(ms(1196), LEAST), None, "which of them it is nobody knows");
        assert!(!foretold.read(9000));
        foretold.sent(ms(1340), 12_000);
        assert_eq!(foretold.comes(ms(1390), LEAST), Some(12_000));
    }

    #[test]
    fn what_is_late_is_what_is_later_than_usual() {
        let mut foretold = Foretold::default();
        let mut comes = |n: u64, after: u64| {
            foretold.sent(ms(1000 * n), n);
            let is_it = foretold.comes(ms(1000 * n + after), LEAST).is_some();
            foretold.read(n);
            is_it
        };
        assert!(comes(1, 50) && !comes(2, 65), "4 ms more than the least are usual");
        assert!((3..12).map(|n| comes(n, 65)).last().unwrap(), "now it is usual");
        assert!(comes(12, 80) && !comes(13, 101));
    }

    #[test]
    fn what_was_taken_for_another_is_found_out_when_it_is_read() {
        let mut foretold = Foretold::default();
        for (at, end) in [(1000, 5000), (1340, 9000)] {
            foretold.sent(ms(at), end);
            assert_eq!(foretold.comes(ms(at + 25), LEAST), Some(end));
        }
        assert!(!foretold.read(5000), "the first of two");
        assert!(foretold.read(8000), "a picture before the one that was to be told of");
        assert!(!foretold.read(8500), "which comes unasked");
        assert!(!foretold.read(9000));
    }
}
