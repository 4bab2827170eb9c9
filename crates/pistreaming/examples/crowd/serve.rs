//! This project's server with its hub, fed with made-up pictures; who joins gets a join, as from the encoder.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use pistreaming::frame::FrameSize;
use pistreaming::hub::{Fit, Hub, Role, Stream};
use pistreaming::mailbox::Mailbox;
use pistreaming::needs::Needs;
use pistreaming::server::{Camera, Ports, Settings};
use pistreaming::source::FrameRate;
use pistreaming::time::Clock;
use pistreaming::unit::{AccessUnit, Picture, TimeMeaning};

use crate::Outcome;
use crate::pictures::{BITS_PER_SECOND, JOIN_BYTES, RATE, at_the_rate, picture, start};

/// Serves until it is killed.
pub(crate) fn run() -> Outcome {
    // As the program has it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let frames = Arc::new(Mailbox::new());
    let (hub, size) = (Hub::new(true, Arc::clone(&frames)), FrameSize::new(640, 480)?);
    let camera = Camera {
        name: "made-up pictures".into(),
        hub: Arc::clone(&hub),
        frames,
        size: Arc::new(Mutex::new(size)),
        rate: Arc::new(Mutex::new(FrameRate::new(RATE, 1)?)),
        encoder: "none".into(),
        stills: Arc::default(),
        needs: Arc::new(Needs::new()?),
    };
    let clock = Clock::start();
    let ports = Ports::open(settings())?;
    println!("{} {}", ports.http_port()?, ports.ws_port()?.unwrap_or_default());
    let _server = runtime.block_on(async { ports.serve(camera, clock) })?;
    let stream = hub.begin_stream(size, (RATE, 1), BITS_PER_SECOND);
    at_the_rate(|number| {
        publish(&hub, &stream, clock, number);
        true
    });
    Ok(())
}

fn settings() -> Settings {
    Settings {
        bind: Some(std::net::Ipv4Addr::LOCALHOST.into()),
        port: 0,
        ws_port: Some(0),
        index: None,
        max_upload: None,
        allow_origin: Vec::new(),
        max_viewers: None,
        max_per_address: None,
        trusted_proxies: Vec::new(),
        on_visit: |_| {},
        say: |_| {},
        color: String::new(),
        bgcolor: String::new(),
    }
}

fn publish(hub: &Hub, stream: &Stream, clock: Clock, number: u32) {
    let unit = |bytes: Vec<u8>, start, picture| AccessUnit {
        stream: stream.id,
        sequence: number,
        picture,
        start,
        captured: clock.now(),
        meaning: TimeMeaning::Driver,
        coded: clock.now(),
        coding: Duration::ZERO,
        bytes: Bytes::from(bytes),
    };
    // As an encoder does: the first who comes gets a start that is for all.
    match hub.orders().start || number == 0 {
        true => hub.publish(unit(start(number, JOIN_BYTES), true, Picture::Intra)),
        false => hub.publish(unit(picture(number), false, Picture::Predicted)),
    }
    let orders = hub.orders();
    for fit in Fit::ALL {
        if orders.joins[fit] {
            hub.attach(unit(start(number, JOIN_BYTES), true, Picture::Join), fit, Role::Join);
        }
        if orders.bands[fit] {
            hub.attach(unit(picture(number), false, Picture::Predicted), fit, Role::Band(0..30));
        }
    }
}
