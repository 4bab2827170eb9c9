//! Connections by the thousand: from several addresses of this machine, most of them broken in some way, none of them for
//! long.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::Outcome;

const PER_SECOND: u32 = 1000;
const SECONDS: u32 = 10;
/// So many are open at once.
const OPEN: usize = 500;

/// What is sent: nothing, a request, half of one, what is none, a viewer's.
const REQUESTS: [&[u8]; 5] = [
    b"",
    b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /player.js HTTP/1.1\r\nHost: x\r\nAccep",
    b"\0\x16\x03\x01 no HTTP\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
      Sec-WebSocket-Key: b25lIG9mIHRoZSBjcm93ZA==\r\nSec-WebSocket-Protocol: pistreaming.1\r\n\r\n",
];

/// Lets the storm blow over `address`, which is one of 127.0.0.0/8.
pub(crate) fn run(address: &str) -> Outcome {
    let to: SocketAddr = address.parse()?;
    let (begun, mut open, mut failed) = (Instant::now(), VecDeque::new(), 0);
    for count in 0..PER_SECOND * SECONDS {
        sleep((Duration::from_secs(1) * count / PER_SECOND).saturating_sub(begun.elapsed()));
        match connect(Ipv4Addr::new(127, 0, 0, 2 + (count % 8) as u8), to) {
            Ok(mut stream) => {
                // Who was refused cannot be written to.
                let _ = stream.write_all(REQUESTS[count as usize % REQUESTS.len()]);
                open.push_back(stream);
            }
            Err(_) => failed += 1,
        }
        if open.len() > OPEN {
            open.pop_front();
        }
    }
    println!(
        "{failed} of {} connections failed in {:.1} s",
        PER_SECOND * SECONDS,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}
