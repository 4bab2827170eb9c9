//! Pictures of the kinds that make an encoder's life hard.

use mpeg1::PictureView;
use proptest::prelude::*;

/// A kind of picture.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    Noise,
    BlackAndWhite,
    Moving,
    SparseChange,
}

/// Any of them.
pub fn any() -> impl Strategy<Value = Content> {
    prop::sample::select(
        &[Content::Noise, Content::BlackAndWhite, Content::Moving, Content::SparseChange][..],
    )
}

impl Content {
    /// `count` pictures of it as I420.
    pub fn pictures(self, (width, height): (usize, usize), count: usize, seed: u64) -> Vec<Vec<u8>> {
        let mut state = seed | 1;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let len = PictureView::i420_len(width, height);
        let mut picture = move |n: usize| -> Vec<u8> {
            match self {
                Self::Noise => (0..len).map(|_| random()).collect(),
                Self::BlackAndWhite => vec![if n.is_multiple_of(3) { 255 } else { 0 }; len],
                Self::Moving => (0..len).map(|i| (i % width * 3 + n * 2) as u8 ^ (random() & 3)).collect(),
                Self::SparseChange => (0..len)
                    .map(|i| if (i / 7 + i / width + n).is_multiple_of(13) { random() } else { 90 })
                    .collect(),
            }
        };
        (0..count).map(&mut picture).collect()
    }
}
