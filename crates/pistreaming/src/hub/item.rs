//! What the hub hands on: a picture, the stream that it belongs to, and room for the shape in which it is sent.
//!
//! Here belongs: one published picture, shared by all. Not here: what those shapes are, who gets them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::ladder::Rendition;
use crate::frame::FrameSize;
use crate::unit::AccessUnit;

/// What a stream is. Its number changes with the encoder, the size and the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its number.
    pub id: u32,
    /// Which of the renditions it is.
    pub rendition: Rendition,
    /// The size of its pictures.
    pub size: FrameSize,
    /// Pictures per second: numerator and denominator, neither 0.
    pub rate: (u32, u32),
    /// Bits per second at most, on average.
    pub bits_per_second: u32,
}

/// Whom a picture is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// All, one after the other.
    Common,
    /// Who has none yet, in place of all pictures up to the common one of the same number.
    Join,
    /// Who joined lately, behind the common one of the same number: these rows of macroblocks anew, sharper.
    Band(Range<usize>),
}

/// A published picture.
#[derive(Debug)]
pub struct Item {
    /// Whom it is for.
    pub role: Role,
    /// The picture.
    pub unit: AccessUnit,
    /// The stream that it belongs to.
    pub stream: Arc<Stream>,
    shapes: [OnceLock<Bytes>; 2],
}

/// The protocols that send pictures, each in a shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The live protocol's message.
    Live = 0,
    /// The old protocol's message.
    Legacy = 1,
}

impl Item {
    pub(super) const fn new(unit: AccessUnit, stream: Arc<Stream>, role: Role) -> Self {
        Self { role, unit, stream, shapes: [OnceLock::new(), OnceLock::new()] }
    }

    /// The picture in one protocol's shape: made by the first who asks, shared by all after him.
    pub fn shape(&self, shape: Shape, make: impl FnOnce(&AccessUnit) -> Bytes) -> Bytes {
        self.shapes[shape as usize].get_or_init(|| make(&self.unit)).clone()
    }
}
