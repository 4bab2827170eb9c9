//! The header of Y4M ("YUV4MPEG2"), the stream of raw pictures that says its size and rate itself.
//!
//! Here belongs: reading header lines that lie in memory. Not here: getting them, the pictures.
//!
//! ```text
//! YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n
//! FRAME\n  Y plane, Cb plane, Cr plane, without padding
//! FRAME Ip\n  …
//! ```
//!
//! The format is mjpegtools': see its `yuv4mpeg(5)`.

use super::error::Fault;
use super::rate::FrameRate;
use crate::frame::{BadSize, FrameSize};

/// What each stream begins with.
pub const SIGNATURE: &[u8; 10] = b"YUV4MPEG2 ";
/// What each frame begins with.
pub const FRAME: &[u8; 5] = b"FRAME";
/// The longest header line that is read. The format itself sets no limit; writers stay under 256.
pub const MAX_LINE: usize = 1024;

/// What a stream's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Size of its pictures.
    pub size: FrameSize,
    /// Their rate, if it is said.
    pub rate: Option<FrameRate>,
    /// Whether the samples have the full range.
    pub full_range: bool,
    /// Whether the pictures are interlaced.
    pub interlaced: bool,
}

impl Header {
    /// Reads a header line, from its signature up to, but without, the line feed.
    ///
    /// # Errors
    /// If it is none, or is of pictures that cannot be streamed.
    pub fn parse(line: &[u8]) -> Result<Self, Fault> {
        let line = std::str::from_utf8(line).map_err(|_| Fault::HeaderLine)?;
        let mut words = line.split(' ');
        if words.next() != Some("YUV4MPEG2") || line.len() > MAX_LINE {
            return Err(Fault::HeaderLine);
        }
        let (mut width, mut height) = (None, None);
        let (mut rate, mut full_range, mut interlaced) = (None, false, false);
        for word in words.filter(|word| !word.is_empty()) {
            // A tag is one letter; what begins with another character is damage, and unknown letters are passed over.
            let (tag, value) = word.split_at_checked(1).ok_or(Fault::HeaderLine)?;
            match tag {
                "W" => width = value.parse().ok(),
                "H" => height = value.parse().ok(),
                "F" => rate = parse_rate(value)?,
                "I" => interlaced = !matches!(value, "p" | "?"),
                "C" => check_colour(value)?,
                "X" => full_range |= value == "COLORRANGE=FULL",
                _ => {}
            }
        }
        let size = width.zip(height).ok_or(BadSize).and_then(|(width, height)| FrameSize::new(width, height));
        Ok(Self { size: size.map_err(Fault::Size)?, rate, full_range, interlaced })
    }
}

/// `numerator:denominator`; 0 in either means unknown.
fn parse_rate(value: &str) -> Result<Option<FrameRate>, Fault> {
    let fault = || Fault::Rate(value.to_owned());
    let (numerator, denominator) = value.split_once(':').ok_or_else(fault)?;
    let numerator: u32 = numerator.parse().map_err(|_| fault())?;
    let denominator: u32 = denominator.parse().map_err(|_| fault())?;
    if numerator == 0 || denominator == 0 {
        return Ok(None);
    }
    FrameRate::new(numerator, denominator).map(Some).map_err(|_| fault())
}

/// The variants of 4:2:0 differ only in where chroma samples sit, by half a sample at most, which nobody sees.
fn check_colour(value: &str) -> Result<(), Fault> {
    match value {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(()),
        _ => Err(Fault::Colour(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Header, Fault> {
        Header::parse(line.as_bytes())
    }

    #[test]
    fn headers_as_writers_write_them_are_read() {
        let header =
            parse("YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG XCOLORRANGE=LIMITED");
        let expected = Header {
            size: FrameSize::new(640, 480).unwrap(),
            rate: Some(FrameRate::new(30_000, 1001).unwrap()),
            full_range: false,
            interlaced: false,
        };
        assert_eq!(header, Ok(expected));
        let header = parse("YUV4MPEG2 H17 W33 F0:0 It  C420mpeg2 XCOLORRANGE=FULL Z9").unwrap();
        assert_eq!(header.size, FrameSize::new(33, 17).unwrap());
        assert_eq!((header.rate, header.full_range, header.interlaced), (None, true, true));
        assert!(parse("YUV4MPEG2 W640 H480").is_ok());
    }

    #[test]
    fn what_cannot_be_streamed_is_named() {
        let size = "YUV4MPEG2 W640 H480 ";
        for colour in ["422", "444", "mono", "420p10", "411", "444alpha", ""] {
            assert_eq!(parse(&format!("{size}C{colour}")), Err(Fault::Colour(colour.into())));
        }
        for rate in ["25", "25/1", "1000:1", "-25:1", "1:1000", ":"] {
            assert_eq!(parse(&format!("{size}F{rate}")), Err(Fault::Rate(rate.into())));
        }
        for sizes in ["W640", "W8 H480", "W640 H99999", "Wx Hy", "W-640 H480", "H480 é"] {
            assert!(matches!(parse(&format!("YUV4MPEG2 {sizes}")), Err(Fault::Size(_) | Fault::HeaderLine)));
        }
        for line in ["", "YUV4MPEG", "YUV4MPEG2W640 H480", "FRAME"] {
            assert_eq!(parse(line), Err(Fault::HeaderLine));
        }
        assert_eq!(Header::parse(b"YUV4MPEG2 W640 H480 X\xFF"), Err(Fault::HeaderLine));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Header::parse(&line);
            let _ = Header::parse(&[SIGNATURE.as_slice(), &line].concat());
        }

        #[test]
        fn any_tags_are_read_or_refused(tags in "([WHFIACX][0-9:a-z=é]{0,6} ){0,8}") {
            let _ = parse(&format!("YUV4MPEG2 {tags}"));
        }
    }
}
