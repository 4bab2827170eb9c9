//! A good viewer's bytes with a bad one beside him, and without: they are the same.
//!
//! Here belongs: the two runs and their comparison. Not here: the viewers.
//!
//! The program is fed frame by frame on its standard input, the next one once the good viewer has the last, so that no
//! load of the machine makes it leave one out: what it codes then depends on nothing but the frames, and the viewers.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::link::SERVER;
use super::run::{Bench, number, on_the_link};
use crate::Outcome;
use crate::bench::systems::{RATE, SIZE, System, get};

pub(super) const NAME: &str = "a good viewer's bytes";

const FRAMES: u32 = 360;
/// The bad viewer comes with this one, by this link, on which the page alone takes some seconds; it breaks and comes again, too.
const BAD_COMES: u32 = 24;
const BAD_LINK: &str = "rate=0.24 delay=20 up:delay=20";
const BAD_BREAKS: (u32, u32) = (240, 280);
const NOTHING: &str = "loss=100 up:loss=100";
/// A frame whose picture does not come for so long was left out.
const LEFT_OUT: Duration = Duration::from_secs(2);

/// Common pictures by their sequence numbers.
type Pictures = BTreeMap<u32, Vec<u8>>;

/// Runs both and says what was found.
pub(super) fn compare(bench: &mut Bench<'_>) -> Outcome<String> {
    let (alone, _) = run(bench, false)?;
    let (beside, sent) = run(bench, true)?;
    let bytes: usize = alone.values().map(Vec::len).sum();
    if alone.len() != FRAMES as usize {
        return Err(format!("of {FRAMES} frames {} came", alone.len()));
    }
    let other = alone.iter().find(|(sequence, payload)| beside.get(sequence) != Some(payload));
    if let Some((sequence, _)) = other {
        return Err(format!("picture {sequence} is another where a bad viewer is beside the good one"));
    }
    if sent == 0.0 {
        return Err("the bad viewer was sent nothing".into());
    }
    Ok(format!(
        "{NAME}: {FRAMES} pictures, {bytes} bytes, all the same with a viewer beside him on 0.3 × (sent {sent} pictures) and without"
    ))
}

/// The common pictures that the good viewer got, and how many the bad one was sent.
fn run(bench: &mut Bench<'_>, with_bad: bool) -> Outcome<(Pictures, f64)> {
    let mut system = System::Ours.start_at(SERVER, &["--source", "stdin"])?;
    let mut frames = system.take_input()?;
    let good = Beside::join(&system.socket.0)?;
    let (mut units, mut sent) = (Pictures::new(), 0.0);
    for frame in 0..FRAMES {
        let next = Instant::now() + Duration::from_secs(1) / RATE;
        if frame == BAD_BREAKS.0 {
            // The connection that he has now may be gone in the end.
            sent = sent_to_bad(&system.socket.0);
        }
        if with_bad {
            disturb(bench, &system.page, frame)?;
        }
        frames.write_all(&picture(frame)).map_err(|error| format!("pistreaming takes no frames: {error}"))?;
        let written = Instant::now();
        while units.len() <= frame as usize && written.elapsed() < LEFT_OUT {
            let common = good.take().into_iter().filter(|unit| !unit.join);
            // A band has the number of the picture that it goes with, and comes behind it.
            common.for_each(|unit| _ = units.entry(unit.sequence).or_insert(unit.payload));
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    sent = sent_to_bad(&system.socket.0).max(sent);
    bench.browser.go_to("about:blank")?;
    bench.link.shape("")?;
    Ok((units, sent))
}

/// Pictures that the bad viewer was sent, on the connections that he has: where his link breaks he makes a new one.
fn sent_to_bad(server: &str) -> f64 {
    let stats = get(server, "/stats").unwrap_or_default();
    on_the_link(&stats).iter().filter_map(|viewer| number(viewer, "\"pictures_sent\":")).sum()
}

fn disturb(bench: &mut Bench<'_>, page: &str, frame: u32) -> Outcome {
    match frame {
        BAD_COMES => {
            bench.link.shape(BAD_LINK)?;
            bench.browser.go_to(page)
        }
        _ if frame == BAD_BREAKS.0 => bench.link.shape(NOTHING),
        _ if frame == BAD_BREAKS.1 => bench.link.shape(BAD_LINK),
        _ => Ok(()),
    }
}

/// A frame of a pan over noise, I420: more than the stream's rate can carry.
fn picture(frame: u32) -> Vec<u8> {
    let (width, height) = SIZE;
    let noise = |x: u32, y: u32| {
        // Mixed well enough to have no pattern; in steps of 8 pixels, so that something is left of it.
        let mixed = (x / 8).wrapping_mul(0x9e37_79b1) ^ (y / 8).wrapping_mul(0x85eb_ca77);
        ((mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d) >> 24) as u8
    };
    let luma = (0..height).flat_map(|y| (0..width).map(move |x| noise(x + frame * 3, y + frame) / 2 + 64));
    luma.chain(std::iter::repeat_n(128, (width * height / 2) as usize)).collect()
}
