//! A simulated world: the program's hub and windows, with links and an encoder that are reckoned. Its clock and its chance
//! are given, so a scenario is the same each time, and an hour of it takes a second.
//!
//! Here belongs: what happens when. The parts: `path` is a link, `coder` plays the encoder, `watcher` is a viewer with his
//! socket's loop, `order` and `screen` check what he is given and sees. Not here: what scenarios there are, which are the caller's.

pub mod coder;
mod order;
pub mod path;
mod screen;
pub mod watcher;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use pistreaming::hub::Hub;
use pistreaming::mailbox::Mailbox;
use pistreaming::time::Timestamp;

use coder::{Coder, Scene};
use path::Path;
use watcher::{Kind, Watcher};

/// What makes one scenario unlike another, where it is not said by hand: a sequence by a seed (splitmix64).
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// From 0 to below 1.
    pub fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The camera has a frame.
    Frame,
    /// The encoder has another part of the picture.
    Part,
    /// The encoder makes what single viewers wait for.
    Serve,
    /// A viewer hears what has arrived, or his timer has run out.
    Look(usize),
}

/// All of it.
pub struct World {
    pub now_us: u64,
    pub hub: Arc<Hub>,
    pub coder: Coder,
    pub watchers: Vec<Watcher>,
    chance: Chance,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    serving: bool,
}

/// How long the encode thread takes from a nudge to a join, µs.
const SERVE_US: u64 = 3_000;

/// Messages on the way to one viewer: as many of the smallest there are, parts of 15 bytes, as may be sent before anything was
/// acknowledged.
const MOST_MESSAGES: usize = 16_000 / 15;

impl World {
    /// A world with nobody watching.
    pub fn new(scene: Scene, seed: u64) -> Self {
        let hub = Hub::new(true, Arc::new(Mailbox::new()));
        let coder = Coder::new(&hub, scene, Chance(seed));
        let events = BinaryHeap::from([Reverse((0, Event::Frame))]);
        let chance = Chance(seed ^ 1);
        Self { now_us: 0, hub, coder, watchers: Vec::new(), chance, events, serving: false }
    }

    /// One more comes to watch; his number.
    pub fn enter(&mut self, kind: Kind, path: Path) -> usize {
        let chance = Chance((self.chance.part() * 1e15) as u64);
        self.watchers.push(Watcher::new(&self.hub, kind, path, chance));
        if let Some(most) = self.coder.max_upload() {
            let share = most / 8.0 / self.watchers.len() as f64;
            self.watchers.iter_mut().for_each(|watcher| watcher.share = share);
        }
        self.pump(self.watchers.len() - 1);
        self.watchers.len() - 1
    }

    /// One leaves.
    pub fn leave(&mut self, who: usize) {
        self.watchers[who].leave();
    }

    /// One looks away, or looks again.
    pub fn look_away(&mut self, who: usize, away: bool) {
        let now = self.now();
        self.watchers[who].look_away(now, away);
        self.pump(who);
    }

    /// Lets `seconds` pass.
    pub fn run(&mut self, seconds: f64) {
        let end = self.now_us + (seconds * 1e6) as u64;
        while let Some(&Reverse((at, event))) = self.events.peek() {
            if at > end {
                break;
            }
            self.events.pop();
            self.now_us = self.now_us.max(at);
            self.happen(event);
        }
        self.now_us = end;
        let now = self.now();
        self.watchers.iter_mut().for_each(|watcher| watcher.see(now));
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_us)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Frame => {
                self.coder.code(&self.hub, self.now());
                self.at(self.coder.interval_us(), Event::Frame);
                self.coder.parts_us().for_each(|after_us| self.at(after_us, Event::Part));
                self.pump_all();
            }
            Event::Part => {
                if self.coder.go_on(&self.hub, self.now()) {
                    self.watchers.iter_mut().for_each(Watcher::gave_up);
                }
                self.pump_all();
            }
            Event::Serve => {
                self.serving = false;
                self.coder.serve(&self.hub, self.now());
                self.pump_all();
            }
            Event::Look(who) => self.pump(who),
        }
    }

    fn at(&mut self, after_us: u64, event: Event) {
        self.events.push(Reverse((self.now_us + after_us, event)));
    }

    fn pump_all(&mut self) {
        for who in 0..self.watchers.len() {
            self.pump(who);
        }
        self.check();
    }

    /// A viewer's task: takes what there is for him, and says when it is to be woken.
    fn pump(&mut self, who: usize) {
        let now = self.now();
        let looks = self.watchers[who].pump(now);
        for at in looks {
            let after = at.as_micros().saturating_sub(self.now_us).max(1);
            self.at(after, Event::Look(who));
        }
        if !self.serving && self.coder.is_wanted(&self.hub) {
            self.serving = true;
            self.at(SERVE_US, Event::Serve);
        }
    }

    /// What must hold at any time: nothing grows.
    fn check(&self) {
        let held = self.hub.counts().held_bytes;
        assert!(held <= 8 << 20, "the ring is bounded: {held}");
        let most = 8 + MOST_MESSAGES * self.watchers.len();
        assert!(self.events.len() <= most, "{} events", self.events.len());
    }
}
