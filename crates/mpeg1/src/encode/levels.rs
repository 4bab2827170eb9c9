//! A block's levels, and which of them are worth their bits.
//!
//! Quantisation finds for each coefficient the nearest level. Here the path of coefficients through the block is chosen
//! that makes distortion + λ × bits least: a level may come out one nearer to 0, or 0, and the block may end earlier.
//! Distortion is the square of what a coefficient is off; the DCT is orthonormal, so that is the samples', too.
//!
//! Here belongs: the list of levels and the choice. Not here: transforms, how levels become bits.

use crate::syntax::block::code_len;
use crate::tables::ZIGZAG;
use crate::transform::dct::FRACTION_BITS;
use crate::transform::quantise::{dequantise_intra, dequantise_predicted};

/// A level that is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// Its place in the order of sending, 0 to 63.
    pub at: u8,
    pub level: i16,
    /// The dequantised coefficient.
    pub coefficient: i16,
}

/// The levels of a block that are not 0, in the order of sending; of an intra block without the DC.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    list: [Level; 64],
    len: usize,
}

/// By what levels of a block are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub intra: bool,
    pub scale: u8,
    pub matrix: &'a [u8; 64],
}

/// A path through the block ends here for now.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Distortion + λ × bits, less the distortion of a block without any level.
    cost: i32,
    chosen: Level,
    /// The node before; 0 is the start.
    before: u8,
}

/// Room to look for a path in, used again for each block: to make it anew costs more than most blocks' paths.
#[derive(Debug)]
pub(super) struct Paths {
    /// Node 0 is the start.
    nodes: [Node; 65],
    alive: Alive,
}

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: [Node::default(); 65], alive: Alive { nodes: [0; 65], len: 0 } }
    }
}

/// λ for a quantiser scale of 1, in units of distortion, which has twice [`FRACTION_BITS`] fraction bits: of intra and
/// of predicted blocks. At the usual optimum λ is 0.85 times the square of half a step, and half a step is the scale.
/// What a predicted block gets is often noise, of use to no other picture: it is to cost less.
const LAMBDA: [i32; 2] = [54, 66];
/// Bits of end_of_block.
const END_BITS: i32 = 2;
/// No code is longer than an escape with a long level.
const UNREACHABLE: i32 = i32::MAX / 2;

impl Default for Levels {
    fn default() -> Self {
        Self { list: [Level::default(); 64], len: 0 }
    }
}

impl Levels {
    /// The levels that are not 0.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Level> {
        self.list[..self.len].iter()
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Leaves none.
    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Chooses among the `nearest` levels, of which `nonzero` has a bit for each that is not 0, of `coefficients`; all
    /// row by row. Gives by how much what is sent is better than nothing, in units of λ × bit: end_of_block counted,
    /// what the macroblock pays besides not.
    pub(super) fn choose(
        &mut self,
        judge: Judge<'_>,
        paths: &mut Paths,
        nearest: &[i16; 64],
        nonzero: u64,
        coefficients: &[i16; 64],
    ) -> i32 {
        self.len = 0;
        let mut sent = in_order_of_sending(nonzero);
        if judge.intra {
            sent &= !1;
        }
        let Paths { nodes, alive } = paths;
        alive.begin();
        let mut count = 1;
        let lambda = judge.lambda();
        while sent != 0 {
            let at = sent.trailing_zeros() as u8;
            sent &= sent - 1;
            let place = usize::from(ZIGZAG[usize::from(at)]);
            let node = judge.best(lambda, nodes, alive, (at, nearest[place], coefficients[place]));
            nodes[count] = node;
            alive.add(count as u8, nodes);
            count += 1;
        }
        let best = alive.best(nodes);
        let cost = nodes[usize::from(best)].cost + lambda * END_BITS;
        // An intra block pays for its end in any case.
        let last = if judge.intra || cost < 0 { best } else { 0 };
        self.take(nodes, last);
        -cost / lambda
    }

    /// Writes the path that ends at node `last` into the list.
    fn take(&mut self, nodes: &[Node; 65], last: u8) {
        let mut node = last;
        while node != 0 {
            self.list[self.len] = nodes[usize::from(node)].chosen;
            self.len += 1;
            node = nodes[usize::from(node)].before;
        }
        self.list[..self.len].reverse();
    }
}

impl Judge<'_> {
    fn lambda(self) -> i32 {
        LAMBDA[usize::from(!self.intra)] * i32::from(self.scale) * i32::from(self.scale)
    }

    /// The best way to send the coefficient `at` this place: which level, and behind which node.
    #[inline]
    fn best(
        self,
        lambda: i32,
        nodes: &[Node; 65],
        alive: &Alive,
        (at, nearest, wanted): (u8, i16, i16),
    ) -> Node {
        let weight = i32::from(self.scale) * i32::from(self.matrix[usize::from(ZIGZAG[usize::from(at)])]);
        let zero = square(i32::from(wanted));
        let mut best = Node { cost: UNREACHABLE, ..Node::default() };
        let lower = nearest - nearest.signum();
        for level in [nearest, lower] {
            if level == 0 {
                continue;
            }
            let coefficient = if self.intra {
                dequantise_intra(level, weight)
            } else {
                dequantise_predicted(level, weight)
            };
            let off = square(i32::from(wanted) - (i32::from(coefficient) << FRACTION_BITS));
            for &before in alive.iter() {
                let Node { cost, chosen, .. } = nodes[usize::from(before)];
                let first = before == 0;
                let run = if first { at - u8::from(self.intra) } else { at - chosen.at - 1 };
                let cost = cost + off - zero + lambda * code_len(first && !self.intra, run, level);
                if cost < best.cost {
                    best = Node { cost, chosen: Level { at, level, coefficient }, before };
                }
            }
        }
        best
    }
}

/// The nodes that a path can sensibly go on from: of two, the later is nearer to what follows, so that the earlier is
/// of use only if it costs less.
#[derive(Debug)]
struct Alive {
    nodes: [u8; 65],
    len: usize,
}

impl Alive {
    /// Only the start is alive.
    const fn begin(&mut self) {
        self.nodes[0] = 0;
        self.len = 1;
    }

    fn iter(&self) -> impl Iterator<Item = &u8> {
        self.nodes[..self.len].iter()
    }

    fn add(&mut self, node: u8, nodes: &[Node; 65]) {
        let cost = |node: u8| nodes[usize::from(node)].cost;
        while self.len > 0 && cost(self.nodes[self.len - 1]) >= cost(node) {
            self.len -= 1;
        }
        self.nodes[self.len] = node;
        self.len += 1;
    }

    /// The cheapest, which for what was added is the first.
    fn best(&self, nodes: &[Node; 65]) -> u8 {
        self.iter().copied().min_by_key(|&node| nodes[usize::from(node)].cost).unwrap_or(0)
    }
}

const fn square(value: i32) -> i32 {
    value * value
}

/// The mask of places row by row as a mask of places in the order of sending.
#[inline]
fn in_order_of_sending(mut places: u64) -> u64 {
    let mut sent = 0;
    while places != 0 {
        sent |= 1 << ORDER[places.trailing_zeros() as usize & 63];
        places &= places - 1;
    }
    sent
}

/// The order of sending by place: the inverse of [`ZIGZAG`].
const ORDER: [u8; 64] = {
    let mut order = [0; 64];
    let mut n = 0;
    while n < 64 {
        order[ZIGZAG[n] as usize] = n as u8;
        n += 1;
    }
    order
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::NON_INTRA_MATRIX;
    use proptest::prelude::*;

    const JUDGE: Judge<'_> = Judge { intra: false, scale: 4, matrix: &NON_INTRA_MATRIX };

    /// Cost of sending `levels`, by place in the order of sending, without end_of_block and what is not sent.
    fn cost(levels: &[(u8, i16)], coefficients: &[i16; 64]) -> i32 {
        let lambda = JUDGE.lambda();
        let mut next = 0;
        let mut sum = 0;
        for &(at, level) in levels {
            let wanted = i32::from(coefficients[usize::from(ZIGZAG[usize::from(at)])]);
            let coefficient = i32::from(dequantise_predicted(level, 64)) << FRACTION_BITS;
            sum += square(wanted - coefficient) - square(wanted);
            sum += lambda * code_len(next == 0, at - next, level);
            next = at + 1;
        }
        sum
    }

    proptest! {
        /// Against every way to send up to six coefficients.
        #[test]
        fn is_hardly_worse_than_the_best_of_all(places in prop::collection::btree_set(0u8..64, 1..7), seed: u64) {
            let mut coefficients = [0; 64];
            let (mut nearest, mut nonzero, mut state) = ([0; 64], 0, seed | 1);
            for &at in &places {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = (state >> 48) as i16 % 200;
                let place = usize::from(ZIGZAG[usize::from(at)]);
                coefficients[place] = value;
                nearest[place] = value / 64;
                nonzero |= u64::from(value / 64 != 0) << place;
            }
            let mut levels = Levels::default();
            levels.choose(JUDGE, &mut Paths::default(), &nearest, nonzero, &coefficients);
            let chosen: Vec<_> = levels.iter().map(|level| (level.at, level.level)).collect();
            let candidates: Vec<_> = places.iter().map(|&at| (at, nearest[usize::from(ZIGZAG[usize::from(at)])])).collect();
            let mut best = 0;
            for choice in 0..3usize.pow(candidates.len() as u32) {
                let sent: Vec<_> = candidates.iter().enumerate().filter_map(|(n, &(at, level))| {
                    let level = level - level.signum() * (choice / 3usize.pow(n as u32) % 3).min(1) as i16;
                    (choice / 3usize.pow(n as u32) % 3 < 2 && level != 0).then_some((at, level))
                }).collect();
                let end = if sent.is_empty() { 0 } else { JUDGE.lambda() * END_BITS };
                best = best.min(cost(&sent, &coefficients) + end);
            }
            let end = if chosen.is_empty() { 0 } else { JUDGE.lambda() * END_BITS };
            let ours = cost(&chosen, &coefficients) + end;
            // Nodes are let go that a longer run would seldom have made the better ones.
            prop_assert!(ours <= best + 2 * JUDGE.lambda(), "{ours} for {best}: {chosen:?}");
        }
    }

    #[test]
    fn what_is_worth_nothing_is_not_sent() {
        let mut levels = Levels::default();
        let (mut coefficients, mut nearest) = ([0; 64], [0; 64]);
        (coefficients[63], nearest[63]) = (65, 1);
        assert!(
            levels.choose(JUDGE, &mut Paths::default(), &nearest, 1 << 63, &coefficients) < 0
                && levels.is_empty()
        );
        (coefficients[0], nearest[0]) = (640, 10);
        assert!(levels.choose(JUDGE, &mut Paths::default(), &nearest, 1 << 63 | 1, &coefficients) > 0);
        assert_eq!(levels.iter().map(|level| level.at).collect::<Vec<_>>(), [0]);
    }
}
