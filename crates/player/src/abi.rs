//! The functions that JavaScript calls: C ABI, numbers and addresses only, nothing imported.
//!
//! Here belongs: the border between the two languages. Not here: anything that could be done on one side of it.
//!
//! A player is a pointer that [`player_new`] gave out and [`player_free`] takes back. Times are µs of the page's clock
//! as floating-point numbers: JavaScript has no other 64-bit number in the browsers of 2018. A message is copied once,
//! to where [`player_input`] says, and read there. A text or pixels lie where they are until the next call.
#![allow(unsafe_code)]

use alloc::boxed::Box;
use alloc::vec::Vec;

use mpeg1::Plane;
use wire::LONGEST_FROM_VIEWER;

use crate::live::Live;
use crate::old::Old;
use crate::screen::Screen;
use crate::statistics::Statistics;
use crate::{Events, MAX_MESSAGE};

/// A player, the message being handed to it, and the one that it hands out.
pub struct Player {
    input: Vec<u8>,
    outgoing: [u8; LONGEST_FROM_VIEWER],
    protocol: Protocol,
}

enum Protocol {
    Live(Box<Live>),
    Old(Box<Old>),
}

impl Protocol {
    fn live(&mut self) -> Option<&mut Live> {
        if let Self::Live(live) = self { Some(live) } else { None }
    }

    fn screen(&self) -> &Screen {
        match self {
            Self::Live(live) => live.screen(),
            Self::Old(old) => old.screen(),
        }
    }

    /// A plane of the newest picture: 0 Y, 1 Cb, 2 Cr. `None` if there is none, or if it ends within its last row:
    /// a page takes whole rows.
    fn plane(&mut self, index: usize) -> Option<Plane<'_>> {
        let (plane, _, height) = *self.live()?.newest()?.planes().get(index)?;
        (plane.samples.len() >= plane.stride * height).then_some(plane)
    }

    fn statistics(&mut self) -> &mut Statistics {
        match self {
            Self::Live(live) => live.statistics(),
            Self::Old(old) => old.statistics(),
        }
    }
}

/// The player behind a pointer.
///
/// # Safety
/// `player` came from [`player_new`] or [`player_new_old`], was not yet freed, and no other reference to it is alive:
/// a page calls one function after the other, and none calls back.
unsafe fn at<'a>(player: *mut Player) -> &'a mut Player {
    // SAFETY: the caller vouches for it.
    unsafe { &mut *player }
}

/// µs as the core counts them; what is no time is time 0.
fn micros(us: f64) -> u64 {
    us as u64 // saturates, NaN is 0
}

fn new(protocol: Protocol) -> *mut Player {
    Box::into_raw(Box::new(Player { input: Vec::new(), outgoing: [0; LONGEST_FROM_VIEWER], protocol }))
}

/// A player for the live protocol. The digest of the page's files comes in two halves; 0 and 0 if it is not known.
#[unsafe(no_mangle)]
pub extern "C" fn player_new(assets_high: u32, assets_low: u32) -> *mut Player {
    let assets = u64::from(assets_high) << 32 | u64::from(assets_low);
    new(Protocol::Live(Box::new(Live::new((assets != 0).then_some(assets)))))
}

/// A player for the old protocol.
#[unsafe(no_mangle)]
pub extern "C" fn player_new_old() -> *mut Player {
    new(Protocol::Old(Box::new(Old::new())))
}

/// Ends a player.
///
/// # Safety
/// As for every function here: `player` is alive. It is not after this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_free(player: *mut Player) {
    // SAFETY: it came from `Box::into_raw` in `new`, and the caller gives it up.
    drop(unsafe { Box::from_raw(player) });
}

/// Where to copy a message of `len` bytes; 0 if that is longer than any message may be.
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_input(player: *mut Player, len: usize) -> *mut u8 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    if len > MAX_MESSAGE {
        return core::ptr::null_mut();
    }
    if player.input.len() < len {
        player.input.resize(len, 0);
    }
    player.input.as_mut_ptr()
}

/// Takes in the message of `len` bytes that was copied to the input. Returns [`Events`].
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_message(player: *mut Player, len: usize, now_us: f64) -> u32 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    let Some(message) = player.input.get(..len) else { return Events::NONE.0 };
    match &mut player.protocol {
        Protocol::Live(live) => live.message(message, micros(now_us)).0,
        Protocol::Old(old) => old.message(message, micros(now_us)).0,
    }
}

/// The picture was painted at `now_us`, its decoding took `decode_us`. Returns [`Events`].
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_painted(player: *mut Player, decode_us: f64, now_us: f64) -> u32 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    match &mut player.protocol {
        Protocol::Live(live) => live.painted(decode_us as u32, micros(now_us)).0,
        Protocol::Old(old) => old.painted(decode_us as u32, micros(now_us)).0,
    }
}

/// A connection of the live protocol was made. Returns [`Events`].
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_connected(player: *mut Player, now_us: f64) -> u32 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    player.protocol.live().map_or(Events::NONE, |live| live.connected(micros(now_us))).0
}

/// A second has passed on a connection of the live protocol. Returns [`Events`].
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_tick(player: *mut Player, now_us: f64) -> u32 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    player.protocol.live().map_or(Events::NONE, |live| live.tick(micros(now_us))).0
}

/// Whether nobody sees the page, and whether the viewer wants a pause; each 0 or 1. Returns [`Events`].
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_want(player: *mut Player, hidden: u32, paused: u32) -> u32 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    player.protocol.live().map_or(Events::NONE, |live| live.want(hidden != 0, paused != 0)).0
}

/// Lays out the next message to send and returns its length, 0 if there is none.
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_next_outgoing(player: *mut Player) -> usize {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    let message = player.protocol.live().and_then(Live::next_outgoing);
    message.map_or(0, |message| message.write(&mut player.outgoing))
}

/// Puts the newest picture's pixels where [`player_pixels`] says. By the old protocol they are always there.
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_convert(player: *mut Player) {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    if let Some(live) = player.protocol.live() {
        live.convert();
    }
}

/// Where the newest picture's plane `index` lies, 0 Y, 1 Cb, 2 Cr: as many rows as the picture has, of Cb and Cr half
/// of that, rounded up; each as long as [`player_plane_stride`] says. 0 if there is none, as always by the old protocol.
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_plane(player: *mut Player, index: usize) -> *const u8 {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    player.protocol.plane(index).map_or(core::ptr::null(), |plane| plane.samples.as_ptr())
}

/// Samples from one row of that plane to the next.
///
/// # Safety
/// `player` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn player_plane_stride(player: *mut Player, index: usize) -> usize {
    // SAFETY: as the caller promises.
    let player = unsafe { at(player) };
    player.protocol.plane(index).map_or(0, |plane| plane.stride)
}

/// A getter: its documentation, its name, its result, and how it is read from the `Player`.
macro_rules! getters {
    ($($(#[doc = $doc:literal])+ $name:ident -> $result:ty = |$player:ident $(, $now:ident)?| $read:expr;)+) => {$(
        $(#[doc = $doc])+
        ///
        /// # Safety
        /// `player` is alive.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(player: *mut Player $(, $now: f64)?) -> $result {
            // SAFETY: as the caller promises.
            let $player = unsafe { at(player) };
            $(let $now = micros($now);)?
            $read
        }
    )+};
}

getters! {
    /// Where the message laid out by [`player_next_outgoing`] lies.
    player_outgoing -> *const u8 = |player| player.outgoing.as_ptr();
    /// Where the pixels lie: R, G, B, A, row by row.
    player_pixels -> *const u8 = |player| player.protocol.screen().pixels().as_ptr();
    /// The screen's width, 0 before the first picture.
    player_width -> u32 = |player| player.protocol.screen().width() as u32;
    /// The screen's height.
    player_height -> u32 = |player| player.protocol.screen().height() as u32;
    /// Where the text of the last notice or goodbye lies, UTF-8.
    player_text -> *const u8 = |player| player.protocol.live().map_or(core::ptr::null(), |live| live.text().as_ptr());
    /// The text's length in bytes.
    player_text_len -> usize = |player| player.protocol.live().map_or(0, |live| live.text().len());
    /// Code of the last notice, or reason of the last goodbye, as `wire` numbers them.
    player_notice_code -> u32 = |player| player.protocol.live().map_or(0, |live| live.notice_code().into());
    /// When to come back after a goodbye, ms.
    player_retry_after_ms -> u32 = |player| player.protocol.live().map_or(0, |live| live.retry_after_ms());
    /// Upper half of the digest that the server's page has.
    player_server_assets_high -> u32 =
        |player| player.protocol.live().map_or(0, |live| (live.server_assets() >> 32) as u32);
    /// Lower half of it.
    player_server_assets_low -> u32 = |player| player.protocol.live().map_or(0, |live| live.server_assets() as u32);
    /// 1 if this device takes too long to decode what comes, else 0.
    player_is_slow -> u32 = |player| player.protocol.live().is_some_and(|live| live.is_slow()).into();
    /// The number of the rendition that is shown: 0 for the full one.
    player_rendition -> u32 = |player| player.protocol.live().map_or(0, |live| live.rendition().0.into());
    /// Bits per second that it takes at most; 0 if not known.
    player_rendition_bits_per_second -> u32 = |player| player.protocol.live().map_or(0, |live| live.rendition().1);
    /// What capture times count from, as `wire` numbers it: 1 sensor, 2 driver, 3 arrival; 0 before the first picture.
    player_time_meaning -> u32 =
        |player| player.protocol.live().and_then(|live| live.meaning()).map_or(0, |meaning| meaning as u32);
    /// From capture to painted, µs; below 0 if not known.
    player_delay_us -> f64 = |player| player.protocol.statistics().delay_us.map_or(-1.0, |us| us as f64);
    /// The most that the delay can be off, µs.
    player_delay_error_us -> f64 = |player| player.protocol.statistics().delay_error_us as f64;
    /// Pictures painted per second.
    player_shown_per_second -> f64 = |player, now_us| player.protocol.statistics().shown.per_second(now_us);
    /// Bits received per second.
    player_bits_per_second -> f64 = |player, now_us| player.protocol.statistics().bits.per_second(now_us);
    /// Pictures not shown.
    player_missed -> f64 = |player| player.protocol.statistics().missed as f64;
    /// Macroblocks concealed.
    player_concealed -> f64 = |player| player.protocol.statistics().concealed as f64;
    /// Messages that could not be read.
    player_malformed -> f64 = |player| player.protocol.statistics().malformed as f64;
    /// Mean time that decoding takes, µs.
    player_decode_us -> f64 = |player| player.protocol.statistics().mean_decode_us;
}
