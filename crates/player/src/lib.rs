//! The player in the page: the server's messages in, pictures to paint and messages to send out.
//!
//! JavaScript holds the socket, the canvas and the clock, and parses no byte: it copies each message into this module's
//! memory, and does what the returned [`Events`] say. The same code runs natively, where it is tested.
//!
//! **The core takes messages and times as arguments: it has no clock, no socket, no thread, and imports nothing.**
//!
//! | file | what |
//! |---|---|
//! | `live.rs` | a connection by the live protocol of the crate `wire` |
//! | `device.rs` | whether the device decodes as fast as pictures come |
//! | `old.rs` | a connection by the old protocol: `jsmp`, then an elementary stream |
//! | `screen.rs` | the picture to paint, in RGBA |
//! | `colour.rs` | YCbCr to RGBA |
//! | `clock.rs` | the server's clock, compared with the viewer's own |
//! | `pace.rs` | which pictures are acknowledged |
//! | `outbox.rs` | messages that wait to be sent |
//! | `statistics.rs` | what was shown, lost, how fast |
//! | `events.rs` | what the page has to do next |
//! | `abi.rs` | the functions that JavaScript calls |
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod abi;
pub mod clock;
mod colour;
mod device;
mod events;
pub mod live;
pub mod old;
mod outbox;
mod pace;
pub mod screen;
pub mod statistics;

pub use events::Events;

/// The longest message that a player takes: a picture of 4095×2800 at the highest rate is smaller.
pub const MAX_MESSAGE: usize = 4 << 20;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A panic is a fault of ours: it ends in a trap, which JavaScript sees as an exception and answers with a new player.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
