//! What the encoder writes, FFmpeg decodes to the encoder's own reconstruction: sizes, contents, rates, threads.

use std::io::Write;
use std::process::{Command, Stdio};

use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Rate, Settings};
use proptest::prelude::*;

/// The pictures of `stream` as FFmpeg decodes them, I420 one behind the other; `None` without FFmpeg.
fn ffmpeg_decode(stream: &[u8]) -> Option<Vec<u8>> {
    let arguments = "-v error -f mpegvideo -i - -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -";
    let mut child = Command::new("ffmpeg")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| eprintln!("not compared with FFmpeg: it does not run here: {error}"))
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(stream).expect("FFmpeg reads its input"));
        child.wait_with_output().expect("FFmpeg ends")
    });
    assert!(output.stderr.is_empty(), "FFmpeg: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// The stream of `pictures`, and what a decoder should make of it.
fn encode(settings: Settings, pictures: &[Vec<u8>], forced: &[bool]) -> (Vec<u8>, Vec<u8>) {
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let (mut stream, mut reconstruction) = (Vec::new(), Vec::new());
    for (picture, &force) in pictures.iter().zip(forced.iter().chain(std::iter::repeat(&false))) {
        let view = PictureView::from_i420(picture, settings.width, settings.height);
        encoder.encode(view, if force { Intra::Force } else { Intra::Auto }, &mut stream);
        encoder.reference().write_i420(&mut reconstruction);
    }
    stream.extend([0, 0, 1, 0xb7]);
    (stream, reconstruction)
}

/// Pictures of the kinds that make an encoder's life hard, by `content`.
fn pictures(content: u8, (width, height): (usize, usize), count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut state = seed | 1;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let len = PictureView::i420_len(width, height);
    (0..count)
        .map(|n| match content {
            0 => (0..len).map(|_| random()).collect(),
            1 => vec![if n % 3 == 0 { 255 } else { 0 }; len],
            2 => (0..len).map(|i| (i % width * 3 + n * 2) as u8 ^ (random() & 3)).collect(),
            _ => (0..len).map(|i| if (i / 7 + i / width + n) % 13 == 0 { random() } else { 90 }).collect(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn ffmpeg_decodes_the_encoders_own_reconstruction(
        size in (1usize..100, 1usize..70), content in 0u8..4, seed: u64, count in 1usize..8, threads in 1usize..4,
        rate in prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..5_000_000).prop_map(Rate::BitsPerSecond)],
        forced in prop::collection::vec(any::<bool>(), 0..8), intra_interval in 1u32..132,
    ) {
        let settings = Settings { threads, intra_interval, ..Settings::new(size.0, size.1, 25.0, rate) };
        let pictures = pictures(content, size, count, seed);
        let (stream, expected) = encode(settings, &pictures, &forced);
        if let Some(decoded) = ffmpeg_decode(&stream) {
            prop_assert!(decoded == expected, "of {} bytes, {} expected", decoded.len(), expected.len());
        }
    }
}

#[test]
fn nothing_drifts_over_the_longest_interval() {
    let size = (176, 144);
    let settings =
        Settings { intra_interval: 132, ..Settings::new(size.0, size.1, 25.0, Rate::Quantiser(3)) };
    let pictures = pictures(2, size, 131, 7);
    let (stream, expected) = encode(settings, &pictures, &[]);
    if let Some(decoded) = ffmpeg_decode(&stream) {
        assert!(decoded == expected, "FFmpeg's pictures are the encoder's");
    }
}
