//! Cameras in the lab, a kernel whose drivers play them: `cargo xtask test --camera-lab`.
//!
//! Here belongs: which tests there are. Each loads its own cameras, so only one runs at a time. A run elsewhere ignores
//! them all.

#[path = "../contract/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the contract's tests, which use more of it")]
mod support;

mod controls;
mod lab;
mod pictures;
mod troubles;
