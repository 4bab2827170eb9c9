//! Damage: which macroblocks of a picture were decoded, and what is shown in place of the others: what stood there in
//! the picture before.

use crate::motion::predict_macroblock;
use crate::picture::Picture;
use crate::syntax::macroblock::MotionVector;
use alloc::vec;
use alloc::vec::Vec;

/// Which macroblocks were decoded.
#[derive(Debug)]
pub(super) struct Coverage {
    mb_width: usize,
    /// Row by row.
    decoded: Vec<bool>,
    /// Macroblocks that were decoded although something in them cannot be right.
    doubtful: u32,
}

impl Coverage {
    /// Nothing of a picture of that many macroblocks.
    pub(super) fn new(mb_width: usize, mb_height: usize) -> Self {
        Self { mb_width, decoded: vec![false; mb_width * mb_height], doubtful: 0 }
    }

    /// Nothing, again.
    pub(super) fn clear(&mut self) {
        self.decoded.fill(false);
        self.doubtful = 0;
    }

    /// Whether nothing was decoded.
    pub(super) fn is_empty(&self) -> bool {
        !self.decoded.contains(&true)
    }

    /// Macroblocks of the picture.
    pub(super) const fn macroblocks(&self) -> usize {
        self.decoded.len()
    }

    /// Column and row of the macroblock at `address`.
    pub(super) const fn place(&self, address: usize) -> (usize, usize) {
        (address % self.mb_width, address / self.mb_width)
    }

    /// The macroblock at `address` was decoded; `sound` is false if something in it cannot be right.
    pub(super) fn mark(&mut self, address: usize, sound: bool) {
        self.decoded[address] = true;
        self.doubtful += u32::from(!sound);
    }

    /// Fills what was not decoded from `reference`; how many macroblocks are not as they were sent.
    pub(super) fn conceal(&self, reference: &Picture, current: &mut Picture) -> u32 {
        let mut concealed = self.doubtful;
        for (address, _) in self.decoded.iter().enumerate().filter(|(_, decoded)| !**decoded) {
            predict_macroblock(reference, current, self.place(address), MotionVector::ZERO);
            concealed += 1;
        }
        concealed
    }
}
