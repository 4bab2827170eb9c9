//! Any answer of a camera's driver, and any memory with it: a picture comes of it, or a word that it is too short. A part
//! of it is scaled, cut, flipped and turned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pistreaming::frame::FrameSize;
use mpeg1::level;
use pistreaming::source::convert::{Arrangement, Colour, Converter, Layout, Matrix, Scaler};
use pistreaming::source::turn::Turner;
use pistreaming::source::{Quarter, Window};

/// Width, height, arrangement and turns, strides, the planes' lengths, colours, the part that is cut out, what lies in memory.
type Input = (u8, u8, u8, [u16; 3], [u16; 3], u8, [u8; 4], Vec<u8>);

fuzz_target!(|input: Input| {
    let (width, height, which, strides, cuts, colours, part, bytes) = input;
    let Ok(size) = FrameSize::new(u16::from(width) + 16, u16::from(height) + 16) else { return };
    let (luma_first, cr_first) = (which & 1 != 0, which & 2 != 0);
    let arrangement = match which >> 2 & 3 {
        0 => Arrangement::Packed { luma_first, cr_first },
        1 => Arrangement::SemiPlanar { cr_first },
        2 => Arrangement::Planar { cr_first },
        _ => Arrangement::Grey,
    };
    let matrix = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020, Matrix::Smpte240m][usize::from(colours >> 1 & 3)];
    let colour = Colour { matrix, full_range: colours & 1 != 0 };
    let layout = Layout { size, arrangement, strides: strides.map(usize::from), colour };
    // The fuzzer's bytes again and again: pictures are larger than its inputs.
    let memory: Vec<u8> = bytes.iter().copied().cycle().take(if bytes.is_empty() { 0 } else { 1 << 19 }).collect();
    let planes: Vec<&[u8]> = cuts.iter().map(|&cut| &memory[..memory.len().min(usize::from(cut) * 8)]).collect();
    let mut samples = vec![0; size.i420_len()];
    let count = usize::from(colours >> 4 & 3);
    if Converter::new(layout).convert(&planes[..count], &mut samples).is_err() {
        return;
    }
    let to = FrameSize::new(33, 49).expect("a size");
    Scaler::new(size, to).scale(&samples, &mut vec![0; to.i420_len()]);
    let quarter = [None, Some(Quarter::Left), Some(Quarter::Right)][usize::from(which >> 4 & 3) % 3];
    let flips = (which & 0x40 != 0, which & 0x80 != 0);
    Turner::with_level(size, flips, quarter, level::best()).turn(&samples, &mut vec![0; size.i420_len()]);
    let [left, top, wide, high] = part.map(u16::from);
    let Ok(shown) = FrameSize::new(wide.max(16), high.max(16)) else { return };
    let mut cut = vec![0; shown.i420_len()];
    if let Some(window) = Window::new((left, top), shown, size) {
        // What held the whole holds every part.
        Converter::of_part(layout, window).convert(&planes[..count], &mut cut).expect("a part of a picture");
    }
    if let Some(window) = Window::new((left, top), shown, to) {
        Scaler::of_part(size, to, window).scale(&samples, &mut cut);
    }
});
