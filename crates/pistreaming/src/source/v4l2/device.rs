//! A video device: what it says of itself, and setting it up.
//!
//! Here belongs: questions to a driver and their answers. Not here: which device (`find`), which mode (`modes`),
//! controls (`controls`), frames.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::abi::{
    CAP_CAPTURE, CAP_CAPTURE_MPLANE, CAP_DEVICE_CAPS, CAP_IO_MC, CAP_M2M, CAP_STREAMING, CAPTURE,
    CAPTURE_MPLANE, Capability, DvTimings, FormatDescription, FrameIntervals, FrameSizes, StreamParameters,
};
use super::format::{Answer, FourCc, wish};
use super::kernel::{self, call};
use super::modes::Mode;
use crate::frame::FrameSize;
use crate::source::error::Trouble;
use crate::source::rate::FrameRate;

/// No driver has more formats, sizes, rates or controls than this; one that lies would keep us asking.
pub(super) const MOST: u32 = 200;
/// `V4L2_FRMSIZE_TYPE_DISCRETE`, `V4L2_FRMIVAL_TYPE_DISCRETE`
const DISCRETE: u32 = 1;
/// Sizes that are asked for where a driver takes any.
const USUAL_SIZES: [(u16, u16); 5] = [(640, 480), (640, 360), (1280, 720), (1920, 1080), (320, 240)];
/// Drivers whose devices are parts of a Pi camera, which `rpicam-vid` puts together, or codecs.
const NOT_CAMERAS: [&str; 6] = ["unicam", "rp1-cfe", "pispbe", "bcm2835-isp", "bcm2835-codec", "rpivid"];

/// An open device that captures.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    /// `V4L2_BUF_TYPE_…`
    pub(super) kind: u32,
    /// What it captures can be shown as it comes.
    pub(super) is_camera: bool,
}

/// What tells a camera from others, whatever its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Its name.
    pub(super) card: String,
    /// Where it is plugged in.
    pub(super) bus: String,
}

impl Device {
    /// Opens a device; nothing if it is one that does not capture.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags as i32).open(path)?;
        let mut capability = Capability::default();
        call::<{ kernel::QUERYCAP }, _>(&file, &mut capability)?;
        let all = capability.capabilities;
        let own = if all & CAP_DEVICE_CAPS == 0 { all } else { capability.device_caps };
        let kind = match own & (CAP_CAPTURE | CAP_CAPTURE_MPLANE) {
            _ if own & CAP_M2M != 0 || own & CAP_STREAMING == 0 => return Ok(None),
            0 => return Ok(None),
            CAP_CAPTURE_MPLANE => CAPTURE_MPLANE,
            _ => CAPTURE,
        };
        let driver = text(&capability.driver);
        let is_camera = own & CAP_IO_MC == 0 && !NOT_CAMERAS.iter().any(|name| driver.starts_with(name));
        let identity = Identity { card: text(&capability.card), bus: text(&capability.bus_info) };
        Ok(Some(Self { file, path: path.into(), identity, kind, is_camera }))
    }

    /// Its name and path, for people.
    pub(super) fn name(&self) -> String {
        format!("{} at {}", self.identity.card, self.path.display())
    }

    /// Every mode that can be used; of HDMI and the like for what was plugged in at [`Self::follow_signal`].
    pub(super) fn modes(&self, asked: FrameSize) -> Vec<Mode> {
        let mut modes = Vec::new();
        for fourcc in self.formats() {
            let Some(coding) = fourcc.coding() else { continue };
            for size in self.sizes(fourcc, asked) {
                let rates = self.rates(fourcc, size);
                if rates.is_empty() {
                    modes.push(Mode { fourcc, coding, size, rate: None });
                }
                modes.extend(rates.into_iter().map(|rate| Mode { fourcc, coding, size, rate: Some(rate) }));
            }
        }
        modes
    }

    /// All formats, those too that cannot be used.
    pub(super) fn formats(&self) -> Vec<FourCc> {
        let mut formats = Vec::new();
        for index in 0..MOST {
            let mut description =
                FormatDescription { index, kind: self.kind, ..FormatDescription::default() };
            if call::<{ kernel::ENUM_FMT }, _>(&self.file, &mut description).is_err() {
                break;
            }
            let fourcc = FourCc(description.pixelformat);
            if !formats.contains(&fourcc) {
                formats.push(fourcc);
            }
        }
        formats
    }

    /// The sizes of a format. Where the driver takes any, the one that was asked for and the usual ones.
    fn sizes(&self, fourcc: FourCc, asked: FrameSize) -> Vec<FrameSize> {
        let mut sizes = Vec::new();
        let mut add = |width: u32, height: u32| {
            let sides = u16::try_from(width).ok().zip(u16::try_from(height).ok());
            let size = sides.and_then(|(width, height)| FrameSize::new(width, height).ok());
            sizes.extend(size.filter(|size| !sizes.contains(size)));
        };
        for index in 0..MOST {
            let mut answer = FrameSizes { index, pixelformat: fourcc.0, ..FrameSizes::default() };
            if call::<{ kernel::ENUM_FRAMESIZES }, _>(&self.file, &mut answer).is_err() {
                break;
            }
            if answer.kind == DISCRETE {
                add(answer.words[0], answer.words[1]);
                continue;
            }
            let [width, most_width, width_step, height, most_height, height_step] = answer.words;
            let asked = (asked.width() as u16, asked.height() as u16);
            for (want_width, want_height) in std::iter::once(asked).chain(USUAL_SIZES) {
                add(
                    nearest(want_width.into(), width, most_width, width_step),
                    nearest(want_height.into(), height, most_height, height_step),
                );
            }
            break;
        }
        if sizes.is_empty() {
            // A driver that lists none has the size that its input has.
            sizes.extend(self.try_size(fourcc, asked));
        }
        sizes
    }

    fn try_size(&self, fourcc: FourCc, asked: FrameSize) -> Option<FrameSize> {
        let mut format = wish(self.kind, fourcc, asked);
        call::<{ kernel::TRY_FMT }, _>(&self.file, &mut format).ok()?;
        Answer::read(&format).map(|answer| answer.layout.size)
    }

    fn rates(&self, fourcc: FourCc, size: FrameSize) -> Vec<FrameRate> {
        let (width, height) = (size.width() as u32, size.height() as u32);
        let mut rates = Vec::new();
        for index in 0..MOST {
            let mut answer =
                FrameIntervals { index, pixelformat: fourcc.0, width, height, ..FrameIntervals::default() };
            if call::<{ kernel::ENUM_FRAMEINTERVALS }, _>(&self.file, &mut answer).is_err() {
                break;
            }
            // The words are seconds per frame; of a range, the shortest and the longest, between which any will do.
            let [numerator, denominator, most_numerator, most_denominator, ..] = answer.words;
            rates.extend(FrameRate::new(denominator, numerator));
            if answer.kind != DISCRETE {
                let slowest = FrameRate::new(most_denominator, most_numerator);
                rates.extend(slowest);
                let fastest = FrameRate::new(denominator, numerator).map_or(240.0, FrameRate::as_f64);
                let usual = [5, 10, 15, 20, 24, 25, 30, 50, 60].into_iter();
                let inside = usual.filter(|&rate| {
                    f64::from(rate) < fastest
                        && slowest.is_ok_and(|slowest| f64::from(rate) > slowest.as_f64())
                });
                rates.extend(inside.filter_map(|rate| FrameRate::new(rate, 1).ok()));
                break;
            }
        }
        rates
    }

    /// Where the picture comes over HDMI or the like, its size and rate are the sender's: taken over before each start.
    pub(super) fn follow_signal(&self) -> Result<(), Trouble> {
        let mut timings = DvTimings([0; 33]);
        match call::<{ kernel::QUERY_DV_TIMINGS }, _>(&self.file, &mut timings) {
            Ok(()) => {
                // Refused while another program captures; then that one's are as good.
                let _ = call::<{ kernel::S_DV_TIMINGS }, _>(&self.file, &mut timings);
                Ok(())
            }
            // Nothing is plugged in, it is not understood, or it is beyond what the device takes.
            Err(Errno::NOLINK | Errno::NOLCK | Errno::RANGE) => Err(Trouble::NoSignal),
            // It is a camera of its own.
            Err(_) => Ok(()),
        }
    }

    /// Sets a mode; what the driver made of it, and the rate if it says one.
    pub(super) fn set(&self, mode: &Mode) -> io::Result<(Answer, Option<FrameRate>)> {
        let mut format = wish(self.kind, mode.fourcc, mode.size);
        call::<{ kernel::S_FMT }, _>(&self.file, &mut format)?;
        let answer = Answer::read(&format).ok_or(io::ErrorKind::InvalidData)?;
        Ok((answer, mode.rate.and_then(|rate| self.set_rate(rate))))
    }

    /// Some drivers know no rates: that is no fault.
    fn set_rate(&self, rate: FrameRate) -> Option<FrameRate> {
        let (numerator, denominator) = (rate.denominator(), rate.numerator());
        let mut parameters = StreamParameters {
            kind: self.kind,
            capability: 0,
            mode: 0,
            numerator,
            denominator,
            rest: [0; 46],
        };
        call::<{ kernel::S_PARM }, _>(&self.file, &mut parameters).ok()?;
        FrameRate::new(parameters.denominator, parameters.numerator).ok()
    }
}

/// The length nearest to `wanted` that a driver takes.
const fn nearest(wanted: u32, least: u32, most: u32, step: u32) -> u32 {
    let (least, most) = if least <= most { (least, most) } else { (most, least) };
    let inside = if wanted < least {
        least
    } else if wanted > most {
        most
    } else {
        wanted
    };
    if step > 1 { least + (inside - least) / step * step } else { inside }
}

/// The text of a C string, without what is no text.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    text.chars().filter(|character| !character.is_control()).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_keep_to_a_drivers_steps() {
        assert_eq!(nearest(640, 2, 4096, 2), 640);
        assert_eq!(nearest(641, 2, 4096, 2), 640);
        assert_eq!(nearest(1, 2, 4096, 2), 2);
        assert_eq!(nearest(9999, 2, 4096, 1), 4096);
        assert_eq!(nearest(5, 9, 3, 0), 5);
    }

    #[test]
    fn names_end_at_their_nul() {
        assert_eq!(text(b"HD Webcam \0rest\x07"), "HD Webcam");
        assert_eq!(text(b"a\x1b[1mb\xff"), "a[1mb\u{fffd}");
    }

    #[test]
    fn what_is_no_video_device_is_refused() {
        assert!(Device::open(Path::new("/dev/null")).is_err());
        assert_eq!(Device::open(Path::new("/dev/nonexistent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
