//! What the user asks for as the source of frames.
//!
//! Here belongs: reading `--source`. Not here: whether it is there, opening it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The source that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The Pi camera if one is listed, else a V4L2 camera if there is one, else the pattern.
    #[default]
    Auto,
    /// The Raspberry Pi's camera, through `rpicam-vid` or `libcamera-vid`.
    Pi,
    /// A webcam or another camera with a driver: the first, or that of a path, a number or a part of its name.
    V4l2(Option<String>),
    /// The test pattern.
    Pattern,
    /// Raw I420 or Y4M on standard input.
    Stdin,
    /// A file with raw I420 or Y4M, played again and again.
    File(PathBuf),
    /// A shell command that writes raw I420 or Y4M to its standard output.
    Exec(String),
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Pi => f.write_str("pi"),
            Self::V4l2(None) => f.write_str("v4l2"),
            Self::V4l2(Some(which)) => write!(f, "v4l2:{which}"),
            Self::Pattern => f.write_str("pattern"),
            Self::Stdin => f.write_str("stdin"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Exec(command) => write!(f, "exec:{command}"),
        }
    }
}

impl FromStr for Choice {
    type Err = BadChoice;

    fn from_str(text: &str) -> Result<Self, BadChoice> {
        match text {
            "auto" => Ok(Self::Auto),
            "pi" => Ok(Self::Pi),
            "v4l2" => Ok(Self::V4l2(None)),
            "pattern" => Ok(Self::Pattern),
            "stdin" | "-" => Ok(Self::Stdin),
            _ => match text.split_once(':') {
                Some(("v4l2", which)) if !which.trim().is_empty() => Ok(Self::V4l2(Some(which.into()))),
                Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
                Some(("exec", command)) if !command.trim().is_empty() => Ok(Self::Exec(command.into())),
                _ => Err(BadChoice),
            },
        }
    }
}

/// A source that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadChoice;

impl fmt::Display for BadChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a source is one of auto, pi, v4l2, v4l2:/dev/videoN, v4l2:NAME, pattern, stdin, file:PATH, exec:COMMAND")
    }
}

impl std::error::Error for BadChoice {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "auto",
            "pi",
            "v4l2",
            "v4l2:/dev/video2",
            "v4l2:HD Webcam",
            "pattern",
            "stdin",
            "file:/tmp/a:b.y4m",
            "exec:cat a | tee b",
        ] {
            assert_eq!(text.parse::<Choice>().unwrap().to_string(), text);
        }
        assert_eq!("-".parse(), Ok(Choice::Stdin));
        for bad in ["", "Pattern", "file", "file:", "exec: ", "usb", "v4l2:", "v4l2: "] {
            assert_eq!(bad.parse::<Choice>(), Err(BadChoice), "{bad}");
        }
    }
}
