//! What the owner sees and sets: figures in three forms, a log for programs, how many may watch.

use std::collections::BTreeMap;

use crate::support::viewer::{Received, receive};
use crate::support::{Live, Old, Program, http};
use http::{ask, get};
use serde_json::Value;
use wire::{ByeReason, NoticeCode};

#[test]
fn the_status_page_shows_every_viewer() {
    let program = Program::start(&["--size", "64x48"]);
    let empty = get(program.http, "/status");
    assert_eq!(empty.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(empty.text().contains("Nobody watches") && empty.text().contains("http-equiv=\"refresh\""));
    let (mut live, mut old) = (Live::open(program.http), Old::open(program.ws, "/"));
    live.picture();
    old.message();
    program.wait_for_stats(|stats| {
        let viewers = stats["viewers"].as_array().unwrap();
        viewers.len() == 2 && viewers.iter().all(|viewer| !viewer["rendition"].is_null())
    });
    let page = get(program.http, "/status").text().to_owned();
    assert_eq!(page.matches("<tr><td>127.0.0.1:").count(), 2, "{page}");
    for part in [
        "<td>live<td>watching<td>64x48 at 24/s, 800 kbit/s",
        "<td>legacy<td>watching<td>64x48 at 24/s, 800 kbit/s",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

/// A sample's name with its labels, and its value.
type Samples = BTreeMap<String, f64>;

/// Reads Prometheus' text format, as strictly as its own parser: each sample behind its help and type, under a name that
/// its type allows.
fn samples(text: &str) -> Samples {
    let mut samples = Samples::new();
    let (mut helped, mut family) = (None, None);
    for line in text.strip_suffix('\n').expect("the last line ends").lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').map(|(name, _)| name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(helped, Some(name), "help comes first");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            family = Some((name, kind));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let (of, kind) = family.expect("a type comes first");
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.iter().any(|end| name == format!("{of}{end}")), "{name} below {of}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            check_labels(sample.strip_prefix(name).unwrap());
            let value = value.parse().expect("a number");
            assert_eq!(samples.insert(sample.to_owned(), value), None, "{sample} twice");
        }
    }
    samples
}

fn check_labels(labels: &str) {
    if labels.is_empty() {
        return;
    }
    let inside = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("braces");
    for label in inside.split(',') {
        let (name, value) = label.split_once('=').expect("a label");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes");
        assert!(!value.contains(['"', '\\', '\n']), "{value}");
    }
}

#[test]
fn the_metrics_are_prometheus_s_and_count() {
    let program = Program::start(&["--size", "64x48", "--max-viewers", "7"]);
    let metrics = || {
        let reply = get(program.http, "/metrics");
        assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        samples(reply.text())
    };
    let before = metrics();
    assert_eq!(before["pistreaming_viewers{protocol=\"live\"}"], 0.0);
    assert_eq!(before["pistreaming_viewers_limit"], 7.0);
    let mut live = Live::open(program.http);
    (0..5).for_each(|_| drop(live.picture()));
    let during = metrics();
    assert_eq!(during["pistreaming_viewers{protocol=\"live\"}"], 1.0);
    assert!(
        during["pistreaming_pictures_sent_total{protocol=\"live\"}"] >= 4.0,
        "the last may not be counted yet"
    );
    drop(live);
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().is_empty());
    let after = metrics();
    assert_eq!(after["pistreaming_visits_total{protocol=\"live\"}"], 1.0);
    for (name, value) in during.iter().filter(|(name, _)| name.contains("_total")) {
        assert!(after[name] >= *value, "{name} went back");
    }
    assert!(after["process_open_fds"] > 3.0 && after["process_resident_memory_bytes"] > 1e6);
    let buckets: Vec<f64> =
        after.iter().filter(|(name, _)| name.contains("_bucket")).map(|one| *one.1).collect();
    assert_eq!(buckets.len(), 10);
}

#[test]
fn who_finds_no_room_is_told_and_has_it_when_another_has_left() {
    let program = Program::start(&["--size", "64x48", "--max-viewers", "2"]);
    let (mut first, mut second) = (Live::open(program.http), Old::open(program.ws, "/"));
    first.picture();
    second.message();
    let mut third = Live::open(program.http);
    assert!(matches!(third.receive(), Received::Notice));
    assert_eq!(third.notices[0].0, NoticeCode::Full);
    let Received::Ended(reason, code) = third.receive() else { panic!("not ended") };
    assert_eq!((reason, code), (ByeReason::Full, 1013));
    let mut old = crate::support::viewer::open(http::connect(program.ws), "/", &[]).unwrap();
    let close = receive(&mut old).unwrap_err().unwrap();
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1013, "no room"));
    assert_eq!(get(program.http, "/index.html").status, 200, "the page is there to say so");
    drop(second);
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().len() == 1);
    Live::open(program.http).picture();
    first.picture();
}

#[test]
fn an_address_s_limit_is_not_this_machine_s_and_a_proxy_tells_addresses() {
    let limited = ["--size", "64x48", "--max-per-address", "1", "--trusted-proxy", "127.0.0.1/32"];
    let program = Program::start(&limited);
    let _here: Vec<_> = (0..3).map(|_| Live::open(program.http)).collect();
    let behind = |address: &str| {
        let headers = [("sec-websocket-protocol", wire::SUBPROTOCOL), ("x-forwarded-for", address)];
        let mut socket =
            crate::support::viewer::open(http::connect(program.http), "/live", &headers).unwrap();
        // Hello, then what he is told: that there is no room, or of the stream; that the camera starts may come before it.
        let refused = loop {
            match wire::FromServer::parse(&receive(&mut socket).unwrap()).unwrap() {
                Some(wire::FromServer::Notice(notice)) if notice.code == NoticeCode::Full => break true,
                Some(wire::FromServer::Stream(_)) => break false,
                _ => {}
            }
        };
        (socket, refused)
    };
    let (_first, refused) = behind("1.2.3.4, 203.0.113.9");
    assert!(!refused);
    let (_second, refused) = behind("203.0.113.9");
    assert!(refused, "the same address, whatever he writes before it");
    let (_third, refused) = behind("203.0.113.10");
    assert!(!refused);
    let stats = program.stats();
    let addresses: Vec<&Value> =
        stats["viewers"].as_array().unwrap().iter().map(|viewer| &viewer["address"]).collect();
    assert!(addresses.contains(&&Value::from("203.0.113.9")), "{addresses:?}");
}

#[test]
fn a_log_for_programs_is_json_and_tells_of_visits() {
    let mut program = Program::start(&["--size", "64x48", "--log", "json", "--max-viewers", "1"]);
    let object = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    assert!(program.lines.iter().all(|line| object(line)["event"] == "message"));
    let mut live = Live::open(program.http);
    live.picture();
    let mut refused = Live::open(program.http);
    assert!(matches!(refused.receive(), Received::Notice));
    drop(live);
    let mut next = |event: &str| loop {
        let line = object(&program.line().unwrap());
        assert!(line["unix_ms"].as_u64() > Some(1_600_000_000_000));
        if line["event"] == event {
            break line;
        }
    };
    assert_eq!(next("viewer_came")["protocol"], "live");
    let refused = next("viewer_refused");
    assert_eq!((&refused["protocol"], &refused["reason"]), (&"live".into(), &"full".into()));
    let left = next("viewer_left");
    assert!(
        left["pictures_sent"].as_u64() > Some(0) && left["address"].as_str().unwrap().starts_with("127.")
    );
}

#[test]
fn figures_are_asked_for_by_get_alone() {
    let program = Program::start(&["--size", "64x48"]);
    for path in ["/stats", "/status", "/metrics"] {
        assert_eq!(get(program.http, path).header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(ask(program.http, "POST", path, &[]).status, 405, "{path}");
        let head = ask(program.http, "HEAD", path, &[]);
        assert!(head.status == 200 && head.body.is_empty(), "{path}");
    }
}
