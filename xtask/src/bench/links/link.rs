//! The shaped link that this process runs at one end of.
//!
//! Here belongs: finding it, changing it. Not here: how it is made (bench/link/link.py), what it is to be like.

use std::fs::{File, OpenOptions};
use std::io::Write;

use crate::Outcome;

/// The server's address on it.
pub(crate) const SERVER: &str = "10.87.0.1";

/// The link.
pub(crate) struct Link {
    client: String,
    control: File,
}

impl Link {
    /// The one at whose end we were started, if we were.
    pub(crate) fn of_environment() -> Outcome<Option<Self>> {
        let (Ok(client), Ok(path)) = (std::env::var("LINK_CLIENT"), std::env::var("LINK_CONTROL")) else {
            return Ok(None);
        };
        let control =
            OpenOptions::new().write(true).open(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Some(Self { client, control }))
    }

    /// The file of the network namespace at the client's end.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    /// From now on it is like these words say.
    pub(crate) fn shape(&mut self, words: &str) -> Outcome {
        writeln!(self.control, "{words}").map_err(|error| format!("the link: {error}"))
    }
}
