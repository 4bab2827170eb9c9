//! What the user reads in the terminal: each step on a line of its own, in plain words.
//!
//! Here belongs: sentences. Not here: when they are said; this machine's addresses (`hosts`); writing (`lines`).

mod hosts;
mod lines;

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::VisitEvent;
use crate::{encode, server, source};

/// How the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Log {
    /// Lines for people.
    #[default]
    Plain,
    /// The same lines, and who comes and goes, as a JSON object each.
    Json,
}

impl Log {
    /// What says one line.
    #[must_use]
    pub fn say(self) -> fn(&str) {
        match self {
            Self::Plain => say,
            Self::Json => |line| say_json(&json!({ "event": "message", "message": line })),
        }
    }

    /// What hears of viewers. People are not told: `/status` shows them.
    #[must_use]
    pub fn on_visit(self) -> server::OnVisit {
        match self {
            Self::Plain => |_| {},
            Self::Json => |visit| say_json(&visited(visit)),
        }
    }
}

impl FromStr for Log {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "plain" => Ok(Self::Plain),
            "json" => Ok(Self::Json),
            _ => Err("a log is plain or json"),
        }
    }
}

fn visited(visit: &server::Visit) -> Value {
    let (address, protocol) = (&visit.address, visit.protocol);
    match visit.event {
        VisitEvent::Came => json!({ "event": "viewer_came", "address": address, "protocol": protocol }),
        VisitEvent::Refused(full) => json!({
            "event": "viewer_refused", "address": address, "protocol": protocol, "reason": full.name(),
        }),
        VisitEvent::Left(left) => json!({
            "event": "viewer_left", "address": address, "protocol": protocol,
            "seconds": (left.seconds * 10.0).round() / 10.0,
            "pictures_sent": left.sent, "pictures_skipped": left.skipped, "bytes_sent": left.bytes,
        }),
    }
}

/// Says an object, with its time.
fn say_json(what: &Value) {
    let mut what = what.clone();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    what["unix_ms"] = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).into();
    lines::send(what.to_string());
}

/// Says one line. Never waits: where nobody takes what was said before, it is left out.
pub fn say(line: &str) {
    lines::send(line.to_owned());
}

/// Prints what was asked for: nothing of it is left out, however long it takes.
pub fn print(text: &str) {
    lines::write(text);
}

/// Lets the last lines be written, but waits not for long.
pub fn finish() {
    lines::written();
}

/// What is being captured.
pub fn camera(chosen: &source::Chosen, settings: &source::Settings, say: fn(&str)) {
    let (size, rate) = (settings.size, settings.frames_per_second);
    let part = settings.crop.map_or(String::new(), |crop| format!(", {crop} of it"));
    say(&format!("Camera: {}, {size} at {rate} frames/s{part} ({})", chosen.name, chosen.reason));
}

/// What codes it.
pub fn encoder(settings: &encode::Settings, say: fn(&str)) {
    let kbit = settings.bits_per_second / 1000;
    let which = match settings.choice {
        encode::Choice::Embedded => "embedded".to_owned(),
        encode::Choice::Ffmpeg => format!("FFmpeg ({})", settings.ffmpeg_program.display()),
    };
    say(&format!("Encoder: {which}, MPEG-1 at {kbit} kbit/s"));
}

/// Where it can be seen, and by whom.
pub fn addresses(settings: &server::Settings, http_port: u16, ws_port: Option<u16>, say: fn(&str)) {
    match ws_port {
        Some(port) => say(&format!("WebSocket server for old pages on port {port}")),
        None => say("WebSocket server for old pages on the HTTP server's port"),
    }
    say(&format!("HTTP server on port {http_port}"));
    let hosts = hosts::hosts(settings.bind);
    let addresses: Vec<_> = hosts.iter().map(|host| format!("http://{host}:{http_port}/")).collect();
    say(&format!("Open {}", addresses.join(" or ")));
    if !settings.bind.is_some_and(|address| address.is_loopback()) {
        say("Anyone who can reach this port can watch.");
    }
}
