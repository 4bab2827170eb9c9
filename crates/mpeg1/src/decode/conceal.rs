//! What is known of each macroblock of a picture while it is decoded: whether it was, and whether it is the same as in
//! the picture before. Damage: what was not decoded is shown as it stood there.

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
    /// Those that are the same in both of the pictures that take turns: to skip one of them nothing has to be copied.
    same: Vec<bool>,
    /// Macroblocks that were decoded although something in them cannot be right.
    doubtful: u32,
}

impl Coverage {
    /// Nothing of a picture of that many macroblocks. Both pictures are the same.
    pub(super) fn new(mb_width: usize, mb_height: usize) -> Self {
        let macroblocks = mb_width * mb_height;
        Self { mb_width, decoded: vec![false; macroblocks], same: vec![true; macroblocks], doubtful: 0 }
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
    #[inline]
    pub(super) fn mark(&mut self, address: usize, sound: bool) {
        self.decoded[address] = true;
        self.doubtful += u32::from(!sound);
    }

    /// The macroblock at `address` is about to be written.
    #[inline]
    pub(super) fn changes(&mut self, address: usize) {
        self.same[address] = false;
    }

    /// Makes the macroblock at `address` what it is in `reference`.
    #[inline]
    pub(super) fn repeat(&mut self, address: usize, reference: &Picture, current: &mut Picture) {
        if !self.same[address] {
            predict_macroblock(reference, current, self.place(address), MotionVector::ZERO);
            self.same[address] = true;
        }
    }

    /// Fills what was not decoded from `reference`; how many macroblocks are not as they were sent.
    pub(super) fn conceal(&mut self, reference: &Picture, current: &mut Picture) -> u32 {
        let mut concealed = self.doubtful;
        for address in 0..self.macroblocks() {
            if !self.decoded[address] {
                self.repeat(address, reference, current);
                concealed += 1;
            }
        }
        concealed
    }
}
