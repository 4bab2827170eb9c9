//! Every stream of the encoder is legal, by a check that shares nothing with the crate: whatever the size, the content,
//! the settings and their changes, for who watches from the start and for who joins.

use crate::content::{self, Content};
use crate::legal::{Census, Rules, check};
use mpeg1::PictureView;
use mpeg1::encode::{Encoder, Intra, JoinSize, Preset, Rate, Refresh, Settings};
use proptest::prelude::*;

fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![(1u8..=31).prop_map(Rate::Quantiser), (1_000u32..8_000_000).prop_map(Rate::BitsPerSecond)]
}

fn refresh() -> impl Strategy<Value = Refresh> {
    prop_oneof![(1u32..=132).prop_map(Refresh::Periodic), (1u32..=132).prop_map(Refresh::Rolling)]
}

fn rules(settings: Settings) -> Rules {
    let cycle = match settings.refresh {
        Refresh::Rolling(pictures) => Some(pictures as usize),
        Refresh::Periodic(_) => None,
    };
    Rules { size: (settings.width, settings.height), cycle, joined: false }
}

/// An encoder's stream of these pictures, and how many of them are in it; at some of them an I picture is asked for, or
/// the rate changed.
fn encode(settings: Settings, pictures: &[Vec<u8>], changes: &[(usize, Option<Rate>)]) -> (Vec<u8>, usize) {
    let mut encoder = Encoder::new(settings).expect("legal settings");
    let (mut stream, mut count) = (Vec::new(), 0);
    for (n, picture) in pictures.iter().enumerate() {
        let mut intra = Intra::Auto;
        for (_, change) in changes.iter().filter(|(at, _)| *at == n) {
            match change {
                Some(rate) => encoder.set_rate(*rate).expect("a legal rate"),
                None => intra = Intra::Force,
            }
        }
        let view = PictureView::from_i420(picture, settings.width, settings.height);
        count += usize::from(encoder.encode(view, intra, &mut stream).is_some());
    }
    (stream, count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn streams_are_legal(
        size in (1usize..130, 1usize..130), content in content::any(), seed: u64, count in 1usize..30, rate in rate(),
        refresh in refresh(), threads in 1usize..4, fps in 1.0f64..120.0,
        changes in prop::collection::vec((0usize..30, prop::option::of(rate())), 0..4),
    ) {
        let preset = if seed & 2 == 0 { Preset::Balanced } else { Preset::Fast };
        let settings = Settings { threads, refresh, preset, adaptive: seed % 2 == 1, ..Settings::new(size.0, size.1, fps, rate) };
        let (stream, count) = encode(settings, &content.pictures(size, count, seed), &changes);
        let census = check(&stream, rules(settings));
        prop_assert!(census.is_ok(), "{}", census.unwrap_err());
        prop_assert_eq!(census.unwrap().pictures, count);
    }

    #[test]
    fn streams_of_who_joins_are_legal(
        size in (1usize..130, 1usize..130), content in content::any(), seed: u64, at in 0usize..5, rate in rate(),
        bytes in 100usize..20_000, band in (0usize..8, 1usize..8), bands in prop::collection::vec(any::<bool>(), 8),
    ) {
        let settings = Settings::new(size.0, size.1, 25.0, rate);
        let mut encoder = Encoder::new(settings).expect("legal settings");
        let (mut common, mut joined) = (Vec::new(), Vec::new());
        for (n, picture) in content.pictures(size, at + bands.len(), seed).iter().enumerate() {
            let stream = if n > at { &mut joined } else { &mut common };
            encoder.encode(PictureView::from_i420(picture, size.0, size.1), Intra::Auto, stream);
            if n == at {
                encoder.encode_join(0..encoder.rows(), JoinSize::Bytes(bytes), &mut joined);
            } else if n > at && bands[n - at] && band.0 < encoder.rows() {
                encoder.encode_join(band.0..band.0 + band.1, JoinSize::Bytes(bytes), &mut joined);
            }
        }
        let census = check(&joined, Rules { cycle: None, joined: true, ..rules(settings) });
        prop_assert!(census.is_ok(), "{}", census.unwrap_err());
    }
}

/// The longest time that a macroblock may go without being intra, at pictures in which each has its own way.
#[test]
fn long_streams_are_legal_and_use_all_there_is() {
    let size = (208, 144);
    let mut seen = Census::default();
    for (content, rate) in [
        (Content::Shaking, Rate::Quantiser(2)),
        (Content::Shaking, Rate::BitsPerSecond(150_000)),
        (Content::Moving, Rate::Quantiser(1)),
        (Content::Cuts, Rate::BitsPerSecond(300_000)),
        (Content::Still, Rate::BitsPerSecond(50_000)),
    ] {
        for (refresh, preset) in [
            (Refresh::Rolling(75), Preset::Balanced),
            (Refresh::Rolling(132), Preset::Balanced),
            (Refresh::Rolling(132), Preset::Fast),
            (Refresh::Periodic(132), Preset::Balanced),
        ] {
            let settings = Settings { refresh, preset, ..Settings::new(size.0, size.1, 25.0, rate) };
            let (stream, _) = encode(settings, &content.pictures(size, 300, 3), &[]);
            let census = check(&stream, rules(settings));
            let census = census.map_err(|fault| format!("{content:?}, {rate:?}, {refresh:?}: {fault}"));
            let census = census.expect("legal");
            seen.skipped += census.skipped;
            seen.moved += census.moved;
            seen.intra_in_p += census.intra_in_p;
            seen.escapes += census.escapes;
            seen.coefficients += census.coefficients;
        }
    }
    assert!(seen.skipped > 1000 && seen.moved > 1000 && seen.intra_in_p > 1000, "{seen:?}");
    assert!(seen.escapes > 1000 && seen.coefficients > 100_000, "{seen:?}");
}
