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

impl Stream {
    /// Pictures per second.
    #[must_use]
    pub fn pictures_per_second(&self) -> f64 {
        f64::from(self.rate.0) / f64::from(self.rate.1)
    }

    /// A picture's share of the rate, in bytes.
    pub(super) fn bytes_a_picture(&self) -> f64 {
        f64::from(self.bits_per_second) / 8.0 * f64::from(self.rate.1) / f64::from(self.rate.0)
    }
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

/// Which part of its picture an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first one: the picture begins with it.
    pub first: bool,
    /// The last one: the picture is whole with it.
    pub last: bool,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { first: true, last: true };
}

/// A published picture, or a part of one.
#[derive(Debug)]
pub struct Item {
    /// Whom it is for.
    pub role: Role,
    /// Which part of the picture it is.
    pub part: Part,
    /// The picture; of a part its own bytes only.
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
        Self { role, part: Part::WHOLE, unit, stream, shapes: [OnceLock::new(), OnceLock::new()] }
    }

    /// A part of a common picture.
    pub(super) fn part(unit: AccessUnit, stream: Arc<Stream>, part: Part) -> Self {
        Self { part, ..Self::new(unit, stream, Role::Common) }
    }

    /// The picture in one protocol's shape: made by the first who asks, shared by all after him.
    pub fn shape(&self, shape: Shape, make: impl FnOnce(&AccessUnit) -> Bytes) -> Bytes {
        self.shapes[shape as usize].get_or_init(|| make(&self.unit)).clone()
    }
}
