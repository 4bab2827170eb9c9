//! What `cargo xtask bench latency` prints, to be copied into bench/RESULTS.md as it is.
//!
//! Here belongs: rows and columns. Not here: what is in them.

use super::conditions::{Aims, Condition};
use super::measure::Figures;

const HEADING: &str = "              to the screen, ms           its age, ms    pictures           first, ms        server\n\
                       system          mean   p50   p95   p99   p99   max   shown  per s      p50   max    CPU %    MB";

/// A row of figures.
pub(crate) fn row(name: &str, figures: &Figures) -> String {
    let Figures { latency, age, first_picture, .. } = figures;
    let shown = f64::from(figures.shown);
    format!(
        "{name:<13} {:>6.1} {:>5.1} {:>5.1} {:>5.1} {:>5.0} {:>5.0} {:>5}/{:<5}{:>5.1} {:>6.0} {:>5.0} {:>7.1} {:>6.1}",
        latency.mean(),
        latency.percentile(50.0),
        latency.percentile(95.0),
        latency.percentile(99.0),
        age.percentile(99.0),
        age.max(),
        figures.shown,
        figures.captured,
        shown / figures.seconds,
        first_picture.percentile(50.0),
        first_picture.max(),
        100.0 * figures.cpu / figures.seconds,
        figures.peak_memory as f64 / 1e6,
    )
}

/// One condition's table: the systems, ours above the floor, and what is aimed at.
pub(crate) fn print(condition: Condition, results: &[(&'static str, &Figures)]) {
    println!("\n{}: {}\n{HEADING}", condition.name(), condition.title());
    for (name, figures) in results {
        println!("{}", row(name, figures));
    }
    let of = |name| results.iter().find(|(found, _)| *found == name).map(|(_, figures)| *figures);
    let (floor, ours) = (of("floor"), of("ours"));
    if let (Some(floor), Some(ours)) = (floor, ours) {
        println!("{}\n{}", above(floor, ours), aims(condition.aims()));
    }
    if let Some(ours) = ours.filter(|ours| !ours.overlay_says.is_empty()) {
        let (says, seen) = (ours.overlay_says.mean(), ours.overlay_seen.mean());
        println!(
            "The overlay says {says:.1} ms where the screen shows {seen:.1}: {:+.1} (aim: within 5)",
            says - seen
        );
    }
    for (name, figures) in results.iter().filter(|(_, figures)| !figures.back.is_empty()) {
        let Figures { back, .. } = figures;
        println!(
            "Hidden, and shown again: a picture captured after that, by {name}: mean {:.0} ms, at most {:.0}",
            back.mean(),
            back.max()
        );
    }
}

/// How much ours lies above the floor.
fn above(floor: &Figures, ours: &Figures) -> String {
    let latency = |percent| ours.latency.percentile(percent) - floor.latency.percentile(percent);
    let age = |percent| ours.age.percentile(percent) - floor.age.percentile(percent);
    let first = |percent| ours.first_picture.percentile(percent) - floor.first_picture.percentile(percent);
    format!(
        "floor +       {:>+6.1} {:>+5.1} {:>+5.1} {:>+5.1} {:>+5.0} {:>+5.0} {:>17} {:>+6.0} {:>+5.0}",
        ours.latency.mean() - floor.latency.mean(),
        latency(50.0),
        latency(95.0),
        latency(99.0),
        age(99.0),
        age(100.0),
        "",
        first(50.0),
        first(100.0),
    )
}

fn aims(aims: Aims) -> String {
    let text = |aim: Option<f64>| aim.map_or_else(String::new, |aim| format!("+{aim:.0}"));
    format!(
        "at most       {:>6} {:>5} {:>5} {:>5} {:>5} {:>5} {:>17} {:>6}",
        text(aims.mean),
        "",
        "",
        text(aims.p99),
        text(aims.age_p99),
        "",
        "",
        text(aims.first),
    )
    .trim_end()
    .to_string()
}
