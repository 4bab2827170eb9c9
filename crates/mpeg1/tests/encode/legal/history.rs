//! What happened to each macroblock in earlier pictures: how often it was coded since it was intra, and since when a
//! decoder would be exact that began with garbage.

use super::bits::Outcome;

/// How often a macroblock is coded before it is intra again, at most (2.4.4.2).
const MOST_CODINGS: u32 = 132;

/// What became of a macroblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Skipped,
    Intra,
    /// Predicted by this vector (x, y), in half pels.
    Predicted(i32, i32),
}

/// A macroblock's past.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    /// Codings since it was intra.
    codings: u32,
    /// A decoder that has garbage before this picture, and all from it on, is exact here.
    exact_since: usize,
}

pub(super) struct History {
    mb_width: usize,
    mb_height: usize,
    cycle: Option<usize>,
    /// The picture in work.
    picture: usize,
    /// P pictures since the last I picture, the one in work not counted.
    predicted: usize,
    intra: bool,
    /// After the picture before, and after the one in work.
    before: Vec<Past>,
    now: Vec<Past>,
}

impl History {
    pub(super) fn new((mb_width, mb_height): (usize, usize), cycle: Option<usize>) -> Self {
        let none = vec![Past::default(); mb_width * mb_height];
        let before = none.clone();
        Self { mb_width, mb_height, cycle, picture: 0, predicted: 0, intra: true, before, now: none }
    }

    pub(super) const fn macroblocks(&self) -> usize {
        self.mb_width * self.mb_height
    }

    pub(super) const fn mb_width(&self) -> usize {
        self.mb_width
    }

    pub(super) fn begin(&mut self, intra: bool) {
        self.intra = intra;
        self.before.clone_from(&self.now);
    }

    /// Notes what became of the macroblock `address`.
    pub(super) fn note(&mut self, address: usize, became: Became) -> Outcome {
        let (column, row) = (address % self.mb_width, address / self.mb_width);
        let past = self.before[address];
        self.now[address] = match became {
            Became::Skipped => past,
            Became::Intra => Past { codings: 0, exact_since: self.picture },
            Became::Predicted(x, y) => {
                let (columns, rows) =
                    (self.used(column, x, self.mb_width)?, self.used(row, y, self.mb_height)?);
                self.clean(row, *rows.end())?;
                let used = rows.flat_map(|row| columns.clone().map(move |column| (column, row)));
                let exact = used.map(|(column, row)| self.before[row * self.mb_width + column].exact_since);
                Past { codings: past.codings + 1, exact_since: exact.min().unwrap_or(0) }
            }
        };
        if self.now[address].codings >= MOST_CODINGS {
            return Err(format!("coded {MOST_CODINGS} times without being intra"));
        }
        if became != Became::Intra && self.turn().is_some_and(|(intra, _)| intra.contains(&row)) {
            return Err(format!("its row {row} has its turn, but it is not intra"));
        }
        Ok(())
    }

    /// The rows or columns of macroblocks that a prediction by `vector` from macroblock `at` takes samples from, luma
    /// and chroma (2.4.4.2), the neighbours of half pels among them.
    fn used(&self, at: usize, vector: i32, blocks: usize) -> Outcome<std::ops::RangeInclusive<usize>> {
        let reach = |size: i32, vector: i32| {
            let first = at as i32 * size + (vector >> 1);
            let last = first + size - 1 + (vector & 1);
            (first.div_euclid(size), last.div_euclid(size))
        };
        // recon / 2 is rounded towards zero.
        let (luma, chroma) = (reach(16, vector), reach(8, vector / 2));
        let (first, last) = (luma.0.min(chroma.0), luma.1.max(chroma.1));
        if first < 0 || last >= blocks as i32 {
            return Err(format!("the vector {vector} leads out of the picture"));
        }
        Ok(first as usize..=last as usize)
    }

    /// The rows whose turn it is in this picture, and the rows above them that had it in this cycle: the refresh goes
    /// from the top to the bottom, evenly.
    fn turn(&self) -> Option<(std::ops::Range<usize>, usize)> {
        let cycle = self.cycle.filter(|_| !self.intra)?;
        let position = self.predicted % cycle;
        let first = self.mb_height * position / cycle;
        Some((first..self.mb_height * (position + 1) / cycle, first))
    }

    /// A row that was refreshed in this cycle predicts only from such rows.
    fn clean(&self, row: usize, last_used: usize) -> Outcome {
        match self.turn() {
            Some((_, clean)) if row < clean && last_used >= clean => {
                Err(format!("row {row} is refreshed, but predicted from row {last_used}, which is not"))
            }
            _ => Ok(()),
        }
    }

    /// The picture is complete.
    ///
    /// # Errors
    /// The first macroblock that is not exact at the end of a cycle for who began with it.
    pub(super) fn end(&mut self) -> Result<(), (usize, String)> {
        self.predicted = if self.intra { 0 } else { self.predicted + 1 };
        self.picture += 1;
        let Some(cycle) =
            self.cycle.filter(|cycle| self.predicted > 0 && self.predicted.is_multiple_of(*cycle))
        else {
            return Ok(());
        };
        let began = self.picture - cycle;
        match self.now.iter().position(|past| past.exact_since < began) {
            None => Ok(()),
            Some(macroblock) => {
                Err((macroblock, format!("a cycle that began with picture {began} left it as it was before")))
            }
        }
    }
}
