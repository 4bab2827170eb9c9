//! The project's own commands: `cargo xtask help` lists them.
//!
//! Here belongs: which commands there are. Not here: what they do; each has a file of its own, named after it.
//! There are no dependencies, so that the first thing that a newcomer runs is built in seconds.

mod all;
mod bench;
mod beside;
mod cameras;
mod counts;
mod cross;
mod dist;
mod lab;
mod licences;
mod packages;
mod process;
mod shell;
mod soak;
mod stalled;
mod steps;
mod test;
mod wasm;

use std::process::ExitCode;

/// What a command ends with: nothing, or one line for people.
type Outcome<T = ()> = Result<T, String>;

/// A command: its name, its options, what it is for, and what runs it with the arguments behind its name.
struct Command {
    name: &'static str,
    options: &'static str,
    purpose: &'static str,
    run: fn(&[String]) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command { name: "test", options: test::OPTIONS, purpose: test::PURPOSE, run: test::run },
    Command { name: "wasm", options: "", purpose: "builds the player into web/dist", run: wasm },
    Command { name: "bench", options: bench::OPTIONS, purpose: bench::PURPOSE, run: bench::run },
    Command { name: "lab", options: lab::OPTIONS, purpose: lab::PURPOSE, run: lab::run },
    Command { name: "dist", options: dist::OPTIONS, purpose: dist::PURPOSE, run: dist::run },
    Command { name: "help", options: "", purpose: "this list", run: help },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name.trim_start_matches('-')) else {
        eprintln!("xtask: there is no command '{name}'; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask {}: {message}", command.name);
            ExitCode::FAILURE
        }
    }
}

fn wasm(_: &[String]) -> Outcome {
    wasm::build()
}

#[allow(clippy::unnecessary_wraps, reason = "one signature for every command")]
fn help(_: &[String]) -> Outcome {
    println!("cargo xtask COMMAND [OPTIONS]\n");
    for command in COMMANDS {
        println!(
            "  {} {}\n      {}",
            command.name,
            command.options,
            command.purpose.replace('\n', "\n      ")
        );
    }
    Ok(())
}
