//! A coded picture on its way from encoder to viewers.
//!
//! Here belongs: what every station behind the encoder knows of a picture. Not here: how it was coded, who gets it.

use std::time::Duration;

use bytes::Bytes;

pub use wire::{Picture, TimeMeaning};

use crate::time::Timestamp;

/// One coded picture, shared by all who are sent it: cloning it copies no bytes.
#[derive(Clone, Debug)]
pub struct AccessUnit {
    /// The stream that it belongs to; it changes with the encoder, the size, the coding.
    pub stream: u32,
    /// Counts the stream's pictures from 0 without a hole, modulo 2³².
    pub sequence: u32,
    /// How it was coded.
    pub picture: Picture,
    /// Whether decoding can begin here. A unit that is no start needs all units since the last start.
    pub start: bool,
    /// When its frame was captured.
    pub captured: Timestamp,
    /// What `captured` was taken from.
    pub meaning: TimeMeaning,
    /// When its coding was done.
    pub coded: Timestamp,
    /// How long its coding took. With another program as the encoder: from capture to coded.
    pub coding: Duration,
    /// The whole access unit, headers included where it is a start.
    pub bytes: Bytes,
}
