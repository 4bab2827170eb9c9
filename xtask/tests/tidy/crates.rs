//! Rules about crates: which depends on which, what they may need at run time, under which licences.

use std::process::Command;

use crate::sources::{none, root};

/// Which crates each pure crate may use at run time.
const MAY_USE: &[(&str, &[&str])] = &[
    ("mpeg1", &["fearless_simd"]),
    ("wire", &[]),
    ("player", &["fearless_simd", "mpeg1", "wire"]),
    ("xtask", &[]),
];

/// The crates that know no operating system.
const NO_STD: &[&str] = &["mpeg1", "wire"];

/// Licences under which MIT OR Apache-2.0 software may be given away without further conditions than naming them.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "BSL-1.0",
    "CC0-1.0",
    "Unicode-3.0",
    // Of the JPEG encoder: to be named in the documentation, as the README does.
    "IJG",
];

#[test]
fn pure_crates_need_only_what_the_plan_says() {
    let mut faults = Vec::new();
    for (package, allowed) in MAY_USE {
        let tree = cargo_tree(&["-p", package, "--edges", "normal", "--depth", "1", "--all-features"], "{p}");
        let names = tree.lines().skip(1).filter_map(|line| line.split(' ').next());
        let extra = names.filter(|name| !allowed.contains(name));
        faults.extend(extra.map(|name| format!("{package} needs {name}")));
    }
    none("dependencies that xtask/tests/tidy/crates.rs does not name", &faults);
}

#[test]
fn pure_crates_are_no_std() {
    let crates = NO_STD.iter().map(|name| format!("crates/{name}/src/lib.rs"));
    let std = |path: &String| {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        // Or under a condition, which then is a feature that asks for an operating system.
        let without =
            |line: &str| line == "#![no_std]" || line.starts_with("#![cfg_attr(") && line.contains("no_std");
        !text.lines().any(without)
    };
    none("no operating system in these crates", &crates.filter(std).collect::<Vec<_>>());
}

#[test]
fn every_dependency_has_a_fitting_licence() {
    let tree = cargo_tree(&["--workspace", "--all-features", "--no-dedupe"], "{p}\t{l}");
    let mut lines: Vec<&str> = tree.lines().filter(|line| line.contains('\t')).collect();
    lines.sort_unstable();
    lines.dedup();
    assert!(lines.len() > 5, "cargo tree names no dependencies");
    let bad = lines.iter().filter(|line| !line.split_once('\t').is_some_and(|(_, licence)| fits(licence)));
    none("licences that do not fit MIT OR Apache-2.0", &bad.map(ToString::to_string).collect::<Vec<_>>());
}

fn cargo_tree(arguments: &[&str], format: &str) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--prefix", "none", "--format", format]).args(arguments);
    let output = command.current_dir(root()).output().expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether an SPDX expression can be met with [`LICENCES`]. `A/B` is the old way to write `A OR B`.
fn fits(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    any(&mut rest) && rest.is_empty()
}

/// `all {OR all}`; every part is read, whether or not an earlier one fits.
fn any(rest: &mut &[&str]) -> bool {
    let mut fits = all(rest);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        fits |= all(rest);
    }
    fits
}

/// `one {AND one}`
fn all(rest: &mut &[&str]) -> bool {
    let mut fits = one(rest);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        fits &= one(rest);
    }
    fits
}

/// `licence`, `licence WITH exception` or `( any )`
fn one(rest: &mut &[&str]) -> bool {
    let words = *rest;
    match words {
        ["(", inside @ ..] => {
            *rest = inside;
            let fits = any(rest);
            *rest = rest.get(1..).unwrap_or_default();
            fits
        }
        [licence, "WITH", exception, after @ ..] => {
            *rest = after;
            LICENCES.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, after @ ..] => {
            *rest = after;
            LICENCES.contains(licence)
        }
        [] => false,
    }
}

#[test]
fn licence_expressions_are_understood() {
    for good in
        ["MIT", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(fits(good), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR LGPL-2.1)", "Apache-2.0 WITH other", "MIT)"]
    {
        assert!(!fits(bad), "{bad}");
    }
}
