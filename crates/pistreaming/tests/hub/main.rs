//! The hub in a simulated world: any links, any coming and going; what holds at every step stands in `world`.

mod renditions;
mod upload;
mod world;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use world::World;
use world::coder::Scene;
use world::path::Path;
use world::watcher::{Kind, Watcher};

/// Bytes a second of the stream.
const STREAM: f64 = 100e3;

/// The part of what was seen behind `from` seconds: the ages' 95th percentile in ms, and pictures a second.
fn steady(watcher: &Watcher, from: f64, until: f64) -> (f64, f64) {
    let inside = |at: &u64| (from..until).contains(&(*at as f64 / 1e6));
    let seen = &watcher.seen;
    let mut ages: Vec<u64> =
        seen.at_us.iter().zip(&seen.ages_us).filter(|(at, _)| inside(at)).map(|(_, age)| *age).collect();
    ages.sort_unstable();
    let p95 = ages.get(ages.len().saturating_sub(1) * 95 / 100).map_or(f64::INFINITY, |&us| us as f64 / 1e3);
    (p95, ages.len() as f64 / (until - from))
}

fn path() -> impl Strategy<Value = Path> {
    let rate = prop_oneof![0.9..3.0_f64, 0.15..1.0_f64, 3.0..100.0_f64];
    let change = (0.5..12.0_f64, prop_oneof![3 => 0.15..3.0_f64, 1 => Just(0.0)]);
    let loss = prop_oneof![3 => Just(0.0), 1 => 0.0..0.03_f64];
    (rate, 0_u64..100_000, loss, 0_u64..8_000, prop::collection::vec(change, 0..4)).prop_map(
        |(rate, delay_us, loss, jitter_us, changes)| {
            let mut path = Path::new(rate * STREAM, delay_us);
            (path.loss, path.jitter_us) = (loss, jitter_us);
            let mut at = 0.0;
            for (after, rate) in changes {
                at += after;
                path.change((at * 1e6) as u64, rate * STREAM);
            }
            path.change(((at + 3.0) * 1e6) as u64, rate * STREAM);
            path
        },
    )
}

fn scene() -> impl Strategy<Value = Scene> {
    let fps = prop::sample::select(&[10.0, 24.0, 30.0][..]);
    let coding = prop_oneof![Just(0), 5_000_u64..30_000];
    (fps, 0.05..1.0_f64, 3_000_usize..12_000, 0_usize..5, coding).prop_map(
        |(frames_per_second, part, least_join, renditions, coding_us)| Scene {
            frames_per_second,
            part,
            least_join,
            renditions,
            coding_us,
            ..Scene::default()
        },
    )
}

#[derive(Clone, Debug)]
enum Op {
    Enter(bool, Path),
    Leave(usize),
    Away(usize, bool),
    Run(f64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (any::<bool>(), path()).prop_map(|(old, path)| Op::Enter(old, path)),
        1 => any::<usize>().prop_map(Op::Leave),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(who, away)| Op::Away(who, away)),
        4 => (0.01..4.0_f64).prop_map(Op::Run),
    ];
    prop::collection::vec(op, 1..20)
}

/// The same 400 worlds each time: one that is found faulty by chance must not stop a change that has nothing to do with it.
/// PROPTEST_RNG_SEED and PROPTEST_CASES make others, as `cargo xtask test --all` does.
fn worlds() -> ProptestConfig {
    let asked = ProptestConfig::default();
    match asked.rng_seed {
        RngSeed::Random => ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(1), ..asked },
        RngSeed::Fixed(_) => asked,
    }
}

proptest! {
    #![proptest_config(worlds())]

    /// Whoever comes and goes by whatever links: each is served as the contract says, and who has a good link sees
    /// nothing of the others.
    #[test]
    fn all_are_served_and_nobody_suffers(scene in scene(), ops in ops(), seed: u64) {
        let mut world = World::new(scene, seed);
        let good = world.enter(Kind::Live, Path::new(100.0 * STREAM, 1000));
        world.run(1.0);
        for op in ops {
            let count = world.watchers.len() - 1;
            match op {
                Op::Enter(..) if count >= 8 => {}
                Op::Enter(old, path) => {
                    let path = path.from(world.now_us);
                    let _ = world.enter(if old { Kind::Old } else { Kind::Live }, path);
                }
                Op::Leave(who) if count > 0 => world.leave(1 + who % count),
                Op::Away(who, away) if count > 0 => world.look_away(1 + who % count, away),
                Op::Leave(_) | Op::Away(..) => {}
                Op::Run(seconds) => world.run(seconds),
            }
        }
        world.run(2.0);
        let seen = &world.watchers[good].seen;
        prop_assert_eq!((seen.missed, seen.skips), (0, 0));
        let oldest = 20_000 + scene.coding_us;
        prop_assert!(seen.ages_us.iter().all(|&age| age < oldest), "{:?}", seen.ages_us.iter().max());
        let frames = (world.now_us as f64 / 1e6 * scene.frames_per_second) as u32 - world.coder.abandoned;
        prop_assert!(seen.pictures + 2 >= frames, "{} of {frames}", seen.pictures);
    }
}

#[test]
fn a_link_that_carries_the_stream_shows_all_of_it() {
    for (times, delay_us) in [(2.0, 5_000), (1.5, 50_000), (20.0, 100_000)] {
        let mut world = World::new(Scene { part: 0.9, ..Scene::default() }, 7);
        let who = world.enter(Kind::Live, Path::new(times * STREAM, delay_us));
        world.run(20.0);
        let (p95, rate) = steady(&world.watchers[who], 3.0, 20.0);
        println!("{times} x, {delay_us}: p95 {p95}, {rate}/s, {:?}", world.watchers[who].window.rate());
        assert!(p95 < 250.0 + delay_us as f64 / 1e3 && rate > 23.0);
    }
}

/// Of a picture in parts, the last byte of what is still to be sent when it is whole is there sooner by up to the time that
/// the other parts take on the link; and everybody else gets the same pictures whole.
#[test]
fn who_is_up_to_date_gets_pictures_in_parts() {
    for (times, delay_us) in [(2.0, 5_000), (3.0, 50_000), (20.0, 1_000)] {
        let mut world = World::new(Scene { part: 0.9, coding_us: 24_000, ..Scene::default() }, 7);
        let path = Path::new(times * STREAM, delay_us);
        let (live, old) = (world.enter(Kind::Live, path.clone()), world.enter(Kind::Old, path));
        world.run(20.0);
        let [live, old] = [live, old].map(|who| &world.watchers[who]);
        let (ours, theirs) = (steady(live, 5.0, 20.0), steady(old, 5.0, 20.0));
        println!("{times} x, {delay_us} µs: {ours:?} {}, {theirs:?}", live.seen.in_parts);
        assert!(live.seen.in_parts * 10 > live.seen.pictures * 7, "{:?}", live.seen.in_parts);
        assert_eq!((old.seen.in_parts, live.seen.missed), (0, 0));
        assert!(ours.0 < theirs.0 && ours.1 > 23.0);
    }
}

/// What viewers by links of a part of the stream's rate have in the steady state: fresh pictures, as many as the link allows,
/// and hardly ever another rendition.
#[test]
fn slow_links_show_fresh_pictures_and_many_of_them() {
    let links = [
        (1.0, 5_000, 23.0),
        (0.6, 5_000, 22.0),
        (0.6, 50_000, 22.0),
        (0.3, 10_000, 20.0),
        (0.2, 10_000, 10.0),
        (0.1, 10_000, 5.5),
    ];
    for (kind, (times, delay_us, least)) in
        [Kind::Live, Kind::Old].iter().flat_map(|&kind| links.map(|link| (kind, link)))
    {
        for seed in 0..10 {
            let mut world = World::new(Scene { part: 0.9, ..Scene::default() }, seed);
            let who = world.enter(kind, Path::new(times * STREAM, delay_us));
            world.run(60.0);
            let (p95, rate) = steady(&world.watchers[who], 5.0, 60.0);
            let renditions = &world.watchers[who].seen.renditions;
            let text =
                format!("{kind:?} {times} x, {delay_us} µs, {seed}: p95 {p95} ms, {rate}/s, {renditions:?}");
            // An old page cannot have smaller pictures: at a tenth a start alone takes a second.
            let most = if kind == Kind::Old && times < 0.2 { 1000.0 } else { 400.0 };
            println!("{text}");
            assert!(p95 < most + 2.0 * delay_us as f64 / 1e3, "{text}");
            assert!(rate >= least, "{text}");
            assert!(renditions.len() <= 10, "{text}");
        }
    }
}

/// The first picture of all is large, and sent before anything is known of the link: it takes seconds on a slow one. What
/// comes behind it does not wait as long.
#[test]
fn who_was_there_first_catches_up_on_a_slow_link() {
    for seed in 0..10 {
        let scene = Scene { frames_per_second: 5.0, part: 0.5, renditions: 2, ..Scene::default() };
        let mut world = World::new(scene, seed);
        let who = world.enter(Kind::Live, Path::new(0.15 * STREAM, 0));
        world.run(12.0);
        let watcher = &world.watchers[who];
        let (p95, rate) = steady(watcher, 6.0, 12.0);
        println!("{seed}: p95 {p95} ms, {rate}/s, {:?}", watcher.window.least_round_trip());
        assert!(p95 < 1100.0 && rate > 2.0, "{seed}: p95 {p95} ms, {rate}/s, {:?}", watcher.seen.renditions);
    }
}

/// The first picture of all is the largest and takes over a second; what comes behind it was captured long before it has come.
/// He is given a newer one instead.
#[test]
fn who_has_waited_for_the_first_picture_is_not_given_one_as_old() {
    for (per_second, delay_us) in [(5.0, 19_200), (5.0, 0), (10.0, 5_000)] {
        let scene = Scene {
            frames_per_second: per_second,
            part: 0.2,
            least_join: 3920,
            renditions: 2,
            ..Scene::default()
        };
        let mut world = World::new(scene, 12);
        let who = world.enter(Kind::Live, Path::new(0.484 * STREAM, delay_us));
        world.run(10.0);
        let seen = &world.watchers[who].seen;
        println!("{per_second}/s, {delay_us} µs: {:?}", &seen.ages_us[..4]);
        assert!(seen.ages_us[1] < 700_000, "{:?}", &seen.ages_us[..4]);
    }
}
