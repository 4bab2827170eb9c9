//! Rolling intra refresh: in place of I pictures, which take many times a P picture's time on the link, each picture
//! codes some rows of macroblocks intra, from the top to the bottom, again and again.
//!
//! A row that was refreshed in this cycle predicts only from rows that were, so that a decoder that began with garbage
//! is exact when the first whole cycle is over.
//!
//! Here belongs: whose turn it is. Not here: how a row is coded.

use core::ops::Range;

/// Where a cycle stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct RollingRefresh {
    rows: usize,
    /// Pictures that a cycle takes.
    cycle: usize,
    /// Pictures of the cycle that were coded.
    position: usize,
}

/// What the refresh demands of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The rows of macroblocks to be coded intra.
    pub intra: Range<usize>,
    /// Rows above this one were refreshed in this cycle: they predict from nothing below it.
    pub clean: usize,
}

impl RollingRefresh {
    /// For pictures of `rows` rows of macroblocks, each refreshed once in `cycle` pictures.
    pub(super) const fn new(rows: usize, cycle: u32) -> Self {
        Self { rows, cycle: cycle as usize, position: 0 }
    }

    /// What the next picture is to do.
    pub(super) const fn plan(&self) -> Plan {
        let clean = self.rows * self.position / self.cycle;
        Plan { intra: clean..self.rows * (self.position + 1) / self.cycle, clean }
    }

    /// A picture was coded as planned.
    pub(super) const fn advance(&mut self) {
        self.position = (self.position + 1) % self.cycle;
    }

    /// An I picture was coded: the next cycle begins.
    pub(super) const fn restart(&mut self) {
        self.position = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_row_has_its_turn_once_a_cycle_from_the_top() {
        for (rows, cycle) in [(30, 72), (68, 15), (1, 132), (9, 1), (175, 132)] {
            let mut refresh = RollingRefresh::new(rows, cycle);
            for _ in 0..2 {
                let mut turns = vec![0; rows];
                let mut next = 0;
                for _ in 0..cycle {
                    let plan = refresh.plan();
                    assert_eq!((plan.clean, plan.intra.start), (next, next));
                    next = plan.intra.end;
                    plan.intra.for_each(|row| turns[row] += 1);
                    refresh.advance();
                }
                assert_eq!(turns, vec![1; rows]);
            }
        }
    }
}
