//! What the CPU can do: chosen once, carried by encoder and decoder, and forced to less in tests and benchmarks. All
//! levels give the same bits.
//!
//! Here belongs: the choice. Not here: kernels; each is written once, generic over the level.

pub use fearless_simd::Level;

/// The best level of this CPU, or without the feature `std` the one that the build's target promises.
#[must_use]
pub fn best() -> Level {
    Level::try_detect().unwrap_or(Level::baseline())
}

/// Every level that this CPU has, the scalar fallback first.
#[cfg(test)]
pub(crate) fn all() -> alloc::vec::Vec<Level> {
    let mut levels = alloc::vec![Level::fallback(), Level::baseline()];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        levels.extend(best().as_sse4_2().map(Level::Sse4_2));
        levels.extend(best().as_avx2().map(Level::Avx2));
    }
    levels.push(best());
    levels
}
