//! How pictures reached a crowd: the figures that are printed.

use std::collections::HashMap;

use crate::pictures::Stamp;

/// Of one picture: who got it first and last, µs.
#[derive(Debug)]
struct Span {
    first_us: u64,
    last_us: u64,
    viewers: usize,
}

/// What is counted while it is measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pictures: HashMap<u32, Span>,
    messages: u64,
    /// From making to arrival, one value a viewer and picture.
    delays_us: Vec<u32>,
    /// Pictures that a viewer should have got between two that he got.
    pub(crate) lost: u64,
    /// Viewers whose connection ended.
    pub(crate) gone: usize,
    /// Acknowledgements that were sent.
    pub(crate) told: u64,
}

impl Report {
    /// A viewer has a picture.
    pub(crate) fn arrived(&mut self, stamp: Stamp, now_us: u64) {
        self.messages += 1;
        if let Some(made_us) = stamp.made_us {
            self.delays_us.push(u32::try_from(now_us.saturating_sub(made_us)).unwrap_or(u32::MAX));
        }
        let span = self.pictures.entry(stamp.number).or_insert(Span {
            first_us: now_us,
            last_us: now_us,
            viewers: 0,
        });
        span.last_us = now_us;
        span.viewers += 1;
    }

    /// One line of `name=value`. Pictures that not all of `viewers` got while it was measured have no spread.
    pub(crate) fn line(mut self, viewers: usize) -> String {
        let whole = self.pictures.values().filter(|span| span.viewers == viewers);
        let mut spreads: Vec<u32> =
            whole.map(|span| u32::try_from(span.last_us - span.first_us).unwrap_or(u32::MAX)).collect();
        let Self { messages, lost, gone, told, .. } = self;
        format!(
            "messages={messages} pictures={} spread_p50={:.1} spread_p99={:.1} delay_p50={:.1} delay_p99={:.1} \
             lost={lost} gone={gone} told={told}",
            spreads.len(),
            percentile_ms(&mut spreads, 50),
            percentile_ms(&mut spreads, 99),
            percentile_ms(&mut self.delays_us, 50),
            percentile_ms(&mut self.delays_us, 99),
        )
    }
}

fn percentile_ms(values_us: &mut [u32], percent: usize) -> f64 {
    values_us.sort_unstable();
    let at = (values_us.len().saturating_sub(1) * percent).div_ceil(100);
    values_us.get(at).map_or(f64::NAN, |&us| f64::from(us) / 1000.0)
}
