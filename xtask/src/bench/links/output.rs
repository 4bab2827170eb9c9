//! The table.
//!
//! Here belongs: columns. Not here: figures.

use super::figures::Row;

const HEADING: &str = "                                                 age, ms             pictures  back    sent  left   says  good one's, ms   rendition\n\
                       scenario                                          p50    p95    max   per s      s  kbit/s   out     ms    p50   p95   max                   aims";

/// Prints all rows below one heading.
pub(super) fn print(rows: &[Row]) {
    println!("\n{HEADING}");
    rows.iter().for_each(|row| println!("{}", row.line()));
}

impl Row {
    /// One line.
    pub(super) fn line(&self) -> String {
        let name = [self.scenario, self.phase].into_iter().filter(|part| !part.is_empty());
        let name = name.collect::<Vec<_>>().join(": ");
        let number = |value: Option<f64>, decimals: usize| {
            value
                .filter(|value| value.is_finite())
                .map_or("–".into(), |value| format!("{value:.decimals$}"))
        };
        format!(
            "{name:<46} {:>6} {:>6} {:>6} {:>7} {:>6} {:>7} {:>5} {:>6} {:>6} {:>5} {:>5}  {:>5}k {:<9} {}",
            number(Some(self.age.percentile(50.0)), 0),
            number(Some(self.age.percentile(95.0)), 0),
            number(Some(self.age.max()), 0),
            number(Some(self.pictures_per_second), 1),
            number(self.back.map(|ms| ms / 1000.0), 2),
            number(self.kbit, 0),
            number(self.skipped, 0),
            number(self.overlay, 0),
            number(Some(self.beside.percentile(50.0)), 1),
            number(Some(self.beside.percentile(95.0)), 1),
            number(Some(self.beside.max()), 1),
            number(self.rendition, 0),
            self.size,
            self.verdict(),
        )
    }

    fn verdict(&self) -> String {
        let said = |name: &str, limit: Option<f64>, reached: Option<bool>| {
            let (limit, reached) = (limit?, reached?);
            Some(format!("{name} {limit:.0} {}", if reached { "met" } else { "MISSED" }))
        };
        let [age, rate, back] = self.reached();
        let parts = [
            said("age ≤", self.aims.age, age),
            said("rate ≥", self.aims.rate, rate),
            said("back ≤", self.aims.back, back),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
