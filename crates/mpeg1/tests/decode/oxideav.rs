//! The decoder of the crate `oxideav-mpeg12video`, which shares no code with FFmpeg's, and the streams that it ships.

use crate::generator::{self, Shape};
use crate::pictures::assert_references;
use mpeg1::PictureView;
use oxideav_mpeg12video::decode_video_sequence;
use std::path::PathBuf;
use std::process::Command;

/// Two IDCTs of the standard's accuracy differ by 1; what is predicted from both drifts a little further.
const DRIFT: u8 = 3;

/// Its pictures in the order of display.
fn decode(stream: &[u8]) -> Vec<Vec<u8>> {
    let frames = decode_video_sequence(stream).expect("oxideav decodes the stream");
    let packed = |frame: &oxideav_mpeg12video::FrameBuffer| {
        let (width, height) = frame.visible_chroma_dims();
        let luma = frame.y.packed_rect(frame.width, frame.height);
        [luma, frame.cb.packed_rect(width, height), frame.cr.packed_rect(width, height)].concat()
    };
    frames.iter().map(|decoded| packed(&decoded.frame)).collect()
}

fn slices(pictures: &[Vec<u8>]) -> Vec<&[u8]> {
    pictures.iter().map(Vec::as_slice).collect()
}

/// Where cargo keeps the crate's source.
fn shipped() -> Option<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| eprintln!("skipped: cargo does not run here: {error}"))
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut manifests = text.split(r#""manifest_path":""#).skip(1).filter_map(|rest| rest.split('"').next());
    let manifest = manifests.find(|path| path.contains("oxideav-mpeg12video"));
    manifest.map(|path| PathBuf::from(path).with_file_name("tests").join("fixtures"))
}

#[test]
fn its_conformance_streams() {
    let Some(fixtures) = shipped() else { return };
    for (name, width, height) in [
        ("conformance/mpeg1-ibbp-96x64.m1v", 96, 64),
        ("conformance/mpeg1-bigmv-160x128.m1v", 160, 128),
        ("conformance/mpeg1-vcd-352x240.m1v", 352, 240),
        ("selfenc/selfenc-mpeg1-cbr-64x48.m1v", 64, 48),
        ("selfenc/selfenc-mpeg1-ibbp2gop-64x48.m1v", 64, 48),
        ("selfenc/selfenc-mpeg1-intra-64x48.m1v", 64, 48),
        ("selfenc/selfenc-mpeg1-ippp-64x48.m1v", 64, 48),
        ("selfenc/selfenc-mpeg1-qmat-48x32.m1v", 48, 32),
    ] {
        let path = fixtures.join(name);
        let stream = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_references(&stream, &slices(&decode(&stream)), DRIFT);
        // The pictures shipped with it are those of some FFmpeg, whose IDCT for its CPU rounds otherwise in a few
        // samples; the FFmpeg of this machine is compared with bit by bit (`ffmpeg.rs`).
        let path = fixtures.join(format!("{name}.ref.yuv"));
        let theirs = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let theirs: Vec<&[u8]> = theirs.chunks_exact(PictureView::i420_len(width, height)).collect();
        assert_references(&stream, &theirs, 1);
    }
}

#[test]
fn d_pictures_are_skipped() {
    let Some(fixtures) = shipped() else { return };
    let stream = std::fs::read(fixtures.join("conformance/mpeg1-dpics-48x32.m1v")).expect("it is shipped");
    let mut decoder = mpeg1::decode::Decoder::new();
    decoder.push(&stream);
    assert!(decoder.next_picture().is_none() && decoder.finish().is_none());
    assert_eq!(decoder.skipped_pictures(), decode(&stream).len() as u64);
}

#[test]
fn whatever_is_legal() {
    for seed in 0..40 {
        // It takes slices from the left edge only.
        let (width, height) = (16 + seed as usize * 3, 80 - seed as usize);
        let shape = Shape { width, height, pictures: 4, row_slices: true };
        let stream = generator::stream(seed, shape);
        assert_references(&stream, &slices(&decode(&stream)), DRIFT);
    }
}
