//! How much of the processors' time other guests of the same machine took while something was measured: figures are worth
//! less where that is much.
//!
//! Here belongs: the kernel's account of that (proc(5), `/proc/stat`). Not here: what processes used (`process`).

/// Ticks of all processors since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stolen {
    /// Something ran, or would have.
    wanted: u64,
    /// Something would have run, and the processor was not there.
    stolen: u64,
}

impl Stolen {
    /// Until now. Nothing where the kernel keeps no such account.
    pub(super) fn now() -> Self {
        std::fs::read_to_string("/proc/stat").ok().and_then(|text| Self::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        let words = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        let &[user, nice, system, _idle, _waiting, interrupts, soft, stolen, ..] = &ticks[..] else {
            return None;
        };
        Some(Self { wanted: user + nice + system + interrupts + soft + stolen, stolen })
    }

    /// Percent of what was wanted since `before`; none if nothing was.
    pub(super) fn percent_since(self, before: Self) -> f64 {
        let wanted = self.wanted.saturating_sub(before.wanted).max(1);
        100.0 * self.stolen.saturating_sub(before.stolen) as f64 / wanted as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stolen_is_a_part_of_what_is_wanted() {
        let before = Stolen::parse("cpu  10 0 20 1000 7 0 5 1 0 0\ncpu0 1 2 3\n").unwrap();
        let after = Stolen::parse("cpu  40 0 40 9000 9 0 25 31 0 0\n").unwrap();
        assert_eq!(after.percent_since(before), 30.0);
        assert_eq!(before.percent_since(before), 0.0);
        assert!(Stolen::parse("cpu  1 2 3\n").is_none() && Stolen::parse("intr 5\n").is_none());
    }
}
