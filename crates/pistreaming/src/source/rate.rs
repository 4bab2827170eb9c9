//! A frame rate as the fraction that it is, so that no time is ever off by a rounding.
//!
//! Here belongs: reading, writing and counting with a rate. Not here: waiting for a frame's time, MPEG-1's rate codes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Frames per second, from 1/10 to 240, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

impl FrameRate {
    /// The rate of `numerator` frames in `denominator` seconds.
    ///
    /// # Errors
    /// If it is outside 1/10 to 240 frames per second, or `denominator` is 0.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, BadRate> {
        let (frames, seconds) = (numerator as u64, denominator as u64);
        if denominator == 0 || frames * 10 < seconds || frames > seconds * 240 {
            return Err(BadRate);
        }
        let common = greatest_common_divisor(numerator, denominator);
        Ok(Self { numerator: numerator / common, denominator: denominator / common })
    }

    /// Frames in [`Self::denominator`] seconds.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// Seconds in which there are [`Self::numerator`] frames.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// Frames per second.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// The time from one frame to the next.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.time_of(1)
    }

    /// The time from frame 0 to frame `number`, rounded down to the nanosecond: it does not drift.
    #[must_use]
    pub fn time_of(self, number: u64) -> Duration {
        let denominator = u128::from(self.denominator) * 1_000_000_000;
        nanoseconds(u128::from(number) * denominator / u128::from(self.numerator))
    }

    /// How many frame times, that of frame 0 aside, have passed `elapsed` after frame 0.
    #[must_use]
    pub fn frames_in(self, elapsed: Duration) -> u64 {
        let frames = elapsed.as_nanos() * u128::from(self.numerator);
        u64::try_from(frames / (u128::from(self.denominator) * 1_000_000_000)).unwrap_or(u64::MAX)
    }
}

const fn greatest_common_divisor(mut one: u32, mut other: u32) -> u32 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

fn nanoseconds(count: u128) -> Duration {
    let (seconds, rest) = (count / 1_000_000_000, count % 1_000_000_000);
    Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), u32::try_from(rest).unwrap_or_default())
}

/// A whole number, else up to three places behind the point.
impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.as_f64());
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// `24`, `12.5`, `30000/1001`; 23.98, 29.97 and 59.94 mean the television rates that are called so.
impl FromStr for FrameRate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        match text {
            "23.976" | "23.98" => return Self::new(24_000, 1001),
            "29.97" => return Self::new(30_000, 1001),
            "59.94" => return Self::new(60_000, 1001),
            _ => {}
        }
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(BadRate)
        };
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::new(number(numerator)?, number(denominator)?);
        }
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let denominator =
            10_u32.checked_pow(u32::try_from(places.len()).unwrap_or(u32::MAX)).ok_or(BadRate)?;
        let scaled = number(whole)?.checked_mul(denominator).ok_or(BadRate)?;
        Self::new(scaled.checked_add(number(places)?).ok_or(BadRate)?, denominator)
    }
}

/// A frame rate that is none, or is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRate;

impl fmt::Display for BadRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame rate is frames per second, from 0.1 to 240, as in 24, 12.5 or 30000/1001")
    }
}

impl std::error::Error for BadRate {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(text: &str) -> FrameRate {
        text.parse().unwrap()
    }

    #[test]
    fn rates_are_read_and_bounded() {
        assert_eq!(rate("24").as_f64().to_bits(), 24_f64.to_bits());
        assert_eq!((rate("24.0").numerator(), rate("50/2")), (24, rate("25")));
        assert_eq!(rate("12.5").interval(), Duration::from_millis(80));
        assert_eq!(rate("29.97"), FrameRate::new(30_000, 1001).unwrap());
        assert_eq!(rate("0.1").interval(), Duration::from_secs(10));
        for bad in
            ["", "0", "24/0", "241", "0.09", "-1", "+1", "24.", ".5", "1e3", "24fps", "1.0000000000001"]
        {
            assert_eq!(bad.parse::<FrameRate>(), Err(BadRate), "{bad}");
        }
    }

    #[test]
    fn rates_are_written_as_people_say_them() {
        for (read, written) in
            [("24", "24"), ("30000/1001", "29.97"), ("24000/1001", "23.976"), ("12.50", "12.5")]
        {
            assert_eq!(rate(read).to_string(), written);
        }
        assert_eq!(rate("240").to_string(), "240");
    }

    proptest! {
        #[test]
        fn counting_frames_is_the_inverse_of_their_times(
            numerator in 1_u32..100_000, denominator in 1_u32..2000, number in 0_u64..1 << 40,
        ) {
            let Ok(rate) = FrameRate::new(numerator, denominator) else { return Ok(()) };
            let time = rate.time_of(number);
            prop_assert_eq!(rate.frames_in(time + Duration::from_nanos(1)), number);
            prop_assert!(number == 0 || rate.frames_in(time - Duration::from_nanos(1)) < number);
        }
    }
}
