//! A camera on a web page with almost no delay: raw frames → MPEG-1 → WebSocket → a decoder in the page.

pub mod frame;
pub mod hub;
pub mod mailbox;
pub mod shutdown;
pub mod source;
pub mod time;
pub mod unit;
