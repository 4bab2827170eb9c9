//! Instructions that an encoder needs for a picture, counted by valgrind's callgrind: the one measure of speed that other
//! programs on the machine do not disturb. It knows AVX2 and no AVX-512.
//!
//! Here belongs: counting. Not here: what is counted.

use std::process::Command;

use super::clips::Clip;
use super::encoders::{Aim, Encoder};
use crate::Outcome;
use crate::shell::{is_there, run, target};

/// The difference between runs of so many pictures: what starting takes does not count, nor the first picture.
const PICTURES: [usize; 2] = [24, 48];

/// Whether there is what counts.
pub(crate) fn can_count() -> bool {
    is_there("valgrind")
}

/// Instructions a picture.
pub(crate) fn a_picture(encoder: Encoder, clip: &Clip, aim: Aim) -> Outcome<u64> {
    let [few, many] = PICTURES;
    let more = counted(encoder, clip, aim, many)?.saturating_sub(counted(encoder, clip, aim, few)?);
    Ok(more / (many - few) as u64)
}

fn counted(encoder: Encoder, clip: &Clip, aim: Aim, pictures: usize) -> Outcome<u64> {
    let coded = encoder.command(clip, aim, &encoder.stream());
    let mut command = Command::new("valgrind");
    let log = target().join("clips/callgrind.log");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display())).arg(coded.get_program());
    let words: Vec<_> = coded.get_args().collect();
    let (stream, words) = words.split_last().ok_or("an encoder has arguments")?;
    let limit = if encoder.is_ours() { "--pictures" } else { "-frames:v" };
    command.args(words).args([limit, &pictures.to_string()]).arg(stream);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    run(command.stderr(std::process::Stdio::null()))?;
    let said = std::fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let count =
        said.rsplit_once("Collected :").and_then(|(_, rest)| rest.trim().lines().next()?.trim().parse().ok());
    count.ok_or_else(|| format!("callgrind said no count: {said}"))
}
