//! The live protocol's server side: `wire` says what the messages look like, this file when each is sent.
//!
//! Here belongs: one viewer of the live protocol from hello to bye. Not here: layouts (`wire`), the socket (`outlet`),
//! which picture is next (the hub's).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::ws::WebSocket;
use bytes::Bytes;
use wire::{
    Ack, Bye, ByeReason, ClockReply, Codec, FromServer, FromViewer, Gap, Hello, StreamHeader, UnitFlags,
    UnitHeader,
};

use super::Site;
use super::outlet::{End, Event, Outlet, code};
use super::tap::Tap;
use super::viewers::{Activity, Entry, Protocol};
use crate::hub::{Next, Shape, Stream, Viewer};
use crate::needs::Need;
use crate::unit::AccessUnit;

/// A viewer who takes nothing for as long is given up; his page connects anew.
const STALL: Duration = Duration::from_secs(30);
/// When a page is to try again after the server stopped.
const RETRY_AFTER_MS: u32 = 500;

/// Serves one viewer until he leaves, stalls, or the server stops.
pub(super) async fn watch(site: Arc<Site>, tap: Arc<Tap>, socket: WebSocket) {
    let entry = site.viewers.enter(tap.peer, Protocol::Live, site.clock.now());
    let viewer = site.camera.hub.join();
    let outlet = Outlet::new(socket, tap, STALL, site.stop.clone());
    let need = Some(site.camera.needs.hold());
    let mut live = Live { site, outlet, entry, stream: None, watching: true, need };
    let end = live.serve(viewer).await;
    let bye = (end == End::Stopping).then(|| live.bye());
    live.outlet.end(end, bye).await;
}

struct Live {
    site: Arc<Site>,
    outlet: Outlet,
    entry: Entry,
    /// The stream that he was told of last.
    stream: Option<u32>,
    watching: bool,
    /// While he watches, the camera does not rest.
    need: Option<Need>,
}

impl Live {
    /// Ends with the reason.
    async fn serve(&mut self, mut viewer: Viewer) -> End {
        loop {
            let done = match self.stream {
                None => self.greet().await,
                Some(_) => self.step(&mut viewer).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Hello, and the stream if there is one already: the page can size its canvas while the first picture is coded.
    async fn greet(&mut self) -> Result<(), End> {
        let assets = self.site.assets.digest;
        self.send(FromServer::Hello(Hello { version: wire::VERSION, capabilities: 0, assets })).await?;
        // 0 is no stream's number: from now on he is greeted.
        self.stream = Some(0);
        match self.site.camera.hub.stream() {
            Some(stream) => self.tell_stream(&stream).await,
            None => Ok(()),
        }
    }

    async fn step(&mut self, viewer: &mut Viewer) -> Result<(), End> {
        match self.outlet.next(viewer, self.watching).await? {
            Event::Received(message) => self.received(&message, viewer).await,
            Event::Notice(notice) => {
                let notice = wire::Notice { code: notice.code, text: &notice.text };
                self.send(FromServer::Notice(notice)).await
            }
            Event::Picture(next) => self.picture(next).await,
        }
    }

    async fn picture(&mut self, next: Next) -> Result<(), End> {
        let Next { missed, item } = &next;
        let missed = *missed;
        self.tell_stream(&item.stream).await?;
        if missed > 0 {
            self.send(FromServer::Gap(Gap { stream: item.stream.id, missed })).await?;
        }
        let message = item.shape(Shape::Live, unit_message);
        self.entry.record.count(missed, message.len());
        self.outlet.send(message).await
    }

    async fn tell_stream(&mut self, stream: &Stream) -> Result<(), End> {
        if self.stream == Some(stream.id) {
            return Ok(());
        }
        self.stream = Some(stream.id);
        // A size has at most 12 bits.
        let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
        let header = StreamHeader {
            stream: stream.id,
            codec: Codec::Mpeg1,
            width: side(stream.size.width()),
            height: side(stream.size.height()),
            rate: stream.rate,
            epoch_unix_us: self.site.clock.epoch_unix_us(),
            bits_per_second: stream.bits_per_second,
            rendition: 0,
        };
        self.send(FromServer::Stream(header)).await
    }

    async fn received(&mut self, message: &[u8], viewer: &mut Viewer) -> Result<(), End> {
        match FromViewer::parse(message) {
            Ok(Some(FromViewer::Probe(probe))) => {
                let server_us = self.site.clock.now().as_micros();
                self.send(FromServer::Clock(ClockReply { probe_us: probe.probe_us, server_us })).await
            }
            Ok(Some(FromViewer::Ack(ack))) => {
                self.acknowledged(ack);
                Ok(())
            }
            Ok(Some(FromViewer::State(state))) => {
                self.change_state(state, viewer);
                Ok(())
            }
            // There is one rendition only: nothing to choose from.
            Ok(Some(FromViewer::Wish(_)) | None) => Ok(()),
            Err(_) => Err(End::Refused(code::PROTOCOL_ERROR, "malformed message")),
        }
    }

    fn acknowledged(&mut self, ack: Ack) {
        self.outlet.gate.progress();
        if let Some(bytes) = ack.arrived {
            self.outlet.acknowledged(bytes);
        }
        self.entry.record.delay_us.store(ack.delay_us, Relaxed);
        self.entry.record.decode_us.store(ack.decode_us, Relaxed);
    }

    /// Who does not look is sent nothing, and nothing is coded for him; coming back is joining anew.
    fn change_state(&mut self, state: wire::State, viewer: &mut Viewer) {
        self.outlet.gate.progress();
        let activity = match state {
            wire::State { hidden: true, .. } => Activity::Hidden,
            wire::State { paused: true, .. } => Activity::Paused,
            _ => Activity::Watching,
        };
        self.entry.record.set_activity(activity);
        self.watching = activity == Activity::Watching;
        if self.watching {
            self.need.get_or_insert_with(|| self.site.camera.needs.hold());
        } else {
            self.need = None;
            viewer.rest();
        }
    }

    fn bye(&self) -> Bytes {
        let reason = self.site.reason.get().copied().unwrap_or(ByeReason::Stopping);
        let text = match reason {
            ByeReason::Ended => "The video has ended.",
            _ => "The server was stopped.",
        };
        message(&FromServer::Bye(Bye { reason, retry_after_ms: RETRY_AFTER_MS, text }))
    }

    async fn send(&mut self, what: FromServer<'_>) -> Result<(), End> {
        self.outlet.send(message(&what)).await
    }
}

fn message(what: &FromServer<'_>) -> Bytes {
    let mut bytes = Vec::with_capacity(64);
    what.write(&mut bytes);
    bytes.into()
}

/// The unit as one whole part.
fn unit_message(unit: &AccessUnit) -> Bytes {
    let whole = UnitFlags::FIRST.with(UnitFlags::LAST);
    let header = UnitHeader {
        stream: unit.stream,
        sequence: unit.sequence,
        picture: unit.picture,
        flags: if unit.start { whole.with(UnitFlags::START) } else { whole },
        meaning: unit.meaning,
        captured_us: unit.captured.as_micros(),
    };
    [&header.to_bytes()[..], &unit.bytes].concat().into()
}
