//! The layers of the bitstream. Each file has one: what it holds, reading, writing, and the test that both agree.
//! Not here: what the fields do to a picture.

pub mod block;
pub mod group;
pub mod macroblock;
pub mod picture;
pub mod sequence;
pub mod slice;
