//! The encoder's streams: what FFmpeg and our own decoder make of them, and what a rolling refresh mends.

mod adaptive;
mod content;
mod ffmpeg;
mod join;
mod legal;
mod oxideav;
mod parts;
mod rate;
mod refresh;
mod round_trip;
mod syntax;

use mpeg1::PictureView;

/// The picture without padding.
fn i420(view: PictureView<'_>) -> Vec<u8> {
    let mut samples = Vec::new();
    view.write_i420(&mut samples);
    samples
}
