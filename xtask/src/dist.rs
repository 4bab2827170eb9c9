//! `cargo xtask dist`: archives to give away, one for each kind of machine.
//!
//! Here belongs: what is in an archive and what it is called. Not here: how it is compiled for another processor
//! (cross.rs).
//!
//! The x86_64, aarch64 and armv7 programs want the C library of Debian 12 (Raspberry Pi OS "Bookworm") or newer; the
//! armv6 one is static.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::cross::{AARCH64, ARMV6, ARMV7, Target};
use crate::licences;
use crate::packages::{ensure, missing_packages};
use crate::shell::{self, cargo, command, output, root, target};

pub(crate) const OPTIONS: &str = "[--install] [x86_64 aarch64 armv7 armv6 …]";
pub(crate) const PURPOSE: &str = "release archives with checksums in target/dist; without names, for this machine and all whose tools are there\n\
    --install  get the tools that are missing";

/// This machine's, as rustc calls it.
const X86_64: &str = "x86_64-unknown-linux-gnu";

/// What goes into every archive beside the program and the licences of others.
const FILES: &[&str] =
    &["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "docs/pistreaming.service"];

/// Builds the archives.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let install = arguments.iter().any(|argument| argument == "--install");
    let names: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| *name != "--install").collect();
    let known = ["x86_64", AARCH64.name, ARMV7.name, ARMV6.name];
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("unknown machine '{unknown}'; there are {}", known.join(", ")));
    }
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    let dist = target().join("dist");
    std::fs::create_dir_all(&dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    if wanted("x86_64") {
        let build = ["build", "--release", "--locked", "-p", "pistreaming"];
        shell::run(&mut cargo(&build))?;
        pack("x86_64", X86_64, &target().join("release/pistreaming"), &dist)?;
    }
    for machine in [&AARCH64, &ARMV7, &ARMV6].into_iter().filter(|machine| wanted(machine.name)) {
        match cross_build(machine, install) {
            Ok(program) => pack(machine.name, machine.triple, &program, &dist)?,
            Err(why) if names.is_empty() => println!("{}: left out: {why}", machine.name),
            Err(why) => return Err(format!("{}: {why}", machine.name)),
        }
    }
    checksums(&dist)
}

fn cross_build(machine: &Target, install: bool) -> Outcome<PathBuf> {
    let missing = missing_packages(&machine.needs());
    if install {
        ensure(&machine.needs())?;
        machine.prepare()?;
    } else if !missing.is_empty() {
        return Err(format!(
            "{} missing; `cargo xtask dist --install {}` gets it",
            missing.join(" "),
            machine.name
        ));
    } else if !machine.is_prepared() {
        return Err(format!("zig is missing; `cargo xtask dist --install {}` gets it", machine.name));
    }
    shell::run(&mut machine.cargo("build", &["--release", "-p", "pistreaming"]))?;
    Ok(target().join("cross").join(machine.triple).join("release/pistreaming"))
}

/// `pistreaming-VERSION-linux-MACHINE.tar.gz`, the same bytes for the same program.
fn pack(machine: &str, triple: &str, program: &Path, dist: &Path) -> Outcome {
    let name = format!("pistreaming-{}-linux-{machine}", env!("CARGO_PKG_VERSION"));
    let dir = dist.join(&name);
    let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let files = FILES.iter().map(|file| root().join(file)).chain([program.to_path_buf()]);
    for file in files {
        let file_name = file.file_name().ok_or("a file without a name")?;
        std::fs::copy(&file, dir.join(file_name)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    std::fs::write(dir.join(licences::FILE), licences::collect(triple)?).map_err(failed)?;
    let date = output(&mut command("git", &["log", "-1", "--format=@%ct"])).unwrap_or_else(|_| "@0".into());
    let mut tar = command(
        "tar",
        &["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--use-compress-program"],
    );
    // gzip -n: no time of its own in the archive.
    tar.arg("gzip -9n").arg(format!("--mtime={}", date.trim())).arg("-cf");
    shell::run(tar.arg(format!("{name}.tar.gz")).arg(&name).current_dir(dist))?;
    std::fs::remove_dir_all(&dir).map_err(failed)?;
    println!("{}", dist.join(name + ".tar.gz").display());
    Ok(())
}

fn checksums(dist: &Path) -> Outcome {
    let entries = std::fs::read_dir(dist).map_err(|error| error.to_string())?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut archives: Vec<String> = names.filter(|name| name.ends_with(".tar.gz")).collect();
    archives.sort();
    let sums = output(command("sha256sum", &["--"]).args(&archives).current_dir(dist))?;
    std::fs::write(dist.join("SHA256SUMS"), &sums).map_err(|error| error.to_string())?;
    print!("{sums}");
    Ok(())
}
