//! What is written of a macroblock (2.4.2.7, 2.4.2.8).
//!
//! Here belongs: the order of its parts in the stream. Not here: the codes themselves (`syntax`).

use fearless_simd::dispatch;

use super::{Coder, DC_RESET};
use crate::bits::BitWriter;
use crate::syntax::block::{write_coefficient, write_dc_difference, write_end};
use crate::syntax::macroblock::{MacroblockType, MotionVector, write_block_pattern};

impl Coder<'_> {
    /// Writes everything behind the address increment.
    pub fn write(&mut self, bits: &mut BitWriter<'_>) {
        let coded = self.pattern != 0 && !self.intra;
        // A macroblock that is coded though it is empty needs a vector: "no motion, nothing coded" has no code.
        let motion = !self.intra && (self.vector != MotionVector::ZERO || !coded);
        let scale = self.quantiser.scale();
        let quantiser = scale != self.scale_before && (coded || self.intra);
        let kind = MacroblockType { quantiser, motion, pattern: coded, intra: self.intra };
        kind.write(bits, self.context.kind);
        if quantiser {
            bits.put(scale.into(), 5);
            self.scale_before = scale;
        }
        if motion {
            self.vector.write(bits, self.context.motion, self.vector_before);
        }
        self.vector_before = if motion { self.vector } else { MotionVector::ZERO };
        if coded {
            write_block_pattern(bits, self.pattern);
        }
        if self.intra {
            (0..6).for_each(|block| self.write_intra(bits, block));
        } else {
            self.dc_before = [DC_RESET; 3];
            (0..6).for_each(|block| self.write_predicted(bits, block));
        }
        if !self.intra && !coded {
            return self.store_prediction();
        }
        if !self.intra && !self.has_luma {
            self.take_luma();
        }
        dispatch!(self.context.level, simd => self.reconstruct(simd));
        self.store();
    }

    fn write_intra(&mut self, bits: &mut BitWriter<'_>, block: usize) {
        let plane = block.saturating_sub(3);
        let dc = self.dc[block];
        write_dc_difference(bits, plane == 0, dc - self.dc_before[plane]);
        self.dc_before[plane] = dc;
        self.write_levels(bits, block);
    }

    fn write_predicted(&self, bits: &mut BitWriter<'_>, block: usize) {
        if self.pattern & (32 >> block) != 0 {
            self.write_levels(bits, block);
        }
    }

    fn write_levels(&self, bits: &mut BitWriter<'_>, block: usize) {
        for &code in self.levels[block].codes() {
            write_coefficient(bits, code);
        }
        write_end(bits);
    }
}
