//! The renditions that there can be of one camera: what was asked for, and what is made beside it for slower links.
//!
//! Here belongs: which there are, and who may have which. Not here: who is given which (`climb`), making them (`encode`).

use crate::frame::FrameSize;

/// One of the renditions, by its place in `RENDITIONS`; 0 is what the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rendition(u8);

/// What a rendition is, as parts of what the user asked for.
#[derive(Clone, Copy, Debug)]
struct Parts {
    /// Of the rate.
    rate: f64,
    /// Width and height are divided by this.
    divisor: u16,
    /// Of so many frames one is coded.
    every: u32,
    /// Whether one who watches may have it.
    live: bool,
    old: bool,
}

/// Rate first, then size, then frame rate. Old pages know one size only: theirs are coarser, the last ones slower.
/// None is more than twice the next: where all share what may be sent, some can have the next one (`upload`).
const RENDITIONS: [Parts; 8] = [
    Parts { rate: 1.0, divisor: 1, every: 1, live: true, old: true },
    Parts { rate: 0.5, divisor: 1, every: 1, live: true, old: true },
    Parts { rate: 0.25, divisor: 1, every: 1, live: false, old: true },
    Parts { rate: 0.25, divisor: 2, every: 1, live: true, old: false },
    Parts { rate: 0.15, divisor: 1, every: 2, live: false, old: true },
    Parts { rate: 0.15, divisor: 2, every: 2, live: true, old: false },
    Parts { rate: 0.08, divisor: 1, every: 4, live: false, old: true },
    Parts { rate: 0.08, divisor: 2, every: 3, live: true, old: false },
];

/// Who watches, as far as it decides what he can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A page that can change the size of the picture.
    Live,
    /// One that cannot.
    Old,
}

impl Audience {
    /// Whether it can be given a picture in parts.
    pub(super) const fn takes_parts(self) -> bool {
        matches!(self, Self::Live)
    }
}

impl Rendition {
    /// What the user asked for.
    pub const FULL: Self = Self(0);
    /// How many there are.
    pub const COUNT: usize = RENDITIONS.len();

    /// All, from the full one down.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..Self::COUNT as u8).map(Self)
    }

    /// The lower ones, from the best down, that an audience can have if there may be `most` of them.
    pub fn lower(audience: Audience, most: usize) -> impl Iterator<Item = Self> {
        let may = move |one: &Self| match audience {
            Audience::Live => one.parts().live,
            Audience::Old => one.parts().old,
        };
        Self::all().skip(1).filter(may).take(most)
    }

    /// Its number, 0 for the full one.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0 as u16
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    const fn parts(self) -> Parts {
        RENDITIONS[self.index()]
    }

    /// Its rate where the full one has `bits_per_second`.
    #[must_use]
    pub fn bits_per_second(self, bits_per_second: u32) -> u32 {
        (f64::from(bits_per_second) * self.parts().rate).max(1.0) as u32
    }

    /// Its size where the full one has `size`; even, so that chroma has a half.
    #[must_use]
    pub fn size(self, size: FrameSize) -> FrameSize {
        let divisor = self.parts().divisor;
        let part = |pixels: usize| (pixels as u16 / divisor).max(FrameSize::MIN);
        let smaller = FrameSize::new(part(size.width()), part(size.height()));
        if divisor == 1 { size } else { smaller.unwrap_or(size) }
    }

    /// Of so many frames one is coded for it.
    #[must_use]
    pub const fn every(self) -> u32 {
        self.parts().every
    }

    /// Whether its pictures are easier to decode than the full one's.
    #[must_use]
    pub const fn is_light(self) -> bool {
        self.parts().divisor > 1 || self.parts().every > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_audience_has_its_ladder() {
        let numbers = |audience, most| -> Vec<u16> {
            Rendition::lower(audience, most).map(Rendition::number).collect()
        };
        assert_eq!(numbers(Audience::Live, 9), [1, 3, 5, 7]);
        assert_eq!(numbers(Audience::Live, 1), [1]);
        assert_eq!(numbers(Audience::Old, 9), [1, 2, 4, 6]);
        assert!(numbers(Audience::Old, 0).is_empty());
    }

    #[test]
    fn old_pages_keep_their_size_and_every_size_is_one() {
        let size: FrameSize = "641x17".parse().unwrap();
        for rendition in Rendition::lower(Audience::Old, 9) {
            assert_eq!(rendition.size(size), size);
        }
        assert_eq!(Rendition(7).size(size).to_string(), "320x16");
        assert_eq!(Rendition(7).bits_per_second(800_000), 64_000);
        assert_eq!(Rendition::FULL.size(size), size);
    }
}
