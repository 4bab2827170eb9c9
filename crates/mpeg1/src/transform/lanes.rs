//! Blocks of 8×8 in vectors: one row of eight 16-bit values each. Loads, stores, transposition.
//!
//! Here belongs: moving values. Not here: arithmetic of a transform.
//!
//! Code in vectors consists of loops and of functions that are always inlined. A closure, even one given to
//! `array::from_fn` or `map`, is compiled for the build's target and not for the level, and is then called for each
//! vector: that made coding twice as slow.

use fearless_simd::{Bytes, Simd, SimdBase, i16x8, u8x16, u16x8};

/// A block: eight rows of eight values.
pub(crate) type Rows<S> = [i16x8<S>; 8];

/// The rows of `block`.
#[inline(always)]
#[cfg(any(feature = "encode", test))]
pub(crate) fn load<S: Simd>(simd: S, block: &[i16; 64]) -> Rows<S> {
    let mut rows = zero(simd);
    for (row, from) in rows.iter_mut().zip(block.as_chunks::<8>().0) {
        *row = i16x8::load_array_ref(simd, from);
    }
    rows
}

/// The first rows of `block`, of which zeros are left.
#[inline(always)]
pub(crate) fn take<S: Simd, const ROWS: usize>(simd: S, block: &mut [i16]) -> [i16x8<S>; ROWS] {
    let mut rows = [simd.splat_i16x8(0); ROWS];
    // Row by row: all of the zeros at once would become a call of the browser's in WebAssembly.
    for (row, from) in rows.iter_mut().zip(block.as_chunks_mut::<8>().0) {
        *row = i16x8::load_array_ref(simd, from);
        *from = [0; 8];
    }
    rows
}

/// A block of zeros.
#[inline(always)]
#[cfg(any(feature = "encode", test))]
pub(crate) fn zero<S: Simd>(simd: S) -> Rows<S> {
    [simd.splat_i16x8(0); 8]
}

/// Puts rows into `block`.
#[inline(always)]
#[cfg(any(feature = "encode", test))]
pub(crate) fn store<S: Simd>(rows: Rows<S>, block: &mut [i16; 64]) {
    for (row, to) in rows.into_iter().zip(block.chunks_exact_mut(8)) {
        row.store_slice(to);
    }
}

/// Eight samples as 16-bit values.
#[inline(always)]
pub(crate) fn widen<S: Simd>(simd: S, samples: &[u8; 8]) -> i16x8<S> {
    let mut sixteen = [0; 16];
    sixteen[..8].copy_from_slice(samples);
    let (low, _) = simd.widen_u8x16(u8x16::from_slice(simd, &sixteen));
    as_signed(low)
}

/// Eight values as samples: those outside of 0 to 255 become the nearest of them.
#[inline(always)]
pub(crate) fn clamp_to_samples<S: Simd>(simd: S, values: i16x8<S>) -> [u8; 8] {
    // What every CPU has is narrowing to signed bytes: 128 less before, and more behind.
    let values = simd.saturating_sub_i16x8(values, simd.splat_i16x8(128));
    let narrow: u8x16<S> = simd.saturating_narrow_i16x8(values, values).bitcast();
    let bytes: [u8; 16] = (narrow ^ simd.splat_u8x16(128)).into();
    let [a, b, c, d, e, f, g, h, ..] = bytes;
    [a, b, c, d, e, f, g, h]
}

#[inline(always)]
pub(crate) fn as_signed<S: Simd>(values: u16x8<S>) -> i16x8<S> {
    values.bitcast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use fearless_simd::dispatch;

    #[test]
    fn samples_are_widened_and_values_clamped_on_every_level() {
        let block: [i16; 64] = core::array::from_fn(|i| i as i16 * 13 - 300);
        for level in level::all() {
            let clamped = dispatch!(level, simd => clamp_to_samples(simd, load(simd, &block)[3]));
            assert_eq!(clamped, core::array::from_fn(|x| block[24 + x].clamp(0, 255) as u8));
            let samples = [0, 255, 128, 127, 1, 2, 254, 77];
            let widened: [i16; 8] = dispatch!(level, simd => widen(simd, &samples).into());
            assert_eq!(widened, samples.map(i16::from));
        }
    }
}
