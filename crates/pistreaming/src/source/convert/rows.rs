//! What is done with rows of samples, 16 at a time.
//!
//! Here belongs: kernels that know nothing of pictures. Not here: which rows.

use fearless_simd::{Simd, SimdBase, u8x16};

/// Every first byte of a pair to `even`, every second to `odd`, as many as each has room for and `pairs` has.
#[inline(always)]
pub(super) fn deinterleave<S: Simd>(simd: S, pairs: &[u8], even: &mut [u8], odd: &mut [u8]) {
    let whole = even.len().min(odd.len()).min(pairs.len() / 2) / 16 * 16;
    let (evens, odds) = (even[..whole].chunks_exact_mut(16), odd[..whole].chunks_exact_mut(16));
    for ((from, even), odd) in pairs.chunks_exact(32).zip(evens).zip(odds) {
        let (first, second) = (u8x16::from_slice(simd, &from[..16]), u8x16::from_slice(simd, &from[16..]));
        let (low, high) = simd.deinterleave_u8x16(first, second);
        low.store_slice(even);
        high.store_slice(odd);
    }
    for (pair, even) in pairs[2 * whole..].chunks(2).zip(&mut even[whole..]) {
        *even = pair[0];
    }
    for (pair, odd) in pairs[2 * whole..].chunks_exact(2).zip(&mut odd[whole..]) {
        *odd = pair[1];
    }
}

/// `row` becomes the mean of itself and `other`, rounded up. Compilers know this form for what it is.
#[inline(always)]
pub(super) fn average(row: &mut [u8], other: &[u8]) {
    for (one, other) in row.iter_mut().zip(other) {
        *one = ((u16::from(*one) + u16::from(*other) + 1) >> 1) as u8;
    }
}
