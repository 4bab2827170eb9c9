//! What stands above slices: sequence and picture headers, which picture is open, and the two pictures that change
//! roles. Not here: where segments come from.

use super::block::Matrices;
use super::conceal::Coverage;
use super::slice::{self, Target};
use crate::bits::start_code::{EXTENSION, PICTURE, SEQUENCE, SLICE_FIRST, SLICE_LAST, USER_DATA};
use crate::level::Level;
use crate::picture::{Picture, PictureView};
use crate::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};
use crate::syntax::sequence::SequenceHeader;

/// The most rows: slice start codes count no further than 175 macroblocks.
const MOST_HEIGHT: u16 = (SLICE_LAST - SLICE_FIRST + 1) as u16 * 16;

/// A stream as far as it was read.
#[derive(Debug)]
pub(super) struct Stream {
    level: Level,
    sequence: Option<Sequence>,
    pictures: Option<Pictures>,
    /// Whether P pictures can refer to the newest picture.
    referable: bool,
    open: Option<Open>,
    skipped: u64,
}

/// What of a sequence header is needed.
#[derive(Debug)]
struct Sequence {
    width: usize,
    height: usize,
    matrices: Matrices,
}

/// The pictures of one size.
#[derive(Debug)]
struct Pictures {
    width: usize,
    height: usize,
    /// The open picture is decoded into it.
    current: Picture,
    /// The newest whole picture; black before the first.
    reference: Picture,
    /// What was decoded of the open picture.
    coverage: Coverage,
}

/// A picture whose header was read and whose slices are awaited.
#[derive(Clone, Copy, Debug)]
struct Open {
    kind: PictureKind,
    motion: MotionScale,
    /// Whether one of its slices came: user data may stand before it.
    has_slices: bool,
}

/// A picture that is whole; its samples are [`Stream::newest`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) kind: PictureKind,
    pub(super) concealed_macroblocks: u32,
}

impl Stream {
    /// A stream of which nothing was read yet.
    pub(super) const fn new(level: Level) -> Self {
        Self { level, sequence: None, pictures: None, referable: false, open: None, skipped: 0 }
    }

    /// Uses no more of the CPU than `level` has.
    pub(super) const fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Whether a segment of that code does not belong to the open picture.
    pub(super) fn ends_picture(&self, code: u8) -> bool {
        self.open.is_some_and(|open| match code {
            SLICE_FIRST..=SLICE_LAST => false,
            USER_DATA | EXTENSION => open.has_slices,
            _ => true,
        })
    }

    /// Reads the segment that begins with a start code of `code`.
    pub(super) fn segment(&mut self, code: u8, payload: &[u8]) {
        match code {
            SLICE_FIRST..=SLICE_LAST => self.slice(code, payload),
            PICTURE => self.open_picture(payload),
            SEQUENCE => self.sequence(payload),
            _ => {} // groups and their end say nothing that is needed; the rest is to be passed over
        }
    }

    /// Ends the open picture: what is missing is concealed, and the pictures change roles. `None`: nothing to show.
    pub(super) fn close_picture(&mut self) -> Option<Shown> {
        let Open { kind, .. } = self.open.take()?;
        let Pictures { current, reference, coverage, .. } = self.pictures.as_mut()?;
        if coverage.is_empty() {
            // The picture before stands for it, and need not be copied.
            let concealed_macroblocks = coverage.macroblocks() as u32;
            return self.referable.then_some(Shown { kind, concealed_macroblocks });
        }
        let concealed_macroblocks = coverage.conceal(reference, current);
        core::mem::swap(current, reference);
        self.referable = true;
        Some(Shown { kind, concealed_macroblocks })
    }

    /// The newest whole picture.
    pub(super) fn newest(&self) -> Option<PictureView<'_>> {
        self.pictures.as_ref().map(|pictures| pictures.reference.view(pictures.width, pictures.height))
    }

    /// Forgets the open picture, as if it had never begun.
    pub(super) const fn abandon_picture(&mut self) {
        self.open = None;
    }

    /// Shows nothing before the next I picture.
    pub(super) const fn forget_reference(&mut self) {
        self.referable = false;
    }

    pub(super) const fn skipped_pictures(&self) -> u64 {
        self.skipped
    }

    /// A header that cannot be read, or has more rows than a stream can have, is damaged: the one before holds on.
    fn sequence(&mut self, payload: &[u8]) {
        if let Some(header) = SequenceHeader::read(payload).filter(|header| header.height <= MOST_HEIGHT) {
            self.sequence = Some(Sequence {
                width: header.width.into(),
                height: header.height.into(),
                matrices: Matrices::new(&header),
            });
        }
    }

    fn open_picture(&mut self, payload: &[u8]) {
        let Some(PictureHeader { coding_type, forward: motion, .. }) = PictureHeader::read(payload) else {
            return;
        };
        let CodingType::Reference(kind) = coding_type else {
            self.skipped += 1;
            return;
        };
        let Some(Sequence { width, height, .. }) = self.sequence else { return };
        let same_size = |pictures: &Pictures| (pictures.width, pictures.height) == (width, height);
        self.referable &= self.pictures.as_ref().is_some_and(same_size);
        if kind == PictureKind::Predicted && !self.referable {
            return;
        }
        // Memory is taken only now, when a picture of that size begins.
        let pictures = match self.pictures.take().filter(same_size) {
            Some(pictures) => pictures,
            None => Pictures::new(width, height),
        };
        self.pictures.insert(pictures).coverage.clear();
        self.open = Some(Open { kind, motion, has_slices: false });
    }

    fn slice(&mut self, code: u8, payload: &[u8]) {
        let (Some(open), Some(pictures), Some(sequence)) =
            (&mut self.open, &mut self.pictures, &self.sequence)
        else {
            return;
        };
        open.has_slices = true;
        let mut target = Target {
            kind: open.kind,
            motion: open.motion,
            matrices: &sequence.matrices,
            reference: &pictures.reference,
            current: &mut pictures.current,
            coverage: &mut pictures.coverage,
            level: self.level,
        };
        slice::decode(&mut target, code, payload);
    }
}

impl Pictures {
    fn new(width: usize, height: usize) -> Self {
        let picture = Picture::new(width, height);
        let coverage = Coverage::new(picture.mb_width, picture.mb_height);
        Self { width, height, current: picture.clone(), reference: picture, coverage }
    }
}
