//! What the original's client makes of it, in whatever time it comes.

use super::*;
use proptest::prelude::*;

/// So many pictures may come between two animation frames.
const MOST_AT_ONCE: usize = 12;

/// The original's client, as far as it decides what is decoded when: npm's jsmpeg 1.0.0, `receiveSocketMessage` and
/// `decodePicture`.
struct OldClient {
    received: Vec<u8>,
    /// Where the search for a start code goes on.
    at: usize,
    /// Behind the start code of the picture that it has begun.
    begun: Option<usize>,
    /// The picture that it decodes, in front of what longer ones have left.
    buffer: Vec<u8>,
    /// Bytes of that picture, with the next one's start code.
    length: usize,
    /// The bit that is read next.
    bit: usize,
    is_decoded: bool,
    /// Calls that the next animation frame makes.
    scheduled: usize,
    /// The slices of each picture that it took for one.
    decoded: Vec<Vec<u8>>,
}

impl OldClient {
    fn new() -> Self {
        Self {
            received: Vec::new(),
            at: 0,
            begun: None,
            buffer: vec![0; 512 * 1024],
            length: 0,
            bit: 0,
            is_decoded: true,
            scheduled: 0,
            decoded: Vec::new(),
        }
    }

    fn receive(&mut self, message: &[u8]) {
        self.received.extend(message);
        let found = self.received[self.at..].windows(4).position(|window| window == PICTURE_START);
        let Some(found) = found else {
            self.at = self.received.len().saturating_sub(3).max(self.at);
            return;
        };
        self.at += found + 4;
        let Some(begun) = self.begun else {
            // 10 bits of temporal reference, 3 of type; 1 is I.
            if self.received[self.at + 1] >> 3 & 7 == 1 {
                self.begun = Some(self.at);
            }
            return;
        };
        if !self.is_decoded {
            self.decode();
        }
        self.length = self.at - begun;
        self.buffer[..self.length].copy_from_slice(&self.received[begun..self.at]);
        self.begun = Some(self.at);
        self.bit = 0;
        self.is_decoded = false;
        self.scheduled += 1;
    }

    fn animation_frame(&mut self) {
        for _ in 0..std::mem::take(&mut self.scheduled) {
            self.decode();
            self.is_decoded = true;
        }
    }

    fn decode(&mut self) {
        self.bits(10);
        let kind = self.bits(3);
        self.bits(16);
        // A P picture has full_pel_forward and forward_f_code, which is never 0.
        if !matches!(kind, 1 | 2) || kind == 2 && self.bits(4) & 7 == 0 {
            return;
        }
        let begin = self.bit.div_ceil(8);
        let mut code = self.start_code();
        while matches!(code, Some(0xb2 | 0xb5)) {
            code = self.start_code();
        }
        while matches!(code, Some(0x01..=0xaf)) {
            code = self.start_code();
        }
        self.bit -= 32;
        self.decoded.push(self.buffer[begin.min(self.bit / 8)..self.bit / 8].to_vec());
    }

    fn bits(&mut self, count: usize) -> usize {
        let read = (self.bit..self.bit + count)
            .fold(0, |value, bit| value << 1 | usize::from(self.buffer[bit / 8] >> (7 - bit % 8) & 1));
        self.bit += count;
        read
    }

    fn start_code(&mut self) -> Option<u8> {
        let from = self.bit.div_ceil(8);
        let found = (from..self.length).find(|&at| self.buffer[at..].starts_with(&[0, 0, 1]));
        self.bit = found.map_or(self.length, |at| at + 4) * 8;
        found.map(|at| self.buffer[at + 3])
    }
}

/// A slice that holds `payload`.
fn slice(payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 1, 1], payload].concat()
}

fn unit(start: bool, payload: &[u8]) -> Vec<u8> {
    let headers: &[u8] = if start { &[0, 0, 1, 0xb3, 1, 2, 3, 0, 0, 1, 0xb8, 4, 5] } else { &[] };
    // The type, a vbv_delay of ones, and of a P picture forward_f_code 1.
    let header: &[u8] = if start { &[0, 0x0f, 0xff, 0xf8] } else { &[0, 0x17, 0xff, 0xf8, 0x80] };
    [headers, &PICTURE_START, header, &slice(payload)].concat()
}

fn messages(number: usize, unit: &[u8]) -> Vec<Vec<u8>> {
    let framed = |message: &[u8]| message[if message[1] < 126 { 2 } else { 4 }..].to_vec();
    match number {
        0 => vec![[unit, &RUN_OUT].concat(), PICTURE_START.to_vec()],
        _ => vec![framed(&shapes::legacy(unit))],
    }
}

fn pictures() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    prop::collection::vec((any::<bool>(), prop::collection::vec(1u8.., 0..400)), 1..40)
}

#[test]
fn the_header_is_as_it_was() {
    assert_eq!(&header(FrameSize::new(640, 480).unwrap())[..], b"jsmp\x02\x80\x01\xe0");
}

proptest! {
    #[test]
    fn an_old_client_decodes_every_picture_on_its_arrival(pictures in pictures()) {
        let mut client = OldClient::new();
        let mut joined = Vec::new();
        for (n, (start, payload)) in pictures.iter().enumerate() {
            for message in messages(n, &unit(*start || n == 0, payload)) {
                client.receive(&message);
                joined.extend(message);
            }
            client.animation_frame();
            prop_assert_eq!(client.decoded.len(), n + 1, "never a picture behind");
        }
        // The joined stream: the first unit's headers, all pictures with their run-outs, and a start code at the end.
        let expected: Vec<u8> = pictures.iter().enumerate().flat_map(|(n, (start, payload))| {
            let unit = unit(*start || n == 0, payload);
            let at = unit.windows(4).position(|window| window == PICTURE_START).unwrap();
            [&unit[if n == 0 { 0 } else { at }..], &RUN_OUT].concat()
        }).collect();
        prop_assert_eq!(joined, [&expected[..], &PICTURE_START].concat());
    }

    #[test]
    fn however_many_come_between_two_animation_frames_each_is_decoded_once_and_nothing_else(
        pictures in pictures(),
        at_once in prop::collection::vec(1..=MOST_AT_ONCE, 40),
    ) {
        let mut client = OldClient::new();
        let mut at_once = at_once.into_iter();
        let mut left = at_once.next().unwrap();
        for (n, (start, payload)) in pictures.iter().enumerate() {
            messages(n, &unit(*start || n == 0, payload)).iter().for_each(|message| client.receive(message));
            left -= 1;
            if left == 0 {
                client.animation_frame();
                left = at_once.next().unwrap();
            }
        }
        client.animation_frame();
        let sent: Vec<_> = pictures.iter().map(|(_, payload)| slice(payload)).collect();
        prop_assert_eq!(client.decoded, sent);
    }
}
