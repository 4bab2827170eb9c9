//! The page's files, built into the program.
//!
//! Here belongs: which files there are, their types and digests. Not here: requests, the template's values.

/// A file.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its path in the address, `/` first.
    pub(super) path: &'static str,
    /// Its `Content-Type`.
    pub(super) content_type: &'static str,
    /// Its bytes.
    pub(super) bytes: &'static [u8],
}

/// Each file's path and `Content-Type`; its contents are the file of that name, or else the scripts that are named, one
/// behind the other.
macro_rules! assets {
    ($($path:literal $([$($script:literal)*])? => $content_type:expr;)*) => {
        &[$(Asset {
            path: concat!("/", $path),
            content_type: $content_type,
            bytes: assets!(@bytes $path $([$($script)*])?),
        }),*]
    };
    (@bytes $path:literal) => {
        include_bytes!(concat!("../../../../web/", $path))
    };
    (@bytes $path:literal [$($script:literal)*]) => {
        concat!($(include_str!(concat!("../../../../web/", $script))),*).as_bytes()
    };
}

/// `Content-Type` of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "application/javascript";
const WASM: &str = "application/wasm";
const CSS: &str = "text/css; charset=utf-8";

/// The page's files. `index.html` is a template.
static FILES: &[Asset] = assets! {
    "index.html" => HTML;
    "page.css" => CSS;
    "page.js" => JAVASCRIPT;
    "player.js" => JAVASCRIPT;
    "worker.js" ["wasm.js" "paint.js" "trial.js" "silence.js" "presented.js" "live.js" "worker.js"] => JAVASCRIPT;
    "live.js" => JAVASCRIPT;
    "paint.js" => JAVASCRIPT;
    "trial.js" => JAVASCRIPT;
    "silence.js" => JAVASCRIPT;
    "presented.js" => JAVASCRIPT;
    "tick.js" => JAVASCRIPT;
    "wasm.js" => JAVASCRIPT;
    "jsmpg.js" => JAVASCRIPT;
    "dist/player.wasm" => WASM;
    "dist/player.simd.wasm" => WASM;
};

/// All files, and what tells this version of them from others.
#[derive(Debug)]
pub(super) struct Assets {
    etags: Vec<String>,
    /// A digest of all files: a page that was loaded from a program with another one is old.
    pub(super) digest: u64,
}

impl Assets {
    /// Digests the files.
    pub(super) fn new() -> Self {
        let digest = FILES.iter().fold(FNV_OFFSET, |hash, asset| fnv(hash, asset.bytes));
        Self { etags: FILES.iter().map(|asset| etag(asset.bytes)).collect(), digest }
    }

    /// The file at that path of the address, and its `ETag`.
    pub(super) fn find(&self, path: &str) -> Option<(&'static Asset, &str)> {
        FILES
            .iter()
            .zip(&self.etags)
            .find(|(asset, _)| asset.path == path)
            .map(|(asset, tag)| (asset, &**tag))
    }
}

/// `ETag` of something with these bytes.
pub(super) fn etag(bytes: &[u8]) -> String {
    format!("\"{:016x}\"", fnv(FNV_OFFSET, bytes))
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: tells versions of our own files apart, and need do no more.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(fnv(FNV_OFFSET, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(FNV_OFFSET, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(etag(b"a"), "\"af63dc4c8601ec8c\"");
    }
}
