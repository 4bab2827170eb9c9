//! The least that sending to a crowd can take: one thread, one `write()` a viewer and picture, the bytes made once.
//!
//! It keeps nothing for who does not read, and heeds nobody: no server to use.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Outcome;
use crate::pictures::{at_the_rate, picture};

/// Serves until it is killed.
pub(crate) fn run() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    let viewers = Arc::new(Mutex::new(Vec::new()));
    let newcomers = Arc::clone(&viewers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(stream) = greet(stream) {
                newcomers.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
            }
        }
    });
    at_the_rate(|number| {
        let message = message(&picture(number));
        let mut viewers = viewers.lock().unwrap_or_else(PoisonError::into_inner);
        viewers.retain_mut(|stream: &mut TcpStream| match stream.write(&message) {
            Ok(written) => written == message.len(),
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
        true
    });
    Ok(())
}

/// Consents to a WebSocket. The crowd looks at no more than that.
fn greet(mut stream: TcpStream) -> std::io::Result<TcpStream> {
    for line in BufReader::new(&stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    )?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// One binary message (RFC 6455, 5.2).
fn message(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    [&[0x82, 126], &len.to_be_bytes()[..], payload].concat()
}
