//! The long checks of `cargo xtask test --all`.
//!
//! Here belongs: what takes too long for every change. Not here: the gate itself (test.rs).
//!
//! Unlike the gate, a check whose tools cannot be had is skipped, with the reason.

use std::path::PathBuf;

use crate::Outcome;
use crate::cross::{AARCH64, ARMV7, Target};
use crate::packages::ensure;
use crate::shell::{cargo, command, output, root};
use crate::steps::Steps;

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 300;

/// Runs them all.
pub(crate) fn run(steps: &mut Steps) {
    for target in [&AARCH64, &ARMV7] {
        under_qemu(steps, target);
    }
    fuzz(steps);
    let soak = ["test", "--locked", "--release", "--workspace", "--no-fail-fast", "--", "--ignored"];
    steps.tests("soaks", &mut cargo(&soak));
}

/// The codec and the protocol on the Pi's processors: right or wrong, never how fast.
fn under_qemu(steps: &mut Steps, target: &Target) {
    let name = format!("mpeg1 and wire on {} (qemu)", target.name);
    match ensure(&target.needs()) {
        Ok(()) => {
            _ = steps.tests(&name, &mut target.cargo("test", &["--release", "-p", "mpeg1", "-p", "wire"]))
        }
        Err(why) => steps.skip(&name, &why),
    }
}

fn fuzz(steps: &mut Steps) {
    if let Err(why) = fuzzer() {
        return steps.skip("fuzzing", &why);
    }
    for target in fuzz_targets() {
        let time = format!("-max_total_time={FUZZ_SECONDS}");
        let mut run = command("cargo", &["+nightly", "fuzz", "run", &target, "--", &time]);
        // Set by the cargo that runs us; it would win over +nightly.
        run.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        steps.command(&format!("fuzzing {target}"), &mut run);
    }
}

fn fuzzer() -> Outcome {
    let mut version = command("cargo", &["+nightly", "--version"]);
    let nightly = output(version.env_remove("RUSTUP_TOOLCHAIN"));
    nightly.map_err(|_| "no nightly toolchain; `rustup toolchain install nightly` brings it".to_string())?;
    if output(&mut cargo(&["fuzz", "--version"])).is_ok() {
        return Ok(());
    }
    println!("installing: cargo-fuzz");
    output(&mut cargo(&["install", "--locked", "cargo-fuzz"])).map(drop)
}

fn fuzz_targets() -> Vec<String> {
    let dir = std::fs::read_dir(root().join("fuzz/fuzz_targets"));
    let files = dir.into_iter().flatten().flatten().map(|entry| entry.path());
    let rust = files.filter(|path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> =
        rust.filter_map(|path| path.file_stem().map(|name| name.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}
