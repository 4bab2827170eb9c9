//! The command line: collects each station's own settings, nothing more.
//!
//! Here belongs: names, help and reading of options. Not here: what they do.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser};

use crate::frame::FrameSize;
use crate::source::{Choice, FrameRate};
use crate::{encode, server, source};

const EXAMPLES: &str = "\
Examples:
  pistreaming                                        the Pi camera if there is one, else a test pattern
  pistreaming --size 1280x720 --fps 30 --bitrate 2M  larger, smoother, finer
  pistreaming --vflip --pi-arg=--awb --pi-arg=indoor the Pi camera upside down, its white balance set
  ffmpeg -i IN.mp4 -f yuv4mpegpipe - | pistreaming --source stdin
  pistreaming --source 'exec:ffmpeg -f v4l2 -i /dev/video0 -f yuv4mpegpipe -'   a USB camera

Each option can also be set in the environment: PISTREAMING_SIZE=1280x720 and so on.";

/// A camera on a web page with almost no delay.
#[derive(Clone, Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Options {
    /// Where pictures come from: auto, pi, pattern, stdin, file:PATH, exec:COMMAND
    ///
    /// auto takes the Pi camera if there is one, else the test pattern. stdin, file and exec are Y4M or raw I420 of
    /// --size; a file is played again and again.
    #[arg(long, env = "PISTREAMING_SOURCE", default_value = "auto", help_heading = "Picture")]
    source: Choice,
    /// Width and height in pixels
    #[arg(
        long,
        env = "PISTREAMING_SIZE",
        value_name = "WxH",
        default_value = "640x480",
        help_heading = "Picture"
    )]
    size: FrameSize,
    /// Frames per second, as 24, 12.5 or 30000/1001
    #[arg(long, env = "PISTREAMING_FPS", value_name = "N", default_value = "24", help_heading = "Picture")]
    fps: FrameRate,
    /// Mirror left and right
    #[arg(long, env = "PISTREAMING_HFLIP", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new(), help_heading = "Picture")]
    hflip: bool,
    /// Turn upside down
    #[arg(long, env = "PISTREAMING_VFLIP", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new(), help_heading = "Picture")]
    vflip: bool,
    /// One more argument for the Pi camera's program rpicam-vid; may be given several times
    #[arg(
        long,
        env = "PISTREAMING_PI_ARG",
        value_name = "ARG",
        allow_hyphen_values = true,
        help_heading = "Picture"
    )]
    pi_arg: Vec<String>,

    /// What codes the pictures: embedded, or ffmpeg as a program of its own
    #[arg(long, env = "PISTREAMING_ENCODER", default_value = "embedded", help_heading = "Coding")]
    encoder: encode::Choice,
    /// Most bits per second, as 800k, 2M or 800000
    #[arg(
        long,
        env = "PISTREAMING_BITRATE",
        value_name = "BITS",
        default_value = "800k",
        help_heading = "Coding"
    )]
    bitrate: BitRate,
    /// Threads that code one picture [default: as suits the size]
    #[arg(long, env = "PISTREAMING_THREADS", value_name = "N", value_parser = threads, help_heading = "Coding")]
    threads: Option<NonZero<usize>>,
    /// Where FFmpeg is, for --encoder ffmpeg
    #[arg(
        long,
        env = "PISTREAMING_FFMPEG_PROGRAM",
        value_name = "PATH",
        default_value = "ffmpeg",
        help_heading = "Coding"
    )]
    ffmpeg_program: PathBuf,

    /// Port of the page; 0 takes a free one
    #[arg(long, env = "PISTREAMING_PORT", default_value = "8082", help_heading = "Network")]
    port: u16,
    /// Port for pages made for the original; 0 takes a free one, none leaves it to --port
    #[arg(
        long,
        env = "PISTREAMING_WS_PORT",
        value_name = "PORT",
        default_value = "8084",
        help_heading = "Network"
    )]
    ws_port: WsPort,
    /// Listen on this address only [default: all of this machine's]
    #[arg(long, env = "PISTREAMING_BIND", value_name = "ADDRESS", help_heading = "Network")]
    bind: Option<IpAddr>,
    /// Let pages of this origin show the video, as https://my.example; may be given several times
    #[arg(
        long,
        env = "PISTREAMING_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        help_heading = "Network"
    )]
    allow_origin: Vec<String>,

    /// A page of your own; ${WIDTH}, ${HEIGHT}, ${WS_PORT}, ${COLOR}, ${BGCOLOR} in it are filled in
    #[arg(long, env = "PISTREAMING_INDEX", value_name = "FILE", help_heading = "Page")]
    index: Option<PathBuf>,
    /// Colour of the page's text
    #[arg(
        long,
        env = "PISTREAMING_COLOR",
        value_name = "COLOUR",
        default_value = "#444",
        help_heading = "Page"
    )]
    color: String,
    /// Colour of the page's background
    #[arg(
        long,
        env = "PISTREAMING_BGCOLOR",
        value_name = "COLOUR",
        default_value = "#333",
        help_heading = "Page"
    )]
    bgcolor: String,
}

impl Options {
    /// The source's settings.
    #[must_use]
    pub fn source(&self) -> source::Settings {
        source::Settings {
            source: self.source.clone(),
            size: self.size,
            frames_per_second: self.fps,
            hflip: self.hflip,
            vflip: self.vflip,
            pi_args: self.pi_arg.clone(),
        }
    }

    /// The encoder's settings.
    #[must_use]
    pub fn encode(&self) -> encode::Settings {
        encode::Settings {
            choice: self.encoder,
            bits_per_second: self.bitrate.0,
            threads: self.threads,
            ffmpeg_program: self.ffmpeg_program.clone(),
        }
    }

    /// The server's settings.
    #[must_use]
    pub fn server(&self) -> server::Settings {
        server::Settings {
            bind: self.bind,
            port: self.port,
            ws_port: self.ws_port.0,
            index: self.index.clone(),
            allow_origin: self.allow_origin.clone(),
            color: self.color.clone(),
            bgcolor: self.bgcolor.clone(),
        }
    }
}

fn threads(text: &str) -> Result<NonZero<usize>, &'static str> {
    let threads = text.parse().ok().filter(|threads: &NonZero<usize>| threads.get() <= 64);
    threads.ok_or("a number of threads is from 1 to 64")
}

/// Bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BitRate(u32);

impl FromStr for BitRate {
    type Err = BadBitRate;

    fn from_str(text: &str) -> Result<Self, BadBitRate> {
        let (digits, unit) = match text.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1e3),
            None => text.strip_suffix(['m', 'M']).map_or((text, 1.0), |digits| (digits, 1e6)),
        };
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let bits = digits.parse().ok().filter(|_| plain).map(|number: f64| (number * unit).round());
        // Below the least no picture could be told from another; the most is what 2 cores and a LAN can take.
        bits.filter(|bits| (10e3..=100e6).contains(bits)).map(|bits| Self(bits as u32)).ok_or(BadBitRate)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct BadBitRate;

impl fmt::Display for BadBitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bit rate is bits per second, from 10k to 100M, as in 800k, 1.5M or 800000")
    }
}

impl std::error::Error for BadBitRate {}

/// The old pages' port, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WsPort(Option<u16>);

impl FromStr for WsPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        text.parse().map(|port| Self(Some(port))).map_err(|_| "a port is a number from 0 to 65535, or none")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn defaults_are_the_original_s() {
        let options = Options::parse_from(["pistreaming"]);
        assert_eq!(options.source().size.to_string(), "640x480");
        assert_eq!(options.source().frames_per_second, "24".parse().unwrap());
        assert_eq!(options.encode().bits_per_second, 800_000);
        let server = options.server();
        assert_eq!((server.port, server.ws_port), (8082, Some(8084)));
        assert_eq!((&*server.color, &*server.bgcolor), ("#444", "#333"));
    }

    #[test]
    fn bit_rates_are_read_as_people_write_them() {
        for (text, bits) in [("800k", 800_000), ("2M", 2_000_000), ("1.5m", 1_500_000), ("800000", 800_000)] {
            assert_eq!(text.parse(), Ok(BitRate(bits)), "{text}");
        }
        for bad in ["", "k", "0", "9k", "101M", "-800k", "800 k", "800kb", "1e6", "inf", "NaN", "."] {
            assert_eq!(bad.parse::<BitRate>(), Err(BadBitRate), "{bad}");
        }
    }

    #[test]
    fn switches_flips_and_several_values_are_read() {
        let line = "pistreaming --hflip --pi-arg --awb --pi-arg=indoor --ws-port none --threads 2 \
                    --allow-origin https://a.example,https://b.example --encoder ffmpeg --source file:x.y4m";
        let options = Options::parse_from(line.split_ascii_whitespace());
        assert!(options.hflip && !options.vflip);
        assert_eq!(options.pi_arg, ["--awb", "indoor"]);
        assert_eq!(options.server().ws_port, None);
        assert_eq!(options.server().allow_origin.len(), 2);
        assert!(!options.encode().can_ask());
        for bad in
            ["--threads 0", "--threads 65", "--ws-port no", "--size 5", "--fps 0", "--encoder x264", "--nope"]
        {
            let line = ["pistreaming"].into_iter().chain(bad.split(' '));
            assert_eq!(Options::try_parse_from(line).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
