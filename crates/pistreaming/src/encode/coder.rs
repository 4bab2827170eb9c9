//! The encoder of one rendition: a frame's samples in, an access unit to the hub.
//!
//! Here belongs: one encoder with its stream. Not here: when it works (`embedded`, `lower`), coding itself (`mpeg1`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate};

use super::parts::{Cutter, Parting};
use super::private::{Common, Private};
use super::{EncodeError, Settings, Station};
use crate::frame::{Frame, FrameSize};
use crate::hub::{Orders, Rendition, Stream};
use crate::source::FrameRate;
use crate::unit::{AccessUnit, Picture};

/// An encoder for frames of one size and rate.
pub(super) struct Coder {
    encoder: Encoder,
    rendition: Rendition,
    stream: Arc<Stream>,
    /// What it is made for.
    source: (FrameSize, FrameRate),
    sequence: u32,
    private: Private,
    newest: Option<Common>,
    /// How long coding a picture takes, about.
    takes: Duration,
    parting: Parting,
    /// Holds a picture until its length is known.
    scratch: Vec<u8>,
}

impl Coder {
    /// A coder for a rendition of frames of `size` that come at `rate`, and with it a new stream.
    pub(super) fn new(
        rendition: Rendition,
        size: FrameSize,
        rate: FrameRate,
        settings: &Settings,
        station: &Station,
    ) -> Result<Self, EncodeError> {
        let own = rendition.size(size);
        let bits_per_second = rendition.bits_per_second(settings.bits_per_second);
        let frames_per_second = rate.as_f64() / f64::from(rendition.every());
        let encoder = Encoder::new(mpeg1::encode::Settings {
            preset: settings.preset,
            // Whom pictures are for looks at them.
            adaptive: true,
            threads: settings.threads(own),
            ..mpeg1::encode::Settings::new(
                own.width(),
                own.height(),
                frames_per_second,
                Rate::BitsPerSecond(bits_per_second),
            )
        });
        let encoder = encoder.map_err(EncodeError::Settings)?;
        let pictures = (rate.numerator(), rate.denominator().saturating_mul(rendition.every()));
        let stream = station.hub.begin_rendition(rendition, own, pictures, bits_per_second);
        Ok(Self {
            encoder,
            rendition,
            stream,
            source: (size, rate),
            sequence: 0,
            private: Private::new(bits_per_second, frames_per_second),
            newest: None,
            takes: Duration::ZERO,
            parting: Parting::default(),
            scratch: Vec::new(),
        })
    }

    /// Whether it is made for such frames.
    pub(super) fn fits(&self, size: FrameSize, rate: FrameRate) -> bool {
        self.source == (size, rate)
    }

    /// The size of its pictures.
    pub(super) fn size(&self) -> FrameSize {
        self.stream.size
    }

    /// How long coding a picture takes, about.
    pub(super) const fn takes(&self) -> Duration {
        self.takes
    }

    /// Codes the `samples` of `frame`, in its own size, and hands them out.
    pub(super) fn code(&mut self, samples: &[u8], frame: &Frame, orders: Orders, station: &Station) {
        let begun = station.clock.now();
        let size = self.stream.size;
        let view = PictureView::from_i420(samples, size.width(), size.height());
        let intra = if orders.start { Intra::Force } else { Intra::Auto };
        self.scratch.clear();
        let head = AccessUnit {
            stream: self.stream.id,
            sequence: self.sequence,
            picture: Picture::Predicted,
            start: false,
            captured: frame.captured,
            meaning: frame.meaning,
            coded: begun,
            coding: Duration::ZERO,
            bytes: Bytes::new(),
        };
        let wanted = station.hub.wants_parts(self.rendition);
        let count = if wanted { self.parting.count(self.takes) } else { 1 };
        let mut cutter = Cutter::new(head.clone(), (count, self.encoder.rows()), &station.hub, station.clock);
        let coded = self.encoder.encode_parts(view, intra, &mut self.scratch, |part| cutter.take(part));
        // What is left out for want of bits nobody gets: the next frame will do.
        let Some(coded) = coded else { return station.hub.abandon(self.stream.id) };
        let start = coded.kind == mpeg1::PictureKind::Intra;
        self.sequence = self.sequence.wrapping_add(1);
        let done = station.clock.now();
        let coding = done.since(begun);
        self.takes = if self.takes.is_zero() { coding } else { (self.takes * 7 + coding) / 8 };
        let unit = AccessUnit {
            picture: if start { Picture::Intra } else { Picture::Predicted },
            start,
            coded: done,
            coding,
            bytes: Bytes::copy_from_slice(&self.scratch),
            ..head
        };
        station.hub.publish(unit.clone());
        self.newest = Some(Common { unit, scale: coded.quantiser });
    }

    /// Makes what single viewers wait for of the picture that was coded last.
    pub(super) fn serve(&mut self, station: &Station) {
        if let Some(common) = &self.newest {
            let orders = station.hub.orders_of(self.rendition);
            self.private.serve(&mut self.encoder, common, orders, &station.hub, station.clock);
        }
    }
}
