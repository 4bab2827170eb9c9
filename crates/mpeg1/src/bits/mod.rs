//! Bits in bytes: reading, writing, start codes. Not here: what the bits mean.

mod reader;
pub mod start_code;
mod writer;

pub use reader::BitReader;
pub use writer::BitWriter;
