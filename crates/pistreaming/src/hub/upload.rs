//! What all viewers together may be sent, and how it is shared: nobody gets more than he can use, and what is left over is
//! the others', in equal parts (max-min fair). Renditions come in steps: where an equal part lies between two, all get the
//! lower one first, and then as many the next as there is enough for, who has it already before others. Nobody has less of
//! a picture by it, and nobody is given more than twice what another has who could use as much.
//!
//! Here belongs: shares, and keeping to them. **Sans-IO: bytes and times are arguments.** Not here: what a viewer's link
//! carries (`rate`), which rendition fits into a share (`climb`).

use std::time::Duration;

use super::ladder::Rendition;
use crate::time::Timestamp;

/// So much time's share may be sent at once, where little was sent before.
const SAVED: Duration = Duration::from_millis(300);
/// One who is given a step has at most so many times what another has who could use it; a little more than twice, for rates
/// are whole numbers.
const MOST_APART: f64 = 2.01;

/// What all may be sent together, and what each can use.
#[derive(Debug)]
pub(super) struct Upload {
    /// Bytes a second.
    most: f64,
    /// Those who share it, by their numbers.
    sharers: Vec<Sharer>,
    free: Vec<usize>,
    /// What renditions need, bytes a second, rising.
    steps: Vec<f64>,
    /// Room for all claims in order, so that sharing out needs none.
    sorted: Vec<f64>,
}

/// One of those who share, all in bytes a second.
#[derive(Clone, Copy, Debug, Default)]
struct Sharer {
    /// What he can use; 0: he is not there.
    claim: f64,
    /// What he is given to use: a step, if there is one that he can have.
    given: f64,
    /// The same before it was shared out last.
    before: f64,
    /// The same as `given`, and what nobody uses.
    share: f64,
}

impl Sharer {
    /// Whether he has less than this step, and could use it.
    fn could_use(&self, step: f64) -> bool {
        self.given < step && step <= self.claim
    }
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
    pub(super) fn new(most: f64) -> Self {
        let steps = Vec::with_capacity(2 * Rendition::COUNT);
        Self { most, sharers: Vec::new(), free: Vec::new(), steps, sorted: Vec::new() }
    }

    /// One more is to be sent something; his number.
    pub(super) fn enter(&mut self) -> usize {
        let number = self.free.pop().unwrap_or(self.sharers.len());
        if number == self.sharers.len() {
            self.sharers.push(Sharer::default());
            self.sorted.clear();
            self.sorted.reserve(self.sharers.len());
        }
        self.sharers[number].claim = f64::INFINITY;
        self.share_out();
        number
    }

    /// One less.
    pub(super) fn leave(&mut self, number: usize) {
        if let Some(one) = self.sharers.get_mut(number) {
            *one = Sharer::default();
            self.free.push(number);
        }
    }

    /// One can use so many bytes a second. What that changes is reckoned by [`Self::share_out`].
    pub(super) fn claim(&mut self, number: usize, bytes_per_second: f64) {
        if let Some(one) = self.sharers.get_mut(number) {
            one.claim = bytes_per_second.max(0.0);
        }
    }

    /// What one gets, in bytes a second.
    pub(super) fn share(&self, number: usize) -> f64 {
        self.sharers.get(number).map_or(0.0, |one| one.share)
    }

    /// What the renditions that there are need, in bytes a second.
    pub(super) fn set_steps(&mut self, steps: impl Iterator<Item = f64>) {
        self.steps.clear();
        self.steps.extend(steps);
        self.steps.sort_unstable_by(f64::total_cmp);
    }

    /// Shares it out anew.
    pub(super) fn share_out(&mut self) {
        let level = self.level();
        let mut left = self.most;
        for one in &mut self.sharers {
            let most = one.claim.min(level);
            one.before = one.given;
            one.given = self.steps.iter().rev().copied().find(|&step| step <= most).unwrap_or(most);
            left -= one.given;
        }
        for &step in &self.steps {
            left = give(&mut self.sharers, step, left);
        }
        // What is left is for all: who can use it shows so.
        let more = left.max(0.0) / self.sorted.len().max(1) as f64;
        for one in self.sharers.iter_mut().filter(|one| one.claim > 0.0) {
            one.share = one.given + more;
        }
    }

    /// What nobody would get more than if there were no steps, in bytes a second.
    fn level(&mut self) -> f64 {
        self.sorted.clear();
        self.sorted.extend(self.sharers.iter().map(|one| one.claim).filter(|&claim| claim > 0.0));
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

/// Gives this step to as many as there is enough `left` for, who had it before first. What is left then.
fn give(sharers: &mut [Sharer], step: f64, mut left: f64) -> f64 {
    let all = sharers.iter().filter(|one| one.could_use(step));
    let least = all.map(|one| one.given).fold(f64::INFINITY, f64::min);
    if step > least * MOST_APART {
        return left;
    }
    for had_it in [true, false] {
        for one in sharers.iter_mut().filter(|one| one.could_use(step) && (one.before >= step) == had_it) {
            let more = step - one.given;
            if more <= left {
                one.given = step;
                left -= more;
            }
        }
    }
    left
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

    /// It, shared out among those who can use so much, twice: the second time changes nothing.
    fn shared(most: f64, claims: &[f64], steps: &[f64]) -> Upload {
        let mut upload = Upload::new(most);
        upload.set_steps(steps.iter().copied());
        for claim in claims {
            let number = upload.enter();
            upload.claim(number, *claim);
        }
        upload.share_out();
        let before: Vec<f64> = (0..claims.len()).map(|n| upload.share(n)).collect();
        upload.share_out();
        assert!((0..claims.len()).all(|n| (upload.share(n) - before[n]).abs() < 1e-9 * most));
        upload
    }

    proptest! {
        /// Where there are no steps nobody gets more than he can use, all together get what there is if they can use it, and
        /// who gets less than he can use gets as much as anybody.
        #[test]
        fn shares_are_fair(most in 1.0..1e6_f64, claims in prop::collection::vec(0.1..1e5_f64, 1..40)) {
            let upload = shared(most, &claims, &[]);
            let given: f64 = claims.iter().enumerate().map(|(n, claim)| claim.min(upload.share(n))).sum();
            let all: f64 = claims.iter().sum();
            prop_assert!((given - all.min(most)).abs() < 1e-6 * most, "{given} of {all}, {most}");
            let shares = || (0..claims.len()).map(|n| upload.share(n));
            let greatest = shares().fold(0.0, f64::max);
            prop_assert!(all < most || greatest <= claims.iter().copied().fold(0.0, f64::max) + 1e-6);
            prop_assert!(shares().zip(&claims).all(|(share, &claim)| share >= claim || share > greatest - 1e-6));
            prop_assert!((shares().sum::<f64>() - most).abs() < 1e-6 * most);
        }

        /// Where there are, all together get what there is and no more, nobody less than the step that an equal part carries
        /// or more than about twice what another has who could use it, and no step is left to anybody while there is enough.
        #[test]
        fn steps_are_given_fairly(
            most in 1.0..1e6_f64, claims in prop::collection::vec(0.1..1e5_f64, 1..40),
            mut steps in prop::collection::vec(1.0..1e5_f64, 1..5),
        ) {
            steps.sort_unstable_by(f64::total_cmp);
            let mut upload = shared(most, &claims, &steps);
            let shares: Vec<f64> = (0..claims.len()).map(|n| upload.share(n)).collect();
            prop_assert!((shares.iter().sum::<f64>() - most).abs() < 1e-6 * most, "{shares:?} of {most}");
            let level = upload.level();
            let given: Vec<f64> = upload.sharers.iter().map(|one| one.given).collect();
            let left = most - given.iter().sum::<f64>();
            for (n, &claim) in claims.iter().enumerate() {
                let equal = claim.min(level);
                let even = step_in(&steps, equal).unwrap_or(equal);
                prop_assert!(given[n] >= even && given[n] <= claim && shares[n] >= given[n]);
                let others = given.iter().zip(&claims).filter(|(_, other)| **other >= given[n]);
                prop_assert!(others.clone().all(|(other, _)| given[n] <= MOST_APART * other), "{given:?}");
                let Some(next) = steps.iter().copied().find(|&step| step > given[n] && step <= claim) else { continue };
                let least = given.iter().zip(&claims).filter(|(_, claim)| **claim >= next).map(|(given, _)| *given);
                let apart = next > MOST_APART * least.fold(f64::INFINITY, f64::min);
                prop_assert!(apart || next - given[n] > left - 1e-6 * most, "{next} of {left}, {given:?}");
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
    fn who_has_the_next_step_keeps_it() {
        let mut upload = Upload::new(120.0);
        upload.set_steps([25.0, 50.0, 8.0, 104.0].into_iter());
        let [one, two, three] = [(); 3].map(|()| upload.enter());
        let given = |upload: &Upload| [one, two, three].map(|n| step_in(&upload.steps, upload.share(n)));
        assert_eq!(given(&upload), [Some(50.0), Some(25.0), Some(25.0)]);
        upload.leave(one);
        upload.share_out();
        assert_eq!(given(&upload), [None, Some(50.0), Some(50.0)]);
        assert_eq!(upload.enter(), one);
        assert_eq!(given(&upload), [Some(25.0), Some(50.0), Some(25.0)], "who comes takes it from nobody");
    }

    #[test]
    fn nobody_has_three_times_what_another_has() {
        let mut upload = Upload::new(90.0);
        upload.set_steps([9.0, 28.0].into_iter());
        (0..6).for_each(|_| _ = upload.enter());
        assert!((0..6).all(|n| (upload.share(n) - 15.0).abs() < 1e-9));
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
