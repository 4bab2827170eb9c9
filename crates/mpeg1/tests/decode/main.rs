//! The decoder from outside: against other decoders, against damage, by every way in.

mod damage;
mod ffmpeg;
mod generator;
mod others;
mod oxideav;
mod pictures;
mod units;
