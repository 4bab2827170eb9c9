//! `/status`: how it goes, for the owner's eyes, as plain HTML that loads itself anew.
//!
//! Here belongs: the page. Not here: the figures (`stats`).

use std::fmt::Write as _;

use super::Site;
use super::stats::{Rendition, Stats, Viewer};

/// Rows of viewers at most: a page of more is no help, and `/stats` has them all.
const MOST_ROWS: usize = 200;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"dark\">
<meta http-equiv=\"refresh\" content=\"3\">
<title>pistreaming: status</title>
<style>
  body { margin: 0 auto; padding: 1.2em; max-width: 70em; color: #e9e9ec; background: #2c2c2f; font: 15px/1.5 system-ui, sans-serif }
  header { display: flex; justify-content: space-between; align-items: baseline; margin-bottom: .8em }
  h1 { margin: 0; font-size: 1.25em }
  a { color: #e3b8ff }
  dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(18em, 1fr)); gap: .7em; margin: 0 0 .7em }
  dl div, .panel { padding: .6em 1em; background: #1b1b1e; border: 1px solid #3a3a3e; border-radius: 12px }
  dt, th, footer { color: #a4a4ad; font-size: .87em; font-weight: normal }
  dd { margin: 0; overflow-wrap: anywhere }
  small { color: #a4a4ad; font-size: .87em }
  .panel { margin: 0 0 .7em; overflow-x: auto }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
  th, td { padding: .25em 1.2em .25em 0; text-align: left }
  td { border-top: 1px solid #3a3a3e }
  .number { text-align: right }
  th:last-child, td:last-child { padding-right: 0 }
  .trouble { color: #ffd9a0; border-color: #8a5a1a }
  @media (max-width: 480px) { dl { grid-template-columns: 1fr 1fr } }
</style>
<header><h1>pistreaming</h1><a href=\"index.html\">Watch</a></header>
";

/// The page.
pub(super) fn html(site: &Site) -> String {
    let stats = Stats::of(site);
    let mut page = HEAD.to_owned();
    for trouble in &stats.troubles {
        let _ = writeln!(page, "<p class=\"panel trouble\">{}</p>", escaped(trouble));
    }
    summary(&stats, &mut page);
    viewers(&stats.viewers, &mut page);
    page.push_str("<footer>For programs: <a href=\"stats\">stats</a> (JSON), <a href=\"metrics\">metrics</a> (Prometheus)</footer>\n</html>\n");
    page
}

fn summary(stats: &Stats<'_>, page: &mut String) {
    let (source, encoder) = (&stats.source, &stats.encoder);
    let rate = rounded(source.frames_per_second);
    let size = format!("{}x{} at {rate} frames/s", source.width, source.height);
    let coding = encoder.picture_mean_us as f64 / 1000.0;
    let bits: u64 = stats.viewers.iter().map(|viewer| viewer.bits_per_second).sum();
    let rows = [
        ("Camera", escaped(source.name), size),
        ("Encoder", escaped(encoder.name), format!("{coding:.1} ms a picture")),
        ("Frames", source.frames_captured.to_string(), format!("{} left out", source.frames_overwritten)),
        ("Viewers", stats.viewers.len().to_string(), format!("{} at most", stats.viewers_limit)),
        ("Sent to all", format!("{} kbit/s", bits / 1000), String::new()),
        ("Running for", duration(stats.uptime_s), format!("version {}", stats.version)),
    ];
    page.push_str("<dl>\n");
    for (name, value, detail) in rows {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value} <small>{detail}</small></dd></div>");
    }
    page.push_str("</dl>\n");
}

fn viewers(viewers: &[Viewer], page: &mut String) {
    if viewers.is_empty() {
        page.push_str("<p class=\"panel\">Nobody watches.</p>\n");
        return;
    }
    page.push_str("<div class=\"panel\"><table>\n<tr><th>Address<th>Protocol<th>State<th>Rendition<th class=\"number\">Delay<th class=\"number\">Rate<th class=\"number\">Sent<th class=\"number\">Skipped<th class=\"number\">For</tr>\n");
    for viewer in viewers.iter().take(MOST_ROWS) {
        let delay = viewer.delay_ms.map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
        let rendition = viewer.rendition.as_ref().map_or("–".to_owned(), |rendition| {
            let Rendition { width, height, frames_per_second, bits_per_second } = *rendition;
            format!("{width}x{height} at {}/s, {} kbit/s", rounded(frames_per_second), bits_per_second / 1000)
        });
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{rendition}<td class=\"number\">{delay}<td class=\"number\">{} kbit/s<td class=\"number\">{}<td class=\"number\">{}<td class=\"number\">{}</tr>",
            escaped(&viewer.address),
            viewer.protocol,
            viewer.state,
            viewer.bits_per_second / 1000,
            viewer.pictures_sent,
            viewer.pictures_dropped,
            duration(viewer.connected_s),
        );
    }
    page.push_str("</table></div>\n");
    if let Some(more @ 1..) = viewers.len().checked_sub(MOST_ROWS) {
        let _ = writeln!(page, "<p class=\"panel\">and {more} more.</p>");
    }
}

/// 29.97 for 30000/1001.
fn rounded(per_second: f64) -> f64 {
    (per_second * 100.0).round() / 100.0
}

fn duration(seconds: f64) -> String {
    let seconds = seconds as u64;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, h, _, _) => format!("{d} d {h} h"),
    }
}

/// What was written by others, as text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_say_them() {
        let said = [12.9, 61.0, 3661.0, 200_000.0].map(duration);
        assert_eq!(said, ["12 s", "1 min 1 s", "1 h 1 min", "2 d 7 h"]);
    }

    #[test]
    fn nothing_of_others_is_markup() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
