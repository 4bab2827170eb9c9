//! What is tried: links that are slow, far, lossy, jittery, that change, that break.
//!
//! Here belongs: the scenarios and their aims. Not here: how they are run, what else they might show.

use super::figures::Aims;

/// The rate of the stream, kbit/s: what the program is told to keep to. The test pattern takes all of it.
pub(super) const STREAM_KBIT: f64 = 800.0;
/// The age may be so much more than the link's round trip.
const AGE_MS: f64 = 400.0;
/// After a change of the link's rate the age is back within its limit after this.
const BACK_MS: f64 = 2000.0;
/// Pictures a second where none need be left out: 24, but for one now and then that another load of the machine costs.
const ALL: f64 = 22.8;

/// Whose page is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Our page.
    Ours,
    /// A page of the original's time, by the old protocol, which has no acknowledgements.
    OldPage,
    /// FFmpeg, a relay and JSMpeg, FFmpeg told to hold no frame back.
    Rival,
}

/// What happens when a phase begins.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The page is opened, on a link of these words.
    Open(String),
    /// The link is like this from now on.
    Link(String),
    /// Another tab lies over the page.
    Hide,
    /// It is seen again.
    Show,
}

/// A part of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) event: Event,
    pub(super) seconds: f64,
    /// So many seconds of it are not counted in ages and rates: something has changed.
    pub(super) settle: f64,
    pub(super) aims: Aims,
    /// The age's limit is what it was in the first phase.
    pub(super) as_before: bool,
}

/// Something that is tried.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) whose: Whose,
    /// Also tried with `--quick`.
    pub(super) quick: bool,
    pub(super) phases: Vec<Phase>,
}

/// A link of so many times the stream's rate, and half the round trip each way.
fn link(times: f64, round_trip_ms: f64) -> String {
    let (rate, delay) = (STREAM_KBIT * times / 1000.0, round_trip_ms / 2.0);
    format!("rate={rate} delay={delay} up:delay={delay}")
}

fn aims(round_trip_ms: f64, rate: Option<f64>) -> Aims {
    Aims { age: Some(AGE_MS + round_trip_ms), rate, back: None }
}

fn phase(name: &'static str, event: Event, seconds: f64, settle: f64, aims: Aims) -> Phase {
    Phase { name, event, seconds, settle, aims, as_before: false }
}

/// The page is opened and watched, once it has settled.
fn open(name: &'static str, words: String, seconds: f64, aims: Aims) -> Phase {
    phase(name, Event::Open(words), seconds + 5.0, 5.0, aims)
}

/// The link changes, and all is well soon.
fn change(name: &'static str, words: String, seconds: f64, rate: Option<f64>) -> Phase {
    let aims = Aims { back: Some(BACK_MS), ..aims(0.0, rate) };
    phase(name, Event::Link(words), seconds, BACK_MS / 1000.0 + 1.0, aims)
}

/// Nothing comes through.
fn outage(seconds: f64) -> Phase {
    phase("nothing comes through", Event::Link("loss=100 up:loss=100".into()), seconds, 0.0, Aims::default())
}

impl Scenario {
    /// All of them, in their order.
    pub(super) fn all() -> Vec<Self> {
        let mut all = steady();
        all.extend([steps(), falls(), outages(), far(), lossy(), jitter(), long_outage(), hidden()]);
        all.extend(old_pages());
        all
    }
}

fn one(name: &'static str, whose: Whose, quick: bool, phases: Vec<Phase>) -> Scenario {
    Scenario { name, whose, quick, phases }
}

fn steady() -> Vec<Scenario> {
    let steady = |name, quick, times, rate| {
        one(name, Whose::Ours, quick, vec![open("", link(times, 0.0), 15.0, aims(0.0, rate))])
    };
    vec![
        steady("2 × the stream's rate", false, 2.0, Some(ALL)),
        steady("1 ×", false, 1.0, Some(ALL)),
        steady("0.6 ×", true, 0.6, Some(ALL)),
        steady("0.3 ×", true, 0.3, Some(12.0)),
        steady("0.1 ×", false, 0.1, None),
    ]
}

fn steps() -> Scenario {
    let phases = vec![
        open("2 ×", link(2.0, 0.0), 5.0, aims(0.0, Some(ALL))),
        change("then 0.6 ×", link(0.6, 0.0), 12.0, Some(ALL)),
        change("then 0.3 ×", link(0.3, 0.0), 12.0, Some(12.0)),
        change("then 1 ×", link(1.0, 0.0), 12.0, None),
        change("then 2 ×", link(2.0, 0.0), 12.0, Some(ALL)),
        change("then 0.3 ×", link(0.3, 0.0), 12.0, Some(12.0)),
    ];
    one("steps", Whose::Ours, false, phases)
}

/// A good wireless network, and somebody who walks away from it: a wide link is not looked at as often as a narrow one.
fn falls() -> Scenario {
    let phases = vec![
        open("20 ×", link(20.0, 4.0), 3.0, aims(4.0, Some(ALL))),
        change("then 0.6 ×", link(0.6, 4.0), 8.0, Some(ALL)),
        change("then 20 ×", link(20.0, 4.0), 8.0, Some(ALL)),
        change("then 0.3 ×", link(0.3, 4.0), 8.0, Some(12.0)),
    ];
    one("falls", Whose::Ours, false, phases)
}

fn outages() -> Scenario {
    let phases = vec![
        open("2 ×", link(2.0, 20.0), 5.0, aims(20.0, Some(ALL))),
        outage(5.0),
        change("the link is back", link(2.0, 20.0), 8.0, Some(ALL)),
    ];
    one("5 s of nothing", Whose::Ours, true, phases)
}

fn far() -> Scenario {
    let phases = vec![
        open("2 ×", link(2.0, 100.0), 12.0, aims(100.0, Some(ALL))),
        phase("0.6 ×", Event::Link(link(0.6, 100.0)), 15.0, 5.0, aims(100.0, Some(ALL))),
    ];
    one("100 ms round trip", Whose::Ours, false, phases)
}

fn lossy() -> Scenario {
    let words = format!("{} loss=2", link(2.0, 20.0));
    one("2 % loss, 2 ×, 20 ms", Whose::Ours, false, vec![open("", words, 20.0, aims(20.0, None))])
}

/// A wireless network that is not the best.
const WIRELESS: &str = "rate=5 delay=20 jitter=5 loss=1 up:delay=20 up:jitter=5";

fn jitter() -> Scenario {
    let phases = vec![open("", WIRELESS.into(), 20.0, aims(40.0, None))];
    one("5 Mbit/s, 40 ± 10 ms round trip, 1 % loss", Whose::Ours, false, phases)
}

fn long_outage() -> Scenario {
    let phases = vec![
        open("", WIRELESS.into(), 5.0, aims(40.0, None)),
        outage(10.0),
        phase(
            "the link is back",
            Event::Link(WIRELESS.into()),
            8.0,
            3.0,
            Aims { back: Some(BACK_MS), ..aims(40.0, None) },
        ),
    ];
    one("10 s of nothing on that link", Whose::Ours, false, phases)
}

fn hidden() -> Scenario {
    let back = Aims { back: Some(1000.0), ..Aims::default() };
    let phases = vec![
        open("5 Mbit/s, 40 ms", "rate=5 delay=20 up:delay=20".into(), 5.0, aims(40.0, Some(ALL))),
        phase("nobody looks", Event::Hide, 60.0, 0.0, Aims::default()),
        Phase { as_before: true, ..phase("somebody looks", Event::Show, 6.0, 1.0, back) },
    ];
    one("hidden for 60 s", Whose::Ours, false, phases)
}

fn old_pages() -> Vec<Scenario> {
    let half = |name, whose, aims| one(name, whose, false, vec![open("", link(0.5, 0.0), 15.0, aims)]);
    vec![
        half("an old page, 0.5 ×", Whose::OldPage, aims(0.0, None)),
        half("FFmpeg and JSMpeg, 0.5 ×", Whose::Rival, Aims::default()),
    ]
}
