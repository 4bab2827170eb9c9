//! The server: the page, the live protocol and the old one, on two ports that answer from one `Site`.
//!
//! Here belongs: what is known to all connections, starting and stopping. The parts:
//! `listen` opens ports, `connection` accepts and bounds, `http` answers requests, `live` and `legacy` are the two
//! protocols, `stills` has pictures for what speaks neither,
//! `crowd` and `seat` decide who does it when, `standing` sends to those who only follow, if it can `together`, `shapes` has
//! a picture as it is sent, `outlet`, `gate` and `tap` look after the socket below them, `slots` counts connections,
//! `viewers` knows who watches, and `stats`, `status` and
//! `metrics` say how it goes.
//! Not here: pictures (the hub's), cameras, encoders.

mod ahead;
mod assets;
mod client;
mod connection;
mod crowd;
mod foretold;
mod frames;
mod gate;
mod http;
mod inbox;
mod legacy;
mod link;
mod listen;
mod live;
mod metrics;
mod origin;
mod outlet;
mod port_owner;
mod record;
mod seat;
mod shapes;
mod slots;
mod standing;
mod stats;
mod status;
mod stills;
mod tap;
mod template;
mod together;
mod unsent;
mod upgrade;
mod viewers;
mod waiting;
mod watched;

use std::fmt;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::ByeReason;

use crate::frame::{Frame, FrameSize};
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::needs::Needs;
use crate::source::FrameRate;
use crate::stills::Stills;
use crate::time::Clock;
use assets::Assets;
pub use client::Network;
use crowd::Crowd;
pub use listen::ListenError;
use slots::Slots;
pub use viewers::{Full, Left, OnVisit, Visit, VisitEvent};
use viewers::{Limits, Viewers};

/// The whole stop may take this long; who has not taken his goodbye by then is cut off.
const STOP_WITHIN: Duration = Duration::from_millis(600);

/// What the user wants of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on; none: all of the machine's.
    pub bind: Option<IpAddr>,
    /// Port of the page, 0: any free one.
    pub port: u16,
    /// Port of old pages' WebSocket, 0: any free one; none: the page's port answers them.
    pub ws_port: Option<u16>,
    /// Bits a second that all viewers together may be sent; none: no limit.
    pub max_upload: Option<u32>,
    /// A page of the user's own.
    pub index: Option<PathBuf>,
    /// Origins whose pages may connect, beside our own.
    pub allow_origin: Vec<String>,
    /// Viewers at most; none: as many as there may be open files for.
    pub max_viewers: Option<NonZero<usize>>,
    /// Viewers at most from one address.
    pub max_per_address: Option<NonZero<usize>>,
    /// Who is believed about the address of a viewer behind him.
    pub trusted_proxies: Vec<Network>,
    /// Hears of viewers who come and go.
    pub on_visit: OnVisit,
    /// Says a line to the user.
    pub say: fn(&str),
    /// The page's text colour.
    pub color: String,
    /// The page's background.
    pub bgcolor: String,
}

/// A camera as viewers see it.
#[derive(Clone, Debug)]
pub struct Camera {
    /// For people.
    pub name: String,
    /// Where its pictures are.
    pub hub: Arc<Hub>,
    /// Where its frames pass, for their counts.
    pub frames: Arc<Mailbox<Frame>>,
    /// The size of its pictures, once it is known: a Y4M stream has its own.
    pub size: Arc<Mutex<FrameSize>>,
    /// Their rate.
    pub rate: Arc<Mutex<FrameRate>>,
    /// The encoder, for people.
    pub encoder: String,
    /// Where its pictures are as JPEG.
    pub stills: Arc<Stills>,
    /// Who needs it: it may rest meanwhile.
    pub needs: Arc<Needs>,
}

impl Camera {
    /// The size of its pictures, whether anybody watches or not: an old page is told it first, and no other later.
    fn size(&self) -> FrameSize {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rate(&self) -> FrameRate {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the server does not start.
#[derive(Debug)]
pub enum ServerError {
    /// A port cannot be opened.
    Listen(ListenError),
    /// The user's page cannot be read.
    Index(PathBuf, io::Error),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Index(path, error) => {
                write!(f, "the page {} cannot be read: {error}; see --index", path.display())
            }
        }
    }
}

impl std::error::Error for ServerError {}

/// What all connections know.
#[derive(Debug)]
struct Site {
    settings: Settings,
    camera: Camera,
    clock: Clock,
    http_port: u16,
    ws_port: Option<u16>,
    assets: Assets,
    /// The user's page.
    index: Option<String>,
    started: SystemTime,
    viewers: Arc<Viewers>,
    crowd: Arc<Crowd>,
    slots: Arc<Slots>,
    refusals: Arc<Semaphore>,
    strangers: origin::Strangers,
    tasks: TaskTracker,
    stop: CancellationToken,
    reason: OnceLock<ByeReason>,
}

impl Site {
    /// Whether the server stops. Viewers who wait for pictures are woken then.
    fn stops(&self) -> bool {
        self.reason.get().is_some()
    }
}

/// Open ports that nobody answers yet.
#[derive(Debug)]
pub struct Ports {
    http: TcpListener,
    ws: Option<TcpListener>,
    index: Option<String>,
    settings: Settings,
}

impl Ports {
    /// Opens the ports and reads the user's page.
    ///
    /// # Errors
    /// If a port is in use or may not be opened, or the page cannot be read.
    pub fn open(settings: Settings) -> Result<Self, ServerError> {
        let read =
            |path: PathBuf| std::fs::read_to_string(&path).map_err(|error| ServerError::Index(path, error));
        let index = settings.index.clone().map(read).transpose()?;
        let listen = |port, option| listen::listen(settings.bind, port, option).map_err(ServerError::Listen);
        let http = listen(settings.port, "--port")?;
        let ws = settings.ws_port.map(|port| listen(port, "--ws-port")).transpose()?;
        Ok(Self { http, ws, index, settings })
    }

    /// The page's port.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub fn http_port(&self) -> io::Result<u16> {
        Ok(self.http.local_addr()?.port())
    }

    /// The port of old pages' WebSocket.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub fn ws_port(&self) -> io::Result<Option<u16>> {
        self.ws.as_ref().map(|listener| Ok(listener.local_addr()?.port())).transpose()
    }

    /// Begins to answer. Must be called within the runtime.
    ///
    /// # Errors
    /// If the ports cannot be waited for, or there is no room for another thread.
    pub fn serve(self, camera: Camera, clock: Clock) -> io::Result<Server> {
        if let Some(bits_per_second) = self.settings.max_upload {
            camera.hub.limit_upload(bits_per_second);
        }
        let connections = connection::limit();
        let limits = Limits {
            viewers: connection::viewers(connections, self.settings.max_viewers),
            per_address: self.settings.max_per_address.map(NonZero::get),
        };
        let site = Arc::new(Site {
            http_port: self.http_port()?,
            ws_port: self.ws_port()?,
            viewers: Viewers::new(limits, clock, self.settings.on_visit),
            settings: self.settings,
            crowd: Crowd::start(&camera.hub)?,
            camera,
            clock,
            assets: Assets::new(),
            index: self.index,
            started: SystemTime::now(),
            slots: Slots::new(connections),
            refusals: Arc::new(Semaphore::new(connection::REFUSALS)),
            strangers: origin::Strangers::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            reason: OnceLock::new(),
        });
        connection::accept(&site, self.http, connection::Role::Page)?;
        let (stop, slots) = (site.stop.clone(), Arc::clone(&site.slots));
        site.tasks.spawn(async move { stop.run_until_cancelled(slots.give_back_memory()).await });
        if let Some(ws) = self.ws {
            connection::accept(&site, ws, connection::Role::OldPages)?;
        }
        Ok(Server { site })
    }
}

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    site: Arc<Site>,
}

impl Server {
    /// Tells every viewer why, and takes no more.
    pub fn say_goodbye(&self, reason: ByeReason) {
        let _ = self.site.reason.set(reason);
        self.site.stop.cancel();
        self.site.camera.hub.wake();
        self.site.tasks.close();
    }

    /// Waits until all have gone after [`Self::say_goodbye`]: within a second, whatever they do.
    pub async fn stopped(self) {
        // Whoever is left then does not read: his task ends with the runtime.
        let _ = timeout(STOP_WITHIN, self.site.tasks.wait()).await;
    }
}
