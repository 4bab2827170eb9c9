//! Slices and their macroblocks: order, addresses, types, vectors, what is predicted from what.

use super::Reader;
use super::bits::Outcome;
use super::block::Dc;
use super::headers::Picture;
use super::history::Became;
use super::tables::{self, Address, Kind};

/// Vector components are reckoned from that of the macroblock before.
#[derive(Clone, Copy, Default)]
struct Vector {
    x: i32,
    y: i32,
}

/// A slice in work.
struct Slice {
    picture: Picture,
    /// The address of the macroblock before; -1 before the picture's first.
    address: i32,
    first: bool,
    scale: i32,
    vector: Vector,
    dc: Dc,
}

impl Reader<'_> {
    /// Reads a slice behind its start code, which says `row`; the next macroblock to come is `next`. Gives the next
    /// after it.
    pub(super) fn slice(&mut self, picture: Picture, row: usize, next: usize) -> Outcome<usize> {
        let mb_width = self.history.mb_width();
        let address = (row * mb_width) as i32 - 1;
        let scale = self.bits.take(5)? as i32;
        self.bits.expect(0, 1, "extra_bit_slice")?;
        let mut slice =
            Slice { picture, address, first: true, scale, vector: Vector::default(), dc: Dc::default() };
        legal_scale(scale)?;
        loop {
            self.macroblock(&mut slice, next)?;
            // 2.4.2.6: macroblocks go on until there are 23 zeros.
            if self.bits.peek(23) == 0 {
                break;
            }
            // JSMpeg takes a slice for ended where a start code stands at the next byte.
            if self.bits.start_code_at_next_byte() {
                return Err(
                    "what follows is within the same byte, before a start code: JSMpeg misses it".into()
                );
            }
        }
        self.bits.next_start_code()?;
        self.place.macroblock = None;
        Ok(slice.address as usize + 1)
    }

    fn macroblock(&mut self, slice: &mut Slice, next: usize) -> Outcome {
        let increment = self.address_increment()?;
        let address = slice.address + increment;
        self.place.macroblock = Some(address as usize);
        if address as usize >= self.history.macroblocks() {
            return Err("it lies behind the picture's last".into());
        }
        if slice.first && address as usize != next {
            return Err(format!("the slice begins here, the one before ended before {next}"));
        }
        if !slice.first && increment > 1 {
            self.skipped(slice, increment - 1)?;
        }
        (slice.address, slice.first) = (address, false);
        let kinds = if slice.picture.intra { &tables::KIND_IN_I } else { &tables::KIND_IN_P };
        let kind = kinds.take(&mut self.bits)?;
        self.content(slice, kind, address as usize)
    }

    /// macroblock_address_increment with what may stand before it (2.4.2.7).
    fn address_increment(&mut self) -> Outcome<i32> {
        let (mut increment, mut escaped) = (0, false);
        loop {
            match tables::ADDRESS.take(&mut self.bits)? {
                Address::Stuffing if escaped => return Err("stuffing behind an escape".into()),
                Address::Stuffing => self.census.stuffing += 1,
                Address::Escape => (increment, escaped) = (increment + 33, true),
                Address::Increment(more) => return Ok(increment + more as i32),
            }
        }
    }

    /// Macroblocks left out (2.4.4.4).
    fn skipped(&mut self, slice: &mut Slice, count: i32) -> Outcome {
        if slice.picture.intra {
            return Err("macroblocks before it are skipped in an I picture".into());
        }
        for address in slice.address + 1..=slice.address + count {
            self.place.macroblock = Some(address as usize);
            self.history.note(address as usize, Became::Skipped)?;
        }
        self.place.macroblock = Some((slice.address + count) as usize + 1);
        self.census.skipped += count as usize;
        (slice.vector, slice.dc) = (Vector::default(), Dc::default());
        Ok(())
    }

    /// Everything behind macroblock_type.
    fn content(&mut self, slice: &mut Slice, kind: Kind, address: usize) -> Outcome {
        if kind.quantiser {
            slice.scale = self.bits.take(5)? as i32;
            legal_scale(slice.scale)?;
            self.census.scales += 1;
        }
        slice.vector = if kind.forward {
            let Picture { f_code, .. } = slice.picture;
            Vector { x: self.component(f_code, slice.vector.x)?, y: self.component(f_code, slice.vector.y)? }
        } else {
            Vector::default()
        };
        let pattern = if kind.pattern { tables::PATTERN.take(&mut self.bits)? } else { 0 };
        if kind.intra {
            self.census.intra_in_p += usize::from(!slice.picture.intra);
            self.history.note(address, Became::Intra)?;
            return (0..6).try_for_each(|block| self.intra_block(block, slice.scale, &mut slice.dc));
        }
        slice.dc = Dc::default();
        self.predicted(slice, address)?;
        let coded = (0..6).filter(|block| pattern & 32 >> block != 0);
        coded.into_iter().try_for_each(|_| self.predicted_block(slice.scale))
    }

    fn predicted(&mut self, slice: &Slice, address: usize) -> Outcome {
        let unit = if slice.picture.full_pel { 2 } else { 1 };
        let Vector { x, y } = slice.vector;
        self.census.predicted += 1;
        self.census.moved += usize::from((x, y) != (0, 0));
        self.history.note(address, Became::Predicted(x * unit, y * unit))
    }

    /// A vector's component (2.4.4.2), in the range of the picture's f_code.
    fn component(&mut self, f_code: u32, before: i32) -> Outcome<i32> {
        let f = 1 << (f_code - 1);
        let magnitude = tables::MOTION.take(&mut self.bits)?;
        let negative = magnitude != 0 && self.bits.flag()?;
        let rest = if magnitude != 0 && f > 1 { self.bits.take(f_code as usize - 1)? as i32 } else { 0 };
        let difference = if magnitude == 0 { 0 } else { (magnitude - 1) * f + rest + 1 };
        let sum = before + if negative { -difference } else { difference };
        // Of the two vectors that the code may mean, the one in range.
        Ok((sum + 16 * f).rem_euclid(32 * f) - 16 * f)
    }
}

fn legal_scale(scale: i32) -> Outcome {
    if scale == 0 { Err("quantizer_scale 0 is forbidden".into()) } else { Ok(()) }
}
