//! Any bytes into both parsers of the live protocol. What they take as a message is written again as they read it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{FromServer, FromViewer, LONGEST_FROM_VIEWER};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(message)) = FromServer::parse(bytes) {
        let mut again = Vec::new();
        message.write(&mut again);
        assert_eq!(FromServer::parse(&again), Ok(Some(message)));
    }
    if let Ok(Some(message)) = FromViewer::parse(bytes) {
        let mut again = [0; LONGEST_FROM_VIEWER];
        let len = message.write(&mut again);
        assert_eq!(FromViewer::parse(&again[..len]), Ok(Some(message)));
    }
});
