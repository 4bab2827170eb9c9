//! What the user reads in the terminal: each step on a line of its own, in plain words.
//!
//! Here belongs: sentences and addresses. Not here: when they are said; writing them (`lines`).

mod lines;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

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
    match visit.left {
        None => json!({ "event": "viewer_came", "address": address, "protocol": protocol }),
        Some(left) => json!({
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
    let hosts = hosts(settings.bind);
    let addresses: Vec<_> = hosts.iter().map(|host| format!("http://{host}:{http_port}/")).collect();
    say(&format!("Open {}", addresses.join(" or ")));
    if !settings.bind.is_some_and(|address| address.is_loopback()) {
        say("Anyone who can reach this port can watch.");
    }
}

/// The names and addresses under which this machine may be reached.
fn hosts(bind: Option<IpAddr>) -> Vec<String> {
    if let Some(address) = bind.filter(|address| !address.is_unspecified()) {
        return vec![in_url(address)];
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    // With Avahi, as on Raspberry Pi OS, others on the network know the machine under this name.
    let local = Path::new("/run/avahi-daemon/pid").exists() && !name.contains('.');
    let name = if local { format!("{name}.local") } else { name };
    let addresses = [outward(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into())];
    std::iter::once(name)
        .chain(addresses.into_iter().flatten().map(in_url))
        .chain(["localhost".to_owned()])
        .collect()
}

/// The address from which packets to `to` would go. Connecting a UDP socket sends nothing; it only asks for the route.
fn outward(any: IpAddr, to: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn hosts_can_be_opened() {
        assert_eq!(hosts(Some(Ipv6Addr::LOCALHOST.into())), ["[::1]"]);
        let all = hosts(None);
        assert_eq!(all.last().map(String::as_str), Some("localhost"));
        assert!(all.iter().all(|host| !host.is_empty()));
        assert_eq!(all, hosts(Some(Ipv4Addr::UNSPECIFIED.into())));
    }
}
