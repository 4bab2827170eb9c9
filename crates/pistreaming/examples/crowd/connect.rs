//! Opening a viewer's WebSocket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(60);

/// Where viewers connect to.
pub(crate) struct Target {
    /// Host and port.
    pub(crate) address: String,
    pub(crate) path: String,
    /// The subprotocol; empty: none.
    pub(crate) protocol: String,
}

/// A WebSocket, and the first bytes behind the server's consent.
pub(crate) fn open(target: &Target) -> Outcome<(TcpStream, Vec<u8>)> {
    let mut socket = TcpStream::connect(&target.address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let protocol = match target.protocol.as_str() {
        "" => String::new(),
        name => format!("Sec-WebSocket-Protocol: {name}\r\n"),
    };
    // The key is any 16 bytes in base64.
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: b25lIG9mIHRoZSBjcm93ZA==\r\n{protocol}\r\n",
        target.path, target.address
    );
    socket.write_all(request.as_bytes())?;
    let mut reply = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        let count = socket.read(&mut bytes)?;
        reply.extend_from_slice(&bytes[..count]);
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
        match end {
            Some(end) if reply.starts_with(b"HTTP/1.1 101") => return Ok((socket, reply.split_off(end + 4))),
            None if count > 0 => {}
            _ => return Err(format!("no WebSocket: {}", String::from_utf8_lossy(&reply)).into()),
        }
    }
}
