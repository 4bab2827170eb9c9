//! `/status`: how it goes, for the owner's eyes, as plain HTML that loads itself anew.
//!
//! Here belongs: the page. Not here: the figures (`stats`).

use std::fmt::Write as _;

use super::Site;
use super::stats::{Stats, Viewer};

/// Rows of viewers at most: a page of more is no help, and `/stats` has them all.
const MOST_ROWS: usize = 200;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"refresh\" content=\"3\">
<title>pistreaming: status</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 1em auto; padding: 0 1em; max-width: 70em; color-scheme: light dark }
  h1 { font-size: 1.3em }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em }
  dd { margin: 0 }
  .scroll { overflow-x: auto }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
  th, td { text-align: left; padding: .2em .8em .2em 0; border-bottom: 1px solid #8884 }
  .number { text-align: right }
  .trouble { color: #c33; font-weight: bold }
</style>
<h1>pistreaming</h1>
";

/// The page.
pub(super) fn html(site: &Site) -> String {
    let stats = Stats::of(site);
    let mut page = HEAD.to_owned();
    for trouble in &stats.troubles {
        let _ = writeln!(page, "<p class=\"trouble\">{}</p>", escaped(trouble));
    }
    summary(&stats, &mut page);
    viewers(&stats.viewers, &mut page);
    page.push_str("<p>The same for programs: <a href=\"stats\">stats</a> (JSON), <a href=\"metrics\">metrics</a> (Prometheus).</p>\n</html>\n");
    page
}

fn summary(stats: &Stats<'_>, page: &mut String) {
    let (source, encoder) = (&stats.source, &stats.encoder);
    let rate = source.frames_per_second.map_or(String::new(), |rate| format!(" at {rate:.1} frames/s"));
    let size = format!("{}x{}", source.width, source.height);
    let coding = encoder.picture_mean_us as f64 / 1000.0;
    let bits: u64 = stats.viewers.iter().map(|viewer| viewer.bits_per_second).sum();
    let rows = [
        ("Camera", format!("{}, {size}{rate}", escaped(source.name))),
        ("Encoder", format!("{}, {coding:.1} ms a picture", escaped(encoder.name))),
        ("Frames", format!("{}, {} left out", source.frames_captured, source.frames_overwritten)),
        ("Viewers", format!("{} of {} at most", stats.viewers.len(), stats.viewers_limit)),
        ("Sent", format!("{} kbit/s to all", bits / 1000)),
        ("Running for", duration(stats.uptime_s)),
    ];
    page.push_str("<dl>\n");
    for (name, value) in rows {
        let _ = writeln!(page, "<dt>{name}</dt><dd>{value}</dd>");
    }
    page.push_str("</dl>\n");
}

fn viewers(viewers: &[Viewer], page: &mut String) {
    if viewers.is_empty() {
        page.push_str("<p>Nobody watches.</p>\n");
        return;
    }
    page.push_str("<div class=\"scroll\"><table>\n<tr><th>Address<th>Protocol<th>State<th>Rendition<th class=\"number\">Delay<th class=\"number\">Rate<th class=\"number\">Sent<th class=\"number\">Skipped<th class=\"number\">For</tr>\n");
    for viewer in viewers.iter().take(MOST_ROWS) {
        let delay = viewer.delay_ms.map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
        let rendition = viewer.rendition.as_ref().map_or("–".to_owned(), |rendition| {
            format!("{}x{}, {} kbit/s", rendition.width, rendition.height, rendition.bits_per_second / 1000)
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
        let _ = writeln!(page, "<p>and {more} more.</p>");
    }
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
