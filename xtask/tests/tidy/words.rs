//! Words that no file may contain, and what the page's scripts may not do.

use crate::lexer::{code_only, words};
use crate::sources::{none, sources};

/// Files that people wrote.
const TEXTS: &[&str] = &["rs", "js", "mjs", "html", "css", "toml", "md", "sh", "py", "service", "yml", ""];

/// Left marks. Written in two halves here, so that this file passes.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Code that stands for code, and paths of one machine.
const PARTS: &[&str] = &[
    concat!("unimple", "mented!"),
    concat!("to", "do!("),
    concat!("/wo", "rk/"),
    concat!("/tmp/", "wt"),
    concat!("/ro", "ot/"),
];

#[test]
fn nothing_is_left_for_later() {
    let mut faults = Vec::new();
    for source in sources(TEXTS) {
        let marks = words(&source.text).filter(|(_, word)| MARKS.contains(word));
        faults.extend(marks.map(|(line, word)| format!("{}:{line}: {word}", source.path)));
        for (index, line) in source.text.lines().enumerate() {
            let parts = PARTS.iter().filter(|part| line.contains(**part));
            faults.extend(parts.map(|part| format!("{}:{}: {part}", source.path, index + 1)));
        }
    }
    none("no left marks, no code that stands for code, no paths of one machine", &faults);
}

#[test]
fn the_page_is_quiet_and_parses_no_bytes() {
    // What reads multi-byte fields: `wire` and `mpeg1` do that, in Rust.
    const BYTES: &[&str] = &["DataView", "getUint16", "getUint32", "getBigUint64"];
    let mut faults = Vec::new();
    for source in sources(&["js", "mjs"]) {
        // What measures is not shipped: it prints, and hands decoders messages without a server.
        let shipped = source.path.starts_with("web/") && !source.path.starts_with("web/bench/");
        if !shipped || source.is_test() {
            continue;
        }
        if source.text.contains("console.log") {
            faults.push(format!("{}: console.log", source.path));
        }
        let code = code_only(&source.text);
        let bytes = words(&code).filter(|(_, word)| BYTES.contains(word));
        faults.extend(bytes.map(|(line, word)| format!("{}:{line}: {word}", source.path)));
    }
    none("shipped scripts log nothing and leave bytes to Rust", &faults);
}
