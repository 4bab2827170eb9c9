//! Tidy rules: what a reader may count on in every file, checked as tests.
//!
//! Here belongs: the list of rules' files. Not here: rules that rustc, clippy or rustfmt know.

mod crates;
mod layers;
mod lexer;
mod modules;
mod sources;
mod tables;
mod words;
