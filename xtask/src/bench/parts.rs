//! `cargo xtask bench parts`: what it gains that large pictures are sent in parts while they are being coded, by links of
//! several rates, and on a screen. By links the coding is real and they are reckoned: both ways of sending are seen on the
//! same pictures.
//!
//! Here belongs: on which clips. Not here: the measuring, which is an example of `pistreaming`, and parts_seen.rs.

use super::clips::{self, CLIPS, FULL_HD, RATE};
use super::parts_seen;
use crate::Outcome;
use crate::shell::{cargo, command, run, target};

/// Bits per second of each clip.
const RATES: [u32; 2] = [2_500_000, 6_000_000];

/// Runs it.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => reckoned().and_then(|()| seen()),
        ["--only", "reckoned"] => reckoned(),
        ["--only", "screen"] => seen(),
        _ => Err("bench parts takes --only reckoned or --only screen".into()),
    }
}

fn seen() -> Outcome {
    ["1", "2"].into_iter().try_for_each(parts_seen::measure)
}

fn reckoned() -> Outcome {
    run(&mut cargo(&["build", "--release", "--locked", "-p", "pistreaming", "--example", "parts"]))?;
    let example = target().join("release/examples/parts").display().to_string();
    for (clip, rate) in [CLIPS[3], FULL_HD].into_iter().zip(RATES) {
        clips::make_one(&clip)?;
        for threads in ["1", "2"] {
            println!("\n{}: {}, {rate} bit/s, threads: {threads}", clip.name, clip.what);
            let mut parts = command(&example, &[]);
            parts.args([clip.size(), RATE.to_string(), rate.to_string(), threads.into()]).arg(clip.path());
            run(&mut parts)?;
        }
    }
    Ok(())
}
