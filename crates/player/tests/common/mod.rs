//! What both protocols' tests need: pictures, their coding, and comparison.
#![allow(dead_code, reason = "each test file takes what it needs")]

use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};

/// A moving picture that is cheap to make and has detail and colour everywhere.
pub struct Camera {
    pub width: usize,
    pub height: usize,
    encoder: Encoder,
    samples: Vec<u8>,
    pictures: usize,
}

impl Camera {
    pub fn new(width: usize, height: usize) -> Self {
        let settings = Settings::new(width, height, 25.0, Rate::Quantiser(3));
        let encoder = Encoder::new(settings).unwrap();
        let samples = vec![0; PictureView::i420_len(width, height)];
        Self { width, height, encoder, samples, pictures: 0 }
    }

    /// The next picture's access unit.
    pub fn unit(&mut self, intra: Intra) -> Vec<u8> {
        self.pictures += 1;
        let (width, shift) = (self.width, self.pictures * 3);
        for (i, sample) in self.samples.iter_mut().enumerate() {
            *sample = (40 + ((i % width + shift) / 8 * 16 + i / width) % 170) as u8;
        }
        let mut unit = Vec::new();
        let picture = PictureView::from_i420(&self.samples, width, self.height);
        let _ = self.encoder.encode(picture, intra, &mut unit);
        unit
    }

    /// What a decoder must show now, as the player's screen shows it.
    pub fn shown(&self) -> Vec<u8> {
        let mut screen = player::screen::Screen::default();
        let _ = screen.show(&self.encoder.reference());
        screen.pixels().to_vec()
    }
}

/// The pixels that the player shows are those that the encoder expects.
#[track_caller]
pub fn assert_same(shown: &[u8], expected: &[u8]) {
    assert_eq!(shown.len(), expected.len());
    let differing = shown.chunks(4).zip(expected.chunks(4)).filter(|(a, b)| a != b).count();
    assert_eq!(differing, 0, "pixels that differ, of {}", shown.len() / 4);
}
