//! An orderly end of a connection, for who can still be told: the one thing that is waited for.
//!
//! Here belongs: the last messages, and closing. Not here: why it ends (`outlet`, and the protocols).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use super::{End, Outlet};
use crate::server::frames::{close, code};
use crate::server::waiting::{Waiting, wait_for};

/// Once the server stops, what is being sent may take this much longer; what comes behind half a message would be taken
/// for its other half.
const LAST_SEND_WITHIN: Duration = Duration::from_millis(200);
/// How long the other end may take to answer our close.
const CLOSE_WITHIN: Duration = Duration::from_millis(300);

impl Outlet {
    /// Ends the connection; with a `last` message if he can still be told.
    pub(in crate::server) async fn end(mut self, end: End, last: Option<Bytes>) {
        let words = match end {
            End::Gone | End::Cut => return,
            // The answer to his goodbye is there already.
            End::Left => Bytes::new(),
            End::Stopping => close(code::GOING_AWAY, "the server stops"),
            End::Refused(code, reason) => close(code, reason),
        };
        self.small.extend(last.unwrap_or_default());
        self.small.extend(words);
        let Ok(tap) = wait_for(Arc::clone(&self.tap)) else { return };
        if let Ok(Ok(())) = timeout(LAST_SEND_WITHIN, self.all_sent(&tap)).await {
            self.tap.finish();
            // Closing with unread bytes would reset the connection, and the goodbye might be lost with it.
            let _ = timeout(CLOSE_WITHIN, all_read(&tap)).await;
        }
    }

    async fn all_sent(&mut self, tap: &Waiting) -> Result<(), End> {
        loop {
            self.flush()?;
            if self.rest.is_empty() && self.small.is_empty() {
                return Ok(());
            }
            // What comes between the refusal and this is an event, too.
            tap.writable().await.map_err(|_| End::Gone)?.clear_ready();
            self.refused = false;
        }
    }
}

async fn all_read(tap: &Waiting) -> io::Result<()> {
    let mut bytes = [0; 1024];
    loop {
        let mut ready = tap.readable().await?;
        if let Ok(Ok(0) | Err(_)) = ready.try_io(|tap| tap.get_ref().try_receive(&mut bytes)) {
            return Ok(());
        }
        consume_budget().await;
    }
}
