//! `cargo xtask bench join`: how soon one who joins sees what the others see, by links from hardly the rate to twenty times
//! it. The links are reckoned: every run gives the same figures.
//!
//! Here belongs: on which clips. Not here: the simulation, which is an example of `pistreaming`.

use super::clips::{self, CLIPS, RATE};
use crate::Outcome;
use crate::shell::{cargo, command, run, target};

const BITS_PER_SECOND: u32 = 800_000;

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    if let [unknown, ..] = arguments {
        return Err(format!("bench join takes no option {unknown:?}"));
    }
    run(&mut cargo(&["build", "--release", "--locked", "-p", "pistreaming", "--example", "join"]))?;
    clips::make()?;
    let example = target().join("release/examples/join").display().to_string();
    for clip in &CLIPS[..3] {
        println!("\n{}: {}, {BITS_PER_SECOND} bit/s", clip.name, clip.what);
        let mut join = command(&example, &[]);
        join.args([clip.size(), RATE.to_string(), BITS_PER_SECOND.to_string()]).arg(clip.path());
        run(&mut join)?;
    }
    Ok(())
}
