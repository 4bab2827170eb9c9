//! The camera's newest picture as JPEG, for whatever knows nothing better: coded only while somebody asks.
//!
//! Here belongs: who asks, coding once for all of them. Not here: HTTP.
//!
//! This software is based in part on the work of the Independent JPEG Group.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use tokio::sync::watch;

use crate::frame::Frame;

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
    /// The picture, coded when it is first asked for, which takes some milliseconds: not for an async task's thread.
    /// What a webcam coded itself is given as it came. Empty if it cannot be coded.
    #[must_use]
    pub fn jpeg(&self) -> Bytes {
        self.jpeg.get_or_init(|| encode(&self.frame)).clone()
    }
}

/// Codes a frame as JPEG, 4:2:0.
fn encode(frame: &Frame) -> Bytes {
    let mut coded = Vec::with_capacity(frame.i420().len() / 4);
    let mut encoder = Encoder::new(&mut coded, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    match encoder.encode_image(Rows(frame)) {
        Ok(()) => coded.into(),
        // It fails for sizes that JPEG has not and for writers that fail: neither is ours.
        Err(_) => Bytes::new(),
    }
}

/// A frame as the encoder reads it: row by row, each pixel with its own chroma, full range.
struct Rows<'a>(&'a Frame);

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.0.size.width() as u16
    }

    fn height(&self) -> u16 {
        self.0.size.height() as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (width, y) = (self.0.size.width(), usize::from(y));
        let chroma_width = self.0.size.chroma().0;
        let [luma, cb, cr] = self.0.planes();
        let [to_luma, to_cb, to_cr, _] = buffers;
        to_luma.extend(luma[y * width..][..width].iter().map(|&sample| full_luma(sample)));
        for (chroma, to) in [(cb, to_cb), (cr, to_cr)] {
            let row = chroma[y / 2 * chroma_width..][..chroma_width].iter();
            let pixels = row.flat_map(|&sample| [full_chroma(sample); 2]);
            to.extend(pixels.take(width));
        }
    }
}

/// (y - 16) · 255 / 219, rounded.
fn full_luma(sample: u8) -> u8 {
    (((i32::from(sample) - 16).max(0) * 255 + 109) / 219).min(255) as u8
}

/// 128 + (c - 128) · 255 / 224, rounded.
fn full_chroma(sample: u8) -> u8 {
    let value = (i32::from(sample) - 128) * 255;
    (128 + (2 * value + 224 * value.signum()) / 448).clamp(0, 255) as u8
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
        for size in ["64x48", "33x17"] {
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

    #[test]
    fn ranges_are_those_of_the_formulas() {
        assert_eq!([0, 16, 235, 255].map(full_luma), [0, 0, 255, 255]);
        assert_eq!([0, 16, 128, 240, 255].map(full_chroma), [0, 0, 128, 255, 255]);
    }
}
