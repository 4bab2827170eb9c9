//! Starts the river's two threads and keeps them going: the camera that captures and the encoder that codes.
//!
//! Here belongs: threads, trying again, telling viewers and the console. Not here: what the threads do, the server.
//!
//! A camera that may rest while nobody needs it is in `rest`.
//!
//! Both threads live as long as the pipeline: the children that they start end with the thread that started them.

mod rest;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use wire::NoticeCode;

use crate::encode::{self, Station};
use crate::frame::{Frame, FrameSize};
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::needs::Needs;
use crate::server;
use crate::shutdown::Shutdown;
use crate::source::{self, Chosen, Ended, FrameRate, Sink, SourceError, Wait, Watch};
use crate::stills::Stills;
use crate::time::Clock;

/// How long a failed camera is left alone before it is tried again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A camera that ran for this long was well: its next failure is a first one.
const WELL_AFTER: Duration = Duration::from_secs(10);
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
        let rate = Arc::new(Mutex::new(source.frames_per_second));
        let camera = server::Camera {
            name: chosen.name.clone(),
            hub: Arc::clone(&hub),
            frames: Arc::clone(&frames),
            size: Arc::new(Mutex::new(source.shown_size())),
            rate: Arc::clone(&rate),
            encoder: encode.choice.to_string(),
            stills: Arc::default(),
            needs: Arc::new(Needs::new()?),
        };
        let station =
            Station { frames: Arc::clone(&frames), rate, hub, clock, shutdown: shutdown.clone(), say };
        let (ended, ends) = mpsc::channel(2);
        let capture = Capture {
            inlet: Inlet {
                announced: Announced {
                    size: source.shown_size(),
                    rate: source.frames_per_second,
                    name: chosen.name.clone(),
                },
                station: station.clone(),
                troubled: AtomicBool::new(true),
                failed: AtomicBool::new(false),
                size: Arc::clone(&camera.size),
                stills: Arc::clone(&camera.stills),
            },
            needs: Arc::clone(&camera.needs),
            chosen,
            settings: source,
        };
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

/// A thread that can be waited for, again and again.
#[derive(Debug)]
struct Thread(Option<oneshot::Receiver<()>>);

impl Thread {
    async fn over(&mut self) {
        if let Some(over) = &mut self.0 {
            // Nothing is sent: the other end is dropped.
            let _ = over.await;
            self.0 = None;
        }
    }
}

/// Starts a thread that reports how it ended, a panic too.
fn spawn(
    name: &'static str,
    ended: mpsc::Sender<End>,
    work: impl FnOnce() -> Option<End> + Send + 'static,
) -> io::Result<Thread> {
    struct Panicked(&'static str, mpsc::Sender<End>);
    impl Drop for Panicked {
        fn drop(&mut self) {
            if thread::panicking() {
                let text = format!("a fault in this program ended its {} thread; please report it", self.0);
                let _ = self.1.try_send(End::Failed(text));
            }
        }
    }
    let (done, over) = oneshot::channel();
    thread::Builder::new().name(name.into()).spawn(move || {
        let _done = done;
        let report = Panicked(name, ended);
        if let Some(end) = work() {
            // There is room for one report of each thread.
            let _ = report.1.try_send(end);
        }
    })?;
    Ok(Thread(Some(over)))
}

/// The capture thread's work.
struct Capture {
    chosen: Chosen,
    settings: source::Settings,
    needs: Arc<Needs>,
    inlet: Inlet,
}

impl Capture {
    /// Captures until the end of the input or the program, starting a failed camera again.
    fn run(&self) -> Option<End> {
        let Station { clock, shutdown, .. } = &self.inlet.station;
        let mut wait = FIRST_WAIT;
        let watch = Watch::new(&self.chosen);
        loop {
            if self.rest() {
                return None;
            }
            let begun = Instant::now();
            let ended = self.run_once(*clock, shutdown);
            if shutdown.is_triggered() {
                return None;
            }
            match ended {
                Ok(Ended::Stopped) => wait = FIRST_WAIT,
                Ok(Ended::InputEnded) => return Some(End::InputEnded),
                Err(error) if error.is_fatal() => return Some(End::Failed(error.to_string())),
                Err(error) => {
                    if begun.elapsed() >= WELL_AFTER {
                        wait = FIRST_WAIT;
                    }
                    self.inlet.failed(&error, wait);
                    wait = match watch.wait(wait, shutdown) {
                        Wait::Stopped => return None,
                        Wait::TimedOut => LONGEST_WAIT.min(wait * 2),
                        Wait::Appeared => FIRST_WAIT,
                    };
                }
            }
        }
    }
}

/// Where the camera's frames enter the river.
struct Inlet {
    station: Station,
    /// Whether viewers were told that there are no pictures.
    troubled: AtomicBool,
    /// Whether the user was told that the camera failed.
    failed: AtomicBool,
    /// What the server takes to be the pictures' size.
    size: Arc<Mutex<FrameSize>>,
    /// Who wants pictures as JPEG.
    stills: Arc<Stills>,
    /// What the console has said of the camera.
    announced: Announced,
}

struct Announced {
    size: FrameSize,
    rate: FrameRate,
    name: String,
}

impl Inlet {
    fn failed(&self, error: &SourceError, wait: Duration) {
        let hub = &self.station.hub;
        self.troubled.store(true, Relaxed);
        self.failed.store(true, Relaxed);
        hub.withdraw(NoticeCode::Waking);
        hub.tell(
            NoticeCode::CameraTrouble,
            format!("The camera gives no pictures ({}); it is being tried again.", error.for_viewers()),
        );
        (self.station.say)(&format!("Camera: {error}; trying again in {:.1} s", wait.as_secs_f32()));
    }
}

impl Sink for Inlet {
    fn size_known(&self, size: FrameSize, rate: FrameRate) {
        *self.station.rate.lock().unwrap_or_else(PoisonError::into_inner) = rate;
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
        if (size, rate) != (self.announced.size, self.announced.rate) {
            (self.station.say)(&format!("Camera: {} has {size} at {rate} frames/s", self.announced.name));
        }
    }

    fn frame(&self, frame: Frame) {
        // Once there are pictures nobody is told otherwise, not for a moment.
        if self.troubled.load(Relaxed) {
            self.troubled.store(false, Relaxed);
            self.station.hub.withdraw(NoticeCode::Waking);
            self.station.hub.withdraw(NoticeCode::CameraTrouble);
            if self.failed.swap(false, Relaxed) {
                (self.station.say)("Camera: it gives pictures again");
            }
        }
        self.stills.offer(&frame);
        self.station.frames.put(frame);
    }

    fn wants_jpeg(&self) -> bool {
        self.stills.are_wanted()
    }

    fn note(&self, text: String) {
        (self.station.say)(&text);
    }
}
