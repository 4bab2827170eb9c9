//! The command line: collects each station's own settings, nothing more.
//!
//! Here belongs: names and help of options. Not here: reading their values (`values`), what they do.

mod values;

use std::net::IpAddr;
use std::num::NonZero;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand};
use mpeg1::encode::Preset;

use self::values::{BitRate, IdleCamera, Renditions, Rotation, WsPort, threads};
use crate::console::Log;
use crate::frame::FrameSize;
use crate::source::{Choice, ControlWish, Crop, FrameRate};
use crate::{encode, server, source};

const EXAMPLES: &str = "\
Examples:
  The Pi camera if there is one, else a USB camera, else a test pattern:
    pistreaming
  Larger, smoother, finer:
    pistreaming --size 1280x720 --fps 30 --bitrate 2M
  The Pi camera upside down, with its white balance set:
    pistreaming --vflip --hflip --pi-arg='--awb indoor'
  A USB camera; by a part of its name, if there are several:
    pistreaming cameras
    pistreaming --source v4l2:logitech
  Whatever FFmpeg can read:
    pistreaming --source 'exec:ffmpeg -i rtsp://camera/ -pix_fmt yuv420p -f yuv4mpegpipe -'

Raw input is I420 of --size; Y4M brings its own size and rate.
Each option can be set in the environment too: PISTREAMING_SIZE=1280x720 and so on.";

/// A camera on a web page with almost no delay.
#[derive(Clone, Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    picture: PictureOptions,
    #[command(flatten)]
    coding: CodingOptions,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    page: PageOptions,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Lists cameras with their formats, sizes, rates and controls, and who uses them
    Cameras,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Picture")]
struct PictureOptions {
    /// Where pictures come from: auto, pi, v4l2, v4l2:/dev/videoN, v4l2:NAME, pattern, stdin, file:PATH, exec:COMMAND
    #[arg(long, env = "PISTREAMING_SOURCE", hide_env = true, default_value = "auto")]
    source: Choice,
    /// Width and height in pixels
    #[arg(long, env = "PISTREAMING_SIZE", hide_env = true, value_name = "WxH", default_value = "640x480")]
    size: FrameSize,
    /// Frames per second, as 24, 12.5 or 30000/1001
    #[arg(long, env = "PISTREAMING_FPS", hide_env = true, value_name = "N", default_value = "24")]
    fps: FrameRate,
    /// Show only this part: width, height, and how far its upper left corner is from the picture's, LEFT and TOP even;
    /// without them, the middle. Cut out of the picture of --size as the camera sees it, before flips and rotation
    #[arg(long, env = "PISTREAMING_CROP", hide_env = true, value_name = "WxH+LEFT+TOP")]
    crop: Option<Crop>,
    /// Mirror left and right
    #[arg(long, env = "PISTREAMING_HFLIP", hide_env = true, action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    hflip: bool,
    /// Turn upside down
    #[arg(long, env = "PISTREAMING_VFLIP", hide_env = true, action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    vflip: bool,
    /// Turn clockwise by 90, 180 or 270 degrees, behind the flips; --size is that before
    #[arg(long, env = "PISTREAMING_ROTATE", hide_env = true, value_name = "DEGREES", default_value = "0")]
    rotate: Rotation,
    /// Take only this pixel format of a V4L2 camera's, as YUYV or MJPG [default: as suits size and rate]
    #[arg(long, env = "PISTREAMING_CAMERA_FORMAT", hide_env = true, value_name = "FORMAT")]
    camera_format: Option<String>,
    /// Set a V4L2 camera's control while it runs, as brightness=128, auto_exposure=1 or focus_automatic_continuous=off;
    /// may be repeated, and is done in this order. `pistreaming cameras` lists them
    #[arg(
        long,
        env = "PISTREAMING_CAMERA_CONTROL",
        hide_env = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    camera_control: Vec<ControlWish>,
    /// What the camera does while nobody watches: keep running, so that whoever comes sees it at once, or stop (and with
    /// it its light and its work), so that he waits as long as it takes to start; stop:SECONDS says after how long
    #[arg(
        long,
        env = "PISTREAMING_IDLE_CAMERA",
        hide_env = true,
        value_name = "WHAT",
        default_value = "keep"
    )]
    idle_camera: IdleCamera,
    /// One more argument for rpicam-vid, the Pi camera's program, or several with spaces between; may be repeated
    #[arg(
        long,
        env = "PISTREAMING_PI_ARG",
        hide_env = true,
        value_name = "ARG",
        allow_hyphen_values = true,
        value_delimiter = ' '
    )]
    pi_arg: Vec<String>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Coding")]
struct CodingOptions {
    /// What codes the pictures: embedded, or ffmpeg as a program of its own
    #[arg(long, env = "PISTREAMING_ENCODER", hide_env = true, default_value = "embedded")]
    encoder: encode::Choice,
    /// Most bits per second, as 800k, 2M or 800000
    #[arg(long, env = "PISTREAMING_BITRATE", hide_env = true, value_name = "BITS", default_value = "800k")]
    bitrate: BitRate,
    /// balanced: as few bits as can be had in little time; fast: less time, for weak devices, and more bits for it
    #[arg(
        long,
        env = "PISTREAMING_PRESET",
        hide_env = true,
        value_name = "NAME",
        default_value = "balanced"
    )]
    preset: Preset,
    /// Threads that code one picture [default: as suits the size]
    #[arg(long, env = "PISTREAMING_THREADS", hide_env = true, value_name = "N", value_parser = threads)]
    threads: Option<NonZero<usize>>,
    /// Lower renditions that viewers on slow links may be given, 1 to 4: half the rate, a quarter in half the size, less with
    /// fewer frames; each is coded only while somebody has it. off: none
    #[arg(long, env = "PISTREAMING_RENDITIONS", hide_env = true, value_name = "N", default_value = "4")]
    renditions: Renditions,
    /// Where FFmpeg is, for --encoder ffmpeg
    #[arg(
        long,
        env = "PISTREAMING_FFMPEG_PROGRAM",
        hide_env = true,
        value_name = "PATH",
        default_value = "ffmpeg"
    )]
    ffmpeg_program: PathBuf,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
struct NetworkOptions {
    /// Port of the page; 0 takes a free one
    #[arg(long, env = "PISTREAMING_PORT", hide_env = true, default_value = "8082")]
    port: u16,
    /// Port for pages made for the original; 0 takes a free one, none leaves it to --port
    #[arg(long, env = "PISTREAMING_WS_PORT", hide_env = true, value_name = "PORT", default_value = "8084")]
    ws_port: WsPort,
    /// Listen on this address only [default: all of this machine's]
    #[arg(long, env = "PISTREAMING_BIND", hide_env = true, value_name = "ADDRESS", value_parser = values::address)]
    bind: Option<IpAddr>,
    /// Most bits per second for all viewers together but those of JPEG streams, shared fairly, as 5M [default: no limit]
    #[arg(long, env = "PISTREAMING_MAX_UPLOAD", hide_env = true, value_name = "BITS")]
    max_upload: Option<BitRate>,
    /// Let pages of this origin show the video, as https://my.example; may be repeated
    #[arg(
        long,
        env = "PISTREAMING_ALLOW_ORIGIN",
        hide_env = true,
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    allow_origin: Vec<String>,
    /// Viewers at most [default: as many as there may be open files for]
    #[arg(long, env = "PISTREAMING_MAX_VIEWERS", hide_env = true, value_name = "N")]
    max_viewers: Option<NonZero<usize>>,
    /// Viewers at most from one address, but for this machine and trusted proxies [default: no limit]
    #[arg(long, env = "PISTREAMING_MAX_PER_ADDRESS", hide_env = true, value_name = "N")]
    max_per_address: Option<NonZero<usize>>,
    /// Believe this proxy's X-Forwarded-For; an address or a network, as 10.0.0.0/8; may be repeated
    #[arg(
        long,
        env = "PISTREAMING_TRUSTED_PROXY",
        hide_env = true,
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<server::Network>,
    /// What the program says: plain for people, json for programs, with who comes and goes
    #[arg(long, env = "PISTREAMING_LOG", hide_env = true, default_value = "plain")]
    log: Log,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Page")]
struct PageOptions {
    /// A page of your own, in which ${WIDTH}, ${HEIGHT}, ${WS_PORT} and so on are filled in
    #[arg(long, env = "PISTREAMING_INDEX", hide_env = true, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Colour of the page's text
    #[arg(long, env = "PISTREAMING_COLOR", hide_env = true, value_name = "COLOUR", default_value = "#444")]
    color: String,
    /// Colour of the page's background
    #[arg(long, env = "PISTREAMING_BGCOLOR", hide_env = true, value_name = "COLOUR", default_value = "#333")]
    bgcolor: String,
}

impl Options {
    /// Whether the cameras are to be listed, and nothing else done.
    #[must_use]
    pub const fn lists_cameras(&self) -> bool {
        matches!(self.command, Some(Command::Cameras))
    }

    /// How the program speaks.
    #[must_use]
    pub const fn log(&self) -> Log {
        self.network.log
    }

    /// The source's settings.
    #[must_use]
    pub fn source(&self) -> source::Settings {
        let picture = self.picture.clone();
        source::Settings {
            source: picture.source,
            size: picture.size,
            crop: picture.crop,
            frames_per_second: picture.fps,
            // Half a turn is both flips, which some cameras do themselves.
            hflip: picture.hflip != picture.rotate.half,
            vflip: picture.vflip != picture.rotate.half,
            turn: picture.rotate.quarter,
            camera_format: picture.camera_format,
            controls: picture.camera_control,
            // Between two spaces is nothing.
            pi_args: picture.pi_arg.into_iter().filter(|arg| !arg.is_empty()).collect(),
            rest_after: picture.idle_camera.0,
        }
    }

    /// The encoder's settings.
    #[must_use]
    pub fn encode(&self) -> encode::Settings {
        let coding = self.coding.clone();
        encode::Settings {
            choice: coding.encoder,
            bits_per_second: coding.bitrate.0,
            preset: coding.preset,
            threads: coding.threads,
            renditions: coding.renditions.0,
            ffmpeg_program: coding.ffmpeg_program,
        }
    }

    /// The server's settings.
    #[must_use]
    pub fn server(&self) -> server::Settings {
        let (network, page) = (self.network.clone(), self.page.clone());
        server::Settings {
            bind: network.bind,
            port: network.port,
            ws_port: network.ws_port.0,
            index: page.index,
            max_upload: network.max_upload.map(|rate| rate.0),
            allow_origin: network.allow_origin,
            max_viewers: network.max_viewers,
            max_per_address: network.max_per_address,
            trusted_proxies: network.trusted_proxy,
            on_visit: network.log.on_visit(),
            say: network.log.say(),
            color: page.color,
            bgcolor: page.bgcolor,
        }
    }
}

#[cfg(test)]
mod tests;
