//! Dequantisation as the standard defines it (ISO/IEC 11172-2, 2.4.4.1 and 2.4.4.2), and the encoder's quantisation.

/// The largest dequantised coefficient; the least is one further from 0.
const MOST: i32 = 2047;

/// A coefficient of an intra block, not its DC, from its level; `weight` is quantizer_scale × the matrix's element.
#[inline]
#[must_use]
pub fn dequantise_intra(level: i16, weight: i32) -> i16 {
    finish((i32::from(level.abs()) * weight) >> 3, level)
}

/// A coefficient of a predicted block from its level.
#[inline]
#[must_use]
pub fn dequantise_predicted(level: i16, weight: i32) -> i16 {
    finish(((2 * i32::from(level.abs()) + 1) * weight) >> 4, level)
}

/// An intra block's DC from its level (dct_recon of the DC: 8 × level).
#[inline]
#[must_use]
pub const fn dequantise_dc(level: i16) -> i16 {
    level * 8
}

/// Makes an even magnitude odd, nearer to 0, so that two decoders' IDCTs seldom round apart; bounds it, signs it.
#[inline]
fn finish(magnitude: i32, level: i16) -> i16 {
    let odd = if magnitude > 0 { (magnitude - 1) | 1 } else { 0 };
    if level < 0 { -odd.min(MOST + 1) as i16 } else { odd.min(MOST) as i16 }
}

#[cfg(feature = "encode")]
pub use forward::Quantiser;

#[cfg(feature = "encode")]
mod forward {
    use crate::tables::{INTRA_MATRIX, NON_INTRA_MATRIX};
    use crate::transform::dct::FRACTION_BITS;

    /// Fraction bits of the reciprocals: with the coefficient's 15 bits the product stays within 32.
    const RECIPROCAL_BITS: u32 = 16;

    /// Quantisation by one quantizer_scale: coefficients as the forward DCT gives them to levels.
    #[derive(Clone, Debug)]
    pub struct Quantiser {
        scale: u8,
        intra: [u16; 64],
        predicted: [u16; 64],
    }

    impl Quantiser {
        /// For quantizer_scale 1 to 31 and the default matrices.
        #[must_use]
        pub fn new(scale: u8) -> Self {
            let reciprocals = |matrix: &[u8; 64], steps: u32| {
                core::array::from_fn(|n| {
                    let step = (u32::from(scale) * u32::from(matrix[n])) << FRACTION_BITS;
                    ((steps << RECIPROCAL_BITS).div_ceil(step)).min(u16::MAX.into()) as u16
                })
            };
            Self { scale, intra: reciprocals(&INTRA_MATRIX, 8), predicted: reciprocals(&NON_INTRA_MATRIX, 8) }
        }

        /// quantizer_scale.
        #[must_use]
        pub const fn scale(&self) -> u8 {
            self.scale
        }

        /// Levels of an intra block, in place, and the DC's level, 0 to 255. Rounds up from 5/8: what lies between
        /// two levels is more often the nearer to 0, as coefficients are.
        pub fn intra(&self, block: &mut [i16; 64]) {
            const DC_STEP: i16 = 8 << FRACTION_BITS;
            let dc = ((block[0] + DC_STEP / 2) / DC_STEP).clamp(0, 255);
            quantise(block, &self.intra, 3 << (RECIPROCAL_BITS - 3));
            block[0] = dc;
        }

        /// Levels of a predicted block, in place; whether any is not 0. Cuts off: a level's reconstruction lies in the
        /// middle of what is cut down to it, and 0 stands for all below a whole step.
        pub fn predicted(&self, block: &mut [i16; 64]) -> bool {
            quantise(block, &self.predicted, 0);
            block.iter().any(|&level| level != 0)
        }
    }

    /// Magnitude × reciprocal + bias, cut to an integer and to what a level may be, with the sign.
    #[inline]
    fn quantise(block: &mut [i16; 64], reciprocals: &[u16; 64], bias: u32) {
        for (coefficient, &reciprocal) in block.iter_mut().zip(reciprocals) {
            let product = u32::from(coefficient.unsigned_abs()) * u32::from(reciprocal);
            let magnitude = (product + bias) >> RECIPROCAL_BITS;
            let magnitude = magnitude.min(255) as i16;
            *coefficient = if *coefficient < 0 { -magnitude } else { magnitude };
        }
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
        use crate::tables::INTRA_MATRIX;
        for scale in 1..=31 {
            let quantiser = Quantiser::new(scale);
            for value in (-2040i16..=2040).step_by(7) {
                let place = (value.unsigned_abs() % 63 + 1) as usize;
                let mut block = [0; 64];
                block[place] = value * 8;
                quantiser.intra(&mut block);
                let weight = i32::from(scale) * i32::from(INTRA_MATRIX[place]);
                let back = i32::from(dequantise_intra(block[place], weight));
                let most = if block[place].abs() == 255 { 2040 } else { weight / 8 + 2 };
                assert!(
                    (back - i32::from(value)).abs() <= most,
                    "{value} at scale {scale} came back as {back}"
                );
                let mut block = [0; 64];
                block[place] = value * 8;
                if quantiser.predicted(&mut block) {
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
