//! What the program promises to those outside, row by row of the original's contract: the real binary, real sockets,
//! real FFmpeg.

mod absent;
mod cameras;
mod console;
mod crowd;
mod encoders;
mod faults;
mod http;
mod legacy;
mod limits;
mod live;
mod owner;
mod parts;
mod stills;
mod support;
