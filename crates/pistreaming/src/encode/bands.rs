//! Which rows of the picture bands have made sharp since somebody joined, and which are next.
//!
//! With few bits to spare all rows are coded at the scale of the common pictures first, which takes away most of what is
//! coarse in a join, and then once more at a scale at which hardly anything is lost. What the refresh did since then needs
//! neither.
//!
//! Here belongs: the order. Not here: how large a band is (`private`), what each viewer has (the hub).

use std::ops::Range;

use mpeg1::encode::Encoder;

/// A turn over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pass {
    /// At the common pictures' scale.
    Coarse,
    /// At a finer one, after which nothing is left to be done.
    Sharp,
}

/// What became of a row; bands are counted by the pictures that they stand behind.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// The refresh made it as all have it.
    exact: bool,
    /// The last band that had it, and the last sharp one; 0: none.
    coarse: u64,
    sharp: u64,
}

/// The bands of one size.
#[derive(Clone, Debug, Default)]
pub(super) struct Bands {
    rows: Vec<Row>,
    /// When somebody joined last.
    joined: u64,
    /// When the sharp pass began for which all rows are to be coded, whoever has them.
    again: u64,
}

impl Bands {
    /// For bands behind the picture of number `now`, where somebody joined `since_join` pictures ago.
    pub(super) fn look_at(&mut self, encoder: &Encoder, now: u64, since_join: u64) {
        self.joined = now.saturating_sub(since_join).max(1);
        self.rows.resize(encoder.rows(), Row::default());
        for (n, row) in self.rows.iter_mut().enumerate() {
            row.exact = encoder.was_refreshed(n, since_join);
        }
        // Bands are made for those whose links are idle just then: who wants more has missed some of them.
        if self.rows.iter().filter(|row| !row.exact).all(|row| self.is_sharp(row)) {
            self.again = now;
        }
    }

    /// The pass that is going on, from `first` on; none if nothing is left to be done.
    pub(super) fn pass(&self, first: Pass) -> Option<Pass> {
        let left = self.rows.iter().filter(|row| !row.exact && !self.is_sharp(row));
        let pass = |row: &Row| if row.coarse >= self.joined { Pass::Sharp } else { Pass::Coarse };
        left.map(pass).min().map(|pass| pass.max(first))
    }

    fn is_sharp(&self, row: &Row) -> bool {
        row.sharp >= self.joined.max(self.again)
    }

    /// Whether a row is still to be coded in this pass.
    pub(super) fn wants(&self, row: usize, pass: Pass) -> bool {
        let row = &self.rows[row];
        !row.exact && !self.is_sharp(row) && (pass == Pass::Sharp || row.coarse < self.joined)
    }

    /// Notes that `rows` were coded in a band behind the picture of number `now`; gives what is sharp with it: those in
    /// front of it and behind it that the refresh made exact, too.
    pub(super) fn note(&mut self, rows: Range<usize>, pass: Pass, now: u64) -> Range<usize> {
        for row in &mut self.rows[rows.clone()] {
            row.coarse = now;
            row.sharp = if pass == Pass::Coarse { row.sharp } else { now };
        }
        if pass == Pass::Coarse {
            return 0..0;
        }
        let exact = |row: &&Row| row.exact;
        let before = self.rows[..rows.start].iter().rev().take_while(exact).count();
        let behind = self.rows[rows.end..].iter().take_while(exact).count();
        rows.start - before..rows.end + behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mpeg1::PictureView;
    use mpeg1::encode::{Intra, Rate, Refresh, Settings};

    /// An encoder of three rows, of which none was refreshed for long.
    fn encoder() -> Encoder {
        let refresh = Refresh::Periodic(100);
        let settings = Settings { refresh, ..Settings::new(32, 48, 5.0, Rate::Quantiser(9)) };
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (grey, mut unit) = (vec![128; PictureView::i420_len(32, 48)], Vec::new());
        for _ in 0..9 {
            encoder.encode(PictureView::from_i420(&grey, 32, 48), Intra::Auto, &mut unit);
        }
        encoder
    }

    fn wanted(bands: &Bands, pass: Pass) -> Vec<usize> {
        (0..bands.rows.len()).filter(|&row| bands.wants(row, pass)).collect()
    }

    #[test]
    fn all_rows_are_coded_coarsely_and_then_sharply() {
        let (mut bands, encoder) = (Bands::default(), encoder());
        bands.look_at(&encoder, 9, 0);
        assert_eq!(bands.pass(Pass::Coarse), Some(Pass::Coarse));
        assert_eq!(bands.note(1..3, Pass::Coarse, 9), 0..0, "nothing is sharp yet");
        bands.look_at(&encoder, 10, 1);
        assert_eq!((bands.pass(Pass::Coarse), wanted(&bands, Pass::Coarse)), (Some(Pass::Coarse), vec![0]));
        bands.note(0..1, Pass::Coarse, 10);
        bands.look_at(&encoder, 11, 2);
        assert_eq!(
            (bands.pass(Pass::Coarse), wanted(&bands, Pass::Sharp)),
            (Some(Pass::Sharp), vec![0, 1, 2])
        );
        assert_eq!(bands.note(0..2, Pass::Sharp, 11), 0..2);
        bands.look_at(&encoder, 12, 0);
        assert_eq!(bands.pass(Pass::Coarse), Some(Pass::Coarse), "somebody joined");
    }

    #[test]
    fn who_missed_a_band_is_given_all_rows_again_each_once() {
        let (mut bands, encoder) = (Bands::default(), encoder());
        for now in 5..11 {
            bands.look_at(&encoder, now, now - 5);
            assert_eq!(bands.pass(Pass::Sharp), Some(Pass::Sharp));
            let left: Vec<usize> = (0..=(4 + 6 - now as usize) % 3).collect();
            assert_eq!(wanted(&bands, Pass::Sharp), left, "at {now}");
            let last = left.len() - 1;
            bands.note(last..last + 1, Pass::Sharp, now);
        }
    }

    #[test]
    fn what_the_refresh_did_is_not_done_again_and_counts_as_sharp() {
        let rows = [true, true, false, false, true].map(|exact| Row { exact, ..Row::default() });
        let mut bands = Bands { rows: rows.to_vec(), joined: 5, again: 0 };
        assert_eq!(wanted(&bands, Pass::Coarse), [2, 3]);
        assert_eq!(bands.note(2..3, Pass::Sharp, 5), 0..3);
        assert_eq!(bands.note(3..4, Pass::Sharp, 6), 3..5);
        bands.rows.iter_mut().for_each(|row| row.exact = true);
        assert_eq!(bands.pass(Pass::Coarse), None);
    }
}
