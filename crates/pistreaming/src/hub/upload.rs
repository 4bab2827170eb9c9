//! What all viewers together may be sent, and how it is shared: nobody gets more than he can use, and what is left over is
//! the others', in equal parts (max-min fair). Renditions come in steps: where an equal part lies between two, all get the
//! lower one first, and then as many the next as there is for, who came first before who came later. Nobody has less by it.
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
    /// What each gets.
    shares: Vec<f64>,
    free: Vec<usize>,
    /// What renditions take, bytes a second, rising.
    steps: Vec<f64>,
    /// Room for the claims in order, so that sharing out needs none.
    sorted: Vec<f64>,
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
        Self {
            most,
            claims: Vec::new(),
            shares: Vec::new(),
            free: Vec::new(),
            steps: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// One more is to be sent something; his number.
    pub(super) fn enter(&mut self) -> usize {
        let number = self.free.pop().unwrap_or(self.claims.len());
        if number == self.claims.len() {
            self.claims.push(0.0);
            self.shares.push(0.0);
            self.sorted.reserve(self.claims.len());
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

    /// What one gets, in bytes a second.
    pub(super) fn share(&self, number: usize) -> f64 {
        self.shares.get(number).copied().unwrap_or(0.0)
    }

    /// What the renditions that there are take, in bytes a second, from the least up.
    pub(super) fn set_steps(&mut self, steps: impl Iterator<Item = f64>) {
        self.steps.clear();
        self.steps.extend(steps);
    }

    /// Shares it out anew.
    pub(super) fn share_out(&mut self) {
        let level = self.level();
        let mut left = self.most;
        for (share, &claim) in self.shares.iter_mut().zip(&self.claims) {
            let most = claim.min(level);
            *share = self.steps.iter().rev().copied().find(|&step| step <= most).unwrap_or(most);
            left -= *share;
        }
        for &step in &self.steps {
            for (share, &claim) in self.shares.iter_mut().zip(&self.claims) {
                let more = step - *share;
                if more > 0.0 && step <= claim && more <= left {
                    *share = step;
                    left -= more;
                }
            }
        }
        // What is left goes to all: who can use it shows so.
        let more = left.max(0.0) / self.sorted.len().max(1) as f64;
        let all = self.shares.iter_mut().zip(&self.claims).filter(|&(_, &claim)| claim > 0.0);
        all.for_each(|(share, _)| *share += more);
    }

    /// What nobody would get more than if there were no steps, in bytes a second.
    fn level(&mut self) -> f64 {
        self.sorted.clear();
        self.sorted.extend(self.claims.iter().copied().filter(|&claim| claim > 0.0));
        self.sorted.sort_unstable_by(f64::total_cmp);
        let (mut left, count) = (self.most, self.sorted.len());
        for (n, &claim) in self.sorted.iter().enumerate() {
            let level = left / (count - n) as f64;
            if claim >= level {
                return level;
            }
            left -= claim;
        }
        f64::INFINITY
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

    /// The greatest step that is no more, if any.
    fn step_in(steps: &[f64], rate: f64) -> Option<f64> {
        steps.iter().rev().copied().find(|&step| step <= rate)
    }

    proptest! {
        /// All together get what there is and no more, nobody less than the step that an equal part of it carries, and no step
        /// is left to anybody who could use it while there is as much over.
        #[test]
        fn shares_are_fair(
            most in 1.0..1e6_f64, claims in prop::collection::vec(0.1..1e5_f64, 1..40),
            mut steps in prop::collection::vec(1.0..1e5_f64, 0..5),
        ) {
            steps.sort_unstable_by(f64::total_cmp);
            let mut upload = Upload::new(most);
            upload.set_steps(steps.iter().copied());
            for claim in &claims {
                let number = upload.enter();
                upload.claim(number, *claim);
            }
            upload.share_out();
            let given: f64 = (0..claims.len()).map(|n| upload.share(n)).sum();
            prop_assert!((given - most).abs() < 1e-6 * most, "{given} of {most}");
            let level = upload.level();
            let taken = |n: usize| step_in(&steps, upload.share(n).min(claims[n]));
            let spare = most - (0..claims.len()).map(|n| taken(n).unwrap_or(upload.share(n).min(claims[n]))).sum::<f64>();
            for (n, &claim) in claims.iter().enumerate() {
                let even = step_in(&steps, claim.min(level));
                prop_assert!(taken(n) >= even, "{:?} of {even:?}", taken(n));
                prop_assert!(upload.share(n) >= claim.min(level) || even.is_some());
                let next = steps.iter().copied().find(|&step| Some(step) > taken(n) && step <= claim);
                let more = next.map_or(f64::INFINITY, |next| next - taken(n).unwrap_or(0.0));
                prop_assert!(more > spare - 1e-6 * most, "{more} of {spare}");
            }
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
        assert!((upload.share(one) - 30.0).abs() < 1e-9);
        upload.leave(two);
        upload.share_out();
        assert!((upload.share(three) - 45.0).abs() < 1e-9);
        assert_eq!(upload.enter(), two);
    }

    #[test]
    fn who_came_first_gets_the_next_step() {
        let mut upload = Upload::new(100.0);
        upload.set_steps([8.0, 25.0, 52.0, 104.0].into_iter());
        (0..2).for_each(|_| _ = upload.enter());
        let shares = [upload.share(0), upload.share(1)];
        assert!((52.0..104.0).contains(&shares[0]) && (25.0..52.0).contains(&shares[1]), "{shares:?}");
    }

    /// What is left where all have what they can use is for who can use more than he showed.
    #[test]
    fn what_is_left_can_be_tried() {
        let mut upload = Upload::new(100.0);
        let number = upload.enter();
        upload.claim(number, 10.0);
        upload.share_out();
        assert!(upload.share(number) > 99.0);
    }
}
