//! Rules about one file at a time: its doc, its size, its functions' sizes, `unsafe`.

use crate::lexer::{functions, words};
use crate::sources::{Source, none, rust, sources};

/// A file longer than this is two.
const FILE_LINES: usize = 800;
/// A function longer than this is two; one longer than [`LOOK_HARD_LINES`] is looked at hard.
const FUNCTION_LINES: usize = 100;
const LOOK_HARD_LINES: usize = 60;

/// The files that may use `unsafe`, each with its reason.
const UNSAFE: &[(&str, &str)] = &[
    (
        "crates/pistreaming/src/source/child.rs",
        "what a child does between fork and exec: parent-death signal",
    ),
    ("crates/pistreaming/src/server/unsent.rs", "bytes that a socket has not sent yet: an ioctl"),
    (
        "crates/pistreaming/src/server/waiting.rs",
        "a socket that the runtime waits for and others use meanwhile",
    ),
    (
        "crates/pistreaming/src/server/together.rs",
        "many messages by one system call: io_uring, and the memory that it shares",
    ),
    (
        "crates/pistreaming/src/server/slots.rs",
        "memory that is free and that the C library keeps: it is given back",
    ),
    ("crates/pistreaming/src/server/ahead.rs", "memory fetched before it is used: a CPU's instruction"),
    ("crates/mpeg1/src/workers.rs", "work that borrows, on threads that outlive it"),
    (
        "crates/pistreaming/src/source/v4l2/kernel.rs",
        "a camera driver's requests and the memory that it shares",
    ),
    ("crates/mpeg1/tests/allocations/counting.rs", "an allocator that counts"),
    ("crates/player/src/abi.rs", "the pointer that JavaScript holds, and names that it finds"),
];

#[test]
fn every_module_starts_with_its_doc() {
    let without = |source: &Source| !source.text.starts_with("//!");
    let faults: Vec<String> = rust().into_iter().filter(without).map(|source| source.path).collect();
    none("a file starts with //! and what belongs in it", &faults);
}

#[test]
fn files_are_one_room_each() {
    let all = sources(&["rs", "js", "mjs"]).into_iter();
    let long = all.filter(|source| !source.is_table() && source.name() != "tests.rs");
    let faults: Vec<String> = long
        .map(|source| (source.text.lines().count(), source))
        .filter(|(lines, _)| *lines > FILE_LINES)
        .map(|(lines, source)| format!("{}: {lines} lines, at most {FILE_LINES}", source.path))
        .collect();
    none("a file of this length is two", &faults);
}

#[test]
fn functions_are_one_thought_each() {
    let (mut long, mut faults) = (Vec::new(), Vec::new());
    for source in rust() {
        let code = source.code();
        for function in functions(&code) {
            let text =
                format!("{}:{}: {}, {} lines", source.path, function.line, function.name, function.lines);
            if function.lines > FUNCTION_LINES {
                faults.push(text);
            } else if function.lines > LOOK_HARD_LINES {
                long.push(text);
            }
        }
    }
    // Seen with --nocapture, and whenever the rule fails.
    println!("worth a hard look:\n  {}", long.join("\n  "));
    none("a function of this length is two", &faults);
}

#[test]
fn unsafe_stands_in_named_files_only() {
    let mut faults = Vec::new();
    for source in rust() {
        let named = UNSAFE.iter().any(|(path, _)| *path == source.path);
        let code = source.code();
        let used = words(&code).find(|(_, word)| *word == "unsafe");
        match used {
            Some((line, _)) if !named => {
                faults.push(format!("{}:{line}: unsafe, not in the list", source.path))
            }
            None if named => faults.push(format!("{}: in the list without need", source.path)),
            _ => {}
        }
    }
    let all = rust();
    let gone = UNSAFE.iter().filter(|(path, _)| all.iter().all(|source| source.path != *path));
    faults.extend(gone.map(|(path, _)| format!("{path}: in the list, but there is no such file")));
    none("unsafe is for the files named in xtask/tests/tidy/modules.rs", &faults);
}
