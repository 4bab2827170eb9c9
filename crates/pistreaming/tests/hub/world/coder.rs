//! Plays the encoder: obeys the hub's orders as `encode` does, with sizes by chance instead of coding.
//!
//! Here belongs: units, their sizes. Not here: when it works.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pistreaming::frame::FrameSize;
use pistreaming::hub::{Fit, Hub, Role, Stream};
use pistreaming::time::Timestamp;
use pistreaming::unit::{AccessUnit, Picture, TimeMeaning};

use super::Chance;

/// What the camera sees, and what the encoder is told.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub frames_per_second: f64,
    /// Bits a second at most.
    pub bits_per_second: u32,
    /// How much of that the scene takes, 0 to 1.
    pub part: f64,
    /// Bytes of the coarsest whole picture.
    pub least_join: usize,
}

impl Default for Scene {
    /// What the program does by default, all of it needed.
    fn default() -> Self {
        Self { frames_per_second: 24.0, bits_per_second: 800_000, part: 1.0, least_join: 9_000 }
    }
}

/// The bytes of all units: only their number matters.
static BYTES: [u8; 1 << 18] = [0; 1 << 18];

/// The encoder.
pub struct Coder {
    scene: Scene,
    stream: Arc<Stream>,
    sequence: u32,
    newest: Option<AccessUnit>,
    chance: Chance,
    /// What pictures take just now, in shares: scenes do not change with every picture.
    mood: f64,
}

impl Coder {
    pub fn new(hub: &Hub, scene: Scene, chance: Chance) -> Self {
        let rate = ((scene.frames_per_second * 1000.0) as u32, 1000);
        let size = FrameSize::new(640, 480).unwrap();
        let stream = hub.begin_stream(size, rate, scene.bits_per_second);
        Self { scene, stream, sequence: 0, newest: None, chance, mood: 1.0 }
    }

    pub fn interval_us(&self) -> u64 {
        (1e6 / self.scene.frames_per_second) as u64
    }

    /// A picture's share of the rate in bytes.
    fn share(&self) -> f64 {
        f64::from(self.scene.bits_per_second) / 8.0 / self.scene.frames_per_second
    }

    /// Codes a frame for all.
    pub fn code(&mut self, hub: &Hub, now: Timestamp) {
        let orders = hub.orders();
        if !orders.watched {
            return;
        }
        let start = orders.start || self.sequence == 0;
        if self.chance.part() < 0.05 {
            self.mood = 0.3 + 1.4 * self.chance.part();
        }
        let shares = if start { 3.0 } else { self.mood * (0.5 + self.chance.part()) * self.scene.part };
        let unit = self.unit(start, self.share() * shares, self.sequence, now, now);
        self.sequence += 1;
        hub.publish(unit.clone());
        self.newest = Some(unit);
    }

    /// Whether single viewers wait for something.
    pub fn is_wanted(&self, hub: &Hub) -> bool {
        let orders = hub.orders();
        self.newest.is_some() && orders.joins.iter().chain(orders.bands.iter()).any(|&wanted| wanted)
    }

    /// Makes what single viewers wait for, as `encode::private` does.
    pub fn serve(&mut self, hub: &Hub, now: Timestamp) {
        let Some(common) = self.newest.clone() else { return };
        let (orders, least) = (hub.orders(), self.scene.least_join as f64);
        for fit in Fit::ALL {
            if orders.joins[fit] {
                let bytes = [13_500.0, 30_000.0, 33_000.0][fit as usize];
                let bytes = least.max(bytes * self.chance.part());
                let unit = self.unit(true, bytes, common.sequence, common.captured, now);
                hub.attach(unit, fit, Role::Join);
            }
            if orders.bands[fit] {
                let bytes = [0.48 * self.share(), 1.5 * self.share(), 30_000.0][fit as usize];
                let unit = self.unit(false, bytes, common.sequence, common.captured, now);
                let rows = [0..3, 0..10, 0..30][fit as usize].clone();
                hub.attach(unit, fit, Role::Band(rows));
            }
        }
    }

    fn unit(
        &self,
        start: bool,
        bytes: f64,
        sequence: u32,
        captured: Timestamp,
        now: Timestamp,
    ) -> AccessUnit {
        AccessUnit {
            stream: self.stream.id,
            sequence,
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            captured,
            meaning: TimeMeaning::Arrival,
            coded: now,
            coding: Duration::ZERO,
            bytes: Bytes::from_static(&BYTES[..(bytes as usize).clamp(30, BYTES.len())]),
        }
    }
}
