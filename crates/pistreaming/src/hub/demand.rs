//! What the viewers ask of the encoder: the one narrow seam by which control flows back up the river.
//!
//! Here belongs: how many watch, what they wait for. Not here: waking the encode thread (`mod`), coding.

use super::cursor::Wish;
use super::fit::PerFit;

/// What the encoder is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Whether anybody watches. If not, an encoder that can rest does.
    pub watched: bool,
    /// Whether the next picture is to be a start for all: nobody has one yet.
    pub start: bool,
    /// Which joins are wanted of the newest picture.
    pub joins: PerFit<bool>,
    /// Which bands are wanted behind the newest picture.
    pub bands: PerFit<bool>,
    /// How many pictures ago somebody joined last.
    pub since_join: u64,
}

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Demand {
    watching: usize,
    orders: Orders,
}

impl Demand {
    /// One more watches.
    pub(super) const fn enter(&mut self) {
        self.watching += 1;
    }

    /// One less watches.
    pub(super) fn leave(&mut self) {
        self.watching -= 1;
        if self.watching == 0 {
            self.orders = Orders::default();
        }
    }

    /// How many watch.
    #[must_use]
    pub(super) const fn watching(&self) -> usize {
        self.watching
    }

    /// Notes a wish. Returns whether the encode thread should be woken for it: nobody had it before.
    pub(super) fn ask(&mut self, wish: Wish) -> bool {
        let wanted = self.place(wish);
        !std::mem::replace(wanted, true)
    }

    /// What was wished for is there.
    pub(super) fn fulfil(&mut self, wish: Wish) {
        *self.place(wish) = false;
    }

    /// A start for all was published: who waited for one of his own takes it.
    pub(super) fn started(&mut self) {
        self.orders = Orders::default();
    }

    fn place(&mut self, wish: Wish) -> &mut bool {
        match wish {
            Wish::Start => &mut self.orders.start,
            Wish::Join(fit) => &mut self.orders.joins[fit],
            Wish::Band(fit) => &mut self.orders.bands[fit],
        }
    }

    /// A picture was published.
    pub(super) const fn published(&mut self) {
        self.orders.since_join = self.orders.since_join.saturating_add(1);
    }

    /// Somebody was given a join of a picture that is so many pictures old.
    pub(super) const fn joined(&mut self, ago: u64) {
        self.orders.since_join = ago;
    }

    /// What the encoder is to do now.
    #[must_use]
    pub(super) const fn orders(&self) -> Orders {
        Orders { watched: self.watching > 0, ..self.orders }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Fit;

    #[test]
    fn wishes_are_shared_and_wake_once() {
        let mut demand = Demand::default();
        assert_eq!(demand.orders(), Orders::default());
        demand.enter();
        demand.enter();
        assert!(demand.ask(Wish::Start), "the first wakes the encoder");
        assert!(!demand.ask(Wish::Start), "the second waits with him");
        assert!(demand.ask(Wish::Join(Fit::Tight)));
        assert!(demand.orders().watched && demand.orders().start && demand.orders().joins[Fit::Tight]);
        demand.started();
        assert_eq!(demand.orders(), Orders { watched: true, ..Orders::default() });
        assert!(demand.ask(Wish::Band(Fit::Ample)));
        demand.fulfil(Wish::Band(Fit::Ample));
        assert!(demand.ask(Wish::Band(Fit::Ample)), "and wakes again when it was fulfilled");
    }

    #[test]
    fn with_the_last_viewer_all_wishes_go() {
        let mut demand = Demand::default();
        demand.enter();
        demand.ask(Wish::Join(Fit::Fair));
        demand.leave();
        assert_eq!(demand.orders(), Orders::default());
    }
}
