//! Opening a port: all addresses of both families or one, at once after a restart, and plain words when it fails.
//!
//! Here belongs: binding and its errors. Not here: accepting, options of accepted sockets (`tap`).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::port_owner;

/// Connections that the kernel may hold ready for us.
const BACKLOG: i32 = 1024;

/// Why a port could not be opened.
#[derive(Debug)]
pub struct ListenError {
    port: u16,
    option: &'static str,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, option, error } = self;
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let owner = port_owner::describe(*port);
                write!(f, "port {port} is in use by {owner}, or choose another port with {option}")
            }
            io::ErrorKind::PermissionDenied => {
                write!(f, "port {port} may not be opened by this user; choose one above 1023 with {option}")
            }
            io::ErrorKind::AddrNotAvailable => {
                f.write_str("the address given with --bind is none of this machine's")
            }
            _ => write!(f, "port {port} cannot be opened: {error}"),
        }
    }
}

impl std::error::Error for ListenError {}

/// Opens `port` (0: any free one) on `address`, or on all addresses of the machine. `option` is the command line's name
/// for the port.
pub(super) fn listen(
    address: Option<IpAddr>,
    port: u16,
    option: &'static str,
) -> Result<TcpListener, ListenError> {
    let opened = match address {
        Some(address) => open(SocketAddr::new(address, port)),
        // IPv6's "any" takes IPv4 too; a machine without IPv6 has only the other.
        None => open((Ipv6Addr::UNSPECIFIED, port).into()).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
            _ => open((Ipv4Addr::UNSPECIFIED, port).into()),
        }),
    };
    opened.map_err(|error| ListenError { port, option, error })
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), None)?;
    if let SocketAddr::V6(v6) = address {
        socket.set_only_v6(!v6.ip().is_unspecified())?;
    }
    // So that a restart need not wait for the last run's connections to be forgotten by the kernel.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn both_families_reach_one_port_and_a_second_taker_is_told_who_has_it() {
        let first = listen(None, 0, "--port").unwrap();
        let port = first.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        if first.local_addr().unwrap().is_ipv6() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        }
        let message = listen(None, port, "--ws-port").unwrap_err().to_string();
        assert!(message.contains(&format!("port {port} is in use by")), "{message}");
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(message.ends_with("--ws-port"), "{message}");
    }

    #[test]
    fn a_port_that_a_connection_has_is_not_said_to_be_a_programs() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
        socket.connect(&server.local_addr().unwrap().into()).unwrap();
        let accepted = server.accept().unwrap();
        let stream = TcpStream::from(socket);
        let port = stream.local_addr().unwrap().port();
        let told = || listen(None, port, "--port").unwrap_err().to_string();
        assert!(told().contains("in use by a connection"), "{}", told());
        // The kernel keeps what is left of it for a minute, for the sake of who closed first.
        drop(stream);
        drop(accepted);
        assert!(told().contains("in use by a connection"), "{}", told());
    }

    #[test]
    fn an_address_that_is_not_ours_is_named() {
        let error = listen(Some("192.0.2.1".parse().unwrap()), 0, "--port").unwrap_err();
        assert!(error.to_string().contains("--bind"), "{error}");
    }
}
