//! What all viewers together may be sent.

use crate::renditions::had;
use crate::world::World;
use crate::world::coder::Scene;
use crate::world::path::Path;
use crate::world::watcher::Kind;
use crate::{STREAM, steady};

/// What all together may be sent is kept to and shared: who has a slow link leaves the rest to the others, who get as much as
/// each other.
#[test]
fn an_upload_is_shared_fairly() {
    for (count, times) in [(2, 1.0), (5, 2.0), (6, 0.9), (20, 3.0)] {
        let most = (times * 8.0 * STREAM) as u32;
        let mut world = World::new(Scene { part: 0.9, max_upload: Some(most), ..Scene::default() }, 3);
        let slow = world.enter(Kind::Live, Path::new(0.09 * STREAM, 5_000));
        let quick: Vec<usize> =
            (0..count).map(|_| world.enter(Kind::Live, Path::new(20.0 * STREAM, 5_000))).collect();
        world.run(20.0);
        let before: Vec<u64> = world.watchers.iter().map(|watcher| watcher.seen.bytes).collect();
        world.run(60.0);
        let rate = |who: usize| (world.watchers[who].seen.bytes - before[who]) as f64 / 60.0;
        let all: f64 = (0..world.watchers.len()).map(rate).sum();
        let text =
            format!("{count} at {times} x: {all} B/s, {:?}", (0..=count).map(rate).collect::<Vec<_>>());
        println!("{text}");
        assert!(all <= times * STREAM * 1.02, "{text}");
        let rates = || quick.iter().map(|&who| rate(who));
        let (least, greatest) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        assert!(greatest < 2.2 * least, "{text}");
        assert!(all > 0.65 * times * STREAM, "{text}");
        for who in [&[slow], &quick[..]].concat() {
            let (p95, rate) = steady(&world.watchers[who], 20.0, 80.0);
            println!("  {who}: {p95} ms, {rate}/s, {:?}", world.watchers[who].seen.renditions);
        }
    }
}

/// Where equal shares lie between two renditions all have the lower one, and as many the next as there is enough for.
#[test]
fn what_equal_shares_leave_unused_gives_some_the_next_rendition() {
    for (count, times, (lower, greater, greaters)) in [
        (2, 1.0, (3, 1, 1)),
        (5, 2.0, (3, 1, 1)),
        (4, 1.9, (3, 1, 2)),
        (3, 1.9, (1, 0, 0)),
        (3, 3.5, (1, 0, 2)),
    ] {
        for seed in 0..10 {
            let most = (times * 8.0 * STREAM) as u32;
            let mut world = World::new(Scene { part: 0.9, max_upload: Some(most), ..Scene::default() }, seed);
            let slow = world.enter(Kind::Live, Path::new(0.09 * STREAM, 5_000));
            let quick: Vec<usize> =
                (0..count).map(|_| world.enter(Kind::Live, Path::new(20.0 * STREAM, 5_000))).collect();
            world.run(80.0);
            let all: u64 = world.watchers.iter().map(|watcher| watcher.seen.bytes).sum();
            assert!(
                all as f64 <= times * STREAM * 82.0,
                "{all} bytes, {} of them his",
                world.watchers[slow].seen.bytes
            );
            let having = |one: u16| {
                quick.iter().filter(|&&who| had(&world.watchers[who], one, 20.0, 80.0) > 0.99).count()
            };
            let renditions: Vec<_> = quick.iter().map(|&who| &world.watchers[who].seen.renditions).collect();
            let text = format!("{count} at {times} x, {seed}: {renditions:?}");
            assert_eq!((having(lower), having(greater)), (count - greaters, greaters), "{text}");
            let fresh = quick.iter().all(|&who| steady(&world.watchers[who], 20.0, 80.0).0 < 300.0);
            assert!(fresh && renditions.iter().all(|given| given.len() <= 4), "{text}");
        }
    }
}
