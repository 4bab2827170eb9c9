//! Both ends of `cargo xtask bench crowd`: servers that send the same pictures to all who connect, and a crowd that
//! takes them.
//!
//! ```text
//! crowd serve            this project's server, fed with made-up pictures; prints the ports of both protocols
//! crowd floor            one write() a viewer and picture, and nothing else: what the kernel alone takes; prints its port
//! crowd feed ADDRESS     sends the pictures to a relay as the body of a POST
//! crowd watch ADDRESS …  viewers, and figures of how the pictures reached them
//! crowd back ADDRESS N   so many viewers, each of whom comes back as the page does when his connection is lost
//! crowd storm ADDRESS    ten thousand connections in ten seconds, from several addresses, well-behaved and not
//! ```
//!
//! Here belongs: the command line. Not here: what is measured of the servers' processes (`xtask`).

mod back;
mod connect;
mod events;
mod feed;
mod floor;
mod frames;
mod pictures;
mod report;
mod serve;
mod storm;
mod tell;
mod watch;

use std::error::Error;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What went wrong, in words.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    raise_the_limit_of_files();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve"] => serve::run(),
        ["floor"] => floor::run(),
        ["feed", address] => feed::run(address),
        ["back", address, viewers] => back::run(address, viewers.parse()?),
        ["storm", address] => storm::run(address),
        ["watch", address, options @ ..] => watch::run(&watch::Settings::parse(address, options)?),
        _ => {
            Err("there is: crowd serve | floor | feed ADDRESS | watch ADDRESS OPTIONS | back ADDRESS N | storm ADDRESS".into())
        }
    }
}

/// As far as we may: each viewer is a file.
fn raise_the_limit_of_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Where it stays as it is, connecting will say so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
