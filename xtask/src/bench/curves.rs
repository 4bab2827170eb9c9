//! Comparing two encoders by their curves of rate and quality, as Bjøntegaard proposed (VCEG-M33).
//!
//! Here belongs: arithmetic on points. Not here: how they were measured.

/// What an encoder made at one setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) bits: f64,
    /// dB.
    pub(crate) psnr: f64,
}

/// How many more bits, as a fraction, `other` needs than `base` at equal PSNR, on average over the PSNRs that both have:
/// the cubic through log bits over PSNR, integrated.
pub(crate) fn rate_difference(base: &[Point], other: &[Point]) -> f64 {
    let least = |points: &[Point]| points.iter().map(|point| point.psnr).fold(f64::INFINITY, f64::min);
    let most = |points: &[Point]| points.iter().map(|point| point.psnr).fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = (least(base).max(least(other)), most(base).min(most(other)));
    let steps = 1000;
    let difference = |n: i32| {
        let psnr = from + (to - from) * (f64::from(n) + 0.5) / f64::from(steps);
        log_bits(other, psnr) - log_bits(base, psnr)
    };
    ((0..steps).map(difference).sum::<f64>() / f64::from(steps)).exp() - 1.0
}

/// The polynomial through all points (Lagrange), at `psnr`.
fn log_bits(points: &[Point], psnr: f64) -> f64 {
    let weight = |n: usize| {
        let others = points.iter().enumerate().filter(|(m, _)| *m != n);
        others.map(|(_, other)| (psnr - other.psnr) / (points[n].psnr - other.psnr)).product::<f64>()
    };
    points.iter().enumerate().map(|(n, point)| weight(n) * point.bits.ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_at_three_quarters_of_the_bits_needs_a_quarter_less() {
        let curve = |factor: f64| -> Vec<Point> {
            [(4.0e6, 46.0), (1.9e6, 42.5), (0.9e6, 39.0), (0.45e6, 35.5)]
                .map(|(bits, psnr)| Point { bits: bits * factor, psnr })
                .to_vec()
        };
        assert!((rate_difference(&curve(1.0), &curve(0.75)) + 0.25).abs() < 1e-9);
        let shifted: Vec<_> =
            curve(1.0).iter().map(|point| Point { psnr: point.psnr + 1.0, ..*point }).collect();
        assert!(rate_difference(&curve(1.0), &shifted) < -0.1);
    }
}
