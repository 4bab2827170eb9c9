//! Any bytes as a webcam's JPEG picture: decoded, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pistreaming::frame::FrameSize;
use pistreaming::source::mjpeg::{BadJpeg, Mjpeg};

/// Larger ones only take time.
const LARGEST: usize = 512;

fuzz_target!(|bytes: &[u8]| {
    let size = FrameSize::new(64, 48).expect("a size");
    let decode = |size: FrameSize| Mjpeg::new(size).decode(bytes, &mut vec![0; size.i420_len()]);
    // A camera that sends another size than it says is refused; the decoder is to see it all the same.
    if let Err(BadJpeg::Size { got: (width, height) }) = decode(size)
        && width <= LARGEST
        && height <= LARGEST
        && let Ok(own) = FrameSize::new(width as u16, height as u16)
    {
        let _ = decode(own);
    }
});
