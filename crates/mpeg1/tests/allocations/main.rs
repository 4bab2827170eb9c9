//! Once their buffers have grown to what the hardest picture needs, encoder and decoder allocate nothing for a picture.
//!
//! Here belongs one test alone, without a harness: what others allocate meanwhile would be counted.

mod counting;

use counting::Counting;
use mpeg1::PictureView;
use mpeg1::decode::Decoder;
use mpeg1::encode::{Encoder, Intra, JoinSize, Preset, Rate, Refresh, Settings};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// No multiple of 16: the padded copy is used, too.
const SIZE: (usize, usize) = (200, 150);

/// Noise, which takes the most, then a texture that shakes, rests, and is cut.
fn pictures() -> Vec<Vec<u8>> {
    let len = PictureView::i420_len(SIZE.0, SIZE.1);
    let mut state = 1u32;
    let mut noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let hard: Vec<Vec<u8>> = (0..4).map(|_| (0..len).map(&mut noise).collect()).collect();
    let texture = |x: usize, y: usize| ((x * x / 9 + y * y / 5 + x * y / 13) % 180) as u8 + 40;
    let shift = |n: usize| if n < 20 { n * 5 % 7 } else { n / 30 * 50 };
    let easy = |n: usize| (0..len).map(|i| texture(i % SIZE.0 + shift(n), i / SIZE.0)).collect();
    hard.into_iter().chain((0..60).map(easy)).collect()
}

/// Codes all pictures; each becomes a unit of its own in `units`.
fn encode(encoder: &mut Encoder, pictures: &[Vec<u8>], join: &mut Vec<u8>, units: &mut [Vec<u8>]) {
    for (n, (picture, unit)) in pictures.iter().zip(units).enumerate() {
        let intra = if n % 25 == 0 { Intra::Force } else { Intra::Auto };
        unit.clear();
        encoder.encode(PictureView::from_i420(picture, SIZE.0, SIZE.1), intra, unit);
        join.clear();
        encoder.encode_join(0..encoder.rows(), JoinSize::Quantiser(1), join);
    }
}

fn main() {
    nothing_is_allocated_for_a_picture();
    // In the words of the usual harness, which the gate counts.
    println!("\ntest result: ok. 1 passed; 0 failed");
}

fn nothing_is_allocated_for_a_picture() {
    let pictures = pictures();
    let empty = || (0..pictures.len()).map(|_| Vec::with_capacity(1 << 20)).collect::<Vec<_>>();
    for threads in [1, 2, 3] {
        for rate in [Rate::Quantiser(1), Rate::BitsPerSecond(300_000)] {
            for (refresh, preset) in [
                (Refresh::Rolling(75), Preset::Balanced),
                (Refresh::Periodic(12), Preset::Balanced),
                (Refresh::Rolling(75), Preset::Fast),
            ] {
                let settings = Settings {
                    threads,
                    refresh,
                    preset,
                    ..Settings::new(SIZE.0, SIZE.1, 25.0, Rate::Quantiser(1))
                };
                let mut encoder = Encoder::new(settings).expect("legal settings");
                let (mut units, mut join) = (empty(), Vec::with_capacity(1 << 20));
                // Twice: what was learned of the first run cuts the second one's pictures into other slices.
                encode(&mut encoder, &pictures, &mut join, &mut units);
                encode(&mut encoder, &pictures, &mut join, &mut units);
                encoder.set_rate(rate).expect("a legal rate");
                let encoding = || encode(&mut encoder, &pictures, &mut join, &mut units);
                assert_eq!(
                    ALLOCATOR.during(encoding),
                    0,
                    "{threads} threads, {rate:?}, {refresh:?}: encoder"
                );
                assert_eq!(decoder_allocates(&units), 0, "{rate:?}, {refresh:?}: decoder");
            }
        }
    }
    assert_eq!(ALLOCATOR.during(|| drop(std::hint::black_box(vec![1u8; 9]))), 1, "allocations are counted");
}

/// What a decoder allocates for units that it has seen before.
fn decoder_allocates(units: &[Vec<u8>]) -> usize {
    let mut decoder = Decoder::new();
    let mut decode = || {
        for unit in units {
            assert!(decoder.decode_unit(unit).is_some_and(|decoded| decoded.concealed_macroblocks == 0));
        }
    };
    decode();
    ALLOCATOR.during(decode)
}
