//! What the numbers in a picture mean, and making them mean what MPEG-1 says: BT.601, video range.
//!
//! Here belongs: matrices and ranges. Not here: the kernel's names for them; primaries and transfer functions, whose
//! differences nobody sees in a camera's picture.

use fearless_simd::{Bytes, Simd, SimdBase, i16x8, i32x4, u8x16};

use super::split;
use crate::frame::FrameSize;
use crate::source::range;

/// How Y, Cb and Cr were made from red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matrix {
    /// BT.601, as webcams, JPEG and MPEG-1 have it.
    #[default]
    Bt601,
    /// BT.709, as HDMI has it.
    Bt709,
    /// BT.2020.
    Bt2020,
    /// SMPTE 240M.
    Smpte240m,
}

impl Matrix {
    /// The parts of red and of blue in luma.
    const fn red_and_blue(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Smpte240m => (0.212, 0.087),
        }
    }
}

/// What a picture's numbers mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// The matrix.
    pub matrix: Matrix,
    /// Whether samples go from 0 to 255 rather than from 16 to 235, and to 240.
    pub full_range: bool,
}

/// What is to be done with a picture's colours.
#[derive(Clone, Debug)]
pub(super) enum Recolour {
    /// The range alone.
    Range,
    /// The matrix, and with it the range.
    Matrix(Coefficients),
}

/// Parts of a whole of 2^14, by which samples are multiplied.
const PLACES: u32 = 14;

/// y' = (y - black) · luma + cb · luma_cb + cr · luma_cr + 16; cb' = cb · cb_cb + cr · cb_cr + 128, cr' likewise; cb and
/// cr counted from 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coefficients {
    black: i32,
    luma: i32,
    luma_cb: i32,
    luma_cr: i32,
    cb_cb: i32,
    cb_cr: i32,
    cr_cb: i32,
    cr_cr: i32,
}

impl Recolour {
    /// What makes pictures of `colour` right; nothing if they are.
    pub(super) fn new(colour: Colour) -> Option<Self> {
        match (colour.matrix, colour.full_range) {
            (Matrix::Bt601, false) => None,
            (Matrix::Bt601, true) => Some(Self::Range),
            _ => Some(Self::Matrix(Coefficients::new(colour))),
        }
    }

    /// Changes the I420 picture in `samples`.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(&self, simd: S, samples: &mut [u8], size: FrameSize) {
        match self {
            Self::Range => {
                let (luma, chroma) = samples.split_at_mut(size.width() * size.height());
                for sample in luma {
                    *sample = range::luma(*sample);
                }
                for sample in chroma {
                    *sample = range::chroma(*sample);
                }
            }
            Self::Matrix(coefficients) => {
                let width = size.chroma().0;
                let [y, cb, cr] = split(samples, size);
                let chroma = cb.chunks_exact_mut(width).zip(cr.chunks_exact_mut(width));
                for (luma, (cb, cr)) in y.chunks_mut(2 * size.width()).zip(chroma) {
                    let (upper, lower) = luma.split_at_mut(size.width());
                    let whole = coefficients.apply_to_vectors(simd, upper, lower, cb, cr);
                    let (cb, cr) = (&mut cb[whole / 2..], &mut cr[whole / 2..]);
                    for luma in [&mut *upper, lower] {
                        coefficients.apply_to_luma(luma.get_mut(whole..).unwrap_or_default(), cb, cr);
                    }
                    coefficients.apply_to_chroma(cb, cr);
                }
            }
        }
    }
}

/// Another matrix a sample at a time, for tests.
#[cfg(test)]
pub(super) fn apply_slowly(colour: Colour, samples: &mut [u8], size: FrameSize) {
    let coefficients = Coefficients::new(colour);
    let width = size.chroma().0;
    let [y, cb, cr] = split(samples, size);
    let chroma = cb.chunks_exact_mut(width).zip(cr.chunks_exact_mut(width));
    for (luma, (cb, cr)) in y.chunks_mut(2 * size.width()).zip(chroma) {
        luma.chunks_exact_mut(size.width()).for_each(|luma| coefficients.apply_to_luma(luma, cb, cr));
        coefficients.apply_to_chroma(cb, cr);
    }
}

impl Coefficients {
    /// By way of red, green and blue: what they are by the one matrix, and what these are by the other.
    fn new(colour: Colour) -> Self {
        let (red, blue) = colour.matrix.red_and_blue();
        let (to_red, to_blue) = Matrix::Bt601.red_and_blue();
        let (green, to_green) = (1.0 - red - blue, 1.0 - to_red - to_blue);
        // R - Y = red_cr · Cr, B - Y = blue_cb · Cb, and what that leaves for green.
        let (red_cr, blue_cb) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
        let (green_cr, green_cb) = (-red * red_cr / green, -blue * blue_cb / green);
        // Y' - Y by Cb and by Cr, then (B - Y') and (R - Y') over their own factors.
        let (luma_cb, luma_cr) =
            (to_blue * blue_cb + to_green * green_cb, to_red * red_cr + to_green * green_cr);
        let (to_red_cr, to_blue_cb) = (2.0 * (1.0 - to_red), 2.0 * (1.0 - to_blue));
        let (luma_range, chroma_range) = if colour.full_range { (255.0, 255.0) } else { (219.0, 224.0) };
        let chroma = 224.0 / chroma_range;
        let fixed = |value: f64| (value * f64::from(1 << PLACES)).round() as i32;
        Self {
            black: if colour.full_range { 0 } else { 16 },
            luma: fixed(219.0 / luma_range),
            luma_cb: fixed(luma_cb * 219.0 / chroma_range),
            luma_cr: fixed(luma_cr * 219.0 / chroma_range),
            cb_cb: fixed((blue_cb - luma_cb) / to_blue_cb * chroma),
            cb_cr: fixed(-luma_cr / to_blue_cb * chroma),
            cr_cb: fixed(-luma_cb / to_red_cr * chroma),
            cr_cr: fixed((red_cr - luma_cr) / to_red_cr * chroma),
        }
    }

    /// Changes as many columns of two rows, the lower of which may be empty, as fill vectors; how many.
    ///
    /// Products are added in pairs: cb with cr for what chroma shifts, luma with a half for rounding.
    #[inline(always)]
    fn apply_to_vectors<S: Simd>(
        &self,
        simd: S,
        upper: &mut [u8],
        lower: &mut [u8],
        cb: &mut [u8],
        cr: &mut [u8],
    ) -> usize {
        let half = 1 << (PLACES - 1);
        let to_luma = pair(simd, self.luma_cb, self.luma_cr);
        let (to_cb, to_cr) = (pair(simd, self.cb_cb, self.cb_cr), pair(simd, self.cr_cb, self.cr_cr));
        let luma = pair(simd, self.luma, half);
        let whole = upper.len() / 16 * 16;
        for x in (0..whole).step_by(16) {
            let columns = x / 2..x / 2 + 8;
            let (blue, red) = (centred(simd, &cb[columns.clone()]), centred(simd, &cr[columns.clone()]));
            let (low, high) = simd.interleave_i16x8(blue, red);
            let shifts = [low, high];
            let mut shift = [simd.splat_i32x4(0); 2];
            let (mut new_blue, mut new_red) = (shift, shift);
            for i in 0..2 {
                shift[i] = simd.pairwise_dot_product_i16x8(shifts[i], to_luma);
                new_blue[i] = simd.pairwise_dot_product_i16x8(shifts[i], to_cb) + half;
                new_red[i] = simd.pairwise_dot_product_i16x8(shifts[i], to_cr) + half;
            }
            put_eight(simd, new_blue, 128, &mut cb[columns.clone()]);
            put_eight(simd, new_red, 128, &mut cr[columns]);
            shift_luma(simd, luma, self.black, shift, &mut upper[x..x + 16]);
            if !lower.is_empty() {
                shift_luma(simd, luma, self.black, shift, &mut lower[x..x + 16]);
            }
        }
        whole
    }

    #[inline(always)]
    fn apply_to_luma(&self, luma: &mut [u8], cb: &[u8], cr: &[u8]) {
        for ((pair, &cb), &cr) in luma.chunks_mut(2).zip(cb).zip(cr) {
            let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
            let shift = cb * self.luma_cb + cr * self.luma_cr;
            for sample in pair {
                *sample = rounded((i32::from(*sample) - self.black) * self.luma + shift, 16);
            }
        }
    }

    #[inline(always)]
    fn apply_to_chroma(&self, cb: &mut [u8], cr: &mut [u8]) {
        for (to_cb, to_cr) in cb.iter_mut().zip(cr) {
            let (cb, cr) = (i32::from(*to_cb) - 128, i32::from(*to_cr) - 128);
            *to_cb = rounded(cb * self.cb_cb + cr * self.cb_cr, 128);
            *to_cr = rounded(cb * self.cr_cb + cr * self.cr_cr, 128);
        }
    }
}

/// Two factors, four times; each fits into 16 bits.
#[inline(always)]
fn pair<S: Simd>(simd: S, one: i32, other: i32) -> i16x8<S> {
    simd.splat_u32x4(u32::from(one as u16) | u32::from(other as u16) << 16).bitcast()
}

/// Eight chroma samples, counted from 128.
#[inline(always)]
fn centred<S: Simd>(simd: S, samples: &[u8]) -> i16x8<S> {
    let mut sixteen = [0; 16];
    sixteen[..8].copy_from_slice(samples);
    let (low, _) = simd.widen_u8x16(u8x16::from_slice(simd, &sixteen));
    let low: i16x8<S> = low.bitcast();
    low - 128
}

/// Sixteen luma samples, each times a factor, `shift` for each two of them added.
#[inline(always)]
fn shift_luma<S: Simd>(simd: S, factors: i16x8<S>, black: i32, shift: [i32x4<S>; 2], samples: &mut [u8]) {
    let (low, high) = simd.widen_u8x16(u8x16::from_slice(simd, samples));
    let halves: [i16x8<S>; 2] = [low.bitcast(), high.bitcast()];
    let mut values = [simd.splat_i16x8(0); 2];
    for i in 0..2 {
        let ones = simd.splat_i16x8(1);
        let (one, other) = simd.interleave_i16x8(halves[i] - black as i16, ones);
        let (low_shift, high_shift) = simd.interleave_i32x4(shift[i], shift[i]);
        let low = simd.pairwise_dot_product_i16x8(one, factors) + low_shift;
        let high = simd.pairwise_dot_product_i16x8(other, factors) + high_shift;
        values[i] = sample(simd, low, high, 16);
    }
    simd.relaxed_narrow_u16x8(values[0].bitcast(), values[1].bitcast()).store_slice(samples);
}

/// Eight chroma samples from their sums.
#[inline(always)]
fn put_eight<S: Simd>(simd: S, sums: [i32x4<S>; 2], zero: i16, samples: &mut [u8]) {
    let values = sample(simd, sums[0], sums[1], zero);
    let bytes: [u8; 16] = simd.relaxed_narrow_u16x8(values.bitcast(), values.bitcast()).into();
    samples.copy_from_slice(&bytes[..8]);
}

/// Sums without their places, `zero` added, as samples: the same as [`rounded`] of what has no half added yet.
#[inline(always)]
fn sample<S: Simd>(simd: S, low: i32x4<S>, high: i32x4<S>, zero: i16) -> i16x8<S> {
    let (low, high) = (simd.shr_i32x4(low, PLACES), simd.shr_i32x4(high, PLACES));
    let values = simd.relaxed_narrow_i32x4(low, high) + zero;
    simd.min_i16x8(simd.max_i16x8(values, simd.splat_i16x8(0)), simd.splat_i16x8(255))
}

/// `value` as a sample, `zero` added.
#[inline(always)]
fn rounded(value: i32, zero: i32) -> u8 {
    (((value + (1 << (PLACES - 1))) >> PLACES) + zero).clamp(0, 255) as u8
}
