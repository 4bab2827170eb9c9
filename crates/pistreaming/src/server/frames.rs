//! Messages to viewers as WebSocket frames (RFC 6455, 5.2): header and payload in one piece, which is shared by all to
//! whom it is sent.
//!
//! Here belongs: what a server's frames look like. Not here: what a viewer sends (`inbox`), the upgrade (`upgrade`).

use bytes::Bytes;

/// The last frame of its message, binary.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// The longest header of a frame that is not masked.
const HEADER_BYTES: usize = 10;
/// The most bytes that a close frame has room for, without its code.
const REASON_BYTES: usize = 123;

/// WebSocket close codes (RFC 6455, 7.4.1; 1013 from IANA's registry).
pub(super) mod code {
    /// The server stops.
    pub(crate) const GOING_AWAY: u16 = 1001;
    /// He sent what no message is.
    pub(crate) const PROTOCOL_ERROR: u16 = 1002;
    /// What he would have to be sent he could not take.
    pub(crate) const UNSUITABLE: u16 = 1003;
    /// He sent more than any message has.
    pub(crate) const TOO_LARGE: u16 = 1009;
    /// There is no room for him now.
    pub(crate) const TRY_AGAIN_LATER: u16 = 1013;
}

/// One binary message of these parts.
pub(super) fn message(parts: &[&[u8]]) -> Bytes {
    frame(BINARY, parts)
}

/// The end of a connection, and why, in at most 123 bytes of ASCII.
pub(super) fn close(code: u16, reason: &'static str) -> Bytes {
    debug_assert!(reason.len() <= REASON_BYTES && reason.is_ascii());
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()])
}

/// Bytes of the payloads of these frames, all of which were made here.
pub(super) fn payload_bytes(mut frames: &[u8]) -> usize {
    let mut sum = 0;
    while let &[_, len, ref rest @ ..] = frames {
        let (header, len) = match (len, rest) {
            (126, &[a, b, ..]) => (4, u16::from_be_bytes([a, b]).into()),
            (127, &[a, b, c, d, e, f, g, h, ..]) => {
                (10, u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize)
            }
            (len, _) => (2, len.into()),
        };
        sum += len;
        frames = frames.get(header + len..).unwrap_or_default();
    }
    sum
}

fn frame(first: u8, parts: &[&[u8]]) -> Bytes {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(HEADER_BYTES + len);
    bytes.push(first);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ ..126), _) => bytes.push(len),
        (_, Ok(len)) => {
            bytes.push(126);
            bytes.extend(len.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tungstenite::protocol::Role;
    use tungstenite::{Message, WebSocket};

    /// What a client reads in these bytes.
    fn read(bytes: &[u8]) -> Message {
        WebSocket::from_raw_socket(Cursor::new(bytes.to_vec()), Role::Client, None).read().unwrap()
    }

    #[test]
    fn a_client_reads_messages_of_every_length_s_form() {
        for len in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let (one, other) = payload.split_at(len / 3);
            let message = message(&[one, other]);
            assert_eq!(read(&message), Message::binary(payload), "{len}");
            assert_eq!(payload_bytes(&[&message[..], &message].concat()), 2 * len);
        }
    }

    #[test]
    fn a_client_reads_why_it_ends() {
        let Message::Close(Some(frame)) = read(&close(code::GOING_AWAY, "the server stops")) else {
            panic!("no close");
        };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1001, "the server stops"));
    }
}
