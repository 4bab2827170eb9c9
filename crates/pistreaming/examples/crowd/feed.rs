//! The pictures as the body of a POST without end: FFmpeg's part before a relay.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::Outcome;
use crate::pictures::{at_the_rate, picture};

/// Sends until the relay ends.
pub(crate) fn run(address: &str) -> Outcome {
    let mut relay = TcpStream::connect(address)?;
    relay.set_nodelay(true)?;
    let head = format!("POST /stream HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n");
    relay.write_all(head.as_bytes())?;
    at_the_rate(|number| {
        let bytes = picture(number);
        // In one piece, so that the relay sees one picture as one.
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
        relay.write_all(&chunk).is_ok()
    });
    let mut words = String::new();
    relay.read_to_string(&mut words)?;
    Err(format!("the relay ended: {words}").into())
}
