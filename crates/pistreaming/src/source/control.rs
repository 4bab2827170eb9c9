//! What the user asks of a camera's controls, brightness, exposure and the like.
//!
//! Here belongs: reading `--camera-control`, names as people write them. Not here: which controls a camera has.

use std::fmt;
use std::str::FromStr;

/// A control and what it is to be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlWish {
    name: String,
    value: String,
}

impl ControlWish {
    /// The control's name, as `short_name` makes it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A number, on, off, or the name of one of its choices.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for ControlWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl FromStr for ControlWish {
    type Err = BadControlWish;

    fn from_str(text: &str) -> Result<Self, BadControlWish> {
        let (name, value) = text.split_once('=').ok_or(BadControlWish)?;
        let (name, value) = (short_name(name), value.trim().to_owned());
        if name.is_empty() || value.is_empty() { Err(BadControlWish) } else { Ok(Self { name, value }) }
    }
}

/// A text that wishes for no control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadControlWish;

impl fmt::Display for BadControlWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a camera's control is set by NAME=VALUE, as in brightness=128; `pistreaming cameras` lists them",
        )
    }
}

impl std::error::Error for BadControlWish {}

/// A driver's name for a control as `v4l2-ctl` and people write it: "White Balance, Automatic" is
/// `white_balance_automatic`.
pub(super) fn short_name(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_any_form() {
        for text in
            ["exposure_time_absolute=200", "Exposure Time, Absolute = 200", "exposure-time-absolute=200 "]
        {
            assert_eq!(text.parse::<ControlWish>().unwrap().to_string(), "exposure_time_absolute=200");
        }
        assert_eq!("auto_exposure=Manual Mode".parse::<ControlWish>().unwrap().value(), "Manual Mode");
        assert_eq!("x=a=b".parse::<ControlWish>().unwrap().value(), "a=b");
        for bad in ["", "brightness", "brightness=", "=5", " , =5"] {
            assert_eq!(bad.parse::<ControlWish>(), Err(BadControlWish), "{bad}");
        }
    }
}
