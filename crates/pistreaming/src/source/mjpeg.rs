//! The JPEG pictures of a webcam, made I420 in video range.
//!
//! Here belongs: decoding one, and mending what webcams leave out. Not here: pictures without coding (`convert`).

use std::fmt;

use fearless_simd::{Simd, dispatch};
use mpeg1::level::{self, Level};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::Window;
use super::range;
use crate::frame::FrameSize;

/// Decodes pictures of one size.
#[derive(Debug)]
pub struct Mjpeg {
    size: FrameSize,
    window: Window,
    level: Level,
    /// Y, Cb, Cr of each pixel.
    pixels: Vec<u8>,
    /// A picture with its missing tables.
    mended: Vec<u8>,
}

/// Why a picture cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadJpeg {
    /// It is damaged, or no JPEG.
    Damaged(String),
    /// It has another size.
    Size {
        /// Width and height in pixels.
        got: (usize, usize),
    },
}

impl fmt::Display for BadJpeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) => write!(f, "damaged JPEG: {why}"),
            Self::Size { got: (width, height) } => write!(f, "a JPEG of {width}x{height}"),
        }
    }
}

impl Mjpeg {
    /// A decoder of pictures of `size`.
    #[must_use]
    pub fn new(size: FrameSize) -> Self {
        Self::of_part(size, Window::whole(size))
    }

    /// The same for a part of each.
    #[must_use]
    pub fn of_part(size: FrameSize, window: Window) -> Self {
        Self::with_level(size, window, level::best())
    }

    /// The same at one level of the CPU's, for tests and benchmarks: all give the same bits. What the library does is not
    /// bound by it.
    #[must_use]
    pub fn with_level(size: FrameSize, window: Window, level: Level) -> Self {
        Self { size, window, level, pixels: Vec::new(), mended: Vec::new() }
    }

    /// Decodes `jpeg` to `samples`, I420 of the decoder's size or of the part's.
    ///
    /// # Errors
    /// If it is no whole picture of that size; `samples` are as they were.
    pub fn decode(&mut self, jpeg: &[u8], samples: &mut [u8]) -> Result<(), BadJpeg> {
        let jpeg = with_tables(jpeg, &mut self.mended);
        let components = decode(jpeg, self.size, &mut self.pixels)?;
        let (stride, window, pixels) = (self.size.width(), self.window, &self.pixels);
        dispatch!(self.level, simd => match components {
            1 => grey(simd, pixels, stride, window, samples),
            _ => colour(simd, pixels, stride, window, samples),
        });
        Ok(())
    }
}

/// Decodes to as many bytes a pixel as is returned: 1, luma; or 3, Y, Cb, Cr.
fn decode(jpeg: &[u8], size: FrameSize, pixels: &mut Vec<u8>) -> Result<usize, BadJpeg> {
    let damaged = |error: &dyn fmt::Display| BadJpeg::Damaged(error.to_string());
    let options = DecoderOptions::default()
        .set_max_width(FrameSize::MAX_WIDTH.into())
        .set_max_height(FrameSize::MAX_HEIGHT.into())
        .jpeg_set_out_colorspace(ColorSpace::YCbCr);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let got = decoder.dimensions().unwrap_or_default();
    if got != (size.width(), size.height()) {
        return Err(BadJpeg::Size { got });
    }
    let components = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => 1,
        Some(ColorSpace::YCbCr) => 3,
        other => return Err(damaged(&format!("its colours are {other:?}"))),
    };
    if components == 1 {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::Luma));
    }
    pixels.resize(got.0 * got.1 * components, 0);
    decoder.decode_into(pixels).map_err(|error| damaged(&error))?;
    Ok(components)
}

/// Many webcams leave the Huffman tables out, since motion JPEG has only the usual ones. The decoder takes these where a
/// picture says that it comes from an AVI file: so it is made to say that, in a segment behind its first two bytes.
fn with_tables<'a>(jpeg: &'a [u8], mended: &'a mut Vec<u8>) -> &'a [u8] {
    const START: &[u8] = &[0xff, 0xd8];
    const FROM_AVI: &[u8] = b"\xff\xe0\x00\x07AVI1\0";
    match jpeg.strip_prefix(START) {
        Some(rest) if !has_tables(rest) => {
            mended.clear();
            for part in [START, FROM_AVI, rest] {
                mended.extend_from_slice(part);
            }
            mended
        }
        _ => jpeg,
    }
}

/// Whether a picture can be shown by any program: it is whole enough to begin, and has its tables.
pub(super) fn is_complete(jpeg: &[u8]) -> bool {
    jpeg.strip_prefix(&[0xff, 0xd8]).is_some_and(has_tables)
}

/// Whether there is a segment with Huffman tables (DHT) before the first scan (ISO/IEC 10918-1, B.1.1).
fn has_tables(mut segments: &[u8]) -> bool {
    const DHT: u8 = 0xc4;
    const SOS: u8 = 0xda;
    while let [0xff, marker, rest @ ..] = segments {
        match (*marker, rest) {
            (DHT, _) => return true,
            (SOS, _) => return false,
            // A marker may be filled up with further 0xff.
            (0xff, _) => segments = &segments[1..],
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                segments = rest.get(length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

#[inline(always)]
fn grey<S: Simd>(_: S, pixels: &[u8], stride: usize, window: Window, samples: &mut [u8]) {
    let (size, (left, top)) = (window.size(), window.corner());
    let (luma, chroma) = samples.split_at_mut(size.width() * size.height());
    for (to, from) in luma.chunks_exact_mut(size.width()).zip(pixels.chunks_exact(stride).skip(top)) {
        for (to, &from) in to.iter_mut().zip(&from[left..]) {
            *to = range::luma(from);
        }
    }
    chroma.fill(128);
}

/// Chroma is the mean of four pixels; at an odd edge the last pixel counts twice.
#[inline(always)]
fn colour<S: Simd>(simd: S, pixels: &[u8], stride: usize, window: Window, samples: &mut [u8]) {
    let (size, (left, top)) = (window.size(), window.corner());
    let (width, height) = (size.width(), size.height());
    let (chroma_width, chroma_height) = size.chroma();
    let (luma, chroma) = samples.split_at_mut(width * height);
    let (cb, cr) = chroma.split_at_mut(chroma_width * chroma_height);
    let row = |row: usize| &pixels[((top + row) * stride + left) * 3..][..3 * width];
    let rows = cb.chunks_exact_mut(chroma_width).zip(cr.chunks_exact_mut(chroma_width));
    for ((luma, (cb, cr)), upper) in luma.chunks_mut(2 * width).zip(rows).zip((0..height).step_by(2)) {
        let lower = (upper + 1).min(height - 1);
        rows_of_colour(simd, row(upper), row(lower), luma, cb, cr);
    }
}

/// Two rows of pixels to two rows of luma, or to one where there is but one, and to a row of each chroma.
#[inline(always)]
fn rows_of_colour<S: Simd>(_: S, upper: &[u8], lower: &[u8], luma: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    let (upper_luma, lower_luma) = luma.split_at_mut(upper.len() / 3);
    for (luma, row) in [(upper_luma, upper), (lower_luma, lower)] {
        for (to, from) in luma.iter_mut().zip(row.chunks_exact(3)) {
            *to = range::luma(from[0]);
        }
    }
    let whole = upper.len() / 6;
    let blocks = upper.chunks_exact(6).zip(lower.chunks_exact(6));
    for (((upper, lower), cb), cr) in blocks.zip(cb.iter_mut()).zip(cr.iter_mut()) {
        *cb = mean([upper[1], upper[4], lower[1], lower[4]]);
        *cr = mean([upper[2], upper[5], lower[2], lower[5]]);
    }
    if let ([_, upper_cb, upper_cr], [_, lower_cb, lower_cr]) = (&upper[6 * whole..], &lower[6 * whole..]) {
        cb[whole] = mean([*upper_cb, *upper_cb, *lower_cb, *lower_cb]);
        cr[whole] = mean([*upper_cr, *upper_cr, *lower_cr, *lower_cr]);
    }
}

#[inline(always)]
fn mean([a, b, c, d]: [u8; 4]) -> u8 {
    range::chroma(((u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d) + 2) >> 2) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::flip::Flip;
    use crate::source::turn::Turner;
    use std::process::{Command, Stdio};

    /// A picture by FFmpeg: as JPEG, and as I420.
    fn pictures(size: &str, format: &str, more: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let run = |arguments: &[&str]| {
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", &format!("testsrc2=s={size}")]).args(arguments);
            let output = ffmpeg.args(["-frames:v", "1", "-"]).stdin(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let jpeg = ["-pix_fmt", format, "-c:v", "mjpeg", "-q:v", "1"];
        let jpeg = run(&[&jpeg, more, &["-f", "mjpeg"]].concat());
        // Converted as the JPEG was, then made video range.
        let raw = ["-vf", &format!("format={format},format=yuv420p"), "-color_range", "tv", "-f", "rawvideo"];
        (jpeg, run(&raw))
    }

    fn close(found: &[u8], expected: &[u8], least: f64) {
        assert_eq!(found.len(), expected.len());
        let square = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b)).powi(2);
        let error = found.iter().zip(expected).map(square).sum::<f64>() / found.len() as f64;
        let psnr = 10.0 * (255.0 * 255.0 / error).log10();
        assert!(psnr > least, "{psnr} dB");
    }

    #[test]
    fn pictures_are_what_ffmpeg_makes_of_them() {
        for (text, format) in [("640x480", "yuvj422p"), ("320x240", "yuvj420p"), ("98x66", "yuvj444p")] {
            let size: FrameSize = text.parse().unwrap();
            let (jpeg, raw) = pictures(text, format, &[]);
            let mut samples = vec![0; size.i420_len()];
            Mjpeg::new(size).decode(&jpeg, &mut samples).unwrap();
            close(&samples, &raw, 30.0);
        }
    }

    #[test]
    fn a_part_is_what_is_cut_out_of_the_whole() {
        let size: FrameSize = "98x66".parse().unwrap();
        for format in ["yuvj420p", "gray"] {
            let (jpeg, _) = pictures("98x66", format, &[]);
            let mut whole = vec![0; size.i420_len()];
            Mjpeg::new(size).decode(&jpeg, &mut whole).unwrap();
            for (corner, part) in [((0, 0), "98x66"), ((10, 4), "32x18"), ((66, 50), "32x16")] {
                let window = Window::new(corner, part.parse().unwrap(), size).unwrap();
                for level in [level::best(), Level::baseline(), Level::fallback()] {
                    let (mut cut, mut expected) = (vec![0; window.size().i420_len()], Vec::new());
                    Mjpeg::with_level(size, window, level).decode(&jpeg, &mut cut).unwrap();
                    expected.resize(cut.len(), 1);
                    Turner::new(size, window, Flip::default(), None).turn(&whole, &mut expected);
                    assert!(cut == expected, "{format} {part}");
                }
            }
        }
        // At an odd edge the last pixel's chroma counts twice.
        let (jpeg, _) = pictures("98x66", "yuvj420p", &[]);
        let window = Window::new((2, 2), "33x17".parse().unwrap(), size).unwrap();
        let mut cut = vec![0; window.size().i420_len()];
        Mjpeg::of_part(size, window).decode(&jpeg, &mut cut).unwrap();
    }

    #[test]
    fn missing_tables_are_supplied() {
        let size: FrameSize = "160x120".parse().unwrap();
        // FFmpeg's own tables are the usual ones unless it may choose.
        let (jpeg, _) = pictures("160x120", "yuvj422p", &["-huffman", "default"]);
        let start = jpeg.windows(2).position(|pair| pair == [0xff, 0xc4]).unwrap();
        let length = usize::from(u16::from_be_bytes([jpeg[start + 2], jpeg[start + 3]]));
        let without = [&jpeg[..start], &jpeg[start + 2 + length..]].concat();
        assert!(has_tables(&jpeg[2..]) && !has_tables(&without[2..]));
        let (mut one, mut other) = (vec![0; size.i420_len()], vec![1; size.i420_len()]);
        Mjpeg::new(size).decode(&jpeg, &mut one).unwrap();
        Mjpeg::new(size).decode(&without, &mut other).unwrap();
        assert!(one == other);
    }

    #[test]
    fn what_is_no_picture_of_this_size_is_refused() {
        let size: FrameSize = "64x48".parse().unwrap();
        let mut samples = vec![9; size.i420_len()];
        let (jpeg, _) = pictures("98x66", "yuvj420p", &[]);
        let mut decoder = Mjpeg::new(size);
        assert_eq!(decoder.decode(&jpeg, &mut samples), Err(BadJpeg::Size { got: (98, 66) }));
        for bad in [&b""[..], b"\xff\xd8", b"\xff\xd8\xff\xff\xff", b"not a picture", &jpeg[..40]] {
            assert!(matches!(decoder.decode(bad, &mut samples), Err(BadJpeg::Damaged(_))));
        }
        assert!(samples.iter().all(|&sample| sample == 9));
    }
}
