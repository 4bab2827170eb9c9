//! How it goes: `/stats` for programs and the curious, `/healthz` for watchdogs, figures for `/status`.
//!
//! Here belongs: the figures' names and shape. Not here: counting.

use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use super::Site;
use super::record::{Activity, Record};
use crate::time::Timestamp;

#[derive(Serialize)]
pub(super) struct Stats<'a> {
    pub(super) version: &'static str,
    pub(super) uptime_s: f64,
    pub(super) source: Source<'a>,
    pub(super) encoder: Encoder<'a>,
    pub(super) viewers: Vec<Viewer>,
    /// Viewers at most.
    pub(super) viewers_limit: usize,
    /// What is wrong now, in words.
    pub(super) troubles: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) frames_per_second: f64,
    /// Whether it is stopped, because nobody watches.
    pub(super) resting: bool,
    pub(super) frames_captured: u64,
    /// Frames that a newer one replaced before the encoder took them.
    pub(super) frames_overwritten: u64,
}

#[derive(Serialize)]
pub(super) struct Encoder<'a> {
    pub(super) name: &'a str,
    pub(super) pictures_encoded: u64,
    /// Time that coding the last picture took.
    pub(super) picture_last_us: u64,
    /// The same, averaged over about the last 32.
    pub(super) picture_mean_us: u64,
    /// Coded pictures held for viewers.
    pub(super) held_bytes: usize,
}

#[derive(Serialize)]
pub(super) struct Viewer {
    pub(super) address: String,
    pub(super) protocol: &'static str,
    pub(super) state: &'static str,
    /// What he is sent.
    pub(super) rendition: Option<Rendition>,
    pub(super) connected_s: f64,
    pub(super) pictures_sent: u64,
    /// How many of them in parts, while they were being coded.
    pub(super) pictures_in_parts: u64,
    /// Pictures left out because he was behind.
    pub(super) pictures_dropped: u64,
    pub(super) bytes_sent: u64,
    /// Bits per second of late.
    pub(super) bits_per_second: u64,
    /// From capture to shown, as he measured it.
    pub(super) delay_ms: Option<f64>,
    pub(super) decode_us: Option<u32>,
}

/// A stream as a viewer is sent it.
#[derive(Serialize)]
pub(super) struct Rendition {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) frames_per_second: f64,
    pub(super) bits_per_second: u32,
}

impl<'a> Stats<'a> {
    /// The figures now.
    pub(super) fn of(site: &'a Site) -> Self {
        let (camera, now) = (&site.camera, site.clock.now());
        let (counts, frames) = (camera.hub.counts(), camera.frames.counts());
        let size = camera.size();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: seconds(now, Timestamp::default()),
            source: Source {
                name: &camera.name,
                width: size.width(),
                height: size.height(),
                frames_per_second: camera.rate().as_f64(),
                resting: camera.needs.is_resting(),
                frames_captured: frames.put,
                frames_overwritten: frames.overwritten,
            },
            encoder: Encoder {
                name: &camera.encoder,
                pictures_encoded: counts.published,
                picture_last_us: counts.coding_last_us,
                picture_mean_us: counts.coding_mean_us,
                held_bytes: counts.held_bytes,
            },
            viewers: site.viewers.all().iter().map(|record| viewer(record, now)).collect(),
            viewers_limit: site.viewers.limits.viewers,
            troubles: camera.hub.notices().into_iter().map(|notice| notice.text).collect(),
        }
    }
}

/// The figures as JSON.
pub(super) fn json(site: &Site) -> String {
    // Strings and numbers under fixed names always serialise.
    serde_json::to_string_pretty(&Stats::of(site)).unwrap_or_default() + "\n"
}

/// What is wrong, if anything.
pub(super) fn trouble(site: &Site) -> Option<String> {
    site.camera.hub.notices().pop().map(|notice| notice.text)
}

fn viewer(record: &Record, now: Timestamp) -> Viewer {
    let known = |value: u32| (value != wire::UNKNOWN).then_some(value);
    Viewer {
        address: record.client.to_string(),
        protocol: record.protocol.name(),
        state: match record.activity() {
            Activity::Watching => "watching",
            Activity::Hidden => "hidden",
            Activity::Paused => "paused",
        },
        rendition: record.stream().map(|stream| Rendition {
            width: stream.size.width(),
            height: stream.size.height(),
            frames_per_second: f64::from(stream.rate.0) / f64::from(stream.rate.1),
            bits_per_second: stream.bits_per_second,
        }),
        connected_s: seconds(now, record.since),
        pictures_sent: record.sent.load(Relaxed),
        pictures_in_parts: record.in_parts.load(Relaxed),
        pictures_dropped: record.skipped.load(Relaxed),
        bytes_sent: record.bytes.load(Relaxed),
        bits_per_second: record.rate(now),
        delay_ms: known(record.delay_us.load(Relaxed)).map(|us| f64::from(us) / 1000.0),
        decode_us: known(record.decode_us.load(Relaxed)),
    }
}

fn seconds(now: Timestamp, then: Timestamp) -> f64 {
    (now.since(then).as_secs_f64() * 10.0).round() / 10.0
}
