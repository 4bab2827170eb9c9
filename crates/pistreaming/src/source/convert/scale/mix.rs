//! Samples multiplied by their weights and added up, eight rows at a time.
//!
//! ```text
//! source rows ── mix_rows ──▶ block: eight rows of the result, still as wide as the source, column by column
//!                               │
//!                               └── mix_columns ──▶ eight rows of the result
//! ```
//!
//! Here belongs: the kernels. Not here: which samples, which weights (`taps`), where the picture lies (`scale`).
//!
//! In the block a column is a vector: so the mixing of columns, whose samples lie at uneven distances, needs no gathering,
//! only the same weight for all eight rows.

use std::ops::Range;

use fearless_simd::{Bytes, Simd, SimdBase, i16x8, i32x4, u8x16};

use super::taps::{PLACES, Taps};

/// Rows of a block.
pub(super) const ROWS: usize = 8;
/// Columns that are mixed at once.
const TILE: usize = 16;
/// Places behind the point that are kept between rows and columns.
pub(super) const KEPT: u32 = 6;

/// Eight samples one below the other, with [`KEPT`] places behind the point.
pub(super) type Column = [i16; ROWS];

/// A plane to read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) samples: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a> Source<'a> {
    /// Sixteen samples of row `y` from `x` on; of a row behind the last, which has no weight, those of the last.
    #[inline(always)]
    fn tile(&self, x: usize, y: usize) -> &'a [u8] {
        &self.samples[y.min(self.height - 1) * self.width + x..][..TILE]
    }
}

/// Mixes rows `first` and the `count - 1` behind it to the block's columns in `range`, or more.
#[inline(always)]
pub(super) fn mix_rows<S: Simd>(
    simd: S,
    source: Source<'_>,
    rows: &Taps,
    (first, count): (usize, usize),
    range: Range<usize>,
    block: &mut [Column],
) {
    if source.width < TILE {
        return mix_rows_slowly(source, rows, (first, count), block);
    }
    let end = range.end.min(source.width);
    let mut x = range.start;
    while x < end {
        let left = x.min(source.width - TILE);
        let (mut low, mut high) = ([simd.splat_i16x8(0); ROWS], [simd.splat_i16x8(0); ROWS]);
        for row in 0..count {
            (low[row], high[row]) = mix_tile(simd, source, rows.of(first + row), left);
        }
        let to = &mut block[left..left + TILE];
        let (to_low, to_high) = to.split_at_mut(ROWS);
        store(simd, low, to_low);
        store(simd, high, to_high);
        x += TILE;
    }
}

/// Sixteen samples of one row of the result.
#[inline(always)]
fn mix_tile<S: Simd>(
    simd: S,
    source: Source<'_>,
    (first, pairs): (usize, &[u32]),
    left: usize,
) -> (i16x8<S>, i16x8<S>) {
    let mut sums = [simd.splat_i32x4(1 << (PLACES - KEPT - 1)); 4];
    for (index, &pair) in pairs.iter().enumerate() {
        let weights = both(simd, pair);
        let upper = u8x16::from_slice(simd, source.tile(left, first + 2 * index));
        let lower = u8x16::from_slice(simd, source.tile(left, first + 2 * index + 1));
        let (one, other) = simd.interleave_u8x16(upper, lower);
        let ((a, b), (c, d)) = (simd.widen_u8x16(one), simd.widen_u8x16(other));
        sums[0] += simd.pairwise_dot_product_i16x8(a.bitcast(), weights);
        sums[1] += simd.pairwise_dot_product_i16x8(b.bitcast(), weights);
        sums[2] += simd.pairwise_dot_product_i16x8(c.bitcast(), weights);
        sums[3] += simd.pairwise_dot_product_i16x8(d.bitcast(), weights);
    }
    let [a, b, c, d] = sums;
    (narrow(simd, a, b, PLACES - KEPT), narrow(simd, c, d, PLACES - KEPT))
}

/// The two weights of a pair, four times.
#[inline(always)]
fn both<S: Simd>(simd: S, pair: u32) -> i16x8<S> {
    simd.splat_u32x4(pair).bitcast()
}

/// Both sums without their last `places`.
#[inline(always)]
fn narrow<S: Simd>(simd: S, low: i32x4<S>, high: i32x4<S>, places: u32) -> i16x8<S> {
    simd.relaxed_narrow_i32x4(simd.shr_i32x4(low, places), simd.shr_i32x4(high, places))
}

/// Rows to columns.
#[inline(always)]
fn store<S: Simd>(simd: S, rows: [i16x8<S>; ROWS], columns: &mut [Column]) {
    for (row, to) in transpose(simd, rows).into_iter().zip(columns) {
        row.store_slice(to);
    }
}

/// Rows become columns: three rounds of shuffling the first half with the second.
#[inline(always)]
fn transpose<S: Simd>(simd: S, mut rows: [i16x8<S>; ROWS]) -> [i16x8<S>; ROWS] {
    for _ in 0..3 {
        let before = rows;
        for i in 0..ROWS / 2 {
            (rows[2 * i], rows[2 * i + 1]) = simd.interleave_i16x8(before[i], before[i + ROWS / 2]);
        }
    }
    rows
}

/// The same as [`mix_rows`] for planes that are narrower than a tile.
fn mix_rows_slowly(source: Source<'_>, rows: &Taps, (first, count): (usize, usize), block: &mut [Column]) {
    for (x, column) in block.iter_mut().take(source.width).enumerate() {
        for (row, to) in column.iter_mut().take(count).enumerate() {
            let (start, pairs) = rows.of(first + row);
            let mut sum = 1 << (PLACES - KEPT - 1);
            for (index, pair) in pairs.iter().enumerate() {
                for (y, weight) in [(start + 2 * index, pair & 0xffff), (start + 2 * index + 1, pair >> 16)] {
                    let sample = source.samples[y.min(source.height - 1) * source.width + x];
                    sum += weight * u32::from(sample);
                }
            }
            *to = (sum >> (PLACES - KEPT)) as i16;
        }
    }
}

/// Mixes the block's columns to rows of the result, `width` samples apart, from their sample `left` on. There are as many
/// as `to` has.
#[inline(always)]
pub(super) fn mix_columns<S: Simd>(
    simd: S,
    block: &[Column],
    columns: &Taps,
    to: &mut [u8],
    width: usize,
    left: usize,
) {
    let length = columns.len();
    if length < ROWS {
        return mix_few_columns(simd, block, columns, to, width, left);
    }
    let mut x = 0;
    while x < length {
        let start = x.min(length - ROWS);
        let mut mixed = [simd.splat_i16x8(0); ROWS];
        for (index, mixed) in mixed.iter_mut().enumerate() {
            *mixed = mix_column(simd, block, columns.of(start + index));
        }
        for (row, to) in transpose(simd, mixed).into_iter().zip(to.chunks_exact_mut(width)) {
            let bytes: [u8; 16] = simd.relaxed_narrow_u16x8(row.bitcast(), row.bitcast()).into();
            to[left + start..][..ROWS].copy_from_slice(&bytes[..ROWS]);
        }
        x += ROWS;
    }
}

/// Eight samples of the result, one below the other: from 0 to 255, for weights add up to a whole.
#[inline(always)]
fn mix_column<S: Simd>(simd: S, block: &[Column], (first, pairs): (usize, &[u32])) -> i16x8<S> {
    let mut low = simd.splat_i32x4(1 << (PLACES + KEPT - 1));
    let mut high = low;
    let columns = &block[first..first + 2 * pairs.len()];
    for (pair, columns) in pairs.iter().zip(columns.chunks_exact(2)) {
        let weights = both(simd, *pair);
        let one = i16x8::load_array_ref(simd, &columns[0]);
        let other = i16x8::load_array_ref(simd, &columns[1]);
        let (upper, lower) = simd.interleave_i16x8(one, other);
        low += simd.pairwise_dot_product_i16x8(upper, weights);
        high += simd.pairwise_dot_product_i16x8(lower, weights);
    }
    narrow(simd, low, high, PLACES + KEPT)
}

/// The same as [`mix_columns`] for results that are narrower than a block is high.
#[inline(always)]
fn mix_few_columns<S: Simd>(
    simd: S,
    block: &[Column],
    columns: &Taps,
    to: &mut [u8],
    width: usize,
    left: usize,
) {
    for x in 0..columns.len() {
        let mixed: [i16; ROWS] = mix_column(simd, block, columns.of(x)).into();
        for (row, to) in mixed.into_iter().zip(to.chunks_exact_mut(width)) {
            to[left + x] = row as u8;
        }
    }
}
