//! Rows 9 and 10, and wrong usage: what is said, how it ends.

use std::net::{Ipv4Addr, TcpListener};

use rustix::process::Signal;
use wire::ByeReason;

use crate::support::program::{command, run};
use crate::support::viewer::{Received, receive};
use crate::support::{Live, Old, Program, http};

/// Two ports that are free on every address, and stay so: Linux hands out those from 32768 on by itself, and what is left of
/// a connection from any address of the machine holds one of them for a minute. Copies of this test begin at different ones.
fn free_ports() -> (u16, u16) {
    let first = 20_000 + 12 * (std::process::id() % 1000) as u16;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    let mut free = (first..32_768).filter(is_free);
    (free.next().unwrap(), free.next().unwrap())
}

#[test]
fn each_step_is_a_line_in_order() {
    let mut program = Program::start(&[]);
    let expected = [
        "Camera: the test pattern, 640x480 at 24 frames/s",
        "Encoder: ",
        "WebSocket server",
        "HTTP server",
        "Open http://",
    ];
    for (line, begin) in program.lines.iter().zip(expected) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert!(program.lines.last().unwrap().contains(&format!("http://localhost:{}/", program.http)));
    assert_eq!(program.line().as_deref(), Some("Anyone who can reach this port can watch."));
    program.signal(Signal::INT);
    let (status, said) = program.ended();
    assert_eq!(status.code(), Some(0));
    let stops = [
        "Stopping the camera",
        "Stopping the encoder",
        "Stopping the WebSocket server",
        "Stopping the HTTP server",
        "Stopped",
    ];
    assert_eq!(said, stops);
}

#[test]
fn options_are_taken_from_the_environment_too() {
    let variables = ["env", "PISTREAMING_SIZE=64x48", "PISTREAMING_FPS=10", "PISTREAMING_BITRATE=123k"];
    let program = Program::start_under(&variables, &["--fps", "12.5"]);
    assert!(
        program.lines[0].contains("64x48 at 12.5 frames/s"),
        "{}: what is typed goes before",
        program.lines[0]
    );
    assert!(program.lines[1].contains("123 kbit/s"), "{}", program.lines[1]);
}

#[test]
fn viewers_are_told_when_it_ends() {
    for signal in [Signal::INT, Signal::TERM] {
        let program = Program::start(&["--size", "64x48"]);
        let (mut live, mut old) = (Live::open(program.http), Old::open(program.ws, "/"));
        live.picture();
        old.message();
        program.signal(signal);
        let ended = loop {
            if let Received::Ended(reason, code) = live.receive() {
                break (reason, code);
            }
        };
        assert_eq!(ended, (ByeReason::Stopping, 1001));
        let close = loop {
            if let Err(close) = receive(&mut old.socket) {
                break close.unwrap();
            }
        };
        assert_eq!(u16::from(close.code), 1001);
        assert_eq!(program.ended().0.code(), Some(0));
    }
}

#[test]
fn viewers_who_do_not_read_do_not_keep_it_from_ending() {
    let program = Program::start(&["--bitrate", "20M"]);
    let _silent = http::connect(program.http);
    let _viewers: Vec<_> = (0..10).map(|_| (Live::open(program.http), Old::open(program.ws, "/"))).collect();
    program.wait_for_stall(20);
    program.signal(Signal::INT);
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn a_closed_terminal_ends_it_unless_it_was_to_outlive_that() {
    // A run of the tests may have been started by nohup itself.
    let program = Program::start_under(&["env", "--default-signal=HUP"], &["--size", "64x48"]);
    program.signal(Signal::HUP);
    assert_eq!(program.ended().0.code(), Some(0));
    // As nohup does.
    let program = Program::start_after("trap '' HUP", &["--size", "64x48"]);
    program.signal(Signal::HUP);
    Live::open(program.http).picture();
    program.signal(Signal::TERM);
    assert_eq!(program.ended().0.code(), Some(0));
}

#[test]
fn a_restart_on_the_same_port_works_at_once() {
    let (port, ws) = free_ports();
    let (port, ws) = (port.to_string(), ws.to_string());
    let ports = ["--port", &port, "--ws-port", &ws, "--size", "64x48"];
    for _ in 0..3 {
        let program = Program::start(&ports);
        let (mut live, mut old) = (Live::open(program.http), Old::open(program.ws, "/"));
        live.picture();
        old.message();
        // The worst end: connections stay behind in the kernel.
        program.signal(Signal::KILL);
        program.ended();
    }
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let holder = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    for option in ["--port", "--ws-port"] {
        let other = if option == "--port" { "--ws-port" } else { "--port" };
        let output = run(&["--source", "pattern", option, &port, other, "0"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in
            [&*format!("port {port} is in use by"), &format!("process {}", std::process::id()), option]
        {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn wrong_usage_is_status_2_and_says_what_is_right() {
    for (line, hint) in [
        ("--size 5x5", "640x480"),
        ("--size big", "640x480"),
        ("--fps 0", "24"),
        ("--bitrate fast", "800k"),
        ("--source usb", "pattern"),
        ("--encoder x264", "embedded"),
        ("--port 99999", "65535"),
        ("--bind raspberrypi", "192.168.1.20"),
        ("--ws-port x", "none"),
        ("--nope", "--help"),
    ] {
        let output = run(&line.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(said.contains(hint) && said.contains("--help"), "{said}");
    }
}

#[test]
fn other_failures_are_status_1_in_one_line() {
    for (line, hint) in [
        ("--source file:/nowhere/film.y4m", "/nowhere/film.y4m"),
        ("--source pattern --index /nowhere/page.html", "--index"),
        ("--source pattern --bind 192.0.2.1", "--bind"),
        ("--source pattern --encoder ffmpeg --ffmpeg-program /nowhere/ffmpeg", "/nowhere/ffmpeg"),
    ] {
        let mut words: Vec<_> = line.split(' ').collect();
        words.extend(["--port", "0", "--ws-port", "0"]);
        let output = run(&words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains(hint) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_failure_that_nobody_reads_has_its_status_still() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let line = ["--source", "file:/nowhere/film.y4m", "--port", "0", "--ws-port", "0"];
    assert_eq!(command(&line).stderr(writer).status().unwrap().code(), Some(1));
}

#[test]
fn help_and_version_are_there() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for option in [
        "--source",
        "--size",
        "--fps",
        "--bitrate",
        "--hflip",
        "--vflip",
        "--pi-arg",
        "--encoder",
        "--threads",
        "--ffmpeg-program",
        "--port",
        "--ws-port",
        "--bind",
        "--index",
        "--allow-origin",
        "--color",
        "--bgcolor",
        "--version",
        "PISTREAMING_SIZE",
        "Examples:",
    ] {
        assert!(help.contains(option), "{option}");
    }
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert_eq!(version.trim(), format!("pistreaming {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn nobody_waits_for_a_terminal_that_takes_nothing() {
    let program = Program::start(&["--size", "64x48", "--log", "json"]);
    // Each visit is two lines: in the end some times what a pipe holds, and what may wait besides.
    for _ in 0..600 {
        drop(Live::open(program.http));
    }
    Live::open(program.http).picture();
    program.signal(Signal::INT);
    assert_eq!(program.status().code(), Some(0));
}
