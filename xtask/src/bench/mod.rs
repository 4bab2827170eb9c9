//! `cargo xtask bench`: figures to decide by, measured beside a rival in one run.
//!
//! Here belongs: which benchmarks there are. Not here: their results; those are written down by hand, with their
//! conditions, in bench/RESULTS.md.

mod browser;
mod clips;
mod conditions;
mod convert;
mod crowd;
mod crowd_restart;
mod crowd_systems;
mod curves;
mod decode;
mod drift;
mod encode;
mod encoders;
mod instructions;
mod join;
mod latency;
pub(crate) mod links;
mod measure;
mod parts;
mod parts_seen;
mod screen;
mod stolen;
mod strip;
mod summary;
pub(crate) mod systems;
mod table;

use crate::Outcome;

pub(crate) const OPTIONS: &str = "latency [--runs N] [--seconds S] [--hidden S] [--stalled N] [--rivals] [--conditions NAME] [--only NAME] | convert | encode [--clip NAME] [--quick] | decode | drift | join | parts [--only NAME] | links [--quick] [--only NAME] [--verbose] | crowd [--quick] [--viewers N,N] [--only NAME]";
pub(crate) const PURPOSE: &str = "convert: what capturing costs: conversions, scaling and turning in frames/s; CPU by station; JPEG beside FFmpeg's mpjpeg\n\
    encode: speed, bits and quality of the encoder beside FFmpeg's, on clips that it makes\n\
    decode: pictures per second in WebAssembly beside JSMpeg's, natively beside FFmpeg's, on streams of those clips\n\
    crowd: what sending the same pictures to thousands costs, and how soon all have them: ours, a relay of JSMpeg's kind,\n\
    \x20      and the least that the kernel takes; and how soon 500 are back after a restart\n\
    drift: what is lost in decoders whose inverse DCT is not ours, FFmpeg's, JSMpeg's old and new, over 500 pictures\n\
    parts: how much sooner a large picture is there when it is sent in parts while it is being coded: its last byte by links that\n\
    \x20      are reckoned, and its pixels on a screen, in Chromium\n\
    join: how far behind the others' picture, in dB, that of one who joins is, by links of 1.1 to 20 times the rate\n\
    latency: from the stamp in a frame's pixels to those pixels on the screen: ours, and FFmpeg with JSMpeg\n\
    links: the age of the picture in a browser at the end of slow, far, lossy, changing links, and what others notice\n\
    --clip NAME  with encode: this clip alone, hand, street, pan, wide or full-hd; may be repeated\n\
    --quick      with encode: nothing but BD-rates, against FFmpeg's curves of an earlier run\n\
    --quick      with links: some scenarios only (2 minutes)\n\
    --verbose    with links: each second what the program and the kernel say of the connection\n\
    --runs N     with latency: runs of each system under each condition, taken in turns (5)\n\
    --seconds S  how long a run measures (10)\n\
    --hidden S   how long the page is hidden at the end of a quiet run (4); 0: not at all\n\
    --stalled N  so many viewers that never read (0)\n\
    --rivals     the other systems, too, where it is quiet\n\
    --conditions NAME  one alone, or several with commas between: quiet, busy (the page's own thread, 50 ms in every 200), hd (1280x720 at 30 frames/s)\n\
    --viewers N  with crowd: how many, or several with commas between (1000,4000)\n\
    --only NAME  with crowd: floor, relay, old, live, program, restart, or several; with links: those that have NAME in theirs; with parts: reckoned or screen; with latency: one system alone, or several with commas between: floor (raw luma, no codec), ours (these two if nothing is said), ours-ffmpeg, jsmpeg, jsmpeg-tuned";

/// Runs the benchmark that the first argument names.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((name, rest)) if name == "latency" => latency::run(rest),
        Some((name, rest)) if name == "convert" => convert::run_all(rest),
        Some((name, rest)) if name == "encode" => encode::run_all(rest),
        Some((name, rest)) if name == "decode" => decode::run_all(rest),
        Some((name, rest)) if name == "drift" => drift::run_all(rest),
        Some((name, rest)) if name == "crowd" => crowd::run_all(rest),
        Some((name, rest)) if name == "join" => join::run_all(rest),
        Some((name, rest)) if name == "parts" => parts::run_all(rest),
        Some((name, rest)) if name == "links" => links::run(rest),
        _ => Err(format!("there is: cargo xtask bench {OPTIONS}")),
    }
}
