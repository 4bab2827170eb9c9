//! What is gained on a screen by pictures in parts: a natural full HD clip with a clock in it, by loopback, in Chromium.
//!
//! Here belongs: the phases and their pairs. Not here: reading the screen (measure.rs), links that are reckoned (parts.rs).
//!
//! The program has no switch for it, and needs none: pictures come in parts while no more than eight watch. So beside the page
//! there are seven viewers that never read, which cost nothing once what they were sent fills their sockets, and in every
//! other phase there is an eighth.

use std::time::Duration;

use super::browser::Browser;
use super::clips::{self, FULL_HD, RATE};
use super::measure::{Figures, Watcher};
use super::screen::Screen;
use super::systems::{self, Running, System, Video, get};
use crate::packages::{BROWSERS, ensure};
use crate::shell::{cargo, run, target};
use crate::{Outcome, stalled};

const VIDEO: Video = Video { size: (1920, 1080), rate: 24, bits: "6M" };
/// Viewers beside the page with whom pictures still come in parts.
const OTHERS: usize = 7;
/// So that the eighth has been given what he takes.
const SETTLING: Duration = Duration::from_secs(1);
const PHASE: Duration = Duration::from_secs(4);
const PAIRS: usize = 6;

/// Measures and prints.
pub(super) fn measure(threads: &str) -> Outcome {
    ensure(BROWSERS)?;
    systems::prepare()?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "pistreaming", "--example", "clip_frames"]))?;
    clips::make_one(&FULL_HD)?;
    let dir = target().join(format!("bench/parts-{threads}"));
    if dir.exists() {
        std::fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let screen = Screen::start(&dir, VIDEO.size)?;
    let mut running = start(threads)?;
    let mut browser = Browser::start(&screen, &dir.join("profile"), None)?;
    let mut watcher = Watcher::calibrate(&screen, &mut browser, VIDEO, &running.page)?;
    let (address, path, protocol) = running.socket.clone();
    let more = |count| stalled::open(count, &address, path, protocol);
    let _others = more(OTHERS)?;
    browser.go_to(&running.page)?;
    watcher.until_shown()?;

    let [mut in_parts, mut whole] = [Figures::default(), Figures::default()];
    let mut sooner = Vec::new();
    for pair in 0..PAIRS {
        let mut medians = [0.0; 2];
        // The one first and then the other, so that what changes with time is on neither's side.
        for side in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
            let eighth = more(side)?;
            std::thread::sleep(SETTLING);
            let figures = watcher.watch_for(PHASE);
            drop(eighth);
            medians[side] = figures.latency.percentile(50.0);
            [&mut in_parts, &mut whole][side].append(&figures);
        }
        sooner.push(medians[1] - medians[0]);
    }
    running.check()?;
    print(threads, [("in parts", &in_parts), ("whole", &whole)], &sooner);
    println!("{}", share_in_parts(&address)?);
    Ok(())
}

/// The program, with the clip as its camera.
fn start(threads: &str) -> Outcome<Running> {
    let camera = target().join("release/examples/clip_frames");
    let (size, clip) = (FULL_HD.size(), FULL_HD.path());
    let source = format!("exec:exec '{}' {size} {RATE} '{}'", camera.display(), clip.display());
    // A machine that is late would be given smaller pictures.
    let more = ["--source", &source, "--threads", threads, "--renditions", "off"];
    System::Ours.start_with(VIDEO, "127.0.0.1", &more)
}

/// What the program says of how the page was sent its pictures.
fn share_in_parts(address: &str) -> Outcome<String> {
    let text = get(address, "/stats").map_err(|error| format!("/stats: {error}"))?;
    let most = |name: &str| {
        let key = format!("\"{name}\":");
        let number =
            |rest: &str| rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok();
        text.split(&key).skip(1).filter_map(number).max().unwrap_or(0)
    };
    let (parts, all) = (most("pictures_in_parts"), most("pictures_sent"));
    match parts {
        0 => Err(format!("none of {all} pictures came in parts: this machine codes them in less than 5 ms")),
        _ => Ok(format!("{parts} of {all} pictures were sent in parts, all phases and pauses together")),
    }
}

fn print(threads: &str, sides: [(&str, &Figures); 2], sooner: &[f64]) {
    println!("\n{}, in Chromium by loopback, threads: {threads}\n", FULL_HD.what);
    println!("to the screen, ms   mean    p50    p95    p99  shown");
    for (name, figures) in sides {
        let Figures { latency, shown, captured, .. } = figures;
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| latency.percentile(percent));
        println!("{name:<17} {:>6.1} {p50:>6.1} {p95:>6.1} {p99:>6.1}  {shown}/{captured}", latency.mean());
    }
    let mean = sooner.iter().sum::<f64>() / sooner.len() as f64;
    let each = sooner.iter().map(|ms| format!("{ms:.1}")).collect::<Vec<_>>().join(" ");
    println!("sooner by {mean:.1}: the medians of {} pairs of phases differ by {each}", sooner.len());
}
