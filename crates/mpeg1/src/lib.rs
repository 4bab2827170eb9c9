//! ISO/IEC 11172-2 (MPEG-1) video, made for one purpose: live pictures without delay. An encoder that holds no
//! picture back, and a decoder that shows a picture when its bytes are there.
//!
//! What it refuses to do: B and D pictures (the one costs a picture of delay, the other nobody sends), audio,
//! systems streams, clocks, threads of its own beyond one picture's coding, files, sockets.
//!
//! ```
//! # #[cfg(all(feature = "encode", feature = "decode"))] {
//! use mpeg1::{PictureView, decode::Decoder, encode::{Encoder, Intra, Rate, Settings}};
//!
//! let grey = vec![128u8; 64 * 48 * 3 / 2];
//! let mut encoder = Encoder::new(Settings::new(64, 48, 25.0, Rate::Quantiser(4)))?;
//! let mut unit = Vec::new();
//! encoder.encode(PictureView::from_i420(&grey, 64, 48), Intra::Auto, &mut unit);
//!
//! let mut decoder = Decoder::new();
//! let decoded = decoder.decode_unit(&unit).expect("a start was decoded");
//! assert_eq!(decoded.picture.y.row(0), &grey[..64]);
//! # }
//! # Ok::<(), mpeg1::encode::SettingsError>(())
//! ```
//!
//! The folders are the layers of the bitstream; both directions of a layer stand in one file.
//!
//! | clause of ISO/IEC 11172-2 | what | file |
//! |---|---|---|
//! | 2.3, 2.4.1 | start codes | `bits/start_code.rs` |
//! | 2.4.2.3, 2.4.3.2 | sequence header | `syntax/sequence.rs` |
//! | 2.4.2.4 | group of pictures | `syntax/group.rs` |
//! | 2.4.2.5 | picture header | `syntax/picture.rs` |
//! | 2.4.2.6 | slice header | `syntax/slice.rs` |
//! | 2.4.2.7, 2.4.4.2 | macroblock header, motion vectors | `syntax/macroblock.rs` |
//! | 2.4.2.8, 2.4.3.7 | blocks: DC and coefficients | `syntax/block.rs` |
//! | 2.4.4.1, 2.4.4.2 | dequantisation | `transform/quantise.rs` |
//! | 2.4.4.2 | motion compensation | `motion/compensate.rs` |
//! | annex A | inverse DCT | `transform/idct.rs` |
//! | annex B | code tables | `tables/` |
#![cfg_attr(not(any(feature = "threads", test)), no_std)]

extern crate alloc;

pub mod bits;
#[cfg(feature = "decode")]
pub mod decode;
#[cfg(feature = "encode")]
pub mod encode;
pub mod level;
pub mod motion;
mod picture;
pub mod syntax;
pub mod tables;
pub mod transform;

#[cfg(test)]
mod reference;
#[cfg(feature = "threads")]
mod workers;

pub use picture::{Picture, PictureView, Plane, PlaneBuffer};
pub use syntax::picture::PictureKind;
