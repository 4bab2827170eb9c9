//! `cargo xtask test`: the gate. What it says decides whether a change may land.
//!
//! Here belongs: which checks there are and in which order. Not here: the long checks of `--all` (all.rs).
//!
//! Made for a fresh machine with rustup's stable toolchain, node 20 and python3: what else is needed is installed.
//! Nothing is skipped because it is missing: what is left out is what the options leave out, and the tests of cameras
//! where their kernel cannot be had by any means, on another system than Debian or another processor.

use crate::beside::Beside;
use crate::lab::Lab;
use crate::packages::{BROWSERS, LAB, MEDIA, NAMESPACE, NODE, Need, ensure, ensure_component};
use crate::shell::{cargo, command, giving_way, root, run_held_back, target};
use crate::steps::Steps;
use crate::{Outcome, all, cameras, wasm};

pub(crate) const OPTIONS: &str = "[--no-browser] [--no-camera-lab] [--camera-lab] [--all]";
pub(crate) const PURPOSE: &str = "the gate: format, lints, tests, tidy rules, the built player, browsers, cameras (about 17 minutes on 2 cores)\n\
    --no-browser     without the tests in browsers\n\
    --no-camera-lab  without those of cameras, in a kernel that has drivers to test with, in qemu\n\
    --camera-lab     these alone (about 2 minutes)\n\
    --all            the gate, the player rebuilt, the codec under qemu, fuzzing, soaks (about an hour)";

/// What is asked for.
struct Asked {
    browsers: bool,
    cameras: bool,
    cameras_alone: bool,
    all: bool,
}

impl Asked {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut asked = Self { browsers: true, cameras: true, cameras_alone: false, all: false };
        for argument in arguments {
            match argument.as_str() {
                "--no-browser" => asked.browsers = false,
                "--no-camera-lab" => asked.cameras = false,
                "--camera-lab" => asked.cameras_alone = true,
                "--all" => asked.all = true,
                other => return Err(format!("unknown option '{other}'; there are {OPTIONS}")),
            }
        }
        if asked.cameras_alone && arguments.len() > 1 {
            return Err("--camera-lab runs the tests of cameras alone, and takes no other option".into());
        }
        Ok(asked)
    }

    /// What must be installed for it.
    fn needs(&self) -> Vec<Need> {
        let browsers = [NODE, BROWSERS].concat();
        let lab = self.cameras && cameras::possible().is_ok();
        [MEDIA, NAMESPACE, if self.browsers { &browsers } else { &[] }, if lab { LAB } else { &[] }].concat()
    }
}

/// Runs what is asked for: the gate, if nothing is.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let asked = Asked::parse(arguments)?;
    let mut steps = Steps::default();
    if asked.cameras_alone {
        cameras::possible()?;
        cameras::run(&mut steps);
    } else {
        gate(&mut steps, &asked);
    }
    steps.close()
}

fn gate(steps: &mut Steps, asked: &Asked) {
    let needs = asked.needs();
    let installed = steps.begin("what the tests need", move || ensure(&needs));
    lints(steps);
    steps.end(installed);
    let prepared = Prepared::begin(steps, asked);
    tests(steps);
    let cameras = match prepared.lab {
        Ok(lab) => steps.end(lab).map(|lab| cameras::begin(steps, lab)),
        Err(why) => {
            steps.skip(cameras::NAME, &why);
            None
        }
    };
    match prepared.browsers {
        Some(parts) => browsers(steps, parts),
        None => steps.skip("browsers", "--no-browser was given"),
    }
    if let Some(cameras) = cameras {
        steps.end_tests(cameras);
    }
    match asked.all {
        true => all::run(steps),
        false => {
            steps.skip(
                "the player rebuilt, the codec under qemu, long fuzzing, soaks",
                "they take an hour: --all",
            );
        }
    }
}

/// What is got and built for later steps while the tests are compiled and run: it mostly waits for the network, for a disk,
/// for one processor, or for what the tests leave over.
struct Prepared {
    browsers: Option<[Beside<()>; 2]>,
    lab: Outcome<Beside<Lab>>,
}

impl Prepared {
    fn begin(steps: &Steps, asked: &Asked) -> Self {
        let lab = match asked.cameras {
            true => cameras::possible().map(|()| steps.begin("the lab's kernel", Lab::prepare)),
            false => Err("--no-camera-lab was given".into()),
        };
        let browsers = asked.browsers.then(|| {
            let mut npm = command("npm", &["ci", "--no-audit", "--no-fund"]);
            npm.current_dir(root().join("web"));
            let program = cargo(&["build", "--release", "--locked", "-p", "pistreaming"]);
            [("npm packages", npm), ("release build", giving_way(&program))]
                .map(|(name, mut command)| steps.begin(name, move || run_held_back(&mut command)))
        });
        Self { browsers, lab }
    }
}

fn lints(steps: &mut Steps) {
    let components =
        || ensure_component("fmt", "rustfmt").and_then(|()| ensure_component("clippy", "clippy"));
    steps.check("the toolchain's parts", components);
    steps.command("rustfmt", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--quiet", "--locked"];
    let deny = ["--", "-D", "warnings"];
    let all = [&clippy[..], &["--workspace", "--all-targets"], &deny].concat();
    steps.command("clippy", &mut cargo(&all));
    // In a build of the whole workspace each feature is on because somebody wants it.
    for feature in ["encode", "decode"] {
        let alone = ["-p", "mpeg1", "--no-default-features", "--features", feature];
        let name = format!("clippy, mpeg1 with {feature} alone");
        steps.command(&name, &mut cargo(&[&clippy[..], &alone, &deny].concat()));
    }
    let documents = ["doc", "--quiet", "--locked", "--workspace", "--no-deps"];
    steps.command("rustdoc", cargo(&documents).env("RUSTDOCFLAGS", "-D warnings"));
    // A workspace of their own, for they run with another toolchain; what they call changes with the rest all the same.
    let fuzz = ["--manifest-path", "fuzz/Cargo.toml", "--no-default-features", "--target-dir"];
    let target = target().display().to_string();
    steps.command(
        "clippy, fuzz targets",
        &mut cargo(&[&clippy[..], &fuzz, &[target.as_str()], &deny].concat()),
    );
}

fn tests(steps: &mut Steps) {
    let tests = ["test", "--locked", "--no-fail-fast"];
    steps.tests("cargo test", &mut cargo(&[&tests[..], &["--workspace", "--exclude", "xtask"]].concat()));
    steps.tests("tidy", &mut cargo(&[&tests[..], &["-p", "xtask"]].concat()));
    steps.check("the built player is of these sources", wasm::is_fresh);
}

fn browsers(steps: &mut Steps, parts: [Beside<()>; 2]) {
    if !parts.map(|part| steps.end(part).is_some()).into_iter().all(|is_there| is_there) {
        steps.skip("browsers", "there is nothing to run");
        return;
    }
    // One browser at a time: they are what takes the machine's two cores.
    let mut node = command("node", &["--test", "--test-reporter=spec", "--test-concurrency=1"]);
    node.current_dir(root().join("web")).env("PISTREAMING_PROGRAM", target().join("release/pistreaming"));
    steps.tests("browsers", &mut node);
}
