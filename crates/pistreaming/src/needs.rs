//! Who needs the camera: those who watch, those who want stills, and who has just asked for the page.
//!
//! Here belongs: counting them, and waking the camera that rests meanwhile. Not here: bringing it to rest (`pipeline`),
//! what is coded for whom (the hub).
//!
//! A std mutex, held for a few words; an eventfd beside it, because the capture thread waits for the program's end too.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bell::Bell;
use crate::shutdown::{Ready, Shutdown};

/// Who asks for the page opens its socket within this, or the page is never shown.
const EXPECTED: Duration = Duration::from_secs(10);

/// Everybody who needs one camera.
#[derive(Debug)]
pub struct Needs {
    state: Mutex<State>,
    /// Rings when somebody came.
    came: Bell,
}

#[derive(Debug)]
struct State {
    holders: usize,
    /// Whether the camera is stopped.
    resting: bool,
    /// Without holders it is needed until then.
    until: Instant,
}

/// One who needs the camera. Dropping it is leaving.
#[derive(Debug)]
pub struct Need(Arc<Needs>);

impl Needs {
    /// Nobody yet.
    ///
    /// # Errors
    /// If the kernel gives no eventfd: the program may open no more files.
    pub fn new() -> io::Result<Self> {
        let state = State { holders: 0, resting: false, until: Instant::now() };
        Ok(Self { state: Mutex::new(state), came: Bell::new()? })
    }

    /// One more needs it, from now on until the result is dropped.
    #[must_use]
    pub fn hold(self: &Arc<Self>) -> Need {
        self.lock().holders += 1;
        self.came.ring();
        Need(Arc::clone(self))
    }

    /// Somebody will need it in a moment: it can begin to wake.
    pub fn expect(&self) {
        let mut state = self.lock();
        state.until = state.until.max(Instant::now() + EXPECTED);
        drop(state);
        self.came.ring();
    }

    /// Whether nobody has needed it for so long.
    #[must_use]
    pub fn are_over(&self, since: Duration) -> bool {
        let state = self.lock();
        state.holders == 0 && state.until.elapsed() >= since && state.until <= Instant::now()
    }

    /// Waits on a thread until somebody needs it again; whether the program ends instead.
    #[must_use]
    pub fn wait(&self, shutdown: &Shutdown) -> bool {
        self.lock().resting = true;
        let over = self.wait_for_one(shutdown);
        self.lock().resting = false;
        over
    }

    /// Whether the camera rests, because nobody needs it.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.lock().resting
    }

    fn wait_for_one(&self, shutdown: &Shutdown) -> bool {
        loop {
            // What came before is seen in the state; for what comes later it rings again.
            self.came.hush();
            if !self.are_over(Duration::ZERO) {
                return false;
            }
            match shutdown.wait_readable(&self.came, None) {
                Ok(Ready::Triggered) => return true,
                Ok(Ready::File | Ready::TimedOut) => {}
                // A camera that runs for nobody is better than one that nobody can wake.
                Err(_) => return false,
            }
        }
    }

    /// A panic of another holder leaves the count right: nothing panics in between.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Need {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.holders -= 1;
        state.until = state.until.max(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_needed_as_long_as_one_is_left() {
        let needs = Arc::new(Needs::new().unwrap());
        assert!(needs.are_over(Duration::ZERO) && !needs.are_over(Duration::from_secs(600)));
        let (one, other) = (needs.hold(), needs.hold());
        drop(one);
        assert!(!needs.are_over(Duration::ZERO));
        drop(other);
        assert!(needs.are_over(Duration::ZERO) && !needs.are_over(Duration::from_secs(600)));
        needs.expect();
        assert!(!needs.are_over(Duration::ZERO), "somebody is about to come");
    }

    #[test]
    fn who_comes_ends_the_wait_and_the_program_s_end_does() {
        let needs = Arc::new(Needs::new().unwrap());
        let shutdown = Shutdown::new().unwrap();
        let wait = || {
            let (needs, shutdown) = (Arc::clone(&needs), shutdown.clone());
            std::thread::spawn(move || needs.wait(&shutdown))
        };
        // Who has come and gone before is nobody.
        drop(needs.hold());
        let waiting = wait();
        let need = needs.hold();
        assert!(!waiting.join().unwrap());
        assert!(!wait().join().unwrap(), "he is still there");
        drop(need);
        let waiting = wait();
        shutdown.trigger();
        assert!(waiting.join().unwrap());
    }
}
