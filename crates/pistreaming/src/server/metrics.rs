//! `/metrics`: the figures in Prometheus' text format (version 0.0.4).
//!
//! Here belongs: names, kinds and help of the figures, and the format. Not here: counting.

use std::fmt::{Display, Write as _};
use std::fs;
use std::time::UNIX_EPOCH;

use super::Site;
use super::record::{DELAY_BOUNDS_MS, Protocol};
use super::viewers::Full;
use crate::time::Timestamp;

/// Its `Content-Type`.
pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Lines of the format.
#[derive(Default)]
struct Page(String);

impl Page {
    /// A figure's help and kind; its values follow.
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A value, with labels as `name="value"` or none.
    fn value(&mut self, name: &str, labels: &str, value: impl Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A figure with one value.
    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.about(name, kind, help);
        self.value(name, "", value);
    }
}

/// The figures.
pub(super) fn text(site: &Site) -> String {
    let mut page = Page::default();
    page.about("pistreaming_build_info", "gauge", "The program's version.");
    page.value("pistreaming_build_info", concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""), 1);
    let uptime = site.clock.now().since(Timestamp::default()).as_secs_f64();
    page.one("pistreaming_uptime_seconds", "gauge", "Time since the start.", uptime);
    viewers(site, &mut page);
    delays(site, &mut page);
    pictures(site, &mut page);
    process(site, &mut page);
    page.0
}

fn viewers(site: &Site, page: &mut Page) {
    let viewers = &site.viewers;
    let sums = Protocol::ALL.map(|protocol| {
        let label = format!("protocol=\"{}\"", protocol.name());
        (label, viewers.sums(protocol))
    });
    page.about("pistreaming_viewers", "gauge", "Viewers now.");
    sums.iter().for_each(|(label, (_, now))| page.value("pistreaming_viewers", label, now));
    page.one("pistreaming_viewers_limit", "gauge", "Viewers at most.", viewers.limits.viewers);
    page.about("pistreaming_visits_total", "counter", "Viewers who came.");
    sums.iter().for_each(|(label, (sums, _))| page.value("pistreaming_visits_total", label, sums.visits));
    page.about("pistreaming_refusals_total", "counter", "Viewers for whom there was no room.");
    for full in Full::ALL {
        let label = format!("reason=\"{}\"", full.name());
        page.value("pistreaming_refusals_total", &label, viewers.refused(full));
    }
    page.about("pistreaming_pictures_sent_total", "counter", "Pictures sent to viewers.");
    sums.iter()
        .for_each(|(label, (sums, _))| page.value("pistreaming_pictures_sent_total", label, sums.sent));
    page.about(
        "pistreaming_pictures_skipped_total",
        "counter",
        "Pictures not sent to viewers who were behind.",
    );
    sums.iter()
        .for_each(|(label, (sums, _))| page.value("pistreaming_pictures_skipped_total", label, sums.skipped));
    page.about("pistreaming_sent_bytes_total", "counter", "Bytes of the pictures sent to viewers.");
    sums.iter().for_each(|(label, (sums, _))| page.value("pistreaming_sent_bytes_total", label, sums.bytes));
}

fn delays(site: &Site, page: &mut Page) {
    const NAME: &str = "pistreaming_delay_seconds";
    page.about(NAME, "histogram", "From capture to shown, as viewers measured it, a picture each.");
    let (within, sum_us) = site.viewers.delays.within();
    let bounds = DELAY_BOUNDS_MS.map(|ms| (f64::from(ms) / 1000.0).to_string());
    let bounds = bounds.into_iter().chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(within) {
        page.value(&format!("{NAME}_bucket"), &format!("le=\"{bound}\""), count);
    }
    page.value(&format!("{NAME}_sum"), "", sum_us as f64 / 1e6);
    page.value(&format!("{NAME}_count"), "", within[DELAY_BOUNDS_MS.len()]);
}

fn pictures(site: &Site, page: &mut Page) {
    let (camera, counts) = (&site.camera, site.camera.hub.counts());
    let frames = camera.frames.counts();
    let well = u8::from(camera.hub.notices().is_empty());
    page.one("pistreaming_camera_up", "gauge", "Whether pictures come: 1, or 0 with trouble.", well);
    page.one("pistreaming_frames_captured_total", "counter", "Frames that the camera gave.", frames.put);
    let help = "Frames that a newer one replaced before they were encoded.";
    page.one("pistreaming_frames_overwritten_total", "counter", help, frames.overwritten);
    page.one("pistreaming_pictures_encoded_total", "counter", "Pictures encoded.", counts.published);
    let seconds = counts.coding_mean_us as f64 / 1e6;
    let help = "Time that encoding a picture takes, over about the last 32.";
    page.one("pistreaming_picture_encode_seconds", "gauge", help, seconds);
    page.one("pistreaming_held_bytes", "gauge", "Encoded pictures held for viewers.", counts.held_bytes);
}

/// The figures that Prometheus' own libraries give of each process, under their names.
fn process(site: &Site, page: &mut Page) {
    let started = site.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    page.one("process_start_time_seconds", "gauge", "Start of the process, Unix time.", started);
    if let Some(seconds) = cpu_seconds() {
        page.one("process_cpu_seconds_total", "counter", "CPU time, user and system.", seconds);
    }
    if let Some(bytes) = resident_bytes() {
        page.one("process_resident_memory_bytes", "gauge", "Resident memory.", bytes);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.one("process_open_fds", "gauge", "Open file descriptors.", files.count());
    }
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything; behind it utime and stime are the 12th and 13th field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // USER_HZ is 100 on every Linux.
    Some(ticks as f64 / 100.0)
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
