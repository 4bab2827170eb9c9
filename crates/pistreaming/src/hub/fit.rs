//! What a viewer's link can carry beside the stream, in three steps: what is coded for one viewer alone is made in these
//! sizes only, so that all who need one share it.
//!
//! Here belongs: the steps, and a link as it is now. Not here: how that is learned (`rate`), how many bytes a step has
//! (`encode`).

use std::time::Duration;

use crate::time::Timestamp;

/// What a link can carry beside the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Little, or nothing is known of it.
    #[default]
    Tight,
    /// About as much again.
    Fair,
    /// A whole sharp picture at once.
    Ample,
}

impl Fit {
    /// From the smallest.
    pub const ALL: [Self; 3] = [Self::Tight, Self::Fair, Self::Ample];

    /// The step of a link that carries so many times the stream's rate; none: hardly more than the stream.
    #[must_use]
    pub fn of(times: f64) -> Option<Self> {
        let steps = [(10.0, Self::Ample), (3.0, Self::Fair), (1.2, Self::Tight)];
        steps.into_iter().find(|&(least, _)| times >= least).map(|(_, fit)| fit)
    }
}

/// A value for each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerFit<T>([T; 3]);

impl<T> std::ops::Index<Fit> for PerFit<T> {
    type Output = T;

    fn index(&self, fit: Fit) -> &T {
        &self.0[fit as usize]
    }
}

impl<T> std::ops::IndexMut<Fit> for PerFit<T> {
    fn index_mut(&mut self, fit: Fit) -> &mut T {
        &mut self.0[fit as usize]
    }
}

impl<T: Copy> PerFit<T> {
    /// The same for each.
    pub const fn of(value: T) -> Self {
        Self([value; 3])
    }
}

impl<T> PerFit<T> {
    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

/// A viewer's link as it is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Now, by whatever clock, as long as it is one for all of a viewer's links.
    pub now: Timestamp,
    /// Bytes that may be sent now; none: what is on its way must arrive first.
    pub room: usize,
    /// It has carried away all that was sent: what is sent now waits behind nothing.
    pub idle: bool,
    /// Bytes a second that it carries, as far as is known.
    pub rate: Option<f64>,
    /// When it was seen last to be at work all the time, which shows its rate exactly; else it may carry more than is known.
    pub full_at: Timestamp,
    /// How much later what is sent now arrives than by an idle link.
    pub queue: Duration,
}

impl Default for Link {
    /// Nothing is known of it, and nothing holds anything up.
    fn default() -> Self {
        let now = Timestamp::default();
        Self { now, room: usize::MAX, idle: false, rate: None, full_at: now, queue: Duration::ZERO }
    }
}

impl Link {
    /// What it can carry beside a stream of `bits_per_second`; none: nothing, or nothing is known.
    #[must_use]
    pub fn fit(&self, bits_per_second: u32) -> Option<Fit> {
        Fit::of(self.rate? * 8.0 / f64::from(bits_per_second))
    }
}
