//! Watches a server for some seconds, as `cargo xtask bench convert` needs it:
//!
//! `watch stills HOST:PORT/PATH SECONDS` reads JPEG pictures, and prints how many came, their bytes, and the age of each
//! on arrival, decoded, in ms: the median and the 95th of a hundred. Ages are read from the strip that the test pattern
//! paints. `watch live HOST:PORT SECONDS` is a viewer of the old protocol, and prints how many messages came.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pistreaming::frame::FrameSize;
use pistreaming::source::mjpeg::Mjpeg;
use pistreaming::source::strip;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Not counted: until all goes its way.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, address, seconds] = arguments.as_slice() else {
        return Err("watch stills HOST:PORT/PATH SECONDS, or watch live HOST:PORT SECONDS".into());
    };
    let time = Duration::from_secs_f64(seconds.parse()?);
    match what.as_str() {
        "stills" => stills(address, time),
        "live" => live(address, time),
        other => Err(format!("there is no {other}").into()),
    }
}

fn stills(address: &str, time: Duration) -> Outcome {
    let (host, path) = address.split_once('/').ok_or("an address has a path")?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut stream = body(BufReader::with_capacity(1 << 20, stream))?;
    let (mut ages, mut bytes) = (Vec::new(), 0);
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP + time {
        let jpeg = next_part(&mut stream)?;
        let age = age_ms(&jpeg)?;
        if begun.elapsed() >= WARM_UP {
            bytes += jpeg.len();
            ages.extend(age);
        }
    }
    ages.sort_by(f64::total_cmp);
    let at =
        |percent: usize| ages.get(ages.len().saturating_sub(1) * percent / 100).copied().unwrap_or(f64::NAN);
    println!("{} {} {:.1} {:.1}", ages.len(), bytes, at(50), at(95));
    Ok(())
}

/// What follows the reply's head, in whatever pieces it comes.
fn body(mut stream: BufReader<TcpStream>) -> Outcome<Box<dyn BufRead>> {
    let mut chunked = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err("the stream has ended".into());
        }
        let line = line.trim_end().to_lowercase();
        chunked |= line.starts_with("transfer-encoding:") && line.ends_with("chunked");
        if line.is_empty() {
            break;
        }
    }
    Ok(if chunked { Box::new(BufReader::new(Chunks { stream, left: 0 })) } else { Box::new(stream) })
}

/// A body in chunks (RFC 9112, 7.1), joined.
struct Chunks {
    stream: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            // The size in hexadecimal digits; before it stands the end of the last chunk's line.
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(0);
            }
            if let Ok(size) = usize::from_str_radix(line.trim(), 16) {
                self.left = size;
            }
        }
        let most = buffer.len().min(self.left);
        let count = self.stream.read(&mut buffer[..most])?;
        self.left -= count;
        Ok(count)
    }
}

/// The next picture, whose length the part's head gives.
fn next_part(stream: &mut impl BufRead) -> Outcome<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err("the stream has ended".into());
        }
        let lower = line.to_lowercase();
        if let Some(text) = lower.trim_end().strip_prefix("content-length:") {
            length = Some(text.trim().parse::<usize>()?);
        }
        if let (Some(length), "\r\n") = (length, line.as_str()) {
            let mut jpeg = vec![0; length];
            stream.read_exact(&mut jpeg)?;
            return Ok(jpeg);
        }
    }
}

/// How old a picture of the test pattern is, if its strip can be read.
fn age_ms(jpeg: &[u8]) -> Outcome<Option<f64>> {
    let size = jpeg_size(jpeg).ok_or("no JPEG picture")?;
    let mut samples = vec![0; size.i420_len()];
    Mjpeg::new(size).decode(jpeg, &mut samples).map_err(|bad| bad.to_string())?;
    let unix_us = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    let stamp = strip::read(&samples, size.width(), size.width(), size.height());
    Ok(stamp.map(|stamp| f64::from(strip::value(unix_us).wrapping_sub(stamp)) / 10.0))
}

/// Height and width stand in the start of frame (SOF0 to SOF2, ISO/IEC 10918-1, B.2.2).
fn jpeg_size(jpeg: &[u8]) -> Option<FrameSize> {
    let mut segments = jpeg.strip_prefix(&[0xff, 0xd8])?;
    while let [0xff, marker, high, low, rest @ ..] = segments {
        if let (0xc0..=0xc2, [_, a, b, c, d, ..]) = (marker, rest) {
            return FrameSize::new(u16::from_be_bytes([*c, *d]), u16::from_be_bytes([*a, *b])).ok();
        }
        segments = rest.get(usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?..)?;
    }
    None
}

fn live(address: &str, time: Duration) -> Outcome {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let (mut socket, _) =
        tungstenite::client(format!("ws://{address}/"), stream).map_err(|error| error.to_string())?;
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        if socket.read()?.is_binary() {
            count += 1;
        }
    }
    println!("{count}");
    Ok(())
}
