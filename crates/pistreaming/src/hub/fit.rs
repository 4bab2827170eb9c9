//! What a viewer's link can carry beside the stream, in three steps: what is coded for one viewer alone is made in these
//! sizes only, so that all who need one share it.
//!
//! Here belongs: the steps. Not here: how a link is measured (`server`), how many bytes a step has (`encode`).

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

impl<T> PerFit<T> {
    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

/// A viewer's link as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// What it can carry; none: hardly the stream itself.
    pub fit: Option<Fit>,
    /// All that was sent has arrived: what is sent now delays nothing.
    pub idle: bool,
}
