//! The long checks of `cargo xtask test --all`.
//!
//! Here belongs: what takes too long for every change. Not here: the gate itself (test.rs).
//!
//! Unlike the gate, a check whose tools cannot be had is skipped, with the reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::bench::links;
use crate::cross::{AARCH64, ARMV7, Target};
use crate::packages::{RUST_WITH_SOURCE, WASM_LINKER, ensure};
use crate::shell::{cargo, command, giving_way, output, root, target};
use crate::steps::Steps;
use crate::{Outcome, shell, soak, wasm};

/// How many new worlds the hub is put into.
const WORLDS: u32 = 4000;
/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 300;

/// Runs them all: the soaks, which mostly wait, beside what only reckons and gives way to them.
pub(crate) fn run(steps: &mut Steps) {
    player(steps);
    if steps.check("what the soak needs", soak::build) {
        steps.side_by_side(&[soak, browser, under_qemu_and_in_new_worlds, fuzz]);
    }
    links(steps);
}

fn soak(steps: &mut Steps) {
    steps.check("soak", soak::run);
}

fn browser(steps: &mut Steps) {
    let mut browser = command("node", &["web/soak/run.mjs"]);
    browser.env("PISTREAMING_PROGRAM", target().join("release/pistreaming"));
    steps.command("half an hour in a browser", &mut browser);
}

fn under_qemu_and_in_new_worlds(steps: &mut Steps) {
    for target in [&AARCH64, &ARMV7] {
        under_qemu(steps, target);
    }
    worlds(steps);
}

/// A browser on bad links sees pictures whose age does not grow, and a good viewer's bytes are the same beside it. How old
/// they are is printed, and no fault: the machine may be busy.
fn links(steps: &mut Steps) {
    const NAME: &str = "bad links";
    match links::possible() {
        Ok(()) => _ = steps.check(NAME, || links::run(&["--quick".into()])),
        Err(why) => steps.skip(NAME, &why),
    }
}

/// The player in `web/dist` is what its sources give, byte for byte. What is there is put back in any case.
fn player(steps: &mut Steps) {
    const NAME: &str = "the player, rebuilt, is the same";
    let rebuilt =
        ensure(&[RUST_WITH_SOURCE, WASM_LINKER].concat()).and_then(|()| dist()).and_then(|before| {
            let built = wasm::build().and_then(|()| dist());
            let restored = before.iter().try_for_each(|(path, bytes)| fs::write(path, bytes));
            restored.map_err(|error| error.to_string())?;
            Ok((before, built?))
        });
    match rebuilt {
        Err(why) => steps.skip(NAME, &why),
        // The digest's file names the compiler: another one gives other bytes, rightly.
        Ok((before, after)) if toolchain(&before) != toolchain(&after) => {
            steps.skip(NAME, &format!("{}; here: {}", toolchain(&before), toolchain(&after)));
        }
        Ok((before, after)) => {
            let same = before == after;
            let differs =
                || "web/dist is not what `cargo xtask wasm` builds: commit what it does build".into();
            steps.check(NAME, || same.then_some(()).ok_or_else(differs));
        }
    }
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn dist() -> Outcome<Files> {
    let dir = root().join("web/dist");
    read_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))
}

fn read_all(dir: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        files.push((path.clone(), fs::read(path)?));
    }
    files.sort();
    Ok(files)
}

/// The line `built by …` of the digest's file.
fn toolchain(files: &Files) -> String {
    let texts = files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
    let mut lines =
        texts.filter_map(|text| text.lines().find(|line| line.starts_with("built by ")).map(String::from));
    lines.next().unwrap_or_default()
}

/// The codec and the protocol on the Pi's processors: right or wrong, never how fast.
fn under_qemu(steps: &mut Steps, target: &Target) {
    let name = format!("mpeg1 and wire on {} (qemu)", target.name);
    match ensure(&target.needs()) {
        Ok(()) => {
            let tests = target.cargo("test", &["--release", "-p", "mpeg1", "-p", "wire"]);
            _ = steps.tests(&name, &mut giving_way(&tests));
        }
        Err(why) => steps.skip(&name, &why),
    }
}

/// The hub in worlds that nobody has seen yet. A fault is said with what makes it again.
fn worlds(steps: &mut Steps) {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(2, |time| time.as_secs());
    let mut test = cargo(&["test", "--release", "--locked", "-p", "pistreaming", "--test", "hub"]);
    test.env("PROPTEST_RNG_SEED", seed.to_string()).env("PROPTEST_CASES", WORLDS.to_string());
    steps.tests(&format!("the hub in new worlds (PROPTEST_RNG_SEED={seed})"), &mut giving_way(&test));
}

fn fuzz(steps: &mut Steps) {
    if let Err(why) = fuzzer() {
        return steps.skip("fuzzing", &why);
    }
    // All at once, so that two that run side by side need not wait for each other's compiler.
    if !steps.command("fuzz targets, built", &mut giving_way(&nightly(&["fuzz", "build"]))) {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for targets in fuzz_targets().chunks(cores) {
        steps.check(&format!("fuzzing {}", targets.join(", ")), || side_by_side(targets));
    }
}

/// Runs fuzz targets at the same time: each is one thread's work.
fn side_by_side(targets: &[String]) -> Outcome {
    let time = format!("-max_total_time={FUZZ_SECONDS}");
    let mut runs: Vec<Command> =
        targets.iter().map(|target| giving_way(&nightly(&["fuzz", "run", target, "--", &time]))).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = runs.iter_mut().map(|run| scope.spawn(|| shell::run(run))).collect();
        let failed = || Err("the thread that ran it failed".into());
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| failed()))
    })
}

/// The nightly toolchain's cargo, which the fuzzer needs.
fn nightly(arguments: &[&str]) -> Command {
    let mut cargo = command("cargo", &[&["+nightly"], arguments].concat());
    // A thread that has just ended still holds a few bytes of the C library's: no leak, but taken for one.
    cargo.env("ASAN_OPTIONS", "detect_leaks=0");
    // Set by the cargo that runs us; it would win over +nightly.
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    cargo
}

fn fuzzer() -> Outcome {
    let version = output(&mut nightly(&["--version"]));
    version.map_err(|_| "no nightly toolchain; `rustup toolchain install nightly` brings it".to_string())?;
    if output(&mut cargo(&["fuzz", "--version"])).is_ok() {
        return Ok(());
    }
    println!("installing: cargo-fuzz");
    output(&mut cargo(&["install", "--locked", "cargo-fuzz"])).map(drop)
}

fn fuzz_targets() -> Vec<String> {
    let dir = fs::read_dir(root().join("fuzz/fuzz_targets"));
    let files = dir.into_iter().flatten().flatten().map(|entry| entry.path());
    let rust = files.filter(|path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs"));
    let mut names: Vec<String> =
        rust.filter_map(|path| path.file_stem().map(|name| name.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}
