//! Pictures out of an MPEG transport stream that carries one video, each at the moment at which its last byte is there.
//!
//! Here belongs: transport packets and PES packets (ISO/IEC 13818-1), as far as FFmpeg writes them; which kind a picture
//! is. Not here: FFmpeg itself. A raw video stream shows a picture's end only by the next picture's beginning, a frame
//! later; PES packets say how long they are.
//!
//! ```text
//! transport packet, 188 bytes (2.4.3.2):
//!   47 | error:1 start:1 priority:1 PID:13 | scrambling:2 adaptation:1 payload:1 continuity:4 |
//!   [adaptation field: its length, flags, …, stuffing (2.4.3.4)] | [payload]
//! PES packet, from the payload of a packet with start = 1 (2.4.3.6):
//!   00 00 01 Ex | length:16 | 10…… | flags | header length H | H bytes, times among them | one picture
//! ```
//!
//! A length of 0 means unknown: what FFmpeg writes where a picture has more than 65,527 bytes or so. Then the picture
//! ends with the packet in which there is stuffing, which FFmpeg uses only to fill up the last; one of 184 pictures fits
//! exactly, and is then known whole only at the next one's start.

use wire::Picture;

/// Bytes of a transport packet.
const PACKET: usize = 188;
/// What each begins with.
const SYNC: u8 = 0x47;
/// The fixed part of a PES packet's header, up to the length of the rest.
const PES_HEADER: usize = 9;
/// The largest picture taken: what is longer is damage. A picture of 4095x2800 has 17 MB of samples.
const LARGEST: usize = 8 << 20;

/// Takes a transport stream in any pieces.
#[derive(Debug)]
pub struct Reader {
    packet: [u8; PACKET],
    filled: usize,
    /// The PES packet so far; empty: none has begun.
    pes: Vec<u8>,
    /// The video's packets have this PID, and had this continuity counter last.
    video: Option<(u16, u8)>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at the stream's beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self { packet: [0; PACKET], filled: 0, pes: Vec::new(), video: None }
    }

    /// Takes the next bytes; each picture that ends in them goes to `picture`. What is damaged is left out: reading goes
    /// on with the next packet that begins as one should, the next picture that begins.
    pub fn push(&mut self, mut bytes: &[u8], picture: &mut dyn FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.filled == 0 {
                let Some(skipped) = bytes.iter().position(|&byte| byte == SYNC) else { return };
                bytes = &bytes[skipped..];
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(PACKET - self.filled));
            self.packet[self.filled..][..taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            bytes = rest;
            if self.filled == PACKET {
                self.filled = 0;
                let packet = self.packet;
                self.take_packet(&packet, picture);
            }
        }
    }

    fn take_packet(&mut self, packet: &[u8; PACKET], picture: &mut dyn FnMut(&[u8])) {
        let Some(Packet { pid, begins, continuity, payload, stuffed }) = Packet::parse(packet) else {
            return;
        };
        if begins && is_video(payload) {
            // The picture before, if its length was unknown, is known whole only now.
            self.hand_out(picture);
            self.pes.clear();
        } else {
            match self.video {
                Some((video, _)) if video != pid => return,
                Some((_, last)) if !begins && continuity == (last + 1) & 15 && !self.pes.is_empty() => {}
                // Packets are missing, and with them the picture; or it is not video after all.
                _ => {
                    self.pes.clear();
                    return;
                }
            }
        }
        self.video = Some((pid, continuity));
        if self.pes.len() + payload.len() > LARGEST {
            self.pes.clear();
            return;
        }
        self.pes.extend_from_slice(payload);
        if self.is_whole(stuffed) {
            self.hand_out(picture);
            self.pes.clear();
        }
    }

    /// Whether the PES packet has all its bytes.
    fn is_whole(&self, stuffed: bool) -> bool {
        match pes_length(&self.pes) {
            Some(0) => stuffed,
            Some(length) => self.pes.len() >= 6 + length,
            None => false,
        }
    }

    /// Hands out the picture in the PES packet, if that has its whole length, or says none.
    fn hand_out(&self, picture: &mut dyn FnMut(&[u8])) {
        let Some(length) = pes_length(&self.pes) else { return };
        let end = if length == 0 { self.pes.len() } else { 6 + length };
        let begin = self.pes.get(8).map(|&rest| PES_HEADER + usize::from(rest));
        if let Some(picture_bytes) = begin.and_then(|begin| self.pes.get(begin..end)) {
            picture(picture_bytes);
        }
    }
}

/// The fields of a transport packet that matter here.
struct Packet<'a> {
    pid: u16,
    begins: bool,
    continuity: u8,
    payload: &'a [u8],
    /// Whether its adaptation field has stuffing.
    stuffed: bool,
}

impl<'a> Packet<'a> {
    /// `None` if it is damaged, scrambled or without payload.
    fn parse(packet: &'a [u8; PACKET]) -> Option<Self> {
        let [_, second, third, fourth, ref rest @ ..] = *packet;
        let (damaged, scrambled) = (second & 0x80 != 0, fourth & 0xC0 != 0);
        if damaged || scrambled || fourth & 0x10 == 0 {
            return None;
        }
        let (payload, stuffed) = if fourth & 0x20 == 0 {
            (rest.as_slice(), false)
        } else {
            let length = usize::from(rest[0]);
            let field = rest.get(1..=length)?;
            (&packet[5 + length..], is_stuffed(field))
        };
        let pid = u16::from(second & 0x1F) << 8 | u16::from(third);
        Some(Self { pid, begins: second & 0x40 != 0, continuity: fourth & 15, payload, stuffed })
    }
}

/// Whether an adaptation field is longer than its contents: one that is empty is a single byte of stuffing. Only the
/// clock references are reckoned with (2.4.3.5); whatever else there may be is not FFmpeg's.
const fn is_stuffed(field: &[u8]) -> bool {
    match field {
        [] => true,
        [flags, rest @ ..] => {
            let clocks = 6 * (*flags >> 4 & 1) + 6 * (*flags >> 3 & 1);
            rest.len() > clocks as usize
        }
    }
}

/// Whether a payload begins a PES packet of video: stream_id 1110 xxxx (2.4.3.7, table 2-22).
const fn is_video(payload: &[u8]) -> bool {
    matches!(payload, [0, 0, 1, 0xE0..=0xEF, ..])
}

/// PES_packet_length: bytes behind this field.
fn pes_length(pes: &[u8]) -> Option<usize> {
    let &[high, low] = pes.get(4..6)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes([high, low])))
}

/// What kind of picture is in a piece of MPEG-1 video, and whether decoding can begin with it: that is, whether a
/// sequence header comes before an I picture (ISO/IEC 11172-2, 2.4.2). `None` if there is no I or P picture in it.
#[must_use]
pub fn kind(video: &[u8]) -> Option<(Picture, bool)> {
    let mut header = false;
    for at in start_codes(video) {
        match video[at + 3..] {
            [0xB3, ..] => header = true,
            // picture_start_code, temporal_reference:10, picture_coding_type:3 (2.4.2.5)
            [0x00, _, byte, ..] => {
                return match byte >> 3 & 7 {
                    1 => Some((Picture::Intra, header)),
                    2 => Some((Picture::Predicted, false)),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    None
}

/// Where `00 00 01` stands in `video`.
fn start_codes(video: &[u8]) -> impl Iterator<Item = usize> {
    video.windows(3).enumerate().filter(|(_, window)| *window == [0, 0, 1]).map(|(at, _)| at)
}

#[cfg(test)]
mod tests;
