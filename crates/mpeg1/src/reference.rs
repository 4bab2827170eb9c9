//! Test only: the slow and obvious way to do what the codec does fast.

use crate::picture::Plane;
use core::f64::consts::{FRAC_1_SQRT_2, PI};

/// The sample at `x` and `y`, in half samples, of a plane (2.4.4.2): the mean of the up to four around it.
pub(crate) fn half_pel(plane: Plane<'_>, x: usize, y: usize) -> u8 {
    let sample = |x: usize, y: usize| f64::from(plane.samples[y / 2 * plane.stride + x / 2]);
    let four = [sample(x, y), sample(x + 1, y), sample(x, y + 1), sample(x + 1, y + 1)];
    (four.iter().sum::<f64>() / 4.0 + 0.5).floor() as u8
}

/// The forward DCT by its definition (annex A).
pub(crate) fn forward_dct(samples: &[f64; 64]) -> [f64; 64] {
    let rows = transform_rows(samples, basis);
    transpose(&transform_rows(&transpose(&rows), basis))
}

/// The inverse DCT by its definition (annex A).
pub(crate) fn inverse_dct(coefficients: &[f64; 64]) -> [f64; 64] {
    let rows = transform_rows(coefficients, |k, n| basis(n, k));
    transpose(&transform_rows(&transpose(&rows), |k, n| basis(n, k)))
}

/// Sample `n` of basis function `k`.
fn basis(k: usize, n: usize) -> f64 {
    let scale = if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
    0.5 * scale * ((2 * n + 1) as f64 * k as f64 * PI / 16.0).cos()
}

fn transform_rows(block: &[f64; 64], weight: impl Fn(usize, usize) -> f64) -> [f64; 64] {
    core::array::from_fn(|i| (0..8).map(|n| weight(i % 8, n) * block[i / 8 * 8 + n]).sum())
}

fn transpose(block: &[f64; 64]) -> [f64; 64] {
    core::array::from_fn(|i| block[i % 8 * 8 + i / 8])
}
