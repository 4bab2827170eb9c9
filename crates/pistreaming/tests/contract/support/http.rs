//! An HTTP client that hides nothing: what is sent is what the test wrote.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Nothing that is waited for takes this long, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request's lines, and reads the response to its end.
pub(crate) fn request(port: u16, lines: &[&str]) -> Reply {
    let mut stream = connect(port);
    stream.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Reply { status, head, body: bytes[end + 4..].to_vec() }
}

/// A request by this method, with more headers.
pub(crate) fn ask(port: u16, method: &str, path: &str, headers: &[&str]) -> Reply {
    let first = format!("{method} {path} HTTP/1.1");
    let host = format!("Host: localhost:{port}");
    let own_host = headers.iter().any(|line| line.starts_with("Host:"));
    let host = if own_host { "Accept: */*" } else { &*host };
    request(port, &[&[first.as_str(), host, "Connection: close"], headers].concat())
}

pub(crate) fn get(port: u16, path: &str) -> Reply {
    ask(port, "GET", path, &[])
}
