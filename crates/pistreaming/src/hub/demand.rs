//! What the viewers ask of the encoder: the one narrow seam by which control flows back up the river.
//!
//! Here belongs: how many watch, what they wait for. Not here: waking the encode thread (`mod`), coding.

use super::cursor::Wish;
use super::fit::PerFit;
use super::ladder::Audience;

/// Parts of pictures are of use while no more than so many watch: each part costs a message for each of them.
const MOST_FOR_PARTS: usize = 8;

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
    /// How many of them take parts of pictures.
    live: usize,
    orders: Orders,
}

impl Demand {
    /// One more watches.
    pub(super) const fn enter(&mut self, audience: Audience) {
        self.watching += 1;
        self.live += audience.takes_parts() as usize;
    }

    /// One less watches.
    pub(super) fn leave(&mut self, audience: Audience) {
        self.watching -= 1;
        self.live -= audience.takes_parts() as usize;
        if self.watching == 0 {
            self.orders = Orders::default();
        }
    }

    /// How many watch.
    #[must_use]
    pub(super) const fn watching(&self) -> usize {
        self.watching
    }

    /// Whether parts of a picture that is still being coded are of use to anybody.
    #[must_use]
    pub(super) const fn wants_parts(&self) -> bool {
        self.live > 0 && self.watching <= MOST_FOR_PARTS
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
        demand.enter(Audience::Live);
        demand.enter(Audience::Old);
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
        demand.enter(Audience::Live);
        demand.ask(Wish::Join(Fit::Fair));
        demand.leave(Audience::Live);
        assert_eq!(demand.orders(), Orders::default());
    }

    #[test]
    fn parts_are_for_a_few_who_can_take_them() {
        let mut demand = Demand::default();
        demand.enter(Audience::Old);
        assert!(!demand.wants_parts());
        demand.enter(Audience::Live);
        assert!(demand.wants_parts());
        (0..MOST_FOR_PARTS).for_each(|_| demand.enter(Audience::Old));
        assert!(!demand.wants_parts());
        (0..MOST_FOR_PARTS).for_each(|_| demand.leave(Audience::Old));
        demand.leave(Audience::Live);
        assert!(!demand.wants_parts());
    }
}
