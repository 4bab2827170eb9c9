//! How soon all viewers have a picture again when the program was killed and started anew on the same port.
//!
//! Here belongs: ending and starting the program. Not here: the viewers, who are the example's (`crowd back`).

use std::io::{BufReader, Write as _};
use std::process::{ChildStdout, Stdio};
use std::time::Instant;

use super::crowd_systems::{example, line};
use super::systems::{System, Video, ours};
use crate::Outcome;
use crate::process::Process;

/// All are to be back within this many seconds.
const AIM_S: u32 = 3;
const VIEWERS: usize = 500;
const RUNS: usize = 3;

/// Measures some times, and prints a line each.
pub(crate) fn run_all() -> Outcome {
    println!(
        "\n{VIEWERS} live viewers of the whole program, which is killed and at once started again; each comes back as a page does.\n\
         Seconds from its end to a picture (aim for the last: {AIM_S}); connections tried, and how many at most in 100 ms:"
    );
    for _ in 0..RUNS {
        println!("{}", restarted()?);
    }
    Ok(())
}

/// One restart.
fn restarted() -> Outcome<String> {
    let first = System::Ours.start(Video::USUAL)?;
    let address = first.socket.0.clone();
    let count = VIEWERS.to_string();
    let mut back = example(&["back", &address, &count]);
    let mut viewers = Process::start("the viewers", back.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let (mut input, mut output) = (viewers.take_input()?, BufReader::new(viewers.take_output()?));
    hear("ready", &mut output)?;
    input.write_all(b"\n").map_err(|error| format!("the viewers: {error}"))?;
    // A connection that ends before they know why would not be counted.
    hear("counting", &mut output)?;
    let ended = Instant::now();
    drop(first);
    let second = ours(Video::USUAL, &address, &[])?;
    let listens = ended.elapsed().as_secs_f64();
    let figures = line(&mut output)?;
    drop(second);
    Ok(format!("it listens again after {listens:.2}; {figures}"))
}

/// The viewers are to say this next.
fn hear(word: &str, output: &mut BufReader<ChildStdout>) -> Outcome {
    match line(output)? {
        said if said == word => Ok(()),
        other => Err(format!("the viewers say '{other}'")),
    }
}
