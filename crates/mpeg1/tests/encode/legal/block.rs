//! Blocks: DCs, runs and levels, and what they become when dequantised.

use super::Reader;
use super::bits::Outcome;
use super::tables::{self, Coefficient, INTRA_WEIGHTS, ZIGZAG};

/// The DCs that the next ones are reckoned from, of Y, Cb, Cr, as sent: eighths of what is reconstructed (2.4.4.1).
pub(super) struct Dc([i32; 3]);

impl Default for Dc {
    fn default() -> Self {
        Self([128; 3])
    }
}

const END_OF_BLOCK: &str = "more than 64 coefficients";

impl Reader<'_> {
    /// Block 0 to 5 of an intra macroblock.
    pub(super) fn intra_block(&mut self, block: usize, scale: i32, dc: &mut Dc) -> Outcome {
        let plane = block.saturating_sub(3);
        let size = tables::DC_SIZE[plane.min(1)].take(&mut self.bits)?;
        let code = if size > 0 { self.bits.take(size)? as i32 } else { 0 };
        // The upper half of what so many bits can say are the positive differences.
        let positive = size == 0 || code >> (size - 1) == 1;
        dc.0[plane] += if positive { code } else { code - (1 << size) + 1 };
        if !(0..=255).contains(&dc.0[plane]) {
            return Err(format!("a DC of {}", dc.0[plane]));
        }
        self.coefficients(1, |level, place| {
            let (row, column) = ZIGZAG[place];
            2 * level * scale * INTRA_WEIGHTS[row][column] / 16
        })
    }

    /// A coded block of a predicted macroblock.
    pub(super) fn predicted_block(&mut self, scale: i32) -> Outcome {
        self.coefficients(0, |level, _| (2 * level + level.signum()) * scale)
    }

    /// Coefficients from the place `at` of the zigzag on; `dequantise` makes of a level what it stands for, before the
    /// oddification.
    fn coefficients(&mut self, mut at: usize, dequantise: impl Fn(i32, usize) -> i32) -> Outcome {
        let mut first = at == 0;
        loop {
            let codes = if first { &tables::FIRST } else { &tables::NEXT };
            let (run, level) = match codes.take(&mut self.bits)? {
                Coefficient::End => return Ok(()),
                Coefficient::Escape => self.escaped()?,
                Coefficient::RunLevel(run, level) => (run, if self.bits.flag()? { -level } else { level }),
            };
            first = false;
            at += run;
            if at > 63 {
                return Err(END_OF_BLOCK.into());
            }
            let value = dequantise(level, at);
            let odd = if value % 2 == 0 { value - value.signum() } else { value };
            if !(-2048..=2047).contains(&odd) {
                return Err(format!("level {level} at {at} stands for {odd}"));
            }
            self.census.coefficients += 1;
            at += 1;
        }
    }

    /// Run and level behind an escape (table B.5g).
    fn escaped(&mut self) -> Outcome<(usize, i32)> {
        let run = self.bits.take(6)? as usize;
        let level = match self.bits.take(8)? as i32 {
            0 => match self.bits.take(8)? as i32 {
                level @ 128.. => level,
                level => return Err(format!("an escaped level of {level} in 16 bits")),
            },
            128 => match self.bits.take(8)? as i32 {
                level @ 1..=128 => level - 256,
                level => return Err(format!("an escaped level of {} in 16 bits", level - 256)),
            },
            level @ 1..128 => level,
            level => level - 256,
        };
        self.census.escapes += 1;
        if tables::has_code(run, level) {
            return Err(format!("an escape for run {run}, level {level}, which have a code"));
        }
        Ok((run, level))
    }
}
