//! Finding a vector: from what neighbours and the picture before found, downhill in ever smaller steps, to half pels.
//!
//! Here belongs: the way through the places to look at. Not here: what a vector is compared with besides (intra, skip).

use fearless_simd::{Level, Simd, dispatch};

use super::HalfPel;
use super::sad::{Luma, Quarters, Sum, sad};
use crate::picture::Plane;
use crate::syntax::macroblock::MotionVector;

/// What a search is told.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The macroblock to code.
    pub source: &'a Luma,
    /// The picture to predict from.
    pub reference: Plane<'a>,
    /// The macroblock's upper left pixel.
    pub at: (usize, usize),
    /// The largest left and top coordinate of a prediction, in half pels.
    pub most: (i32, i32),
    /// How far to the right and down, and one further to the left and up, a vector may lead, in half pels.
    pub range: i32,
    /// The vector that the found one will be coded against.
    pub before: MotionVector,
    /// What a bit is worth in units of the sum of absolute differences.
    pub bit_cost: u32,
    /// If fewer places are to be looked at: the first candidate is good enough if the difference to what it leads to is no
    /// more than that.
    pub enough: Option<u32>,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The vector, in half pels.
    pub vector: MotionVector,
    /// The sum of absolute differences to its prediction.
    pub difference: u32,
    /// The same block by block; of no meaning if the vector is zero.
    pub quarters: Quarters,
}

/// Steps of the way downhill, in half pels.
const STEPS: [i32; 3] = [8, 4, 2];
/// A difference above this is looked for in large steps, too.
const FAR: u32 = 2000;
/// What the type of a macroblock without motion takes more than that of one with a vector.
const NO_MOTION_BITS: u32 = 1;
/// Most steps of one size.
const MOST_STEPS: usize = 12;
/// The four directions.
const DIRECTIONS: [(i32, i32); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

impl Search<'_> {
    /// Looks for a better vector than zero, whose sum of absolute differences is `zero`, starting with `candidates`.
    #[must_use]
    pub fn find(&self, level: Level, zero: u32, candidates: &[MotionVector]) -> Found {
        dispatch!(level, simd => self.find_in_vectors(simd, zero, candidates))
    }

    #[inline(always)]
    fn find_in_vectors<S: Simd>(&self, simd: S, zero: u32, candidates: &[MotionVector]) -> Found {
        let cost = zero + self.vector_cost(0, 0);
        let mut best = Best { x: 0, y: 0, sum: Sum::of_total(simd, zero), cost };
        if let (Some(enough), Some(first)) = (self.enough, candidates.first()) {
            self.look(simd, first.x.into(), first.y.into(), &mut best);
            if best.cost < cost && best.sum.total <= enough {
                return best.found();
            }
        }
        // To whole pels: half ones are looked at last.
        let whole = |vector: &MotionVector| (i32::from(vector.x) & !1, i32::from(vector.y) & !1);
        for (n, candidate) in candidates.iter().enumerate() {
            let (x, y) = whole(candidate);
            // Neighbours mostly move alike: no place is looked at twice.
            if (x, y) != (0, 0) && candidates[..n].iter().all(|before| whole(before) != (x, y)) {
                self.look(simd, x, y, &mut best);
            }
        }
        let mut around = [0; 4];
        for step in STEPS {
            if step == STEPS[STEPS.len() - 1] || best.sum.total > FAR {
                around = self.downhill(simd, step, &mut best);
            }
        }
        self.half_pels(simd, around, &mut best);
        best.found()
    }

    /// Goes where it is better until it is nowhere; gives what the four places around would cost, about.
    #[inline(always)]
    fn downhill<S: Simd>(&self, simd: S, step: i32, best: &mut Best<S>) -> [u32; 4] {
        let mut came_from = DIRECTIONS.len();
        let mut around = [u32::MAX; 4];
        for _ in 0..MOST_STEPS {
            let (x, y) = (best.x, best.y);
            let mut goes = DIRECTIONS.len();
            let center = best.cost;
            for (n, (dx, dy)) in DIRECTIONS.into_iter().enumerate() {
                let before = best.cost;
                if n != came_from {
                    around[n] = self.look(simd, x + dx * step, y + dy * step, best);
                }
                goes = if best.cost < before { n } else { goes };
            }
            if goes == DIRECTIONS.len() {
                break;
            }
            came_from = (goes + 2) % DIRECTIONS.len();
            around[came_from] = center;
        }
        around
    }

    /// The halves beside, to the sides where whole ones are better, and the corner between them, or if fewer places are to be
    /// looked at, if one of the halves is better: that costs two thousandths of the bits. To look at all four takes two looks
    /// more and gains a thousandth.
    #[inline(always)]
    fn half_pels<S: Simd>(&self, simd: S, around: [u32; 4], best: &mut Best<S>) {
        let (x, y) = (best.x, best.y);
        let dx = if around[0] < around[2] { 1 } else { -1 };
        let dy = if around[1] < around[3] { 1 } else { -1 };
        let whole = best.cost;
        self.look(simd, x + dx, y, best);
        self.look(simd, x, y + dy, best);
        if self.enough.is_none() || best.cost < whole {
            self.look(simd, x + dx, y + dy, best);
        }
    }

    /// Looks at a vector; its cost, or the most if it leads out of the picture.
    #[inline(always)]
    fn look<S: Simd>(&self, simd: S, x: i32, y: i32, best: &mut Best<S>) -> u32 {
        let place = (self.at.0 as i32 * 2 + x, self.at.1 as i32 * 2 + y);
        let inside = (0..=self.most.0).contains(&place.0) && (0..=self.most.1).contains(&place.1);
        let reachable =
            (-self.range - 1..=self.range).contains(&x) && (-self.range - 1..=self.range).contains(&y);
        if !inside || !reachable || (x, y) == (best.x, best.y) {
            return u32::MAX;
        }
        let at = HalfPel { x: place.0 as usize, y: place.1 as usize };
        let vector_cost = self.vector_cost(x, y);
        let sum = sad(simd, self.source, self.reference, at, best.cost.saturating_sub(vector_cost));
        let cost = sum.total + vector_cost;
        if cost < best.cost {
            *best = Best { x, y, sum, cost };
        }
        cost
    }

    /// No motion has a code of its own, whatever the vector before.
    #[inline(always)]
    fn vector_cost(&self, x: i32, y: i32) -> u32 {
        if (x, y) == (0, 0) {
            return NO_MOTION_BITS * self.bit_cost;
        }
        vector_bits(MotionVector { x: x as i16, y: y as i16 }, self.before) * self.bit_cost
    }
}

/// About how many bits a vector takes behind another one (2.4.3.6, table B.4 and the residuals).
#[inline(always)]
pub(crate) const fn vector_bits(vector: MotionVector, before: MotionVector) -> u32 {
    component_bits(vector.x as i32 - before.x as i32) + component_bits(vector.y as i32 - before.y as i32)
}

#[derive(Clone, Copy)]
struct Best<S: Simd> {
    x: i32,
    y: i32,
    sum: Sum<S>,
    cost: u32,
}

impl<S: Simd> Best<S> {
    #[inline(always)]
    fn found(&self) -> Found {
        let vector = MotionVector { x: self.x as i16, y: self.y as i16 };
        Found { vector, difference: self.sum.total, quarters: self.sum.quarters() }
    }
}

/// About how many bits a component's difference takes (table B.4 and its residual).
#[inline(always)]
const fn component_bits(difference: i32) -> u32 {
    if difference == 0 { 1 } else { 2 + 2 * (u32::BITS - difference.unsigned_abs().leading_zeros()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use crate::motion::sad::luma_at;
    use alloc::vec::Vec;

    #[test]
    fn a_moved_picture_is_found() {
        let texture = |x: i32, y: i32| ((x - 90) * (x - 90) / 40 + (y - 100) * (y - 100) / 50) as u8;
        let plane = |dx: i32, dy: i32| -> Vec<u8> {
            (0..96 * 96).map(|i| texture(i % 96 + dx + 50, i / 96 + dy + 50)).collect()
        };
        let (source, reference) = (plane(3, -2), plane(0, 0));
        let search = Search {
            source: &luma_at(Plane { samples: &source, stride: 96 }, (32, 48)),
            reference: Plane { samples: &reference, stride: 96 },
            at: (32, 48),
            most: (160, 160),
            range: 31,
            before: MotionVector::ZERO,
            bit_cost: 4,
            enough: None,
        };
        for level in level::all() {
            let found = search.find(level, u32::MAX / 2, &[]);
            assert_eq!(found, Found { vector: MotionVector { x: 6, y: -4 }, ..Found::default() });
        }
    }
}
