//! The program: reads the command line and runs the river.

use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser as _;
use pistreaming::cli::Options;

/// Threads that serve viewers. Two keep one viewer's handshake from delaying another's picture; more would only take
/// memory: a thousand viewers need a tenth of a core.
const MOST_SERVING: usize = 2;

fn main() -> ExitCode {
    // Wrong usage ends here, with status 2.
    let options = Options::parse();
    let threads = available_parallelism().map_or(1, NonZero::get).min(MOST_SERVING);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(pistreaming::run(options));
            // Whoever has not ended by now waits for the network, and is not waited for.
            runtime.shutdown_background();
            pistreaming::console::finish();
            done
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads it any more, as behind a pipe to `head`, the status says it still.
            let _ = writeln!(std::io::stderr(), "pistreaming: {error}");
            ExitCode::FAILURE
        }
    }
}
