//! What the last two seconds' pictures took, so that no two seconds take more than the rate allows.
//!
//! Counted in pictures' shares of the rate, so that a new rate begins with what the old one allowed.
//!
//! Here belongs: the sum. Not here: what follows from it (`rate`).

use alloc::vec::Vec;

/// Seconds, and pictures at least, whose sum is bounded.
const SECONDS: f64 = 2.0;
const LEAST_PICTURES: usize = 10;
/// How much more than its share such a time may take.
const MOST_OVER: f32 = 0.042;
/// So few cannot make up for what one of them took too much or too little.
const FEW_PICTURES: usize = 20;
/// The part of the pictures that makes up for it where there are more.
const MAKE_UP: f32 = 0.25;
/// Shares are counted in these fractions, so that sums stay exact.
const UNIT: f32 = 1.0 / 1024.0;

/// The last pictures' shares.
#[derive(Debug)]
pub(super) struct Window {
    /// All but the next one's, in no order; 0 where there was none yet.
    units: Vec<u32>,
    /// The oldest.
    oldest: usize,
    /// How many pictures there were, up to all of them.
    seen: usize,
    sum: u64,
}

impl Window {
    /// For so many pictures a second.
    pub fn new(frames_per_second: f64) -> Self {
        let pictures = ((frames_per_second * SECONDS) as usize).max(LEAST_PICTURES);
        Self { units: alloc::vec![0; pictures - 1], oldest: 0, seen: 0, sum: 0 }
    }

    /// The shares that the next picture may take.
    pub fn room(&self) -> f32 {
        let pictures = (self.units.len() + 1) as f32;
        pictures * (1.0 + MOST_OVER) - self.sum as f32 * UNIT
    }

    /// The shares that the next picture is to have for what the last ones did not use: where they are few, all of it; where
    /// they are many, it is made up for by a quarter of them.
    pub fn missing(&self) -> f32 {
        let missing = |pictures: usize| pictures as f32 - self.sum as f32 * UNIT;
        if self.is_short() {
            return missing(self.units.len() + 1);
        }
        // What there was not could not use anything: a start is to leave no debt behind.
        1.0 + missing(self.seen) / ((self.units.len() + 1) as f32 * MAKE_UP)
    }

    /// Whether the time has few pictures.
    pub const fn is_short(&self) -> bool {
        self.units.len() < FEW_PICTURES
    }

    /// Takes note of a picture that took so many shares.
    pub fn add(&mut self, shares: f32) {
        let oldest = &mut self.units[self.oldest];
        self.sum -= u64::from(*oldest);
        *oldest = (shares / UNIT) as u32 + 1;
        self.sum += u64::from(*oldest);
        self.oldest = (self.oldest + 1) % self.units.len();
        self.seen = (self.seen + 1).min(self.units.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_all_the_room_there_is_keeps_to_the_rate_over_any_two_seconds() {
        let mut window = Window::new(24.0);
        let mut taken = Vec::new();
        for n in 0..500_usize {
            let shares = window.room().clamp(0.0, if n % 90 < 30 { 5.0 } else { 0.1 });
            window.add(shares);
            taken.push(shares);
        }
        let most = taken.windows(48).map(|taken| taken.iter().sum::<f32>()).fold(0.0, f32::max);
        assert!((most / 48.0 - 1.0 - MOST_OVER).abs() < 0.001, "{most} of 48");
    }
}
