//! Pictures as JPEG over plain HTTP, for programs that know nothing better.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use pistreaming::source::mjpeg::Mjpeg;

use crate::support::{Program, http};
use http::{ask, connect, get};

/// Whether it is a JPEG picture of this size.
fn is_picture(jpeg: &[u8], size: &str) -> bool {
    let size: pistreaming::frame::FrameSize = size.parse().unwrap();
    Mjpeg::new(size).decode(jpeg, &mut vec![0; size.i420_len()]).is_ok()
}

/// A stream's next picture.
fn next_part(stream: &mut impl std::io::BufRead) -> Vec<u8> {
    let mut length = None;
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "it goes on");
        // Pieces of a chunked reply have lines of their own between them.
        if let Some(text) = line.trim_end().strip_prefix("Content-Length: ") {
            length = Some(text.parse().unwrap());
        }
        if let (Some(length), "\r\n") = (length, line.as_str()) {
            let mut jpeg = vec![0; length];
            stream.read_exact(&mut jpeg).unwrap();
            return jpeg;
        }
    }
}

#[test]
fn a_snapshot_is_the_cameras_next_picture() {
    let program = Program::start(&["--size", "160x120"]);
    for path in ["/snapshot.jpg", "/snapshot.jpg?t=1", "/?action=snapshot", "/?n=1&action=snapshot"] {
        let reply = get(program.http, path);
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/jpeg")), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(is_picture(&reply.body, "160x120"));
    }
    let head = ask(program.http, "HEAD", "/snapshot.jpg", &[]);
    assert!(head.status == 200 && head.body.is_empty());
    assert_eq!(ask(program.http, "POST", "/snapshot.jpg", &[]).status, 405);
}

#[test]
fn a_slow_camera_is_waited_for() {
    let program = Program::start(&["--size", "64x48", "--fps", "0.15"]);
    // Past the first frame the next one is due in 6.7 s.
    program.wait_for_stats(|stats| stats["source"]["frames_captured"] == 1);
    assert_eq!(get(program.http, "/snapshot.jpg").status, 200);
}

#[test]
fn a_stream_is_picture_after_picture_until_the_end() {
    let program = Program::start(&["--size", "160x120"]);
    for path in ["/stream.mjpg", "/?action=stream"] {
        let mut stream = connect(program.http);
        // By the older version of HTTP there are no chunks between the pictures.
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        assert!(head.contains("multipart/x-mixed-replace;boundary=boundarydonotcross"), "{head}");
        assert!(head.contains("x-accel-buffering: no"), "{head}");
        let pictures: Vec<_> = (0..3).map(|_| next_part(&mut stream)).collect();
        assert!(pictures.iter().all(|jpeg| is_picture(jpeg, "160x120")));
        assert!(pictures.windows(2).all(|pair| pair[0] != pair[1]));
    }
    let head = ask(program.http, "HEAD", "/stream.mjpg", &[]);
    assert!(head.status == 200 && head.body.is_empty());
    let mut stream = connect(program.http);
    write!(stream, "GET /stream.mjpg HTTP/1.0\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    program.signal(rustix::process::Signal::TERM);
    let (status, _) = program.ended();
    assert!(status.success());
    stream.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn who_reads_a_stream_is_a_viewer_as_any_other() {
    let program = Program::start(&["--size", "64x48", "--max-viewers", "1"]);
    let mut stream = connect(program.http);
    write!(stream, "GET /stream.mjpg HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n").unwrap();
    let mut stream = BufReader::new(stream);
    let bytes: usize = (0..3).map(|_| next_part(&mut stream).len()).sum();
    program.wait_for_stats(|stats| {
        let viewer = &stats["viewers"][0];
        viewer["protocol"] == "mjpeg"
            && viewer["pictures_sent"].as_u64() >= Some(3)
            && viewer["bytes_sent"].as_u64() >= Some(bytes as u64)
            && viewer["address"].as_str().unwrap().starts_with("127.0.0.1:")
    });
    assert!(get(program.http, "/metrics").text().contains("pistreaming_viewers{protocol=\"mjpeg\"} 1\n"));
    let refused = get(program.http, "/?action=stream");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")));
    assert_eq!(refused.text(), "There is no room for more viewers.\n");
    assert_eq!(get(program.http, "/snapshot.jpg").status, 200, "one picture is no visit");
    drop(stream);
    program.wait_for_stats(|stats| stats["viewers"].as_array().unwrap().is_empty());
}

#[test]
fn without_a_camera_a_snapshot_says_why() {
    let program = Program::start(&["--source", "v4l2:/dev/video99"]);
    let reply = get(program.http, "/snapshot.jpg");
    assert_eq!(reply.status, 503);
    assert!(reply.text().contains("it is unplugged"), "{}", reply.text());
}
