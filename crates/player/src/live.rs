//! A connection by the live protocol: what each message does, and what is said back.
//!
//! Here belongs: streams, units and their parts, gaps, notices, acknowledgements, probes. Not here: the messages'
//! layout (`wire`), the coding (`mpeg1`), reconnecting (the page does that and says [`Live::connected`]).

use alloc::string::String;

use mpeg1::PictureView;
use mpeg1::decode::{Decoder, Part};
use wire::{
    Ack, Bye, FromServer, FromViewer, Gap, Notice, Probe, State, StreamHeader, TimeMeaning, UNKNOWN,
    UnitFlags, UnitHeader,
};

use crate::Events;
use crate::clock::Comparison;
use crate::device::Device;
use crate::outbox::Outbox;
use crate::pace::Acknowledged;
use crate::screen::Screen;
use crate::statistics::Statistics;

/// Probes sent one behind the other after connecting, each when the last one's reply is there: what the delay is
/// worth is known at once. After them one a tick.
const FIRST_PROBES: usize = 4;
/// While pictures come one soon after the other they say that the connection lives, and one in so many ticks is enough to know
/// the clocks: in ten seconds they drift apart by 1 ms at most.
const PROBE_TICKS: u32 = 10;
/// So soon. Where the last one is older a probe is sent, for silence would be noticed before the next tick's is answered.
const FLOWS_US: u64 = 100_000;
/// Ticks without any message, though a probe asked for one, until a connection is taken for dead.
const SILENT_TICKS: u32 = 6;
/// A slow device whose pictures are so much older than its last start was joins anew instead of decoding them, but not
/// more often than once in so long.
const TOO_LATE_US: u64 = 300_000;
const LEAST_BETWEEN_JOINS_US: u64 = 1_000_000;

/// A viewer's side of a connection, kept across connections: the screen and what the viewer wants stay.
#[derive(Default)]
pub struct Live {
    decoder: Decoder,
    stream: Option<StreamHeader>,
    /// Nothing can be decoded before the next start.
    wait_for_start: bool,
    /// Header of the picture of which parts came, but not yet the last.
    in_work: Option<UnitHeader>,
    /// Header of the last unit that came whole.
    received: Option<UnitHeader>,
    /// Bytes of all messages that came on this connection, modulo 2³².
    arrived: u32,
    acknowledged: Acknowledged,
    /// Header of the picture that is on the screen.
    on_screen: Option<UnitHeader>,
    /// Whether that one replaces another coding of the same picture.
    again: bool,
    shown: u32,
    device: Device,
    /// How old the last start was when it came.
    start_age_us: u64,
    joined_anew_us: u64,
    state: State,
    outbox: Outbox,
    clocks: Comparison,
    silent_ticks: u32,
    /// The last probe, and ticks since then.
    probe: Probe,
    unasked_ticks: u32,
    /// When a message came last.
    heard_us: u64,
    page_assets: Option<u64>,
    server_assets: u64,
    notice_code: u16,
    text: String,
    retry_after_ms: u32,
    screen: Screen,
    statistics: Statistics,
}

impl Live {
    /// A player for a page whose files have the digest `page_assets`, if it knows that.
    #[must_use]
    pub fn new(page_assets: Option<u64>) -> Self {
        Self { page_assets, shown: UNKNOWN, wait_for_start: true, ..Self::default() }
    }

    /// A connection was made: whatever held on an earlier one does no longer.
    pub fn connected(&mut self, now_us: u64) -> Events {
        self.decoder.reset();
        self.stream = None;
        self.wait_for_start = true;
        self.in_work = None;
        self.received = None;
        self.arrived = 0;
        self.acknowledged = Acknowledged::default();
        self.shown = UNKNOWN;
        self.clocks = Comparison::default();
        self.silent_ticks = 0;
        self.outbox =
            Outbox { state: (self.state != State::default()).then_some(self.state), ..Outbox::default() };
        self.probe(now_us)
    }

    /// Takes in one message.
    pub fn message(&mut self, message: &[u8], now_us: u64) -> Events {
        (self.silent_ticks, self.heard_us) = (0, now_us);
        self.arrived = self.arrived.wrapping_add(message.len() as u32);
        self.statistics.bits.add(message.len() as u64 * 8, now_us);
        match FromServer::parse(message) {
            Err(_) => {
                self.statistics.malformed += 1;
                Events::NONE
            }
            Ok(None) => Events::NONE,
            Ok(Some(FromServer::Hello(hello))) => {
                self.server_assets = hello.assets;
                Events::RELOAD.when(self.page_assets.is_some_and(|assets| assets != hello.assets))
            }
            Ok(Some(FromServer::Stream(header))) => self.stream_header(header),
            Ok(Some(FromServer::Unit(header, payload))) => self.unit(header, payload, now_us),
            Ok(Some(FromServer::Gap(gap))) => self.gap(gap),
            Ok(Some(FromServer::Notice(notice))) => self.notice(notice),
            Ok(Some(FromServer::Clock(reply))) => {
                let asked = self.probe;
                self.clocks.reply(reply.probe_us, reply.server_us, now_us);
                let probe =
                    if self.clocks.taken() < FIRST_PROBES { self.probe(now_us) } else { Events::NONE };
                let with_picture = reply.probe_us == asked.probe_us && asked.with_picture;
                if with_picture { probe } else { self.acknowledge_more().with(probe) }
            }
            Ok(Some(FromServer::Bye(bye))) => self.bye(bye),
            Ok(Some(FromServer::Pace(pace))) => {
                self.acknowledged.set(pace);
                self.acknowledge_more()
            }
        }
    }

    /// To be called about once a second while connected.
    pub fn tick(&mut self, now_us: u64) -> Events {
        self.silent_ticks += 1;
        if self.silent_ticks > SILENT_TICKS {
            return Events::STALE;
        }
        self.unasked_ticks += 1;
        let is_known = self.clocks.taken() >= FIRST_PROBES;
        if is_known && self.flows(now_us) && self.unasked_ticks < PROBE_TICKS {
            return Events::NONE;
        }
        self.probe(now_us)
    }

    /// The picture that the last [`Events::PAINT`] spoke of was painted at `now_us`; decoding it took `decode_us`.
    pub fn painted(&mut self, decode_us: u32, now_us: u64) -> Events {
        let Some(header) = self.on_screen else { return Events::NONE };
        self.shown = header.sequence;
        if self.again {
            // Sharper, but no newer: neither the rate nor the delay of what is shown.
            return self.acknowledge_if_due(self.statistics.delay_us);
        }
        self.statistics.painted(decode_us, now_us);
        let estimate = self.clocks.estimate(now_us);
        let delay = estimate.map(|estimate| estimate.server_us(now_us).saturating_sub(header.captured_us));
        self.statistics.delay_us = delay;
        self.statistics.delay_error_us = estimate.map_or(0, |estimate| estimate.error_us);
        self.device.decoded(self.statistics.mean_decode_us);
        let _ = self.set_state(State { slow_device: self.device.is_slow(), ..self.state });
        self.acknowledge_if_due(delay)
    }

    /// The newest picture as it was decoded, of the screen's size. A page that paints planes needs no pixels.
    #[must_use]
    pub fn newest(&self) -> Option<PictureView<'_>> {
        newest_of_size(&self.decoder, &self.screen)
    }

    /// Puts the newest picture's pixels onto the screen.
    pub fn convert(&mut self) {
        if let Some(picture) = newest_of_size(&self.decoder, &self.screen) {
            let _ = self.screen.show(&picture);
        }
    }

    /// What the viewer wants now.
    pub fn want(&mut self, hidden: bool, paused: bool) -> Events {
        self.set_state(State { hidden, paused, ..self.state })
    }

    /// The next message to send, if any.
    pub fn next_outgoing(&mut self) -> Option<FromViewer> {
        self.outbox.next()
    }

    /// What the capture time of the picture on the screen was taken from.
    #[must_use]
    pub fn meaning(&self) -> Option<TimeMeaning> {
        self.on_screen.map(|header| header.meaning)
    }

    /// Whether this device takes too long to decode what comes.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        self.device.is_slow()
    }

    /// The number of the rendition that is shown, 0 for the full one, and its bits per second at most.
    #[must_use]
    pub fn rendition(&self) -> (u16, u32) {
        self.stream.map_or((0, 0), |stream| (stream.rendition, stream.bits_per_second))
    }

    /// The code of the last notice, and the reason of the last goodbye.
    #[must_use]
    pub const fn notice_code(&self) -> u16 {
        self.notice_code
    }

    /// The sentence of the last notice or goodbye.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// When the server that said goodbye wants to see us again.
    #[must_use]
    pub const fn retry_after_ms(&self) -> u32 {
        self.retry_after_ms
    }

    /// The digest of the page's files as the server has them.
    #[must_use]
    pub const fn server_assets(&self) -> u64 {
        self.server_assets
    }

    /// The pixels to paint.
    #[must_use]
    pub const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What to show of how it goes.
    pub const fn statistics(&mut self) -> &mut Statistics {
        &mut self.statistics
    }

    fn stream_header(&mut self, header: StreamHeader) -> Events {
        // The screen keeps the old stream's last picture until the new one's first is decoded.
        self.decoder.reset();
        self.stream = Some(header);
        self.device.stream(&header);
        self.statistics.average_anew();
        self.wait_for_start = true;
        self.in_work = None;
        self.received = None;
        Events::NONE
    }

    fn gap(&mut self, gap: Gap) -> Events {
        self.statistics.missed += u64::from(gap.missed);
        self.wait_for_start = true;
        self.received = None;
        self.in_work = None;
        Events::NONE
    }

    fn notice(&mut self, notice: Notice<'_>) -> Events {
        self.notice_code = notice.code as u16;
        self.set_text(notice.text);
        self.acknowledge_more().with(Events::NOTICE)
    }

    fn bye(&mut self, bye: Bye<'_>) -> Events {
        self.notice_code = bye.reason as u16;
        self.retry_after_ms = bye.retry_after_ms;
        self.set_text(bye.text);
        Events::BYE
    }

    fn set_text(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
    }

    fn unit(&mut self, header: UnitHeader, payload: &[u8], now_us: u64) -> Events {
        if self.stream.is_none_or(|stream| stream.stream != header.stream) {
            return Events::NONE; // the rest of a stream that is no more
        }
        let part =
            Part { first: header.flags.has(UnitFlags::FIRST), last: header.flags.has(UnitFlags::LAST) };
        if part.first {
            self.first_part(header, now_us);
        } else if self.in_work.is_none_or(|in_work| in_work.sequence != header.sequence) {
            return Events::NONE; // without its beginning it is of no use; the next picture shows that it is missing
        }
        self.in_work = if part.last { None } else { Some(header) };
        // Decoded at once, while the rest is on its way.
        let decoded = if self.wait_for_start { None } else { self.decoder.decode_part(payload, part) };
        if !part.last {
            return Events::NONE;
        }
        self.received = Some(header);
        self.acknowledged.came(&header, now_us);
        let Some(decoded) = decoded else {
            self.statistics.missed += 1;
            return self.acknowledge_if_due(None);
        };
        self.statistics.concealed += u64::from(decoded.concealed_macroblocks);
        // Its pixels are computed only for a page that wants them: see `convert`.
        let resized = self.screen.resize(decoded.picture.width, decoded.picture.height);
        self.again = self.on_screen.is_some_and(|before| same_picture(&before, &header));
        self.on_screen = Some(header);
        Events::PAINT.with(Events::RESIZE.when(resized))
    }

    /// A picture begins. If the one before never ended, what was decoded of it is forgotten, and it is counted as missed.
    fn first_part(&mut self, header: UnitHeader, now_us: u64) {
        self.count_missed(header);
        self.keep_up(header, now_us);
        self.wait_for_start &= !header.flags.has(UnitFlags::START);
    }

    /// A slow device cannot decode all that comes, and each picture needs the one before: when it has fallen behind it
    /// leaves out what is on its way and joins anew. Fewer pictures, but no old ones.
    fn keep_up(&mut self, header: UnitHeader, now_us: u64) {
        let Some(estimate) = self.clocks.estimate(now_us) else { return };
        let age_us = estimate.server_us(now_us).saturating_sub(header.captured_us);
        if header.flags.has(UnitFlags::START) {
            self.start_age_us = age_us;
        }
        let too_late = age_us > self.start_age_us + TOO_LATE_US;
        let rested = now_us.saturating_sub(self.joined_anew_us) >= LEAST_BETWEEN_JOINS_US;
        if self.state.slow_device && !self.wait_for_start && too_late && rested {
            self.joined_anew_us = now_us;
            self.wait_for_start = true;
            self.outbox.away = Some(State { hidden: true, ..self.state });
            self.outbox.state = Some(self.state);
        }
    }

    /// Pictures of which neither a unit nor a gap told. They are only counted: waiting for a start that the server
    /// does not know to be waited for could last for ever, and intra refresh mends the picture meanwhile.
    fn count_missed(&mut self, header: UnitHeader) {
        let Some(before) = self.received else { return };
        let step = header.sequence.wrapping_sub(before.sequence);
        if (2..1 << 31).contains(&step) && !header.flags.has(UnitFlags::START) {
            self.statistics.missed += u64::from(step - 1);
        }
    }

    /// Between pictures, too, the server is told what has arrived: it would take it for being on its way, and after some time
    /// for being stuck there, and send no picture that could be acknowledged.
    fn acknowledge_more(&mut self) -> Events {
        if self.received.is_some() { self.acknowledge(self.statistics.delay_us) } else { Events::NONE }
    }

    fn acknowledge_if_due(&mut self, delay_us: Option<u64>) -> Events {
        if self.acknowledged.is_due() {
            return self.acknowledge(delay_us);
        }
        Events::SEND.when(!self.outbox.is_empty())
    }

    fn acknowledge(&mut self, delay_us: Option<u64>) -> Events {
        let Some(received) = self.received.or(self.on_screen) else { return Events::NONE };
        self.acknowledged.told();
        self.outbox.ack = Some(Ack {
            stream: received.stream,
            received: received.sequence,
            shown: self.shown,
            decode_us: self.statistics.decode_us,
            delay_us: delay_us.map_or(UNKNOWN, |us| u32::try_from(us).unwrap_or(UNKNOWN - 1)),
            arrived: Some(self.arrived),
        });
        Events::SEND
    }

    fn probe(&mut self, now_us: u64) -> Events {
        self.unasked_ticks = 0;
        let with_picture = self.flows(now_us) && !self.acknowledged.is_each();
        self.probe = Probe { probe_us: now_us, with_picture };
        self.outbox.probe = Some(self.probe);
        Events::SEND
    }

    fn flows(&self, now_us: u64) -> bool {
        now_us.saturating_sub(self.heard_us) < FLOWS_US
    }

    fn set_state(&mut self, state: State) -> Events {
        if state != self.state {
            self.state = state;
            self.outbox.state = Some(state);
        }
        Events::SEND.when(!self.outbox.is_empty())
    }
}

/// Whether both are codings of one picture: a band, or a start for one who has it already.
fn same_picture(one: &UnitHeader, other: &UnitHeader) -> bool {
    (one.stream, one.sequence) == (other.stream, other.sequence)
}

/// The newest picture, but for one of another size than the screen: that is left black by a unit that goes on with the
/// header of another size, as no server sends it.
fn newest_of_size<'a>(decoder: &'a Decoder, screen: &Screen) -> Option<PictureView<'a>> {
    decoder.newest().filter(|picture| (picture.width, picture.height) == (screen.width(), screen.height()))
}
