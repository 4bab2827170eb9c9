//! Plays the encoder: obeys the hub's orders as `encode` does, with sizes by chance instead of coding.
//!
//! Here belongs: renditions, units, their sizes. Not here: when it works.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pistreaming::frame::FrameSize;
use pistreaming::hub::{Fit, Hub, MOST_PARTS, Orders, Rendition, Role, Stream};
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
    /// How many lower renditions there may be.
    pub renditions: usize,
    /// Bits a second that all viewers together may be sent.
    pub max_upload: Option<u32>,
    /// Time that coding a picture takes, µs; if any, it is handed out in parts meanwhile. Less than from frame to frame.
    pub coding_us: u64,
}

impl Default for Scene {
    /// What the program does by default, all of it needed.
    fn default() -> Self {
        Self {
            frames_per_second: 24.0,
            bits_per_second: 800_000,
            part: 1.0,
            least_join: 9_000,
            renditions: 4,
            max_upload: None,
            coding_us: 0,
        }
    }
}

/// The bytes of all units: only their number matters.
static BYTES: [u8; 1 << 18] = [0; 1 << 18];

/// The part of the moments at which a picture that is being coded is given up.
const GIVES_UP: f64 = 0.002;

/// The encoder.
pub struct Coder {
    scene: Scene,
    lines: Vec<Line>,
    frames: u32,
    chance: Chance,
    /// Frames of which pictures were begun and given up.
    pub abandoned: u32,
    /// What pictures take just now, in shares: scenes do not change with every picture.
    mood: f64,
}

/// One rendition.
struct Line {
    rendition: Rendition,
    stream: Arc<Stream>,
    /// A picture's share of the rate in bytes.
    share: f64,
    least_join: f64,
    /// Bytes beyond the rate that its pictures took.
    debt: f64,
    sequence: u32,
    newest: Option<AccessUnit>,
    /// The picture that is being coded.
    begun: Option<AccessUnit>,
    parts_done: usize,
}

impl Coder {
    pub fn new(hub: &Hub, scene: Scene, chance: Chance) -> Self {
        hub.offer_renditions(scene.renditions);
        if let Some(most) = scene.max_upload {
            hub.limit_upload(most);
        }
        let lines = Rendition::all().map(|rendition| Line::new(hub, scene, rendition)).collect();
        Self { scene, lines, frames: 0, chance, abandoned: 0, mood: 1.0 }
    }

    pub fn interval_us(&self) -> u64 {
        (1e6 / self.scene.frames_per_second) as u64
    }

    /// Bits a second that all viewers together may be sent.
    pub fn max_upload(&self) -> Option<f64> {
        self.scene.max_upload.map(f64::from)
    }

    /// From a frame to each part of its picture, and to its end, µs.
    pub fn parts_us(&self) -> impl Iterator<Item = u64> + use<> {
        let (all, count) = (self.scene.coding_us, MOST_PARTS as u64);
        (1..=count).map(move |n| all * n / count).filter(move |_| all > 0)
    }

    /// The pictures that are being coded are so far, or whole. Once in a while they are given up instead: then true.
    pub fn go_on(&mut self, hub: &Hub, now: Timestamp) -> bool {
        let gives_up = self.chance.part() < GIVES_UP && self.lines.iter().any(|line| line.begun.is_some());
        self.abandoned += u32::from(gives_up && self.lines[0].begun.is_some());
        self.lines.iter_mut().for_each(|line| line.go_on(hub, now, gives_up));
        gives_up
    }

    /// Codes a frame in each rendition that somebody has.
    pub fn code(&mut self, hub: &Hub, now: Timestamp) {
        if self.chance.part() < 0.05 {
            self.mood = 0.3 + 1.4 * self.chance.part();
        }
        let shares = self.mood * (0.5 + self.chance.part()) * self.scene.part;
        for line in &mut self.lines {
            let orders = hub.orders_of(line.rendition);
            if orders.watched && (orders.start || self.frames.is_multiple_of(line.rendition.every())) {
                line.code(hub, shares, orders, now, self.scene.coding_us);
            }
        }
        self.frames += 1;
    }

    /// Whether single viewers wait for something.
    pub fn is_wanted(&self, hub: &Hub) -> bool {
        self.lines.iter().any(|line| {
            let orders = hub.orders_of(line.rendition);
            line.newest.is_some()
                && line.begun.is_none()
                && orders.joins.iter().chain(orders.bands.iter()).any(|&wanted| wanted)
        })
    }

    /// Makes what single viewers wait for, as `encode::private` does.
    pub fn serve(&mut self, hub: &Hub, now: Timestamp) {
        for line in &mut self.lines {
            let orders = hub.orders_of(line.rendition);
            line.serve(hub, orders, self.chance.part(), now);
        }
    }
}

impl Line {
    fn new(hub: &Hub, scene: Scene, rendition: Rendition) -> Self {
        let size = FrameSize::new(640, 480).unwrap();
        let (own, bits) = (rendition.size(size), rendition.bits_per_second(scene.bits_per_second));
        let per_second = scene.frames_per_second / f64::from(rendition.every());
        let stream = hub.begin_rendition(rendition, own, ((per_second * 1000.0) as u32, 1000), bits);
        let smaller = (own.i420_len() as f64 / size.i420_len() as f64).powf(0.85);
        Self {
            rendition,
            stream,
            share: f64::from(bits) / 8.0 / per_second,
            least_join: scene.least_join as f64 * smaller,
            debt: 0.0,
            sequence: 0,
            newest: None,
            begun: None,
            parts_done: 0,
        }
    }

    fn code(&mut self, hub: &Hub, shares: f64, orders: Orders, now: Timestamp, coding_us: u64) {
        let start = orders.start || self.sequence == 0;
        // As the rate control has it: at most two shares, less what is still owed.
        let most = (2.0 * self.share - self.debt / 4.0).max(0.3 * self.share);
        let bytes =
            if start { (3.0 * self.share).max(self.least_join) } else { most.min(self.share * shares) };
        self.debt = (self.debt + bytes - self.share).max(0.0);
        let unit = self.unit(start, bytes, self.sequence, now, now);
        if coding_us > 0 && !start {
            self.begun = Some(unit);
        } else {
            self.publish(hub, unit);
        }
    }

    fn publish(&mut self, hub: &Hub, unit: AccessUnit) {
        self.sequence += 1;
        hub.publish(unit.clone());
        self.newest = Some(unit);
    }

    /// Another part of the picture that is being coded, or its end.
    fn go_on(&mut self, hub: &Hub, now: Timestamp, gives_up: bool) {
        let Some(unit) = &mut self.begun else { return };
        let (n, parts) = (self.parts_done, MOST_PARTS);
        self.parts_done = (n + 1) % parts;
        if gives_up {
            hub.abandon(unit.stream);
            (self.begun, self.parts_done) = (None, 0);
        } else if n + 1 == parts {
            let unit = AccessUnit { coded: now, ..unit.clone() };
            self.begun = None;
            self.publish(hub, unit);
        } else if hub.wants_parts(self.rendition) {
            let len = unit.bytes.len();
            let bytes = unit.bytes.slice(len * n / parts..len * (n + 1) / parts);
            hub.publish_part(AccessUnit { bytes, ..unit.clone() });
        }
    }

    fn serve(&self, hub: &Hub, orders: Orders, size: f64, now: Timestamp) {
        let Some(common) = self.newest.clone() else { return };
        let rate = f64::from(self.stream.bits_per_second) / 8.0;
        for fit in Fit::ALL {
            if orders.joins[fit] {
                let most =
                    [13_500.0_f64.min(rate * 0.3), 30_000.0_f64.min(rate * 0.9), 33_000.0][fit as usize];
                let bytes = self.least_join.max(most * size);
                let unit = self.unit(true, bytes, common.sequence, common.captured, now);
                hub.attach(unit, fit, Role::Join);
            }
            if orders.bands[fit] {
                let bytes = [0.68 * self.share, 2.0 * self.share, 30_000.0][fit as usize];
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
