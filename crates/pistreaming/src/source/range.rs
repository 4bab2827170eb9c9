//! Full-range samples (0 to 255, as JPEG has them) made video range (BT.601: 16 to 235, chroma to 240), and back.
//!
//! Here belongs: that arithmetic. Not here: where samples come from, colour matrices.
//!
//! By multiplication in 16 bits rather than by table, so that the compiler does 8 or 16 samples at once.

/// Luma: 16 + y · 219 / 255, rounded.
#[inline(always)]
pub(super) const fn luma(sample: u8) -> u8 {
    16 + divide_by_255(sample as u16 * 219 + 127)
}

/// Chroma: 128 + (c - 128) · 224 / 255, rounded; rearranged so that nothing is negative.
#[inline(always)]
pub(super) const fn chroma(sample: u8) -> u8 {
    divide_by_255(sample as u16 * 224 + 128 * 31 + 127)
}

/// Luma back: (y - 16) · 255 / 219, rounded; what is beyond the range is the nearest within it.
#[inline(always)]
pub(crate) const fn full_luma(sample: u8) -> u8 {
    within((sample.saturating_sub(16) as u16 * 255 + 109) / 219)
}

/// Chroma back: 128 + (c - 128) · 255 / 224, rounded; rearranged as in [`chroma`].
#[inline(always)]
pub(crate) const fn full_chroma(sample: u8) -> u8 {
    within((sample as u16 * 255).saturating_sub(128 * 31 - 112) / 224)
}

#[inline(always)]
const fn within(number: u16) -> u8 {
    if number > 255 { 255 } else { number as u8 }
}

/// Exact for all numbers below 65535.
#[inline(always)]
const fn divide_by_255(number: u16) -> u8 {
    ((number + 1 + (number >> 8)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_rounded_as_the_formula_says() {
        for sample in 0..=255_u8 {
            let exact = f64::from(sample);
            assert_eq!(f64::from(luma(sample)), (16.0 + exact * 219.0 / 255.0).round(), "{sample}");
            assert_eq!(
                f64::from(chroma(sample)),
                (128.0 + (exact - 128.0) * 224.0 / 255.0).round(),
                "{sample}"
            );
        }
        for sample in 0..=255_u8 {
            let exact = f64::from(sample);
            let (y, c) = ((exact - 16.0) * 255.0 / 219.0, 128.0 + (exact - 128.0) * 255.0 / 224.0);
            assert_eq!(f64::from(full_luma(sample)), y.clamp(0.0, 255.0).round(), "{sample}");
            assert_eq!(f64::from(full_chroma(sample)), c.clamp(0.0, 255.0).round(), "{sample}");
        }
        assert_eq!((luma(0), luma(255), chroma(0), chroma(128), chroma(255)), (16, 235, 16, 128, 240));
    }
}
