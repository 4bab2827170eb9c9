//! Viewers that never read: they open a WebSocket and leave what comes where it is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

/// Opens `count` WebSockets at `address` (`host:port`) and `path`, and reads no more than the server's consent.
pub(crate) fn open(count: usize, address: &str, path: &str, protocol: &str) -> Outcome<Vec<TcpStream>> {
    (0..count).map(|_| open_one(address, path, protocol)).collect()
}

fn open_one(address: &str, path: &str, protocol: &str) -> Outcome<TcpStream> {
    let failed = |error: std::io::Error| format!("a stalled viewer at {address}: {error}");
    let mut socket = TcpStream::connect(address).map_err(failed)?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).map_err(failed)?;
    let protocol = match protocol {
        "" => String::new(),
        name => format!("Sec-WebSocket-Protocol: {name}\r\n"),
    };
    // The key is any 16 bytes in base64.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3RhbGxlZCB2aWV3ZXIhIQ==\r\n{protocol}\r\n"
    );
    socket.write_all(request.as_bytes()).map_err(failed)?;
    let mut status = [0; 12];
    socket.read_exact(&mut status).map_err(failed)?;
    let status = String::from_utf8_lossy(&status).into_owned();
    if status.ends_with(" 101") { Ok(socket) } else { Err(format!("{address}{path} answered {status}")) }
}
