//! What single options take, as people write it.
//!
//! Here belongs: values that no station has a type for. Not here: the options.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZero;
use std::str::FromStr;
use std::time::Duration;

use crate::source;

/// How many threads code one picture.
pub(super) fn threads(text: &str) -> Result<NonZero<usize>, &'static str> {
    let threads = text.parse().ok().filter(|threads: &NonZero<usize>| threads.get() <= 64);
    threads.ok_or("a number of threads is from 1 to 64")
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse()
        .map_err(|_| "an address is one of this machine's in numbers, as 192.168.1.20, 127.0.0.1 or ::1")
}

/// By how much pictures are turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rotation {
    pub(super) half: bool,
    pub(super) quarter: Option<source::Quarter>,
}

impl FromStr for Rotation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let quarter = |quarter| Self { quarter: Some(quarter), half: false };
        match text {
            "0" => Ok(Self::default()),
            "90" => Ok(quarter(source::Quarter::Right)),
            "180" => Ok(Self { half: true, quarter: None }),
            "270" => Ok(quarter(source::Quarter::Left)),
            _ => Err("a rotation is 0, 90, 180 or 270 degrees"),
        }
    }
}

/// After how long without viewers the camera stops, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IdleCamera(pub(super) Option<Duration>);

impl FromStr for IdleCamera {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Who loads a page anew is back within this.
        const USUAL: Duration = Duration::from_secs(10);
        match text {
            "keep" => Ok(Self(None)),
            "stop" => Ok(Self(Some(USUAL))),
            _ => {
                let seconds = text.strip_prefix("stop:").and_then(|seconds| seconds.parse().ok());
                let time = seconds.filter(|&seconds: &u32| seconds <= 86_400).map(u64::from);
                let time = time.map(Duration::from_secs);
                time.map(|time| Self(Some(time))).ok_or("an idle camera does one of keep, stop, stop:SECONDS")
            }
        }
    }
}

/// Bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BitRate(pub(super) u32);

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
pub(super) struct BadBitRate;

impl fmt::Display for BadBitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bit rate is bits per second, from 10k to 100M, as in 800k, 1.5M or 800000")
    }
}

impl std::error::Error for BadBitRate {}

/// How many lower renditions, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Renditions(pub(super) usize);

impl FromStr for Renditions {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = if text == "off" { Some(0) } else { text.parse().ok().filter(|number| *number <= 4) };
        number.map(Self).ok_or("a number of renditions is from 1 to 4, or off")
    }
}

/// The old pages' port, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WsPort(pub(super) Option<u16>);

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
    fn an_idle_camera_keeps_running_unless_told() {
        let after = |text: &str| text.parse::<IdleCamera>().map(|idle| idle.0.map(|time| time.as_secs()));
        assert_eq!((after("keep"), after("stop"), after("stop:0")), (Ok(None), Ok(Some(10)), Ok(Some(0))));
        for bad in ["", "stop:", "stop:-1", "stop:1.5", "stop:100000", "rest"] {
            assert!(after(bad).is_err(), "{bad}");
        }
    }
}
