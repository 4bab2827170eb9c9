//! Any coming and going by any links, in the simulated world of the hub's tests: each viewer gets nothing but what he can
//! decode, in order, never older than his link explains, and one by a good link sees nothing of the others.
#![no_main]

#[allow(dead_code)] // what the tests look at afterwards
#[path = "../../crates/pistreaming/tests/hub/world/mod.rs"]
mod world;

use libfuzzer_sys::fuzz_target;
use world::World;
use world::coder::Scene;
use world::path::Path;
use world::watcher::Kind;

/// Bytes a second of the stream.
const STREAM: f64 = 100e3;
/// Viewers at once at most.
const MOST: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let Some(([fps, part, join, renditions], bytes)) = bytes.split_first_chunk() else { return };
    let frames_per_second = 5.0 + f64::from(fps % 56);
    let scene = Scene {
        frames_per_second,
        part: f64::from(1 + u16::from(*part)) / 256.0,
        least_join: 2_000 + 40 * usize::from(*join),
        renditions: usize::from(renditions % 5),
        // At most eight tenths of the time between frames.
        coding_us: (1e6 / frames_per_second * f64::from(renditions / 5) / 64.0) as u64,
        ..Scene::default()
    };
    let mut world = World::new(scene, bytes.len() as u64);
    let good = world.enter(Kind::Live, Path::new(100.0 * STREAM, 1000));
    for op in bytes.chunks_exact(8).take(24) {
        let count = world.watchers.len() - 1;
        let who = 1 + usize::from(op[1]) % count.max(1);
        match op[0] % 5 {
            0 | 1 if count < MOST => drop(world.enter(kind(op[1]), path(op, world.now_us))),
            2 if count > 0 => world.leave(who),
            3 if count > 0 => world.look_away(who, op[2] & 1 == 0),
            _ => world.run(f64::from(op[1]) / 64.0),
        }
    }
    world.run(2.0);
    let seen = &world.watchers[good].seen;
    assert_eq!((seen.missed, seen.renditions.len()), (0, 1));
    assert!(seen.ages_us.iter().all(|&age| age < 20_000 + scene.coding_us));
});

fn kind(byte: u8) -> Kind {
    if byte & 1 == 0 { Kind::Live } else { Kind::Old }
}

/// A link that changes its rate twice at most; a rate of 0 is an outage.
fn path(op: &[u8], now_us: u64) -> Path {
    let rate = |byte: u8| STREAM * 0.15 * 1.05_f64.powi(i32::from(byte) / 2);
    let mut path = Path::new(rate(op[2]), u64::from(op[3]) * 400);
    (path.loss, path.jitter_us) = (f64::from(op[4] % 8) * 0.004, u64::from(op[4] / 8) * 250);
    let change = now_us + 50_000 * u64::from(op[5]);
    path.change(change, if op[6] < 32 { 0.0 } else { rate(op[6]) });
    path.change(change + 100_000 + 20_000 * u64::from(op[7]), rate(op[2]));
    path
}
