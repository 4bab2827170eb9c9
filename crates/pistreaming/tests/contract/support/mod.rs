//! The program as a child process, and clients of its two protocols.

pub(crate) mod http;
pub(crate) mod program;
pub(crate) mod viewer;

pub(crate) use program::{Program, has_ffmpeg};
pub(crate) use viewer::{Live, Old};
