//! Any bytes as a Y4M header line: refused, or of pictures that can be streamed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pistreaming::source::y4m::{Header, SIGNATURE};

fuzz_target!(|bytes: &[u8]| {
    let _ = Header::parse(bytes);
    if let Ok(header) = Header::parse(&[&SIGNATURE[..], bytes].concat()) {
        assert!(header.size.width() >= 16 && header.size.height() >= 16);
        assert!(header.rate.is_none_or(|rate| rate.as_f64() > 0.0 && rate.as_f64().is_finite()));
    }
});
