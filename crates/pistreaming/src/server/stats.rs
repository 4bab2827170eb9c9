//! How it goes: `/stats` for programs and the curious, `/healthz` for watchdogs.
//!
//! Here belongs: the figures' names and shape. Not here: counting.

use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;

use super::Site;
use super::viewers::{Activity, Protocol, Record};
use crate::time::Timestamp;

#[derive(Serialize)]
struct Stats<'a> {
    version: &'static str,
    uptime_s: f64,
    source: Source<'a>,
    encoder: Encoder<'a>,
    viewers: Vec<Viewer>,
    /// What is wrong now, in words.
    troubles: Vec<String>,
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    width: usize,
    height: usize,
    frames_per_second: Option<f64>,
    frames_captured: u64,
    /// Frames that a newer one replaced before the encoder took them.
    frames_overwritten: u64,
}

#[derive(Serialize)]
struct Encoder<'a> {
    name: &'a str,
    pictures_encoded: u64,
    /// Time that coding the last picture took.
    picture_last_us: u64,
    /// The same, averaged over about the last 32.
    picture_mean_us: u64,
    /// Coded pictures held for viewers.
    held_bytes: usize,
}

#[derive(Serialize)]
struct Viewer {
    address: String,
    protocol: &'static str,
    state: &'static str,
    connected_s: f64,
    pictures_sent: u64,
    /// Pictures left out because he was behind.
    pictures_dropped: u64,
    bytes_sent: u64,
    /// From capture to shown, as he measured it.
    delay_ms: Option<f64>,
    decode_us: Option<u32>,
}

/// The figures as JSON.
pub(super) fn json(site: &Site) -> String {
    let (camera, now) = (&site.camera, site.clock.now());
    let (counts, frames, stream) = (camera.hub.counts(), camera.frames.counts(), camera.hub.stream());
    let stats = Stats {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: seconds(now, Timestamp::default()),
        source: Source {
            name: &camera.name,
            width: camera.size().width(),
            height: camera.size().height(),
            frames_per_second: stream.map(|stream| f64::from(stream.rate.0) / f64::from(stream.rate.1)),
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
        troubles: camera.hub.notices().into_iter().map(|notice| notice.text).collect(),
    };
    // Strings and numbers under fixed names always serialise.
    serde_json::to_string_pretty(&stats).unwrap_or_default() + "\n"
}

/// What is wrong, if anything.
pub(super) fn trouble(site: &Site) -> Option<String> {
    site.camera.hub.notices().pop().map(|notice| notice.text)
}

fn viewer(record: &Record, now: Timestamp) -> Viewer {
    let known = |value: u32| (value != wire::UNKNOWN).then_some(value);
    Viewer {
        address: record.peer.to_string(),
        protocol: match record.protocol {
            Protocol::Live => "live",
            Protocol::Legacy => "legacy",
        },
        state: match record.activity() {
            Activity::Watching => "watching",
            Activity::Hidden => "hidden",
            Activity::Paused => "paused",
        },
        connected_s: seconds(now, record.since),
        pictures_sent: record.sent.load(Relaxed),
        pictures_dropped: record.dropped.load(Relaxed),
        bytes_sent: record.bytes.load(Relaxed),
        delay_ms: known(record.delay_us.load(Relaxed)).map(|us| f64::from(us) / 1000.0),
        decode_us: known(record.decode_us.load(Relaxed)),
    }
}

fn seconds(now: Timestamp, then: Timestamp) -> f64 {
    (now.since(then).as_secs_f64() * 10.0).round() / 10.0
}
