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
    socket.write_all(target.request().as_bytes())?;
    let mut reply = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        let count = socket.read(&mut bytes)?;
        reply.extend_from_slice(&bytes[..count]);
        match consent(&mut reply)? {
            Some(behind) => return Ok((socket, behind)),
            None if count > 0 => {}
            None => return Err("the server closed before its consent".into()),
        }
    }
}

impl Target {
    /// What asks for the WebSocket.
    pub(crate) fn request(&self) -> String {
        let protocol = match self.protocol.as_str() {
            "" => String::new(),
            name => format!("Sec-WebSocket-Protocol: {name}\r\n"),
        };
        // The key is any 16 bytes in base64.
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: b25lIG9mIHRoZSBjcm93ZA==\r\n{protocol}\r\n",
            self.path, self.address
        )
    }
}

/// The first bytes behind the server's consent, once it is whole.
pub(crate) fn consent(reply: &mut Vec<u8>) -> Outcome<Option<Vec<u8>>> {
    let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    if !reply.starts_with(b"HTTP/1.1 101") {
        return Err(format!("no WebSocket: {}", String::from_utf8_lossy(reply)).into());
    }
    Ok(Some(reply.split_off(end + 4)))
}
