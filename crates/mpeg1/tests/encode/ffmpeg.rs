//! What the encoder writes, FFmpeg decodes to the encoder's own reconstruction: sizes, contents, rates, threads.

use crate::content;
use std::io::Write;
use std::process::{Command, Stdio};

use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, Preset, Rate, Refresh, Settings};
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
        let coded = encoder.encode(view, if force { Intra::Force } else { Intra::Auto }, &mut stream);
        if coded.is_some() {
            encoder.reference().write_i420(&mut reconstruction);
        }
    }
    stream.extend([0, 0, 1, 0xb7]);
    (stream, reconstruction)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn ffmpeg_decodes_the_encoders_own_reconstruction(
        size in (1usize..100, 1usize..70), content in content::any(), seed: u64, count in 1usize..8, threads in 1usize..4,
        rate in prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..5_000_000).prop_map(Rate::BitsPerSecond)],
        forced in prop::collection::vec(any::<bool>(), 0..8), refresh in prop_oneof![(1u32..132).prop_map(Refresh::Periodic), (1u32..132).prop_map(Refresh::Rolling)],
    ) {
        let preset = if seed & 2 == 0 { Preset::Balanced } else { Preset::Fast };
        let settings = Settings { threads, refresh, preset, adaptive: seed % 2 == 1, ..Settings::new(size.0, size.1, 25.0, rate) };
        let pictures = content.pictures(size, count, seed);
        let (stream, expected) = encode(settings, &pictures, &forced);
        if let Some(decoded) = ffmpeg_decode(&stream) {
            prop_assert!(decoded == expected, "of {} bytes, {} expected", decoded.len(), expected.len());
        }
    }
}

#[test]
fn nothing_drifts_over_the_longest_interval() {
    let size = (176, 144);
    let settings = Settings {
        refresh: Refresh::Periodic(132),
        ..Settings::new(size.0, size.1, 25.0, Rate::Quantiser(3))
    };
    let pictures = content::Content::Moving.pictures(size, 131, 7);
    let (stream, expected) = encode(settings, &pictures, &[]);
    if let Some(decoded) = ffmpeg_decode(&stream) {
        assert!(decoded == expected, "FFmpeg's pictures are the encoder's");
    }
}

/// The default, for some cycles of the refresh: what is lost in FFmpeg is nothing at all, not only under 0.05 dB.
#[test]
fn nothing_drifts_over_500_pictures_of_the_rolling_refresh() {
    let size = (176, 144);
    let pictures = content::Content::Shaking.pictures(size, 500, 7);
    for rate in [Rate::Quantiser(2), Rate::Quantiser(8), Rate::BitsPerSecond(200_000)] {
        let (stream, expected) = encode(Settings::new(size.0, size.1, 24.0, rate), &pictures, &[]);
        if let Some(decoded) = ffmpeg_decode(&stream) {
            assert!(decoded == expected, "{rate:?}: FFmpeg's pictures are the encoder's");
        }
    }
}
