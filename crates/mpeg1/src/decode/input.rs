//! Bytes that were pushed, cut into segments: a start code and what follows it up to the next one. Not here: what the
//! codes mean.

use crate::bits::start_code::{self, Found};
use alloc::vec::Vec;

/// Bytes between what was pushed and what was taken.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    /// The code of the front segment, which was passed: its payload begins at `taken`.
    code: Option<u8>,
    /// What lies before was taken.
    taken: usize,
    /// No start code begins between `taken` and here.
    searched: usize,
}

impl Input {
    /// Adds bytes at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Once a push, not once a segment: many small segments would otherwise move a long rest each.
        self.bytes.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that were not taken yet.
    pub(super) const fn held(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.code, self.taken, self.searched) = (None, 0, 0);
    }

    /// The start code of the front segment. What stands before the first one is passed over.
    pub(super) fn next_code(&mut self) -> Option<u8> {
        if self.code.is_none() {
            match self.find() {
                Some(found) => self.enter(found),
                None => self.taken = self.searched,
            }
        }
        self.code
    }

    /// Takes the front segment; `None` while its end is not there.
    pub(super) fn segment(&mut self) -> Option<(u8, &[u8])> {
        let code = self.next_code()?;
        let next = self.find()?;
        let payload = self.taken..next.at;
        self.enter(next);
        Some((code, &self.bytes[payload]))
    }

    /// Takes the front segment with all that follows: nothing more comes.
    pub(super) fn rest(&mut self) -> Option<(u8, &[u8])> {
        let code = self.next_code()?;
        let payload = self.taken..self.bytes.len();
        (self.code, self.taken, self.searched) = (None, payload.end, payload.end);
        Some((code, &self.bytes[payload]))
    }

    /// The next start code that is whole; searches each byte once.
    fn find(&mut self) -> Option<Found> {
        let found = start_code::find(&self.bytes, self.searched);
        let end = || self.searched.max(self.bytes.len().saturating_sub(3));
        self.searched = found.map_or_else(end, |found| found.at);
        found
    }

    const fn enter(&mut self, found: Found) {
        self.code = Some(found.code);
        self.taken = found.at + 4;
        self.searched = self.taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(bytes in prop::collection::vec(0u8..3, 0..300), cuts in prop::collection::vec(0usize..20, 1..20)) {
            let mut input = Input::default();
            let mut segments = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle().take(600) {
                let (piece, behind) = rest.split_at(rest.len().min(cut + 1));
                input.push(piece);
                rest = behind;
                while let Some((code, payload)) = input.segment() {
                    segments.push((code, payload.to_vec()));
                }
                prop_assert!(input.held() <= bytes.len());
            }
            segments.extend(input.rest().map(|(code, payload)| (code, payload.to_vec())));
            prop_assert_eq!(input.held(), if segments.is_empty() { bytes.len().min(3) } else { 0 });
            let whole: Vec<_> = start_code::split(&bytes).map(|(code, payload)| (code, payload.to_vec())).collect();
            prop_assert_eq!(segments, whole);
        }
    }
}
