//! What all viewers together may be sent, and how it is shared: nobody gets more than he can use, and what is left over is
//! the others', in equal parts (max-min fair).
//!
//! Here belongs: shares, and keeping to them. **Sans-IO: bytes and times are arguments.** Not here: what a viewer's link
//! carries (`window`), which rendition fits into a share (`climb`).

use std::time::Duration;

use crate::time::Timestamp;

/// So much time's share may be sent at once, where little was sent before.
const SAVED: Duration = Duration::from_millis(300);

/// What all may be sent together, and what each can use.
#[derive(Debug)]
pub(super) struct Upload {
    /// Bytes a second.
    most: f64,
    /// What each viewer can use, bytes a second, by his number.
    claims: Vec<f64>,
    free: Vec<usize>,
    /// What nobody gets more than.
    level: f64,
}

/// One viewer's share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Purse {
    /// Bytes that may be sent now; less than none: a message took more.
    left: f64,
    at: Timestamp,
}

impl Upload {
    /// For so many bytes a second.
    pub(super) const fn new(most: f64) -> Self {
        Self { most, claims: Vec::new(), free: Vec::new(), level: most }
    }

    /// One more is to be sent something; his number.
    pub(super) fn enter(&mut self) -> usize {
        let number = self.free.pop().unwrap_or(self.claims.len());
        if number == self.claims.len() {
            self.claims.push(0.0);
        }
        self.claims[number] = f64::INFINITY;
        self.share_out();
        number
    }

    /// One less.
    pub(super) fn leave(&mut self, number: usize) {
        if let Some(claim) = self.claims.get_mut(number) {
            *claim = 0.0;
            self.free.push(number);
        }
    }

    /// One can use so many bytes a second. What that changes is reckoned by [`Self::share_out`].
    pub(super) fn claim(&mut self, number: usize, bytes_per_second: f64) {
        if let Some(claim) = self.claims.get_mut(number) {
            *claim = bytes_per_second.max(0.0);
        }
    }

    /// What nobody gets more than, in bytes a second.
    pub(super) const fn level(&self) -> f64 {
        self.level
    }

    /// Shares it out anew.
    pub(super) fn share_out(&mut self) {
        let mut claims: Vec<f64> = self.claims.iter().copied().filter(|&claim| claim > 0.0).collect();
        claims.sort_unstable_by(f64::total_cmp);
        let (mut left, count) = (self.most, claims.len());
        self.level = self.most;
        for (n, claim) in claims.into_iter().enumerate() {
            self.level = left / (count - n) as f64;
            if claim >= self.level {
                return;
            }
            left -= claim;
        }
        // All get what they can use, and may try what is left.
        self.level = self.level.max(left);
    }
}

impl Purse {
    /// Whether a message may be sent now to one who gets `level` bytes a second.
    pub(super) fn is_open(&mut self, level: f64, now: Timestamp) -> bool {
        let saved = level * SAVED.as_secs_f64();
        self.left = (self.left + level * now.since(self.at).as_secs_f64()).min(saved);
        self.at = now;
        self.left > 0.0
    }

    /// A message was sent, or, with less than none, was not after all.
    pub(super) fn pay(&mut self, bytes: f64) {
        self.left -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nobody gets more than he can use, all together get what there is if they can use it, and who gets less than he can
        /// use gets as much as anybody.
        #[test]
        fn shares_are_fair(most in 1.0..1e6_f64, claims in prop::collection::vec(0.1..1e5_f64, 1..40)) {
            let mut upload = Upload::new(most);
            for claim in &claims {
                let number = upload.enter();
                upload.claim(number, *claim);
            }
            upload.share_out();
            let given: f64 = claims.iter().map(|claim| claim.min(upload.level())).sum();
            let all: f64 = claims.iter().sum();
            prop_assert!((given - all.min(most)).abs() < 1e-6 * most, "{given} of {all}, {most}");
            prop_assert!(all < most || upload.level() <= claims.iter().copied().fold(0.0, f64::max) + 1e-6);
        }

        /// In any time no more is sent than the share, what was saved, and one message.
        #[test]
        fn a_share_is_kept_to(level in 1e3..1e6_f64, messages in prop::collection::vec((0_u64..200_000, 1.0..50e3_f64), 1..200)) {
            let (mut purse, mut now_us, mut sent) = (Purse::default(), 1_000_000, 0.0);
            for (wait_us, bytes) in messages {
                now_us += wait_us;
                if purse.is_open(level, Timestamp::from_micros(now_us)) {
                    purse.pay(bytes);
                    sent += bytes;
                }
                let time = (now_us - 1_000_000) as f64 / 1e6 + SAVED.as_secs_f64();
                prop_assert!(sent <= level * time + 50e3);
            }
        }
    }

    #[test]
    fn numbers_are_given_again() {
        let mut upload = Upload::new(90.0);
        let (one, two, three) = (upload.enter(), upload.enter(), upload.enter());
        assert_eq!((one, two, three), (0, 1, 2));
        assert!((upload.level() - 30.0).abs() < 1e-9);
        upload.leave(two);
        upload.share_out();
        assert!((upload.level() - 45.0).abs() < 1e-9);
        assert_eq!(upload.enter(), two);
    }
}
