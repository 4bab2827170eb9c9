//! The pattern's background: soft bands of light and colour that flow.
//!
//! Here belongs: the field. Not here: what is drawn over it.
//!
//! Every row is a piece of one long wave, copied from a place that depends on the row and the time. So the whole field
//! costs little more than a copy of the picture, in a build for debugging too; a wave computed per pixel cost ten times
//! that.

use std::f64::consts::TAU;

use super::canvas::{Canvas, Plane};
use crate::frame::FrameSize;

/// Samples after which the waves repeat, a power of two.
const PERIOD: usize = 2048;

/// The flowing background of a picture.
#[derive(Debug)]
pub(super) struct Field {
    luma: Band,
    blue: Band,
    red: Band,
}

/// How one plane flows.
#[derive(Debug)]
struct Band {
    /// The wave, longer than its period by a row, so that each row is one piece of it.
    wave: Vec<u8>,
    /// How far each row reads beyond the row above, in 1/256 samples.
    slope: usize,
    /// How many samples the rows swing to either side.
    swing: f64,
    /// How many rows a swing takes.
    swing_rows: f64,
    /// µs in which the wave flows by its period, and in which the swing wanders through once.
    flow_us: u64,
    wander_us: u64,
}

impl Field {
    /// The field for pictures of `size`.
    pub(super) fn new(size: FrameSize) -> Self {
        let (chroma_width, _) = size.chroma();
        let (width, height) = (size.width(), size.height() as f64);
        // The times have no common multiple within a day: the field never looks the same twice.
        Self {
            luma: Band {
                wave: wave(width, 76.0, &[(3.0, 26.0, 0.0), (5.0, 14.0, 1.0), (8.0, 6.0, 4.0)]),
                slope: 150,
                swing: 90.0,
                swing_rows: height,
                flow_us: 97_001_033,
                wander_us: 23_000_009,
            },
            blue: Band {
                wave: wave(chroma_width, 142.0, &[(4.0, 26.0, 2.0), (7.0, 9.0, 0.5)]),
                slope: 190,
                swing: 60.0,
                swing_rows: height * 0.6,
                flow_us: 71_000_009,
                wander_us: 31_000_003,
            },
            red: Band {
                wave: wave(chroma_width, 118.0, &[(3.0, 24.0, 4.0), (8.0, 8.0, 2.5)]),
                slope: 130,
                swing: 60.0,
                swing_rows: height * 0.45,
                flow_us: 113_000_009,
                wander_us: 37_000_003,
            },
        }
    }

    /// Covers the picture with the field as it is at `unix_us`.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, unix_us: u64) {
        self.luma.draw(&mut canvas.y, unix_us);
        self.blue.draw(&mut canvas.cb, unix_us);
        self.red.draw(&mut canvas.cr, unix_us);
    }
}

impl Band {
    fn draw(&self, plane: &mut Plane<'_>, unix_us: u64) {
        let part = |period_us: u64| (unix_us % period_us) as f64 / period_us as f64;
        let flown = (part(self.flow_us) * PERIOD as f64) as usize;
        let wandered = TAU * part(self.wander_us);
        for (number, row) in plane.rows().enumerate() {
            let swung = self.swing * (1.0 + (TAU * number as f64 / self.swing_rows + wandered).sin());
            let start = (flown + number * self.slope / 256 + swung as usize) % PERIOD;
            row.copy_from_slice(&self.wave[start..start + row.len()]);
        }
    }
}

/// A sum of sines around `middle`, each given by how often it goes up and down in [`PERIOD`], its height and its phase.
fn wave(row: usize, middle: f64, sines: &[(f64, f64, f64)]) -> Vec<u8> {
    let value = |index: usize| {
        let angle = TAU * index as f64 / PERIOD as f64;
        let sine = |&(times, height, phase): &(f64, f64, f64)| height * (times * angle + phase).sin();
        (middle + sines.iter().map(sine).sum::<f64>()).clamp(16.0, 235.0) as u8
    };
    (0..PERIOD + row).map(|index| value(index % PERIOD)).collect()
}
