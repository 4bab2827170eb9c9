//! Streams of FFmpeg's encoder are decoded to what FFmpeg's decoder makes of them, bit by bit.

use crate::generator::{self, Shape};
use crate::others;
use crate::pictures::{assert_references, reference_places};
use mpeg1::PictureView;
use mpeg1::bits::start_code::{self, PICTURE};
use mpeg1::syntax::picture::PictureHeader;
use proptest::prelude::*;

/// Encodes, decodes by both, compares. Gives the stream.
fn agree(source: &str, (width, height): (usize, usize), options: &str) -> Option<Vec<u8>> {
    let source = format!("{source},scale={width}:{height},format=yuv420p");
    let stream = others::encode(&source, options)?;
    compare(&stream, (width, height))?;
    Some(stream)
}

fn compare(stream: &[u8], (width, height): (usize, usize)) -> Option<()> {
    let theirs = others::decode(stream)?;
    let theirs: Vec<&[u8]> = theirs.chunks_exact(PictureView::i420_len(width, height)).collect();
    assert!(!theirs.is_empty(), "FFmpeg decodes something");
    assert_references(stream, &theirs, 0);
    Some(())
}

fn headers(stream: &[u8]) -> impl Iterator<Item = PictureHeader> {
    start_code::split(stream)
        .filter(|(code, _)| *code == PICTURE)
        .filter_map(|(_, it)| PictureHeader::read(it))
}

#[test]
fn every_size_and_quantiser() {
    for (size, q) in [((16, 16), 2), ((17, 33), 5), ((352, 240), 9), ((98, 50), 20), ((640, 480), 31)] {
        agree("testsrc2=r=25", size, &format!("-frames:v 14 -q:v {q} -bf 0"));
        agree("mandelbrot=r=25", size, &format!("-frames:v 14 -q:v {q} -bf 0"));
    }
}

#[test]
fn every_group_length() {
    for group in [1, 12, 300] {
        agree("testsrc2=r=25", (176, 144), &format!("-frames:v 40 -q:v 4 -g {group} -bf 0"));
    }
}

#[test]
fn pictures_between_b_pictures() {
    for options in ["-bf 2 -g 12", "-bf 1 -g 7 -flags +cgop -sc_threshold 1000000000", "-bf 3 -g 300"] {
        let stream = agree("testsrc2=r=25", (176, 144), &format!("-frames:v 40 -q:v 6 {options}"));
        if let Some(stream) = stream {
            assert!(reference_places(&stream).len() < headers(&stream).count(), "there are B pictures");
        }
    }
}

#[test]
fn long_vectors() {
    let source = "mandelbrot=s=640x480:r=25,scroll=h=0.09:v=0.07";
    let options = "-frames:v 12 -q:v 6 -bf 0 -me_range 200 -subq 8 -dia_size 4 -last_pred 4";
    if let Some(stream) = agree(source, (352, 288), options) {
        let largest = headers(&stream).map(|header| header.forward.f_code).max();
        assert!(largest > Some(2), "vectors are long enough to need an f_code of 3: {largest:?}");
    }
}

#[test]
fn noise_and_changing_quantisers() {
    let noise = "nullsrc=s=160x128:r=25,geq=random(1)*255:random(2)*255:random(3)*255";
    for q in [2, 12, 31] {
        agree(noise, (160, 128), &format!("-frames:v 6 -q:v {q} -bf 0"));
    }
    let masks = "-lumi_mask 0.3 -dark_mask 0.2 -scplx_mask 0.3 -tcplx_mask 0.3 -mbd rd -trellis 1";
    agree("mandelbrot=s=320x240:r=25", (320, 240), &format!("-frames:v 14 -b:v 300k -bf 0 {masks}"));
}

#[test]
fn custom_matrices() {
    let matrix = |first: u32, step: u32| -> String {
        let values = (0..64).map(|n| (first + n / 8 * step + n % 8 * 2).to_string());
        values.collect::<Vec<_>>().join(",")
    };
    let (intra, inter) = (matrix(8, 3), matrix(9, 5));
    for options in [format!("-intra_matrix {intra}"), format!("-intra_matrix {intra} -inter_matrix {inter}")]
    {
        agree("testsrc2=r=25", (176, 144), &format!("-frames:v 14 -q:v 3 -bf 0 {options}"));
    }
}

#[test]
fn several_slices() {
    for slices in [1, 3, 9] {
        agree("testsrc2=r=25", (176, 144), &format!("-frames:v 8 -q:v 3 -bf 0 -threads 1 -slices {slices}"));
    }
}

#[test]
fn the_largest_picture() {
    let (width, height) = (4095, 2800);
    let stream = generator::stream(1, Shape { width, height, pictures: 2, row_slices: false });
    compare(&stream, (width, height));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// What FFmpeg's encoder never writes: whole-pel vectors, every f_code, slices anywhere, stuffing, long increments.
    #[test]
    fn whatever_is_legal(seed: u64, width in 1usize..180, height in 1usize..90) {
        let stream = generator::stream(seed, Shape { width, height, pictures: 5, row_slices: false });
        compare(&stream, (width, height));
    }
}
