//! Mean and percentiles.

/// A row of measured values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// The least value that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.percentile(100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values = Values((1..=200).rev().map(f64::from).collect());
        assert_eq!(
            [0.0, 50.0, 99.0, 100.0].map(|percent| values.percentile(percent)),
            [1.0, 100.0, 198.0, 200.0]
        );
        assert!(Values::default().percentile(50.0).is_nan());
    }
}
