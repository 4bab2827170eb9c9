//! What a command needs from the system: is it there, and how is it got.
//!
//! Here belongs: Debian packages and the toolchain's parts. Not here: npm packages (the tests' own business), what the
//! programs are used for.

use crate::Outcome;
use crate::shell::{command, is_there, output, run_held_back};

/// A program or file that must be there, and the Debian package that brings it.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    program: &'static str,
    package: &'static str,
}

const fn need(program: &'static str, package: &'static str) -> Need {
    Need { program, package }
}

/// What the tests of the program itself need.
pub(crate) const MEDIA: &[Need] = &[need("ffmpeg", "ffmpeg")];

/// What a network namespace in a test needs beside a kernel that has them.
pub(crate) const NAMESPACE: &[Need] = &[need("ip", "iproute2"), need("unshare", "util-linux")];

/// What the tests in browsers need.
pub(crate) const BROWSERS: &[Need] = &[
    need("chromium", "chromium"),
    need("firefox-esr", "firefox-esr"),
    need("WebKitWebDriver", "webkit2gtk-driver"),
    need("Xvfb", "xvfb"),
    need("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
];

/// What a shaped link between two network namespaces needs beside a kernel that has them.
pub(crate) const LINK: &[Need] =
    &[need("python3", "python3-minimal"), need("ip", "iproute2"), need("nsenter", "util-linux")];

/// Node and its package manager.
pub(crate) const NODE: &[Need] = &[need("node", "nodejs"), need("npm", "npm")];

/// What counts system calls.
pub(crate) const TRACE: &[Need] = &[need("strace", "strace")];

/// Debian's own rustc with its source, for targets that rustup's toolchain has no standard library for.
pub(crate) const RUST_WITH_SOURCE: &[Need] = &[
    need("/usr/bin/rustc", "rustc-web"),
    need("/usr/bin/cargo", "cargo-web"),
    need("/usr/lib/rustlib/src/rust/library/std/Cargo.toml", "rust-web-src"),
];

/// The linker for the player.
pub(crate) const WASM_LINKER: &[Need] = &[need("wasm-ld-19", "lld-19")];

/// Linkers and emulators for the Pi's 64-bit and 32-bit systems.
pub(crate) const CROSS: &[Need] = &[
    need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    need("/usr/aarch64-linux-gnu/lib/libc.so.6", "libc6-dev-arm64-cross"),
    need("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"),
    need("/usr/arm-linux-gnueabihf/lib/libc.so.6", "libc6-dev-armhf-cross"),
    need("qemu-aarch64", "qemu-user"),
];

/// What boots the lab's kernel, and builds modules for it.
pub(crate) const LAB: &[Need] = &[
    need("qemu-system-x86_64", "qemu-system-x86"),
    need("/usr/share/seabios/bios-256k.bin", "seabios"),
    need("/bin/busybox", "busybox-static"),
    need("cpio", "cpio"),
    need("/sbin/modprobe", "kmod"),
    need("v4l2-ctl", "v4l-utils"),
    need("gcc", "gcc"),
    need("make", "make"),
    need("/var/lib/dpkg/info/linux-headers-amd64.list", "linux-headers-amd64"),
];

/// What brings zig.
pub(crate) const PIP: &[Need] = &[need("pip3", "python3-pip")];

/// Sees to it that all `needs` are there: installs what is missing, and says so in one line.
pub(crate) fn ensure(needs: &[Need]) -> Outcome {
    let packages = missing_packages(needs);
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    println!("installing: {list}");
    let by_hand = format!("install it yourself: apt-get install --no-install-recommends {list}");
    if !is_there("apt-get") {
        return Err(format!("{list} missing, and there is no apt-get here; {by_hand}"));
    }
    // The lists of a new machine are empty or old, and old ones bring old packages: a rustc of the year before last.
    let done = apt(&["update"]).or_else(|error| {
        println!("the package lists are as they were: {error}");
        Ok(())
    });
    done.and_then(|()| apt(&install(&packages)))
        .map_err(|error| format!("{list} could not be installed: {error}; {by_hand}"))?;
    match needs.iter().find(|need| !is_there(need.program)) {
        None => Ok(()),
        Some(need) => Err(format!("{} is installed, but {} is not there", need.package, need.program)),
    }
}

/// Gets the newest version of a package that is there.
pub(crate) fn upgrade(package: &str) -> Outcome {
    apt(&["update"]).and_then(|()| apt(&install(&[package])))
}

/// The packages that bring those of `needs` that are not there.
pub(crate) fn missing_packages(needs: &[Need]) -> Vec<&'static str> {
    needs.iter().filter(|need| !is_there(need.program)).map(|need| need.package).collect()
}

/// Sees to it that rustup's toolchain has `component`, which `cargo COMMAND` needs.
pub(crate) fn ensure_component(cargo_command: &str, component: &str) -> Outcome {
    if output(&mut crate::shell::cargo(&[cargo_command, "--version"])).is_ok() {
        return Ok(());
    }
    println!("installing: the toolchain's {component}");
    output(&mut command("rustup", &["component", "add", component])).map(drop)
}

fn install<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    [&["install", "--yes", "--no-install-recommends"], packages].concat()
}

fn apt(arguments: &[&str]) -> Outcome {
    let is_root = output(&mut command("id", &["-u"]))?.trim() == "0";
    // Another installation may be running on the machine: wait for it rather than fail.
    let front = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"];
    let as_root: &[&str] = if is_root { &[] } else { &["sudo", "--non-interactive"] };
    let words = [as_root, &front, arguments].concat();
    run_held_back(&mut command(words[0], &words[1..]))
}
