//! Messages to the server that wait to be sent: one slot for each kind, the newest wins.
//!
//! Here belongs: the slots and their order. Not here: what stands in the messages.

use wire::{Ack, FromViewer, Probe, State};

/// What waits. It cannot grow: an older message of a kind is worth nothing once there is a newer one.
#[derive(Default)]
pub(crate) struct Outbox {
    /// To be said before `state`: a viewer who looks away and looks again joins anew.
    pub(crate) away: Option<State>,
    pub(crate) state: Option<State>,
    pub(crate) ack: Option<Ack>,
    pub(crate) probe: Option<Probe>,
}

impl Outbox {
    /// Takes out the next message: the state first, for the server acts on it.
    pub(crate) fn next(&mut self) -> Option<FromViewer> {
        let state = self.away.take().or_else(|| self.state.take()).map(FromViewer::State);
        state
            .or_else(|| self.ack.take().map(FromViewer::Ack))
            .or_else(|| self.probe.take().map(FromViewer::Probe))
    }

    /// Whether nothing waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.away.is_none() && self.state.is_none() && self.ack.is_none() && self.probe.is_none()
    }
}
