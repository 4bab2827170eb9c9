//! The camera's newest picture as JPEG, for whatever knows nothing better: coded only while somebody asks.
//!
//! Here belongs: who asks, coding once for all of them. Not here: HTTP.
//!
//! This software is based in part on the work of the Independent JPEG Group.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use fearless_simd::{Simd, dispatch};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use mpeg1::level::{self, Level};
use tokio::sync::watch;

use crate::frame::Frame;
use crate::source::range;

/// JPEG's quality from 1 to 100: at 85 nobody sees a difference, at 95 pictures are twice as large.
const QUALITY: u8 = 85;

/// Where the newest frame is left for those who want stills.
#[derive(Debug, Default)]
pub struct Stills(watch::Sender<Option<Arc<Still>>>);

/// A picture of the camera's.
#[derive(Debug)]
pub struct Still {
    frame: Frame,
    jpeg: OnceLock<Bytes>,
}

impl Stills {
    /// Whether somebody waits for stills.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Shows the newest frame. Where nobody waits it is not kept.
    pub fn offer(&self, frame: &Frame) {
        if self.are_wanted() {
            let jpeg = frame.jpeg.clone().map_or_else(OnceLock::new, OnceLock::from);
            self.0.send_replace(Some(Arc::new(Still { frame: frame.clone(), jpeg })));
        } else if self.0.borrow().is_some() {
            self.0.send_replace(None);
        }
    }

    /// Begins to wait for stills: for those captured from now on.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<Still>>> {
        self.0.subscribe()
    }
}

impl Still {
    /// The frame's number, by which what lies between two pictures is counted.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.frame.sequence
    }

    /// The picture, coded when it is first asked for, which takes some milliseconds: not for an async task's thread.
    /// What a webcam coded itself is given as it came. Empty if it cannot be coded.
    #[must_use]
    pub fn jpeg(&self) -> Bytes {
        self.jpeg.get_or_init(|| encode(&self.frame, level::best())).clone()
    }
}

/// Codes a frame as JPEG, 4:2:0, with what of it is ours at one level of the CPU's: all give the same bits.
#[must_use]
pub fn encode(frame: &Frame, level: Level) -> Bytes {
    let mut coded = Vec::with_capacity(frame.i420().len() / 4);
    let mut encoder = Encoder::new(&mut coded, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    match encoder.encode_image(Rows { frame, level }) {
        Ok(()) => coded.into(),
        // It fails for sizes that JPEG has not and for writers that fail: neither is ours.
        Err(_) => Bytes::new(),
    }
}

/// A frame as the encoder reads it: row by row, each pixel with its own chroma, full range. Of chroma it then takes every
/// other sample of every other row, which are ours as they were; the others are only there.
struct Rows<'a> {
    frame: &'a Frame,
    level: Level,
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.frame.size.width() as u16
    }

    fn height(&self) -> u16 {
        self.frame.size.height() as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (size, y) = (self.frame.size, usize::from(y));
        let (width, chroma_width) = (size.width(), size.chroma().0);
        let [luma, cb, cr] = self.frame.planes();
        let [to_luma, to_cb, to_cr, _] = buffers;
        let to = append(to_luma, width);
        dispatch!(self.level, simd => full_luma(simd, &luma[y * width..][..width], to));
        // The last row is taken again where the picture ends within a block, at an even row too.
        let is_taken = y.is_multiple_of(2) || y + 1 == size.height();
        for (chroma, to) in [(cb, to_cb), (cr, to_cr)] {
            let to = append(to, width);
            if is_taken {
                let row = &chroma[y / 2 * chroma_width..][..chroma_width];
                dispatch!(self.level, simd => full_chroma(simd, row, to));
            }
        }
    }
}

/// So many more samples, to be filled.
fn append(samples: &mut Vec<u8>, count: usize) -> &mut [u8] {
    let before = samples.len();
    samples.resize(before + count, 0);
    &mut samples[before..]
}

#[inline(always)]
fn full_luma<S: Simd>(_: S, row: &[u8], to: &mut [u8]) {
    for (to, &sample) in to.iter_mut().zip(row) {
        *to = range::full_luma(sample);
    }
}

/// Each sample twice; at an odd edge the last one once.
#[inline(always)]
fn full_chroma<S: Simd>(_: S, row: &[u8], to: &mut [u8]) {
    let mut pairs = to.chunks_exact_mut(2);
    for (pair, &sample) in pairs.by_ref().zip(row) {
        let twice = u16::from(range::full_chroma(sample)) * 0x0101;
        pair.copy_from_slice(&twice.to_ne_bytes());
    }
    if let ([to], [.., last]) = (pairs.into_remainder(), row) {
        *to = range::full_chroma(*last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{FramePool, FrameSize, TimeMeaning};
    use crate::source::mjpeg::Mjpeg;
    use crate::time::Timestamp;

    fn frame(size: FrameSize, fill: impl Fn(usize) -> u8) -> Frame {
        let mut pool = FramePool::new(size);
        let mut blank = pool.blank();
        for (index, sample) in blank.samples().iter_mut().enumerate() {
            *sample = fill(index);
        }
        pool.freeze(blank, 0, Timestamp::default(), TimeMeaning::Arrival)
    }

    #[test]
    fn what_is_coded_is_decoded_to_the_same() {
        for size in ["64x48", "33x17", "50x50"] {
            let size: FrameSize = size.parse().unwrap();
            // Luma rises from left to right, the chroma planes are of one value each.
            let luma = size.width() * size.height();
            let frame = frame(size, |index| match index {
                _ if index < luma => (40 + index % size.width() * 2) as u8,
                _ if index < luma + size.chroma().0 * size.chroma().1 => 100,
                _ => 160,
            });
            let stills = Stills::default();
            let mut waiting = stills.subscribe();
            stills.offer(&frame);
            let still = waiting.borrow_and_update().clone().unwrap();
            let mut decoded = vec![0; size.i420_len()];
            Mjpeg::new(size).decode(&still.jpeg(), &mut decoded).unwrap();
            for level in [Level::baseline(), Level::fallback()] {
                assert!(encode(&frame, level) == still.jpeg(), "{size} by {level:?}");
            }
            let error: u32 =
                decoded.iter().zip(frame.i420()).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
            let psnr = 10.0 * (65025.0 * decoded.len() as f64 / f64::from(error.max(1))).log10();
            assert!(psnr > 40.0, "{size}: {psnr} dB");
        }
    }

    #[test]
    fn nothing_is_kept_that_nobody_waits_for() {
        let stills = Stills::default();
        let frame = frame(FrameSize::new(16, 16).unwrap(), |_| 50);
        stills.offer(&frame);
        let waiting = stills.subscribe();
        assert!(waiting.borrow().is_none());
        stills.offer(&frame);
        assert!(waiting.borrow().is_some() && stills.are_wanted());
        drop(waiting);
        stills.offer(&frame);
        assert!(stills.0.borrow().is_none());
    }

    #[test]
    fn a_webcams_own_jpeg_is_passed_on() {
        let stills = Stills::default();
        let waiting = stills.subscribe();
        let mut frame = frame(FrameSize::new(16, 16).unwrap(), |_| 50);
        frame.jpeg = Some(Bytes::from_static(b"its own"));
        stills.offer(&frame);
        assert_eq!(waiting.borrow().as_ref().unwrap().jpeg(), "its own");
    }
}
