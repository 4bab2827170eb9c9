//! The live protocol's server side: `wire` says what the messages look like, this file when each is sent.
//!
//! Here belongs: one viewer of the live protocol from hello to bye. Not here: layouts (`wire`), the socket (`outlet`),
//! which picture is next (the hub's).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use wire::{Ack, Bye, ByeReason, ClockReply, Codec, FromServer, FromViewer, Gap, Hello, Pace, StreamHeader};

use super::Site;
use super::frames::{self, code};
use super::outlet::{End, Event, Outlet};
use super::record::{Activity, Record};
use super::seat::{self, Speaker};
use super::shapes;
use super::standing::Standing;
use super::tap::Tap;
use super::viewers::{Entry, Full};
use crate::hub::{Next, NoticeCode, Shape, Stream, Viewer, Wants};
use crate::needs::Need;

/// A viewer who takes nothing for as long is given up; his page connects anew. That is also how long he is counted, and keeps
/// the camera awake, where a browser stops a page that is left before its word of that is heard: on a busy machine it does.
const STALL: Duration = Duration::from_secs(20);
/// When a page is to try again after the server stopped.
const RETRY_AFTER_MS: u32 = 500;

/// When a page is to try again if there was no room for it; each adds some time of its own.
const ROOM_AFTER_MS: u32 = 10_000;

/// Serves one viewer until he leaves, stalls, or the server stops; or tells him that there is no room.
pub(super) async fn serve(site: Arc<Site>, tap: Arc<Tap>, part: Vec<u8>, entry: Result<Entry, Full>) {
    let outlet = Outlet::new(Arc::clone(&site), tap, part, STALL, true);
    match entry {
        Ok(entry) => watch(site, outlet, entry).await,
        Err(full) => refuse(&site, outlet, full).await,
    }
}

async fn watch(site: Arc<Site>, outlet: Outlet, entry: Entry) {
    let viewer = site.camera.hub.join();
    let need = Some(site.camera.needs.hold());
    let crowd = Arc::clone(&site.crowd);
    let wants = Wants::default();
    let pace = Pace { every: 1, from: entry.number() as u16 };
    let mut live = Live { site, outlet, entry, stream: None, pace, watching: true, need, wants };
    live.greet();
    let (Some(live), end) = seat::serve(&crowd, live, viewer).await else { return };
    let bye = (end == End::Stopping).then(|| live.bye());
    let Live { outlet, entry, need, .. } = live;
    // He watches no longer, however long his goodbye takes.
    drop((entry, need));
    outlet.end(end, bye).await;
}

async fn refuse(site: &Site, mut outlet: Outlet, full: Full) {
    let text = full.text();
    outlet.send(&message(&hello(site)));
    outlet.send(&message(&FromServer::Notice(wire::Notice { code: NoticeCode::Full, text })));
    let bye = FromServer::Bye(Bye { reason: ByeReason::Full, retry_after_ms: ROOM_AFTER_MS, text });
    outlet.end(End::Refused(code::TRY_AGAIN_LATER, "no room"), Some(message(&bye))).await;
}

fn hello(site: &Site) -> FromServer<'static> {
    FromServer::Hello(Hello { version: wire::VERSION, capabilities: 0, assets: site.assets.digest })
}

struct Live {
    site: Arc<Site>,
    outlet: Outlet,
    entry: Entry,
    /// The stream that he was told of last.
    stream: Option<Arc<Stream>>,
    /// Which pictures he is to acknowledge.
    pace: Pace,
    watching: bool,
    wants: Wants,
    /// While he watches, the camera does not rest.
    need: Option<Need>,
}

impl Speaker for Live {
    fn outlet(&mut self) -> &mut Outlet {
        &mut self.outlet
    }

    fn socket(&self) -> &Outlet {
        &self.outlet
    }

    fn record(&self) -> &Record {
        &self.entry.record
    }

    fn watches(&self) -> bool {
        self.watching
    }

    fn standing(&self, viewer: &Viewer) -> Option<Standing> {
        let follows = viewer.follows().filter(|_| self.watching)?;
        let stream = self.stream.as_ref().filter(|known| known.id == follows.stream)?;
        self.outlet.standing(stream, follows, Shape::Live)
    }

    fn happens(&mut self, event: Event, viewer: &mut Viewer) -> Result<(), End> {
        match event {
            Event::Received(message) => self.received(&message, viewer),
            Event::Notice(notice) => {
                self.send(&FromServer::Notice(wire::Notice { code: notice.code, text: &notice.text }));
                Ok(())
            }
            Event::Picture(next) => self.picture(&next, viewer),
            Event::Nothing(_) => Ok(()),
        }
    }
}

impl Live {
    /// Hello, and the stream if there is one already: the page can size its canvas while the first picture is coded.
    fn greet(&mut self) {
        self.send(&hello(&self.site));
        if let Some(stream) = self.site.camera.hub.stream() {
            self.send(&FromServer::Stream(self.header(&stream)));
            self.set_stream(&stream);
        }
    }

    /// Sends a picture, or gives it back.
    fn picture(&mut self, next: &Next, viewer: &mut Viewer) -> Result<(), End> {
        let Next { missed, item } = next;
        let message = shapes::message(item, Shape::Live);
        let count = message.len();
        let told = self.pace.has(item.unit.sequence, item.unit.start);
        if self.outlet.offer(&self.before(next), message, item.part, told)? {
            if !self.knows(&item.stream) {
                self.set_stream(&item.stream);
            }
            self.entry.record.count(*missed, count, item.part, item.unit.captured);
        } else {
            viewer.give_back();
        }
        Ok(())
    }

    /// What he must be told before a picture: a stream that is new to him, pictures that he missed.
    fn before(&self, next: &Next) -> Vec<u8> {
        let (mut bytes, stream) = (Vec::new(), &next.item.stream);
        if !self.knows(stream) {
            bytes.extend(message(&FromServer::Stream(self.header(stream))));
        }
        if next.missed > 0 {
            bytes.extend(message(&FromServer::Gap(Gap { stream: stream.id, missed: next.missed })));
        }
        bytes
    }

    fn knows(&self, stream: &Stream) -> bool {
        self.stream.as_ref().is_some_and(|known| known.id == stream.id)
    }

    fn set_stream(&mut self, stream: &Arc<Stream>) {
        self.stream = Some(Arc::clone(stream));
        self.entry.record.set_stream(stream);
    }

    fn header(&self, stream: &Stream) -> StreamHeader {
        // A size has at most 12 bits.
        let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
        StreamHeader {
            stream: stream.id,
            codec: Codec::Mpeg1,
            width: side(stream.size.width()),
            height: side(stream.size.height()),
            rate: stream.rate,
            epoch_unix_us: self.site.clock.epoch_unix_us(),
            bits_per_second: stream.bits_per_second,
            rendition: stream.rendition.number(),
        }
    }

    fn received(&mut self, bytes: &[u8], viewer: &mut Viewer) -> Result<(), End> {
        match FromViewer::parse(bytes) {
            Ok(Some(FromViewer::Probe(probe))) => {
                let server_us = self.site.clock.now().as_micros();
                let reply = FromServer::Clock(ClockReply { probe_us: probe.probe_us, server_us });
                self.outlet.reply(&message(&reply), probe.with_picture);
                Ok(())
            }
            Ok(Some(FromViewer::Ack(ack))) => {
                self.acknowledged(ack, viewer);
                Ok(())
            }
            Ok(Some(FromViewer::State(state))) => {
                self.change_state(state, viewer);
                Ok(())
            }
            Ok(Some(FromViewer::Wish(wish))) => {
                self.wants.most_bits_per_second = wish.most_bits_per_second;
                viewer.want(self.wants);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(_) => Err(End::Refused(code::PROTOCOL_ERROR, "malformed message")),
        }
    }

    fn acknowledged(&mut self, ack: Ack, viewer: &Viewer) {
        self.outlet.progress();
        if let Some(bytes) = ack.arrived {
            self.outlet.acknowledged(bytes);
        }
        self.entry.delayed(ack.delay_us);
        self.entry.record.decode_us.store(ack.decode_us, Relaxed);
        self.choose_pace(viewer);
    }

    /// Who is given bands is to tell of each picture: they are fitted to what is learned from that.
    fn choose_pace(&mut self, viewer: &Viewer) {
        let sharp = self.stream.as_ref().filter(|_| !viewer.wants_more());
        let each = Pace { every: 1, ..self.pace };
        let pace = sharp.map_or(each, |stream| self.outlet.pace(self.pace, stream));
        if let Some(stream) = &self.stream {
            // A slow device says together with an acknowledgement that it joins anew: nothing of it may wait.
            let foretold = if self.wants.slow_device { each } else { pace };
            self.outlet.set_pace(foretold, stream);
        }
        if std::mem::replace(&mut self.pace, pace) != pace {
            self.send(&FromServer::Pace(pace));
        }
    }

    /// Who does not look is sent nothing, and nothing is coded for him; coming back is joining anew.
    fn change_state(&mut self, state: wire::State, viewer: &mut Viewer) {
        self.outlet.progress();
        let activity = match state {
            wire::State { hidden: true, .. } => Activity::Hidden,
            wire::State { paused: true, .. } => Activity::Paused,
            _ => Activity::Watching,
        };
        self.entry.record.set_activity(activity);
        self.wants.slow_device = state.slow_device;
        viewer.want(self.wants);
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

    fn send(&mut self, what: &FromServer<'_>) {
        self.outlet.send(&message(what));
    }
}

fn message(what: &FromServer<'_>) -> Bytes {
    let mut bytes = Vec::with_capacity(64);
    what.write(&mut bytes);
    frames::message(&[&bytes])
}
