//! Clients of the live protocol and of the old one.

use std::net::TcpStream;

use tungstenite::client::IntoClientRequest as _;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket, client};
use wire::{Ack, FromServer, FromViewer, Pace, State, StreamHeader, UNKNOWN, UnitFlags, UnitHeader};

use super::http::connect;

/// Opens a WebSocket; the status of the refusal if it is refused.
pub(crate) fn open(
    stream: TcpStream,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocket<TcpStream>, u16> {
    let port = stream.peer_addr().unwrap().port();
    let mut request = format!("ws://localhost:{port}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(refusal))) => {
            Err(refusal.status().as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

/// The next binary message, or the close.
pub(crate) fn receive(socket: &mut WebSocket<TcpStream>) -> Result<Vec<u8>, Option<CloseFrame>> {
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => return Ok(bytes.to_vec()),
            Ok(Message::Close(frame)) => return Err(frame),
            Ok(_) => {}
            // A process that was stopped and goes on: a read with a time limit is not begun again by the kernel.
            Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// A viewer of the live protocol.
pub(crate) struct Live {
    pub(crate) socket: WebSocket<TcpStream>,
    /// The stream that it was told of last.
    pub(crate) stream: Option<StreamHeader>,
    last: Option<UnitHeader>,
    /// The picture of which parts came: the first one's header, and their bytes.
    begun: Option<(UnitHeader, Vec<u8>)>,
    /// Pictures that came in parts.
    pub(crate) in_parts: u32,
    /// Bytes of all messages so far.
    arrived: u32,
    /// Which pictures it is to acknowledge.
    pub(crate) pace: Pace,
    /// Pictures that it was told it missed.
    pub(crate) missed: u32,
    /// Notices since the last picture.
    pub(crate) notices: Vec<(wire::NoticeCode, String)>,
}

/// What a live viewer received.
#[derive(Debug)]
pub(crate) enum Received {
    Picture(UnitHeader, Vec<u8>),
    Clock(wire::ClockReply),
    Notice,
    /// Bye and then close.
    Ended(wire::ByeReason, u16),
}

impl Live {
    pub(crate) fn open(port: u16) -> Self {
        Self::over(connect(port))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        let protocol = [("sec-websocket-protocol", wire::SUBPROTOCOL)];
        let mut socket = open(stream, "/live", &protocol).unwrap();
        let hello = receive(&mut socket).unwrap();
        let arrived = hello.len() as u32;
        let Ok(Some(FromServer::Hello(hello))) = FromServer::parse(&hello) else { panic!("{hello:?}") };
        assert_eq!(hello.version, wire::VERSION);
        Self {
            socket,
            stream: None,
            last: None,
            begun: None,
            in_parts: 0,
            arrived,
            pace: Pace::EACH,
            missed: 0,
            notices: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, message: FromViewer) {
        let mut bytes = [0; wire::LONGEST_FROM_VIEWER];
        let len = message.write(&mut bytes);
        self.socket.send(Message::binary(bytes[..len].to_vec())).unwrap();
    }

    /// Acknowledges this picture, if it is to be: it was shown at once.
    pub(crate) fn acknowledge(&mut self, picture: &UnitHeader) {
        let (stream, number) = (picture.stream, picture.sequence);
        if self.pace.has(number, picture.flags.has(UnitFlags::START)) {
            let arrived = Some(self.arrived);
            let (decode_us, delay_us) = (1000, UNKNOWN);
            self.send(FromViewer::Ack(Ack {
                stream,
                received: number,
                shown: number,
                decode_us,
                delay_us,
                arrived,
            }));
        }
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.send(FromViewer::State(state));
    }

    /// Receives one thing, and checks that pictures can be decoded: streams begin, and go on behind each gap, with a
    /// start, and no picture is missing in between.
    pub(crate) fn receive(&mut self) -> Received {
        let mut gap = 0;
        loop {
            let bytes = receive(&mut self.socket).expect("bye goes before close");
            self.arrived = self.arrived.wrapping_add(bytes.len() as u32);
            match FromServer::parse(&bytes).unwrap().expect("a known message") {
                FromServer::Stream(header) => (self.stream, self.last) = (Some(header), None),
                FromServer::Gap(told) => gap = told.missed,
                FromServer::Notice(notice) => {
                    self.notices.push((notice.code, notice.text.to_owned()));
                    return Received::Notice;
                }
                FromServer::Clock(reply) => return Received::Clock(reply),
                // Rows of the picture before, sharper: who got a start of his own is given them.
                FromServer::Unit(header, _) if self.is_band(&header) => {}
                FromServer::Unit(header, payload) => {
                    if let Some((header, picture)) = self.join_parts(header, payload) {
                        self.check(header, gap);
                        self.missed += gap;
                        return Received::Picture(header, picture);
                    }
                }
                FromServer::Bye(bye) => {
                    let reason = bye.reason;
                    let close = receive(&mut self.socket).expect_err("close comes behind bye");
                    return Received::Ended(reason, close.expect("a close code").code.into());
                }
                // Who acknowledges each, or none, does no harm.
                FromServer::Pace(pace) => self.pace = pace,
                FromServer::Hello(_) => panic!("a second hello"),
            }
        }
    }

    /// A picture when it is whole. Its parts come one behind the other, each of them whole slices.
    fn join_parts(&mut self, header: UnitHeader, payload: &[u8]) -> Option<(UnitHeader, Vec<u8>)> {
        let (first, last) = (header.flags.has(UnitFlags::FIRST), header.flags.has(UnitFlags::LAST));
        assert!(payload.starts_with(&[0, 0, 1]) || payload.is_empty() && !first);
        if first {
            self.begun = Some((header, Vec::new()));
        }
        let (begun, bytes) = self.begun.as_mut().expect("parts begin with the first");
        let same = |header: UnitHeader| UnitHeader { flags: UnitFlags::default(), ..header };
        assert_eq!(same(*begun), same(header));
        assert!(
            first && last || !header.flags.has(UnitFlags::START),
            "what decoding begins with comes whole"
        );
        bytes.extend_from_slice(payload);
        self.in_parts += u32::from(last && !first);
        if last { self.begun.take() } else { None }
    }

    fn is_band(&self, header: &UnitHeader) -> bool {
        let same = |last: &UnitHeader| (last.stream, last.sequence) == (header.stream, header.sequence);
        self.last.as_ref().is_some_and(same) && !header.flags.has(UnitFlags::START)
    }

    fn check(&mut self, header: UnitHeader, gap: u32) {
        assert_eq!(self.stream.map(|stream| stream.stream), Some(header.stream), "a stream is told of first");
        let start = header.flags.has(UnitFlags::START);
        let follows = self.last.is_some_and(|last| header.sequence == last.sequence.wrapping_add(1));
        assert!(start || follows && gap == 0, "{:?}, {gap} missed, {header:?}", self.last);
        self.last = Some(header);
    }

    /// The next picture, whatever else comes before.
    pub(crate) fn picture(&mut self) -> (UnitHeader, Vec<u8>) {
        loop {
            match self.receive() {
                Received::Picture(header, payload) => return (header, payload),
                Received::Ended(reason, code) => panic!("{reason:?} {code}"),
                Received::Clock(_) | Received::Notice => {}
            }
        }
    }

    /// Waits until it is told something with `words` in it.
    pub(crate) fn wait_for_notice(&mut self, words: &str) {
        while !self.notices.iter().any(|(_, text)| text.contains(words)) {
            self.receive();
        }
    }

    /// Joins anew: what comes next must be a start.
    pub(crate) fn forget(&mut self) {
        (self.last, self.begun) = (None, None);
    }
}

/// An old client.
pub(crate) struct Old {
    pub(crate) socket: WebSocket<TcpStream>,
    pub(crate) size: (u16, u16),
}

impl Old {
    pub(crate) fn open(port: u16, path: &str) -> Self {
        let mut socket = open(connect(port), path, &[]).unwrap();
        let header = receive(&mut socket).unwrap();
        assert_eq!((header.len(), &header[..4]), (8, &b"jsmp"[..]));
        let side = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        Self { socket, size: (side(4), side(6)) }
    }

    /// The next message.
    pub(crate) fn message(&mut self) -> Vec<u8> {
        receive(&mut self.socket).unwrap()
    }
}
