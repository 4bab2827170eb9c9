//! Of which samples each sample of a longer or shorter line is made, and in which parts.
//!
//! Here belongs: the weights. Not here: multiplying by them (`mix`).

use std::ops::Range;

/// Parts of a whole of 2^14, by which samples are multiplied.
pub(super) const PLACES: u32 = 14;

/// For each sample of a line: which ones it is made of.
#[derive(Debug)]
pub(super) struct Taps {
    /// The first of them, and where its weight is in `pairs`.
    starts: Vec<(usize, usize)>,
    /// Weights of two neighbours at a time, the first in the lower half, in the order of the samples; of an odd number
    /// the last is 0. Those of one sample add up to 2^14.
    pairs: Vec<u32>,
}

impl Taps {
    /// How those of `to` samples that are in `range` are made of `from`.
    pub(super) fn new(from: usize, to: usize, range: Range<usize>) -> Self {
        let mut taps = Self { starts: Vec::with_capacity(range.len() + 1), pairs: Vec::new() };
        for index in range {
            let (first, parts) = if from > to { covered(from, to, index) } else { between(from, to, index) };
            taps.starts.push((first, taps.pairs.len()));
            let weights = weights(&parts);
            let pair = |pair: &[u16]| u32::from(pair[0]) | u32::from(pair.get(1).copied().unwrap_or(0)) << 16;
            taps.pairs.extend(weights.chunks(2).map(pair));
        }
        taps.starts.push((from, taps.pairs.len()));
        taps
    }

    /// How many samples are made.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first sample, and the pairs of weights, of sample `index` of the result.
    #[inline(always)]
    pub(super) fn of(&self, index: usize) -> (usize, &[u32]) {
        let ((first, start), (_, end)) = (self.starts[index], self.starts[index + 1]);
        (first, &self.pairs[start..end])
    }

    /// The samples of which any is made.
    pub(super) fn needed(&self) -> Range<usize> {
        match self.len() {
            0 => 0..0,
            length => {
                let (first, _) = self.of(0);
                let (last, pairs) = self.of(length - 1);
                first..last + 2 * pairs.len()
            }
        }
    }
}

/// Rounds parts so that their sum is exactly a whole: what rounding leaves over goes to the greatest.
fn weights(parts: &[f64]) -> Vec<u16> {
    let whole = f64::from(1 << PLACES);
    let mut weights: Vec<u16> = parts.iter().map(|part| (part * whole).round() as u16).collect();
    let sum: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
    if let Some(greatest) = weights.iter_mut().max() {
        *greatest = (i32::from(*greatest) + (1 << PLACES) - sum) as u16;
    }
    weights
}

/// The samples that a smaller picture's sample covers, each by how much of it is covered.
pub(super) fn covered(from: usize, to: usize, index: usize) -> (usize, Vec<f64>) {
    let (start, end) = (index * from, (index + 1) * from);
    let (first, last) = (start / to, end.div_ceil(to));
    let part = |sample: usize| {
        let inside = ((sample + 1) * to).min(end) - (sample * to).max(start);
        inside as f64 / from as f64
    };
    (first, (first..last).map(part).collect())
}

/// The two samples between whose middles a larger picture's sample has its own.
pub(super) fn between(from: usize, to: usize, index: usize) -> (usize, Vec<f64>) {
    let middle = ((index as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
    let first = (middle as usize).min(from.saturating_sub(2));
    let part = middle - first as f64;
    if from == 1 { (0, vec![1.0]) } else { (first, vec![1.0 - part, part]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_whole() {
        for (from, to) in [(640, 480), (1920, 640), (33, 100), (100, 99), (5, 5), (1, 7), (17, 1)] {
            let taps = Taps::new(from, to, 0..to);
            assert_eq!(taps.len(), to);
            for index in 0..to {
                let (first, pairs) = taps.of(index);
                assert_eq!(pairs.iter().map(|pair| (pair & 0xffff) + (pair >> 16)).sum::<u32>(), 1 << PLACES);
                // The second of the last pair may lie behind the line, and then counts for nothing.
                assert!(first + 2 * pairs.len() <= from + 1);
                assert!(pairs.iter().all(|pair| pair & 0xffff <= 1 << PLACES && pair >> 16 <= 1 << PLACES));
            }
        }
        assert_eq!(Taps::new(640, 320, 5..5).needed(), 0..0);
        assert_eq!(Taps::new(640, 320, 5..10).needed(), 10..20);
    }
}
