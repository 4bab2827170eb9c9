//! From a camera's memory to a picture of the size that was asked for.
//!
//! Here belongs: what stands behind what for a camera's format, size and part. Not here: each of them (`convert`, `mjpeg`).

use bytes::Bytes;

use super::format::{Answer, Coding};
use crate::frame::FrameSize;
use crate::source::Window;
use crate::source::convert::{Converter, Scaler};
use crate::source::mjpeg::{self, Mjpeg};

/// From a camera's memory to a picture of the size that was asked for.
pub(super) struct Picture {
    decoder: Decoder,
    /// Whether not all of the camera's picture is shown, or not as it is.
    changed: bool,
    /// Where the camera's size is another: its picture, and what scales it.
    scaled: Option<(Vec<u8>, Scaler)>,
}

enum Decoder {
    Raw(Converter),
    Jpeg(Mjpeg),
}

impl Picture {
    /// What shows `window` of the camera's pictures made `size`.
    pub(super) fn new(answer: &Answer, size: FrameSize, window: Window) -> Self {
        let from = answer.layout.size;
        let scales = from != size;
        let part = if scales { Window::whole(from) } else { window };
        let decoder = match answer.coding {
            Coding::Raw(_) => Decoder::Raw(Converter::of_part(answer.layout, part)),
            Coding::Jpeg => Decoder::Jpeg(Mjpeg::of_part(from, part)),
        };
        let scaled = scales.then(|| (vec![0; from.i420_len()], Scaler::of_part(from, size, window)));
        Self { decoder, changed: scales || window != Window::whole(size), scaled }
    }

    pub(super) fn convert(&mut self, memory: &[&[u8]], samples: &mut [u8]) -> Result<(), String> {
        let Some((own, scaler)) = &mut self.scaled else {
            return self.decoder.decode(memory, samples);
        };
        self.decoder.decode(memory, own)?;
        scaler.scale(own, samples);
        Ok(())
    }

    /// The camera's own JPEG picture, if it is of the size that is shown and any program can read it.
    pub(super) fn jpeg(&self, memory: &[&[u8]]) -> Option<Bytes> {
        let jpeg = memory.first().filter(|_| self.decoder.is_jpeg() && !self.changed)?;
        mjpeg::is_complete(jpeg).then(|| Bytes::copy_from_slice(jpeg))
    }
}

impl Decoder {
    /// Whether pictures come as JPEG.
    const fn is_jpeg(&self) -> bool {
        matches!(self, Self::Jpeg(_))
    }

    fn decode(&mut self, memory: &[&[u8]], samples: &mut [u8]) -> Result<(), String> {
        match self {
            Self::Raw(converter) => converter.convert(memory, samples).map_err(|short| short.to_string()),
            Self::Jpeg(mjpeg) => {
                let jpeg = memory.first().copied().unwrap_or_default();
                mjpeg.decode(jpeg, samples).map_err(|bad| bad.to_string())
            }
        }
    }
}
