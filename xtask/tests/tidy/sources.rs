//! The files that rules are about.
//!
//! Here belongs: finding and reading them. Not here: any rule.

use std::fs;
use std::path::{Path, PathBuf};

use crate::lexer::code_only;

/// A text file of the repository.
pub(crate) struct Source {
    /// Its path from the repository's root.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Source {
    /// The text with comments and the insides of literals blanked.
    pub(crate) fn code(&self) -> String {
        code_only(&self.text)
    }

    /// Its name without directories.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is only for tests: a sibling `tests.rs`, a `tests` directory, a test of the page.
    pub(crate) fn is_test(&self) -> bool {
        self.name() == "tests.rs" || self.path.split('/').any(|part| part == "tests" || part == "test")
    }

    /// Whether it is a code table, which is as long as the standard's.
    pub(crate) fn is_table(&self) -> bool {
        self.path.split('/').any(|part| part == "tables" || part == "tables.rs")
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files whose names end with one of `extensions` (`rs`); an empty one stands for none.
pub(crate) fn sources(extensions: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root(), "", &mut paths);
    paths.retain(|path| {
        extensions.iter().any(|end| Path::new(path).extension().is_some_and(|found| found == *end))
    });
    paths.sort();
    let read = |path: String| match fs::read_to_string(root().join(&path)) {
        Ok(text) => Source { path, text },
        Err(error) => panic!("{path}: {error}"),
    };
    paths.into_iter().map(read).collect()
}

/// All Rust files.
pub(crate) fn rust() -> Vec<Source> {
    let found = sources(&["rs"]);
    assert!(found.len() > 10, "the rules look in the wrong place");
    found
}

/// Fails with one line for each fault.
pub(crate) fn none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

fn collect(root: &Path, below: &str, paths: &mut Vec<String>) {
    // Built, fetched or found things, and version control's own.
    const NOT_OURS: &[&str] = &["target", "node_modules", "dist", ".git", "corpus", "artifacts"];
    let dir = root.join(below);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        match entry.file_type() {
            _ if NOT_OURS.contains(&name.as_str()) => {}
            Ok(kind) if kind.is_dir() => collect(root, &path, paths),
            Ok(kind) if kind.is_file() => paths.push(path),
            _ => {}
        }
    }
}
