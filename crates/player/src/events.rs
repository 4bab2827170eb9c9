//! What the page has to do after a call.
//!
//! Here belongs: the events' bits. Not here: how they come about.

/// A set of things to do. `web/wasm.js` names the same bits; a test compares the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[must_use]
pub struct Events(pub u32);

impl Events {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Paint the screen's pixels, then report it as painted.
    pub const PAINT: Self = Self(1);
    /// Give the canvas the screen's size, before painting.
    pub const RESIZE: Self = Self(2);
    /// There are messages to send.
    pub const SEND: Self = Self(4);
    /// Show the server's text, or take the earlier one away if the code is 0.
    pub const NOTICE: Self = Self(8);
    /// The server ends the connection: show its text, come back later.
    pub const BYE: Self = Self(16);
    /// The page is older than the server: load it anew.
    pub const RELOAD: Self = Self(32);
    /// Nothing has come for too long though it was asked for: connect anew.
    pub const STALE: Self = Self(64);

    /// Each event by its name, for the page's side to be compared with.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("PAINT", Self::PAINT),
        ("RESIZE", Self::RESIZE),
        ("SEND", Self::SEND),
        ("NOTICE", Self::NOTICE),
        ("BYE", Self::BYE),
        ("RELOAD", Self::RELOAD),
        ("STALE", Self::STALE),
    ];

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These events if `condition`, else none.
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    /// Whether every event of `other` is among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_same_bits() {
        let page = include_str!("../../../web/wasm.js");
        for (name, event) in Events::NAMES {
            assert!(page.contains(&format!("{name}: {},", event.0)), "web/wasm.js: {name} is {}", event.0);
        }
    }
}
