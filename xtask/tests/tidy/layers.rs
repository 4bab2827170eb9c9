//! The layers of `crates/pistreaming`: a module uses only modules of lower layers, or itself.

use crate::lexer::code_only;
use crate::sources::{Source, none, rust};

const SOURCES: &str = "crates/pistreaming/src/";

/// Each module's layer. `lib` and `main` stand on top of all.
const LAYERS: &[(&str, u8)] = &[
    ("time", 0),
    ("bell", 0),
    ("shutdown", 0),
    ("frame", 1),
    ("unit", 1),
    ("mailbox", 1),
    ("needs", 1),
    ("source", 2),
    ("hub", 2),
    ("encode", 3),
    ("stills", 3),
    ("server", 4),
    ("pipeline", 5),
    ("console", 6),
    ("cli", 7),
];

#[test]
fn modules_use_lower_layers_only() {
    let mut faults = Vec::new();
    for source in rust() {
        let Some(path) = source.path.strip_prefix(SOURCES) else { continue };
        let module = path.split(['/', '.']).next().unwrap_or(path);
        if matches!(module, "lib" | "main") {
            continue;
        }
        match layer(module) {
            Some(own) => faults.extend(upward(&source, path, module, own)),
            None => faults.push(format!("{}: has no layer yet", source.path)),
        }
    }
    none("the layers stand in xtask/tests/tidy/layers.rs", &faults);
}

/// What `source` uses of its own layer or above.
fn upward(source: &Source, path: &str, module: &str, own: u8) -> Vec<String> {
    let code = source.code();
    let other = used(&code, path).into_iter().filter(|name| name != module);
    let high = other.filter(|name| layer(name).is_none_or(|layer| layer >= own));
    high.map(|name| format!("{}: layer {own} uses `{name}`", source.path)).collect()
}

/// The modules at the crate's root that code names by a path.
fn used(code: &str, path: &str) -> Vec<String> {
    // From a module's own file `super` is the crate; from a file below it `super::super` is.
    let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
    let roots = ["crate::".to_string(), "super::".repeat(depth + 1)];
    let mut found = Vec::new();
    for root in &roots {
        let starts = code.match_indices(root.as_str());
        let part_of_more =
            |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_');
        for (at, _) in starts.filter(|(at, _)| !part_of_more(&code[..*at])) {
            let names = first_names(&code[at + root.len()..]).into_iter();
            // A file's own test module says `super` and means the file.
            found.extend(names.filter(|name| root == "crate::" || layer(name).is_some()));
        }
    }
    found
}

/// `a::b` names a; `{a::b, c}` names a and c.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                break;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

#[test]
fn paths_are_understood() {
    let code = code_only(
        "use crate::time::Clock; use crate::{hub::{self, ring}, frame::Frame,};\n// crate::cli\nsuper::super::unit::x;",
    );
    assert_eq!(used(&code, "source/pattern.rs"), ["time", "hub", "frame", "unit"]);
    assert_eq!(used("use super::hub; use super::Helper;", "mailbox.rs"), ["hub"]);
}
