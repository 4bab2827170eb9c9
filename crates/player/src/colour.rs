//! YCbCr to RGBA: BT.601, video range (luma 16 to 235, colour differences 16 to 240 about 128).
//!
//! Here belongs: the arithmetic, sixteen pixels at a time. Not here: rows, strides, sizes (`screen`).
//!
//! In 16-bit integers with 6 bits behind the point, the same on every machine (b = Cb - 128, r = Cr - 128):
//!
//! ```text
//! Y' = 64 Y + (168 Y >> 4) - 1192          64 · 1.164383 =  74.52   (168 / 16 = 10.5)
//! R  = Y' + 102 r + (37 r >> 8)            64 · 1.596027 = 102.15
//! G  = Y' -  25 b -  52 r                  64 · 0.391762 =  25.07,  64 · 0.812968 = 52.03
//! B  = Y' + 129 b + (26 b >> 8)            64 · 2.017232 = 129.10
//! ```
//!
//! rounded and held within 0 to 255: at most 1 from the exact value. Blue does not fit into 16 bits, so half of the
//! range is taken off first ([`HALF`]) and given back to the bytes.
//!
//! Code in vectors is loops and always-inlined functions: a closure is compiled for the build's target, not for the
//! level.

use fearless_simd::{Bytes, Simd, SimdBase, i16x8, u8x16};

/// How many pixels are computed at once.
pub(crate) const PIXELS: usize = 16;

/// 128, with 6 bits behind the point.
const HALF: i16 = 128 << 6;
/// 16 times luma's factor, for black is 16, and [`HALF`]; a half is added, so that cutting the last bits off rounds.
const LUMA_OFFSET: i16 = -1192 - HALF + 32;

/// What eight chroma samples add to the red, green and blue of the pixels that they cover.
#[inline(always)]
pub(crate) fn added_by_chroma<S: Simd>(
    simd: S,
    cb: &[u8; PIXELS / 2],
    cr: &[u8; PIXELS / 2],
) -> [[i16x8<S>; 2]; 3] {
    let mut both = [0; PIXELS];
    let (first, second) = both.split_at_mut(PIXELS / 2);
    first.copy_from_slice(cb);
    second.copy_from_slice(cr);
    let (cb, cr) = simd.widen_u8x16(u8x16::from_slice(simd, &both));
    let (b, r): (i16x8<S>, i16x8<S>) = (cb.bitcast(), cr.bitcast());
    let (b, r) = (b - simd.splat_i16x8(128), r - simd.splat_i16x8(128));
    let red = r * simd.splat_i16x8(102) + ((r * simd.splat_i16x8(37)) >> 8);
    let green = b * simd.splat_i16x8(-25) - r * simd.splat_i16x8(52);
    let blue = b * simd.splat_i16x8(129) + ((b * simd.splat_i16x8(26)) >> 8);
    [twice(simd, red), twice(simd, green), twice(simd, blue)]
}

/// Sixteen pixels, R, G, B, A each, from their luma and what their chroma adds.
#[inline(always)]
pub(crate) fn pixels<S: Simd>(
    simd: S,
    luma: &[u8; PIXELS],
    [red, green, blue]: &[[i16x8<S>; 2]; 3],
    out: &mut [u8; 4 * PIXELS],
) {
    let (left, right) = simd.widen_u8x16(u8x16::from_slice(simd, luma));
    let mut scaled = [simd.splat_i16x8(LUMA_OFFSET); 2];
    for (scaled, luma) in scaled.iter_mut().zip([left, right]) {
        let whole: i16x8<S> = (luma << 6).bitcast();
        let part: i16x8<S> = ((luma * simd.splat_u16x8(168)) >> 4).bitcast();
        *scaled = *scaled + whole + part;
    }
    let red = bytes(simd, scaled, red);
    let green = bytes(simd, scaled, green);
    let blue = bytes(simd, scaled, blue);
    simd.store_four_interleaved_u8x16([red, green, blue, simd.splat_u8x16(255)], out);
}

/// Each value twice, as each chroma sample covers two pixels of a row.
#[inline(always)]
fn twice<S: Simd>(simd: S, values: i16x8<S>) -> [i16x8<S>; 2] {
    let (left, right) = simd.interleave_i16x8(values, values);
    [left, right]
}

/// The sums without their 6 bits behind the point, [`HALF`] given back, those outside of 0 to 255 as the nearest.
#[inline(always)]
fn bytes<S: Simd>(simd: S, luma: [i16x8<S>; 2], added: &[i16x8<S>; 2]) -> u8x16<S> {
    let narrow = simd.saturating_narrow_i16x8((luma[0] + added[0]) >> 6, (luma[1] + added[1]) >> 6);
    let narrow: u8x16<S> = narrow.bitcast();
    narrow ^ simd.splat_u8x16(128)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use fearless_simd::dispatch;
    use mpeg1::level::{Level, best};

    /// Every level that this CPU has, the scalar fallback first.
    pub(crate) fn levels() -> Vec<Level> {
        vec![Level::fallback(), Level::baseline(), best()]
    }

    /// The same in numbers of any size.
    pub(crate) fn pixel_slowly(y: u8, cb: u8, cr: u8) -> [u8; 4] {
        let (y, b, r) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
        let luma = 64 * y + ((168 * y) >> 4) - 1192;
        let red = luma + 102 * r + ((37 * r) >> 8);
        let green = luma - 25 * b - 52 * r;
        let blue = luma + 129 * b + ((26 * b) >> 8);
        let byte = |value: i32| ((value + 32) >> 6).clamp(0, 255) as u8;
        [byte(red), byte(green), byte(blue), 255]
    }

    #[test]
    fn every_colour_is_the_slow_one_on_every_level() {
        for level in levels() {
            for (cb, cr) in (0..=255).step_by(3).flat_map(|cb| (0..=255).step_by(3).map(move |cr| (cb, cr))) {
                for first in (0..=255).step_by(PIXELS) {
                    let luma = core::array::from_fn(|i| first + i as u8);
                    let mut out = [0; 4 * PIXELS];
                    dispatch!(level, simd => {
                        let added = added_by_chroma(simd, &[cb; 8], &[cr; 8]);
                        pixels(simd, &luma, &added, &mut out);
                    });
                    for (pixel, y) in out.chunks(4).zip(luma) {
                        assert_eq!(pixel, pixel_slowly(y, cb, cr), "Y {y} Cb {cb} Cr {cr}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_colour_is_within_one_of_the_exact_one() {
        for y in 0..=255 {
            let luma = 255.0 / 219.0 * (f64::from(y) - 16.0);
            for cb in 0..=255 {
                for cr in 0..=255 {
                    let (b, r) = (f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let exact = [
                        luma + 255.0 / 112.0 * 0.701 * r,
                        luma - 255.0 / 112.0 * (0.886 * 0.114 / 0.587 * b + 0.701 * 0.299 / 0.587 * r),
                        luma + 255.0 / 112.0 * 0.886 * b,
                    ];
                    for (exact, shown) in exact.iter().zip(pixel_slowly(y, cb, cr)) {
                        let off = (exact.clamp(0.0, 255.0) - f64::from(shown)).abs();
                        assert!(off <= 1.0, "Y {y} Cb {cb} Cr {cr}: {off} off");
                    }
                }
            }
        }
        assert_eq!(pixel_slowly(16, 128, 128), [0, 0, 0, 255]);
        assert_eq!(pixel_slowly(235, 128, 128), [255, 255, 255, 255]);
    }
}
