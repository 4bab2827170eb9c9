//! Under what the latency is measured: which video, what else the page has to do.
//!
//! Here belongs: the conditions, and what is aimed at under each. Not here: who is measured (systems.rs), the table
//! (table.rs).

use super::systems::Video;

/// What keeps the page's own thread busy.
const BUSY: &str =
    "setInterval(() => { const end = performance.now() + 50; while (performance.now() < end); }, 200);";

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing else is done.
    Quiet,
    /// The page's own thread is busy 50 ms in every 200.
    Busy,
    /// Larger pictures, more of them.
    Hd,
}

/// The most that ours may lie above the floor, in ms, where there is an aim.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Aims {
    pub(crate) mean: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) age_p99: Option<f64>,
    pub(crate) first: Option<f64>,
}

impl Condition {
    /// All, in the order of their turns.
    pub(crate) const ALL: [Self; 3] = [Self::Quiet, Self::Busy, Self::Hd];

    /// For the command line and the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Busy => "busy",
            Self::Hd => "hd",
        }
    }

    /// In words.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Quiet => "640x480 at 24 frames/s, 800 kbit/s",
            Self::Busy => "the same, the page's own thread busy 50 ms in every 200",
            Self::Hd => "1280x720 at 30 frames/s, 2 Mbit/s",
        }
    }

    /// The camera's picture.
    pub(crate) const fn video(self) -> Video {
        match self {
            Self::Quiet | Self::Busy => Video::USUAL,
            Self::Hd => Video::HD,
        }
    }

    /// What runs in each page before its own scripts.
    pub(crate) const fn script(self) -> Option<&'static str> {
        match self {
            Self::Busy => Some(BUSY),
            Self::Quiet | Self::Hd => None,
        }
    }

    /// Whether the page is hidden for a while at the end.
    pub(crate) const fn hides(self) -> bool {
        matches!(self, Self::Quiet)
    }

    /// What is aimed at.
    pub(crate) const fn aims(self) -> Aims {
        match self {
            Self::Quiet | Self::Busy => {
                Aims { mean: Some(4.0), p99: Some(10.0), age_p99: Some(5.0), first: Some(40.0) }
            }
            Self::Hd => Aims { mean: Some(10.0), p99: None, age_p99: None, first: None },
        }
    }
}
