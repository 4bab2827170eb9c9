//! Whether this device decodes as fast as pictures come.
//!
//! Here belongs: the judgement, from what decoding takes. Not here: what is done about it (`live`).
//!
//! A server that was told of a slow device may send it smaller pictures, which it decodes in time. That is no recovery:
//! it would be sent the large ones again, and be slow again. So what decoding takes is always held against the stream
//! for which the device was too slow, by the number of pixels.

use wire::StreamHeader;

/// Pictures of a stream over which the mean decoding time must have settled before it says anything.
const SETTLED_PICTURES: u32 = 32;
/// Slow: decoding takes more of the time from picture to picture than this.
const SLOW: f64 = 0.9;
/// No longer slow: less than this.
const RECOVERED: f64 = 0.5;

/// What a stream asks of a device.
#[derive(Clone, Copy)]
struct Load {
    pixels: f64,
    interval_us: f64,
}

/// The judgement so far.
#[derive(Default)]
pub(crate) struct Device {
    load: Option<Load>,
    /// The stream for which it was too slow, until that is over.
    too_slow_for: Option<Load>,
    settled: u32,
}

impl Device {
    /// Another stream begins.
    pub(crate) fn stream(&mut self, header: &StreamHeader) {
        let pixels = f64::from(header.width) * f64::from(header.height);
        let interval_us = f64::from(header.rate.1) * 1e6 / f64::from(header.rate.0);
        self.load = Some(Load { pixels, interval_us });
        self.settled = 0;
    }

    /// A picture was decoded; on average of the last ones it takes `mean_us`.
    pub(crate) fn decoded(&mut self, mean_us: f64) {
        let Some(load) = self.load else { return };
        self.settled = self.settled.saturating_add(1);
        if self.settled < SETTLED_PICTURES {
            return;
        }
        match self.too_slow_for {
            None if mean_us > SLOW * load.interval_us => self.too_slow_for = Some(load),
            Some(slow) if mean_us * slow.pixels / load.pixels < RECOVERED * slow.interval_us => {
                self.too_slow_for = None;
            }
            _ => {}
        }
    }

    /// Whether it is too slow for the stream, or was for that from which it was moved to a smaller one.
    pub(crate) const fn is_slow(&self) -> bool {
        self.too_slow_for.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(width: u16, height: u16, rate: u32) -> StreamHeader {
        StreamHeader {
            stream: 1,
            codec: wire::Codec::Mpeg1,
            width,
            height,
            rate: (rate, 1),
            epoch_unix_us: 0,
            bits_per_second: 0,
            rendition: 0,
        }
    }

    fn after(device: &mut Device, pictures: u32, mean_us: f64) -> bool {
        (0..pictures).for_each(|_| device.decoded(mean_us));
        device.is_slow()
    }

    #[test]
    fn is_slow_when_it_has_settled_and_recovers_late() {
        let mut device = Device::default();
        assert!(!after(&mut device, 100, 90_000.0), "there is no stream");
        device.stream(&stream(640, 480, 20));
        assert!(!after(&mut device, SETTLED_PICTURES - 1, 46_000.0));
        assert!(after(&mut device, 1, 46_000.0));
        assert!(after(&mut device, 100, 30_000.0), "it may just be in time");
        assert!(!after(&mut device, 1, 24_000.0));
        assert!(!after(&mut device, 100, 44_000.0));
    }

    #[test]
    fn smaller_pictures_are_no_recovery_unless_large_ones_would_be_decoded_too() {
        let mut device = Device::default();
        device.stream(&stream(1280, 720, 30));
        assert!(after(&mut device, 100, 40_000.0));
        // A quarter of the pixels at half the rate.
        device.stream(&stream(640, 360, 15));
        assert!(after(&mut device, 100, 10_000.0), "a sixth of the time there is, but as slow as before");
        assert!(!after(&mut device, 100, 4_000.0), "16 ms for the large ones");
        device.stream(&stream(1280, 720, 30));
        assert!(!after(&mut device, 100, 16_000.0));
    }
}
