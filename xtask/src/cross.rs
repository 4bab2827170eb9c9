//! Building and testing for the Raspberry Pi's processors on another machine.
//!
//! Here belongs: compiler, linker and emulator of each target. Not here: what is built for it (dist.rs, all.rs).
//!
//! rustup's toolchain may have no standard library for them, so Debian's rustc-web is used with the source that belongs
//! to it. The two must never be mixed: their metadata differ.

use std::process::Command;

use crate::Outcome;
use crate::packages::{CROSS, Need, PIP, RUST_WITH_SOURCE};
use crate::shell::{command, root, target};

/// A processor that a Raspberry Pi may have.
pub(crate) struct Target {
    /// As `uname -m` or Debian calls it.
    pub(crate) name: &'static str,
    /// As rustc calls it.
    pub(crate) triple: &'static str,
    linker: &'static str,
    runner: &'static str,
    flags: &'static str,
    /// Which crates of the standard library are built with it.
    std: &'static str,
}

/// Pi 3 and later with a 64-bit system.
pub(crate) const AARCH64: Target = Target {
    name: "aarch64",
    triple: "aarch64-unknown-linux-gnu",
    linker: "aarch64-linux-gnu-gcc",
    runner: "qemu-aarch64 -L /usr/aarch64-linux-gnu",
    flags: "",
    std: "-Zbuild-std",
};

/// Pi 2 and later with a 32-bit system.
pub(crate) const ARMV7: Target = Target {
    name: "armv7",
    triple: "armv7-unknown-linux-gnueabihf",
    linker: "arm-linux-gnueabihf-gcc",
    runner: "qemu-arm -L /usr/arm-linux-gnueabihf",
    flags: "",
    std: "-Zbuild-std",
};

/// Pi 1 and Zero. Debian's start files for 32-bit Arm are ARMv7 code, which stops there with SIGILL; so it is linked
/// with zig's musl, statically.
pub(crate) const ARMV6: Target = Target {
    name: "armv6",
    triple: "arm-unknown-linux-musleabihf",
    linker: "xtask/src/zig-cc-armv6",
    runner: "qemu-arm -cpu arm1176",
    flags: "-Clink-self-contained=no -Ctarget-feature=+crt-static",
    std: "-Zbuild-std=std,panic_abort,panic_unwind",
};

impl Target {
    /// What must be installed.
    pub(crate) fn needs(&self) -> Vec<Need> {
        if self.name == ARMV6.name {
            return [RUST_WITH_SOURCE, PIP].concat();
        }
        [RUST_WITH_SOURCE, CROSS].concat()
    }

    /// Whether what no Debian package brings is there: zig.
    pub(crate) fn is_prepared(&self) -> bool {
        self.name != ARMV6.name || zig().join("ziglang").is_dir()
    }

    /// Gets zig where it is missing: by pip, into our own target directory.
    pub(crate) fn prepare(&self) -> Outcome {
        if self.is_prepared() {
            return Ok(());
        }
        let zig = zig();
        println!("installing: ziglang (by pip, into {})", zig.display());
        let mut pip = command("python3", &["-m", "pip", "install", "--quiet", "--target"]);
        crate::shell::output(pip.arg(&zig).arg("ziglang")).map(drop)
    }

    /// `cargo SUBCOMMAND` for this target, with the words behind it.
    pub(crate) fn cargo(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command =
            command("/usr/bin/cargo", &[subcommand, self.std, "--target", self.triple, "--locked"]);
        let key = self.triple.to_uppercase().replace('-', "_");
        let linker = if self.linker.contains('/') {
            root().join(self.linker).into_os_string()
        } else {
            self.linker.into()
        };
        command
            .args(arguments)
            .env("PATH", "/usr/bin:/usr/sbin:/bin:/sbin")
            .env("RUSTC", "/usr/bin/rustc")
            .env("RUSTDOC", "/usr/bin/rustdoc")
            // -Zbuild-std on a stable compiler, for which Debian packages the source.
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env("CARGO_TARGET_DIR", target().join("cross"))
            .env("PYTHONPATH", zig())
            .env(format!("CARGO_TARGET_{key}_LINKER"), linker)
            .env(format!("CARGO_TARGET_{key}_RUNNER"), self.runner)
            .env(format!("CARGO_TARGET_{key}_RUSTFLAGS"), self.flags);
        command
    }
}

fn zig() -> std::path::PathBuf {
    target().join("xtask/zig")
}
