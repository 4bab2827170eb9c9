//! Between samples and levels: the DCT both ways, quantisation both ways. Each kernel takes and gives whole blocks
//! of 8×8 in row order, and is written once, generic over what the CPU can do. Not here: which blocks are coded, and how levels become bits.

#[cfg(feature = "encode")]
pub mod dct;
pub mod idct;
pub(crate) mod lanes;
pub mod quantise;
#[cfg(feature = "encode")]
pub(crate) mod row;
