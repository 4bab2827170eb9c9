//! Pictures for single viewers: joins and bands of the newest common picture, made between two frames.
//!
//! Here belongs: how large they are, which rows come next, how much time they may take. Not here: coding them
//! (`mpeg1`), who wants them (the hub).

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mpeg1::PictureKind;
use mpeg1::encode::{EncodedPicture, Encoder, JoinSize};

use super::bands::{Bands, Pass};
use crate::hub::{Fit, Hub, Orders, PerFit, Role};
use crate::time::Clock;
use crate::unit::{AccessUnit, Picture};

/// A join for a link of which nothing is known: TCP's first flight (RFC 6928) less what headers take, but not more
/// seconds of the stream than who skips may be behind.
const FIRST_FLIGHT_BYTES: usize = 13_500;
const TIGHT_JOIN_SECONDS: f64 = 0.3;
/// A join for a link that carries the stream twice: some pictures' time.
const FAIR_JOIN_BYTES: usize = 30_000;
const FAIR_JOIN_SECONDS: f64 = 0.9;
/// Bands, in shares of the rate. A link of 1.5 times the rate has half a share to spare from picture to picture; hardly any
/// band is as large as it may be, and behind one that is the next has to wait until the link is idle.
const TIGHT_BAND_SHARES: f64 = 0.68;
const FAIR_BAND_SHARES: f64 = 2.0;
const AMPLE_BAND_SHARES: f64 = 20.0;
/// The part for which rows are chosen. The rest is for rows of which one alone takes more, which would be coarser
/// otherwise; and for a finer scale.
const PLANNED: f64 = 0.7;
/// The part of the time between frames that they may take; what is left over is asked for again behind the next frame.
const MOST_TIME: f64 = 0.25;

/// Makes them.
#[derive(Debug)]
pub struct Private {
    /// Bytes a picture on average.
    share: f64,
    /// Bytes a second.
    rate: f64,
    most_time: Duration,
    bands: PerFit<Bands>,
    scratch: Vec<u8>,
}

impl Private {
    /// For a stream of so many bits and frames a second.
    pub fn new(bits_per_second: u32, frames_per_second: f64) -> Self {
        let most_time = Duration::from_secs_f64((MOST_TIME / frames_per_second).min(1.0));
        let rate = f64::from(bits_per_second) / 8.0;
        Self {
            share: rate / frames_per_second,
            rate,
            most_time,
            bands: PerFit::default(),
            scratch: Vec::new(),
        }
    }

    /// Makes what is wanted of the picture that was coded last, `common`, and hands it out.
    pub fn serve(&mut self, encoder: &mut Encoder, common: &Common, orders: Orders, hub: &Hub, clock: Clock) {
        let begun = Instant::now();
        let joins = Fit::ALL.into_iter().filter(|&fit| orders.joins[fit]).map(|fit| (fit, true));
        let bands = Fit::ALL.into_iter().filter(|&fit| orders.bands[fit]).map(|fit| (fit, false));
        for (fit, join) in joins.chain(bands) {
            if begun.elapsed() > self.most_time {
                return;
            }
            let from = clock.now();
            self.scratch.clear();
            let (role, coded) = if join {
                (Role::Join, self.join(encoder, fit, common))
            } else {
                let (rows, coded) = self.band(encoder, fit, common, orders.since_join);
                (Role::Band(rows), coded)
            };
            let done = clock.now();
            let intra = coded.kind == PictureKind::Intra;
            let unit = AccessUnit {
                picture: if intra { Picture::Intra } else { Picture::Predicted },
                start: role == Role::Join,
                coded: done,
                coding: done.since(from),
                bytes: Bytes::copy_from_slice(&self.scratch),
                ..common.unit.clone()
            };
            hub.attach(unit, fit, role);
        }
    }

    fn join(&mut self, encoder: &mut Encoder, fit: Fit, common: &Common) -> EncodedPicture {
        let most = |bytes: usize, seconds: f64| JoinSize::Bytes(bytes.min((self.rate * seconds) as usize));
        let size = match fit {
            Fit::Tight => most(FIRST_FLIGHT_BYTES, TIGHT_JOIN_SECONDS),
            Fit::Fair => most(FAIR_JOIN_BYTES, FAIR_JOIN_SECONDS),
            Fit::Ample => JoinSize::Quantiser(common.sharp()),
        };
        encoder.encode_join(0..encoder.rows(), size, &mut self.scratch)
    }

    /// The next band, and the rows that are sharp with it.
    fn band(
        &mut self,
        encoder: &mut Encoder,
        fit: Fit,
        common: &Common,
        since_join: u64,
    ) -> (Range<usize>, EncodedPicture) {
        let (bands, now) = (&mut self.bands[fit], u64::from(common.unit.sequence) + 1);
        bands.look_at(encoder, now, since_join);
        // With few bits rather all rows a little coarser than some of them late.
        let first = if fit == Fit::Tight { Pass::Coarse } else { Pass::Sharp };
        let Some(pass) = bands.pass(first) else {
            let nothing = encoder.encode_join(0..0, JoinSize::Quantiser(common.scale), &mut self.scratch);
            return (0..encoder.rows(), nothing);
        };
        let scale = if pass == Pass::Coarse { common.scale } else { common.sharp() };
        let shares = match fit {
            Fit::Tight => TIGHT_BAND_SHARES,
            Fit::Fair => FAIR_BAND_SHARES,
            Fit::Ample => AMPLE_BAND_SHARES,
        };
        let bytes = self.share * shares;
        let rows = encoder.rows_of_band(|row| bands.wants(row, pass), scale, (bytes * PLANNED) as usize);
        // All rows at once would be a start, which is for who joins.
        let rows = rows.start..rows.end.min(rows.start + encoder.rows().max(2) - 1);
        let sharp = bands.note(rows.clone(), pass, now);
        let size =
            if fit == Fit::Ample { JoinSize::Quantiser(scale) } else { JoinSize::Bytes(bytes as usize) };
        (sharp, encoder.encode_join(rows, size, &mut self.scratch))
    }
}

/// The common picture that was coded last.
#[derive(Debug)]
pub struct Common {
    /// Its unit.
    pub unit: AccessUnit,
    /// Its quantizer_scale.
    pub scale: u8,
}

impl Common {
    /// A scale at which coding it once more costs hardly any quality.
    fn sharp(&self) -> u8 {
        (self.scale / 2).max(1)
    }
}
