//! Starts the river's two threads and keeps them going: the camera that captures and the encoder that codes.
//!
//! Here belongs: threads, trying again, telling viewers and the console. Not here: what the threads do, the server.
//!
//! The parts: `capture` is the camera's thread, `rest` what it does while nobody needs it, `inlet` where its frames come out;
//! `thread` is how both threads report their ends.
//!
//! Both threads live as long as the pipeline: the children that they start end with the thread that started them.

mod capture;
mod inlet;
mod rest;
mod thread;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use wire::NoticeCode;

use self::capture::Capture;
use self::inlet::Inlet;
use self::thread::{Thread, spawn};
use crate::encode::{self, Station};
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::needs::Needs;
use crate::server;
use crate::shutdown::Shutdown;
use crate::source::{self, Chosen};
use crate::time::Clock;

/// A thread may take this long to end before the next station is stopped. Both wait for nothing but events that end with
/// the program, and for children that do not want to end.
const STOP_WITHIN: Duration = Duration::from_millis(200);

/// Says one line to the user.
pub type Say = fn(&str);

/// Why a pipeline ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// There is no more input, in order.
    InputEnded,
    /// To try again is of no use: why, and what to do.
    Failed(String),
}

/// A camera's threads.
#[derive(Debug)]
pub struct Pipeline {
    /// The camera, for the server.
    pub camera: server::Camera,
    shutdown: Shutdown,
    ends: mpsc::Receiver<End>,
    capture: Thread,
    encode: Thread,
}

impl Pipeline {
    /// Starts capturing and coding.
    ///
    /// # Errors
    /// If the system gives no threads or files.
    pub fn start(
        chosen: Chosen,
        source: source::Settings,
        encode: encode::Settings,
        clock: Clock,
        say: Say,
    ) -> io::Result<Self> {
        let frames = Arc::new(Mailbox::new());
        let hub = Hub::new(encode.can_ask(), Arc::clone(&frames));
        hub.tell(NoticeCode::Waking, "The camera is being started.");
        let shutdown = Shutdown::new()?;
        let camera = server::Camera {
            name: chosen.name.clone(),
            hub: Arc::clone(&hub),
            frames: Arc::clone(&frames),
            size: Arc::new(Mutex::new(source.shown_size())),
            rate: Arc::new(Mutex::new(source.frames_per_second)),
            encoder: encode.choice.to_string(),
            stills: Arc::default(),
            needs: Arc::new(Needs::new()?),
        };
        let rate = Arc::clone(&camera.rate);
        let station = Station { frames, rate, hub, clock, shutdown: shutdown.clone(), say };
        let (ended, ends) = mpsc::channel(2);
        let inlet = Inlet::new(&camera, &source, station.clone());
        let capture = Capture { inlet, needs: Arc::clone(&camera.needs), chosen, settings: source };
        let capture = spawn("capture", ended.clone(), move || capture.run())?;
        let encode = spawn("encode", ended, move || match encode::run(&encode, &station) {
            Ok(()) => None,
            Err(error) => Some(End::Failed(error.to_string())),
        })?;
        Ok(Self { camera, shutdown, ends, capture, encode })
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> End {
        // Both threads end silently only once they were told to stop.
        self.ends.recv().await.unwrap_or(End::InputEnded)
    }

    /// Ends the capture thread, and with it the camera.
    pub async fn stop_capture(&mut self) {
        self.shutdown.trigger();
        let _ = timeout(STOP_WITHIN, self.capture.over()).await;
    }

    /// Ends the encode thread; to be called after [`Self::stop_capture`].
    pub async fn stop_encoder(&mut self) {
        self.camera.frames.close();
        let _ = timeout(STOP_WITHIN, self.encode.over()).await;
    }

    /// Waits until both threads are over, and with them their children, once they were told to stop.
    pub async fn over(&mut self) {
        self.capture.over().await;
        self.encode.over().await;
    }
}
