//! Noticing who takes nothing; and for those who are sent pictures by plain HTTP, waiting until all has left: staleness
//! waits where it can be thrown away, and not in the kernel, where it cannot. Of a WebSocket the kernel itself says when it
//! has drained (`tap`), because its messages are sent by this program and not by hyper.
//!
//! Here belongs: waiting for unsent bytes to leave, and noticing that none do. Not here: what is sent.
//!
//! The bound is 0 unsent bytes: measured on a link of half the stream's rate, pictures are 118 ms old at the median,
//! against 194 ms with a bound of 4 kB and 1.2 s with none; nothing is lost in throughput, since bytes in flight do not
//! count. Of bytes that hyper writes the kernel has no event for "nothing unsent" (writable means below the low-water mark,
//! checked per segment only), so a gated viewer looks again by a timer; one that is not gated has no timer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::tap::Tap;

/// How often a gated viewer looks again: a third of a frame time at 24/s.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// How often a viewer in the middle of a send is looked at. Progress is wanted within many seconds only.
const LOOK_AT_SEND: Duration = Duration::from_secs(1);

/// He took nothing for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stalled;

/// One viewer's gate.
#[derive(Debug)]
pub(super) struct Gate {
    tap: Arc<Tap>,
    limit: Duration,
    unsent: usize,
    progress: Instant,
    /// When it is to be looked next.
    next_look: Instant,
}

impl Gate {
    /// A gate that gives up after `limit` without progress.
    pub(super) fn new(tap: Arc<Tap>, limit: Duration) -> Self {
        let now = Instant::now();
        Self { tap, limit, unsent: 0, progress: now, next_look: now }
    }

    /// The viewer showed that he takes what he is sent.
    pub(super) fn progress(&mut self) {
        self.progress = Instant::now();
    }

    /// Waits until all that was written has left. May be dropped at any time.
    pub(super) async fn drained(&mut self) -> Result<(), Stalled> {
        while self.look()? > 0 {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Looks, if that is due again, for one who waits for room; when it will be next.
    pub(super) fn look_now_and_then(&mut self) -> Result<Instant, Stalled> {
        let now = Instant::now();
        if self.next_look <= now {
            self.look()?;
            self.next_look = now + LOOK_AT_SEND;
        }
        Ok(self.next_look)
    }

    /// Ends only when nothing has left for too long: to be raced with a send.
    pub(super) async fn stalled(&mut self) -> Stalled {
        // The send may have begun long after the last picture: the time until then is not held against him.
        self.progress();
        loop {
            sleep(LOOK_AT_SEND).await;
            if let Err(stalled) = self.look() {
                return stalled;
            }
        }
    }

    /// Bytes unsent. Fewer than at the last look is progress, and so is none.
    pub(super) fn look(&mut self) -> Result<usize, Stalled> {
        let unsent = self.tap.unsent();
        if unsent < self.unsent || unsent == 0 {
            self.progress();
        }
        self.unsent = unsent;
        self.check().map(|()| unsent)
    }

    /// How long ago he showed last that he takes what he is sent.
    pub(super) fn since_progress(&self) -> Duration {
        self.progress.elapsed()
    }

    /// Whether that is not too long ago.
    pub(super) fn check(&self) -> Result<(), Stalled> {
        if self.since_progress() > self.limit { Err(Stalled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tap::tests::blocked;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn who_takes_nothing_is_given_up_and_not_before() {
        let (tap, _silent) = blocked().await;
        tokio::time::pause();
        let mut gate = Gate::new(tap, LIMIT);
        let begun = Instant::now();
        assert_eq!(gate.drained().await, Err(Stalled));
        assert!((LIMIT..LIMIT * 2).contains(&begun.elapsed()));
    }

    #[tokio::test]
    async fn who_acknowledges_is_not_given_up() {
        let (tap, _silent) = blocked().await;
        tokio::time::pause();
        let mut gate = Gate::new(tap, LIMIT);
        for _ in 0..10 {
            tokio::time::advance(LIMIT - Duration::from_secs(1)).await;
            gate.progress();
            assert!(
                tokio::time::timeout(LOOK_AGAIN * 3, gate.drained()).await.is_err(),
                "gated, not stalled"
            );
        }
    }

    #[tokio::test]
    async fn a_send_that_does_not_end_is_given_up() {
        let (tap, _silent) = blocked().await;
        tokio::time::pause();
        assert_eq!(Gate::new(tap, LIMIT).stalled().await, Stalled);
    }
}
