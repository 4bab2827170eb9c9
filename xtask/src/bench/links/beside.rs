//! A good viewer beside the bad one: takes all at once, acknowledges it, keeps what it got.
//!
//! Here belongs: as much of WebSocket (RFC 6455) and of the live protocol (`wire`) as such a viewer needs. Not here: what
//! is made of it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Outcome, stalled};

/// Kinds of live messages, `crates/wire`.
const STREAM: u8 = 0x02;
const UNIT: u8 = 0x03;
const ACK: u8 = 0x82;
/// A unit's payload begins here.
const UNIT_HEADER: usize = 24;
/// [`Unit::join`]: what is coded for one viewer alone.
const JOIN: u8 = 3;

/// A picture that came.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) sequence: u32,
    /// Made for this viewer alone.
    pub(super) join: bool,
    /// From stamp to arrival, in ms.
    pub(super) delay: f64,
    pub(super) payload: Vec<u8>,
}

/// The viewer, on a thread of its own.
pub(super) struct Beside {
    socket: TcpStream,
    units: Arc<Mutex<Vec<Unit>>>,
    thread: Option<JoinHandle<Outcome>>,
}

impl Beside {
    /// Joins at `address`.
    pub(super) fn join(address: &str) -> Outcome<Self> {
        let socket = stalled::open(1, address, "/live", "pistreaming.1")?.remove(0);
        socket.set_read_timeout(None).map_err(|error| error.to_string())?;
        let units = Arc::new(Mutex::new(Vec::new()));
        let reading = socket.try_clone().map_err(|error| error.to_string())?;
        let thread = std::thread::spawn({
            let units = Arc::clone(&units);
            move || watch(reading, &units)
        });
        Ok(Self { socket, units, thread: Some(thread) })
    }

    /// What came since the last call.
    pub(super) fn take(&self) -> Vec<Unit> {
        std::mem::take(&mut self.units.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(mut socket: TcpStream, units: &Mutex<Vec<Unit>>) -> Outcome {
    let failed = |error: std::io::Error| format!("the good viewer: {error}");
    // The rest of the answer's head.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).map_err(failed)?;
        head.push(byte[0]);
    }
    let (mut epoch_us, mut arrived) = (0, 0_u32);
    loop {
        let message = message(&mut socket).map_err(failed)?;
        arrived = arrived.wrapping_add(message.len() as u32);
        match message.first() {
            Some(&STREAM) if message.len() >= 28 => epoch_us = u64_at(&message, 20),
            Some(&UNIT) if message.len() >= UNIT_HEADER => {
                socket.write_all(&acknowledgement(&message, arrived)).map_err(failed)?;
                let unit = unit(&message, epoch_us);
                units.lock().unwrap_or_else(PoisonError::into_inner).push(unit);
            }
            _ => {}
        }
    }
}

/// One binary message. A server's frames are not masked, and ours are whole.
fn message(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut start = [0; 2];
    socket.read_exact(&mut start)?;
    let len = match start[1] {
        126 => {
            let mut len = [0; 2];
            socket.read_exact(&mut len)?;
            u64::from(u16::from_be_bytes(len))
        }
        127 => {
            let mut len = [0; 8];
            socket.read_exact(&mut len)?;
            u64::from_be_bytes(len)
        }
        len => u64::from(len),
    };
    let mut payload = Vec::new();
    socket.take(len).read_to_end(&mut payload)?;
    if payload.len() as u64 == len { Ok(payload) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

fn unit(message: &[u8], epoch_us: u64) -> Unit {
    let now_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let captured_us = u128::from(epoch_us + u64_at(message, 16));
    Unit {
        sequence: u32_at(message, 8),
        join: message[2] == JOIN,
        delay: now_us.saturating_sub(captured_us) as f64 / 1000.0,
        payload: message[UNIT_HEADER..].to_vec(),
    }
}

/// The frame with the acknowledgement of a unit: received and shown, and `arrived` bytes in all.
fn acknowledgement(unit: &[u8], arrived: u32) -> Vec<u8> {
    // A masked binary frame of 28 bytes; the mask is zeros.
    let mut frame = vec![0x82, 0x80 | 28, 0, 0, 0, 0];
    frame.extend([ACK, 0, 0, 0]);
    frame.extend(&unit[4..8]);
    frame.extend(&unit[8..12]);
    frame.extend(&unit[8..12]);
    frame.extend(1000_u32.to_le_bytes());
    frame.extend(u32::MAX.to_le_bytes());
    frame.extend(arrived.to_le_bytes());
    frame
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
