//! Dequantisation as the standard defines it (ISO/IEC 11172-2, 2.4.4.1 and 2.4.4.2), and the encoder's quantisation.

/// The largest dequantised coefficient; the least is one further from 0.
const MOST: i32 = 2047;

/// A coefficient of an intra block, not its DC, from its level; `weight` is quantizer_scale × the matrix's element.
#[inline]
#[must_use]
pub fn dequantise_intra(level: i16, weight: i32) -> i16 {
    dequantise(level, 0, weight)
}

/// A coefficient of a predicted block from its level.
#[inline]
#[must_use]
pub fn dequantise_predicted(level: i16, weight: i32) -> i16 {
    dequantise(level, 1, weight)
}

/// Both, by one formula: `more` is 0 for intra blocks, 1 for predicted ones.
///
/// An even magnitude is made odd, nearer to 0, so that two decoders' IDCTs seldom round apart; then it is bounded.
#[inline(always)]
#[must_use]
pub fn dequantise(level: i16, more: i32, weight: i32) -> i16 {
    let level = i32::from(level);
    let sign = level >> 31;
    let magnitude = ((2 * ((level ^ sign) - sign) + more) * weight) >> 4;
    let odd = ((magnitude - 1) | 1).clamp(0, MOST - sign);
    ((odd ^ sign) - sign) as i16
}

/// An intra block's DC from its level (dct_recon of the DC: 8 × level).
#[inline]
#[must_use]
pub const fn dequantise_dc(level: i16) -> i16 {
    level * 8
}

#[cfg(feature = "encode")]
pub(crate) use forward::LEVEL_FRACTION_BITS;
#[cfg(feature = "encode")]
pub use forward::Quantiser;

#[cfg(feature = "encode")]
mod forward {
    use fearless_simd::Simd;

    use crate::tables::{INTRA_MATRIX, NON_INTRA_MATRIX};
    use crate::transform::dct::FRACTION_BITS;
    use crate::transform::row::Row;

    /// Fraction bits of what quantisation gives.
    pub(crate) const LEVEL_FRACTION_BITS: u32 = 8;

    /// Quantisation by one quantizer_scale: coefficients as the forward DCT gives them to levels.
    #[derive(Clone, Debug)]
    pub struct Quantiser {
        scale: u8,
        /// Fraction bits of the reciprocals beyond 16.
        more_bits: u32,
        intra: [i16; 64],
        predicted: [i16; 64],
    }

    impl Quantiser {
        /// For quantizer_scale 1 to 31 and the default matrices.
        #[must_use]
        pub fn new(scale: u8) -> Self {
            // As many bits as the smallest step's reciprocal has room for; the matrices' smallest element is 16, but for
            // that of the DC, which is of no meaning.
            let more_bits = (8 * u32::from(scale) - 1).ilog2();
            let reciprocals = |matrix: &[u8; 64]| {
                let step = |n: usize| (u32::from(scale) * u32::from(matrix[n].max(16))) << FRACTION_BITS;
                core::array::from_fn(|n| (8u32 << (16 + more_bits)).div_ceil(step(n)) as i16)
            };
            Self {
                scale,
                more_bits,
                intra: reciprocals(&INTRA_MATRIX),
                predicted: reciprocals(&NON_INTRA_MATRIX),
            }
        }

        /// quantizer_scale.
        #[must_use]
        pub const fn scale(&self) -> u8 {
            self.scale
        }

        /// How many steps of an intra block's levels there are in its coefficients: magnitudes with
        /// [`LEVEL_FRACTION_BITS`] fraction bits, unsigned, in whose lowest bit is the sign. The DC's is of no meaning,
        /// see [`Self::dc`].
        #[inline(always)]
        pub(crate) fn intra<S: Simd, R: Row<S>>(&self, simd: S, block: [R; 8]) -> [R; 8] {
            quantise(simd, block, &self.intra, self.more_bits)
        }

        /// The level of an intra block's DC, 0 to 255.
        #[inline(always)]
        pub(crate) fn dc(coefficient: i16) -> i16 {
            const DC_STEP: i16 = 8 << FRACTION_BITS;
            ((coefficient + DC_STEP / 2) / DC_STEP).clamp(0, 255)
        }

        /// [`Self::intra`] for a predicted block. Its nearest level is what is in front of the fraction: a level's
        /// reconstruction lies in the middle of what is cut down to it, and 0 stands for all below a whole step.
        #[inline(always)]
        pub(crate) fn predicted<S: Simd, R: Row<S>>(&self, simd: S, block: [R; 8]) -> [R; 8] {
            quantise(simd, block, &self.predicted, self.more_bits)
        }
    }

    /// Magnitude × reciprocal, not more than what a level may be, and the sign.
    #[inline(always)]
    fn quantise<S: Simd, R: Row<S>>(
        simd: S,
        block: [R; 8],
        reciprocals: &[i16; 64],
        more_bits: u32,
    ) -> [R; 8] {
        let most = R::splat(simd, 255 << more_bits);
        let lower_bits = R::splat(simd, ((1 << LEVEL_FRACTION_BITS) >> more_bits) - 1);
        let mut levels = block;
        for (level, reciprocals) in levels.iter_mut().zip(reciprocals.as_chunks::<8>().0) {
            let reciprocals = R::each(simd, reciprocals);
            let magnitude = level.abs();
            let upper = magnitude.upper_product(simd, reciprocals).min(most);
            let lower = (magnitude * reciprocals) >> (16 - LEVEL_FRACTION_BITS + more_bits);
            let steps = (upper << (LEVEL_FRACTION_BITS - more_bits)) | (lower & lower_bits);
            *level = (steps & R::splat(simd, !1)) | ((*level >> 15) & R::splat(simd, 1));
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dequantisation_is_the_standards() {
        for weight in [1, 8, 16, 34, 83 * 31] {
            for level in -255i16..=255 {
                let sign = i32::from(level.signum());
                let odd = |value: i32| if value % 2 == 0 { value - value.signum() } else { value };
                let intra = odd(2 * i32::from(level) * weight / 16).clamp(-2048, 2047);
                assert_eq!(i32::from(dequantise_intra(level, weight)), intra);
                if level != 0 {
                    let predicted = odd((2 * i32::from(level) + sign) * weight / 16).clamp(-2048, 2047);
                    assert_eq!(i32::from(dequantise_predicted(level, weight)), predicted);
                }
            }
        }
    }

    #[cfg(feature = "encode")]
    #[test]
    fn what_is_quantised_comes_back_within_a_step() {
        use crate::level;
        use crate::tables::INTRA_MATRIX;
        use crate::transform::lanes;
        use fearless_simd::dispatch;

        let intra = |level, quantiser: &Quantiser, block: &mut [i16; 64]| {
            dispatch!(level, simd => lanes::store(quantiser.intra(simd, lanes::load(simd, block)), block));
        };
        let predicted = |level, quantiser: &Quantiser, block: &mut [i16; 64]| {
            dispatch!(level, simd => lanes::store(quantiser.predicted(simd, lanes::load(simd, block)), block));
        };
        for (scale, level) in
            (1..=31).flat_map(|scale| level::all().into_iter().map(move |level| (scale, level)))
        {
            let quantiser = Quantiser::new(scale);
            for value in (-2040i16..=2040).step_by(7) {
                let place = (value.unsigned_abs() % 63 + 1) as usize;
                let signed = |block: &mut [i16; 64], half: u32| {
                    let steps = u32::from(block[place] as u16) + half;
                    block[place] = (steps >> LEVEL_FRACTION_BITS) as i16 * value.signum();
                };
                let mut block = [0; 64];
                block[place] = value * 8;
                intra(level, &quantiser, &mut block);
                signed(&mut block, 1 << (LEVEL_FRACTION_BITS - 1));
                let weight = i32::from(scale) * i32::from(INTRA_MATRIX[place]);
                let back = i32::from(dequantise_intra(block[place], weight));
                let most = if block[place].abs() == 255 { 2040 } else { weight / 8 + 2 };
                assert!(
                    (back - i32::from(value)).abs() <= most,
                    "{value} at scale {scale} came back as {back}"
                );
                let mut block = [0; 64];
                block[place] = value * 8;
                predicted(level, &quantiser, &mut block);
                signed(&mut block, 0);
                if block[place] != 0 {
                    let back = i32::from(dequantise_predicted(block[place], i32::from(scale) * 16));
                    let most = if block[place].abs() == 255 { 2040 } else { 2 * i32::from(scale) + 2 };
                    assert!(
                        (back - i32::from(value)).abs() <= most,
                        "{value} at scale {scale} came back as {back}"
                    );
                }
            }
        }
    }
}
