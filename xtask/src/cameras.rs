//! Tests of cameras in the lab: its kernel has drivers that play cameras.
//!
//! Here belongs: which modules, which tests. Not here: the lab itself.

use std::process::Command;

use crate::Outcome;
use crate::beside::{Beside, Tests};
use crate::lab::Lab;
use crate::packages::{MEDIA, ensure};
use crate::shell::{cargo, output};
use crate::steps::Steps;

pub(crate) const NAME: &str = "cameras in the lab";
/// Each test loads its own cameras; this is what they have in common. Emulated, a test takes seconds.
const MODULES: &[&str] = &["videodev"];
/// More than it takes on a machine that is busy with other things.
const SECONDS: u32 = 1200;

/// Whether this machine can run them at all; why not. What is only missing is installed.
pub(crate) fn possible() -> Outcome {
    Lab::possible()
}

/// Runs them alone.
pub(crate) fn run(steps: &mut Steps) {
    let Some(lab) = steps.check_for("the lab's kernel", || ensure(MEDIA).and_then(|()| Lab::prepare()))
    else {
        return;
    };
    match command(&lab) {
        Ok(mut command) => _ = steps.tests(NAME, &mut command),
        Err(why) => _ = steps.check(NAME, || Err(why)),
    }
}

/// Begins them beside other steps. They do not give way to these: half a processor is enough for them, but a camera whose
/// program gets next to nothing of a busy machine gives no pictures for so long that it is given up.
pub(crate) fn begin(steps: &Steps, lab: Lab) -> Beside<Tests> {
    steps.begin_tests(NAME, move || command(&lab))
}

fn command(lab: &Lab) -> Outcome<Command> {
    let program = build()?;
    let loopback = lab.loopback();
    let modules: Vec<String> = MODULES.iter().map(ToString::to_string).collect();
    // The kernel has one of each camera: one test at a time.
    let arguments = [&format!("LAB_LOOPBACK={loopback}"), &program, "--ignored", "--test-threads=1"];
    lab.command(&modules, "/usr/bin/env", &arguments, SECONDS)
}

/// Builds the tests, as those that run elsewhere are built; where they are.
fn build() -> Outcome<String> {
    // Of the packages that the gate's tests are built of: with another choice the codec has other features, and is built anew.
    let packages = ["--workspace", "--exclude", "xtask"];
    let arguments = [&["test", "--locked", "--no-run"], &packages[..], &["--test", "camera"]].concat();
    let messages = output(cargo(&arguments).arg("--message-format=json"))?;
    let path = messages.lines().filter(|line| line.contains("\"name\":\"camera\"")).find_map(|line| {
        let (_, path) = line.split_once("\"executable\":\"")?;
        Some(path.split('"').next()?.to_owned())
    });
    path.ok_or_else(|| "cargo does not say where the camera tests are".into())
}
