//! Between samples and levels: the DCT both ways, quantisation both ways. Each kernel takes and gives whole blocks
//! of 8×8 in row order. Not here: which blocks are coded, and how levels become bits.

#[cfg(feature = "encode")]
pub mod dct;
pub mod idct;
pub mod quantise;
