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
    /// A texture that jumps to and fro: vectors lead over the borders of rows, up and down.
    Shaking,
    /// The same, at rest.
    Still,
    /// At rest, and each few pictures another one.
    Cuts,
    /// At rest, lit by a lamp that flickers.
    Flicker,
    Black,
}

/// Any of them.
pub fn any() -> impl Strategy<Value = Content> {
    prop::sample::select(&Content::ALL[..])
}

impl Content {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Noise,
        Self::BlackAndWhite,
        Self::Moving,
        Self::SparseChange,
        Self::Shaking,
        Self::Still,
        Self::Cuts,
        Self::Flicker,
        Self::Black,
    ];

    /// `count` pictures of it as I420.
    pub fn pictures(self, (width, height): (usize, usize), count: usize, seed: u64) -> Vec<Vec<u8>> {
        let mut state = seed | 1;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let len = PictureView::i420_len(width, height);
        let texture = |x: usize, y: usize| ((x * x / 9 + y * y / 5 + x * y / 13) % 180) as u8 + 40;
        let textured = |dx: usize, dy: usize| (0..len).map(move |i| texture(i % width + dx, i / width + dy));
        let mut picture = move |n: usize| -> Vec<u8> {
            match self {
                Self::Noise => (0..len).map(|_| random()).collect(),
                Self::BlackAndWhite => vec![if n.is_multiple_of(3) { 255 } else { 0 }; len],
                Self::Moving => (0..len).map(|i| (i % width * 3 + n * 2) as u8 ^ (random() & 3)).collect(),
                Self::SparseChange => (0..len)
                    .map(|i| if (i / 7 + i / width + n).is_multiple_of(13) { random() } else { 90 })
                    .collect(),
                Self::Shaking => textured(n * 5 % 7, [0, 9, 3, 14, 6][n % 5]).collect(),
                Self::Still => textured(0, 0).collect(),
                Self::Cuts => textured(n / 7 * 40, n / 7 * 13).collect(),
                Self::Flicker => textured(0, 0).map(|s| s - [0, 25, 12][n % 3]).collect(),
                Self::Black => vec![16; len],
            }
        };
        (0..count).map(&mut picture).collect()
    }
}
