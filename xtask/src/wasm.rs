//! The built player in `web/dist`: building it, and knowing whether it is fresh.
//!
//! Here belongs: which toolchain builds it, with what flags, from which sources. Not here: what the player does.
//!
//! Two modules are built: one with SIMD, and one for a minimal CPU (`mvp`), so that browsers from 2018 on play. The
//! standard library's compiled form uses later instructions, so `core` and `alloc` are built too: that needs their
//! sources, from rustup's component rust-src or from Debian's rust-web-src. One toolchain builds the same bytes on
//! every machine: no path of the machine gets in, and no optimiser that may or may not be installed runs behind. It must
//! be 1.91 or newer, which can leave the words of panics out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// What is shipped: file in `web/dist`, and the compiler's flags for its CPU.
const MODULES: [(&str, &str); 2] =
    [("player.simd.wasm", "-Ctarget-feature=+simd128"), ("player.wasm", "-Ctarget-cpu=mvp")];
/// What the modules are built from. [`is_source`] leaves out what is not compiled into them.
const SOURCES: [&str; 7] = [
    "crates/player/Cargo.toml",
    "crates/player/src",
    "crates/mpeg1/Cargo.toml",
    "crates/mpeg1/src",
    "crates/wire/Cargo.toml",
    "crates/wire/src",
    "xtask/src/wasm.rs",
];
const DIGEST: &str = "web/dist/player.digest";
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds both modules into `web/dist` and writes down the digest of what they were built from.
///
/// # Errors
/// One line that says what is missing or what failed.
pub(crate) fn build() -> Result<(), String> {
    let root = root();
    let toolchain = Toolchain::find()?;
    let dist = root.join("web/dist");
    fs::create_dir_all(&dist).map_err(|error| format!("{}: {error}", dist.display()))?;
    for (module, flags) in MODULES {
        let built = toolchain.compile(&root, module, flags)?;
        let bytes = fs::read(&built).map_err(|error| format!("{}: {error}", built.display()))?;
        fs::write(dist.join(module), bytes).map_err(|error| format!("{module}: {error}"))?;
    }
    let text = format!("{}built by {}\n", digests(&root)?, toolchain.version);
    fs::write(root.join(DIGEST), text).map_err(|error| format!("{DIGEST}: {error}"))
}

/// Whether `web/dist` holds what [`build`] made of the sources as they are now. The toolchain that it was built by
/// is written down, but another one does not make it stale.
///
/// # Errors
/// One line that says what differs and what to do.
pub(crate) fn is_fresh() -> Result<(), String> {
    let root = root();
    let written = fs::read_to_string(root.join(DIGEST)).unwrap_or_default();
    let now = digests(&root)?;
    match now.lines().find(|line| !written.lines().any(|known| known == *line)) {
        None => Ok(()),
        Some(line) => {
            let what = line.split_whitespace().next().unwrap_or_default();
            Err(format!("web/dist is stale ({what} changed): run `cargo xtask wasm` and commit web/dist"))
        }
    }
}

/// A compiler with the sources of its standard library.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    sysroot: PathBuf,
    linker: Option<PathBuf>,
    version: String,
}

impl Toolchain {
    /// The toolchain in use if it has its sources, else Debian's.
    fn find() -> Result<Self, String> {
        let named =
            |name: &str, default: &str| env::var_os(name).map_or_else(|| default.into(), PathBuf::from);
        let used = Self::with_sources(named("CARGO", "cargo"), named("RUSTC", "rustc"), None);
        let linker = ["/usr/bin/wasm-ld-19", "/usr/bin/wasm-ld"].map(PathBuf::from).into_iter();
        let debian = || {
            let linker = linker.clone().find(|path| path.exists())?;
            Self::with_sources("/usr/bin/cargo".into(), "/usr/bin/rustc".into(), Some(linker))
        };
        used.or_else(debian).ok_or_else(|| {
            "no Rust toolchain with the sources of its standard library: `rustup component add rust-src`, or on \
             Debian `apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-19`"
                .into()
        })
    }

    fn with_sources(cargo: PathBuf, rustc: PathBuf, linker: Option<PathBuf>) -> Option<Self> {
        let ask = |what: &[&str]| {
            let output = clean(&rustc).args(what).stderr(Stdio::null()).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let version = ask(&["--version"])?;
        let has_sources = sysroot.join("lib/rustlib/src/rust/library/core").exists();
        (has_sources && cargo_runs(&cargo)).then_some(Self { cargo, rustc, sysroot, linker, version })
    }

    /// Compiles the player with `flags` and returns where the module lies.
    fn compile(&self, root: &Path, module: &str, flags: &str) -> Result<PathBuf, String> {
        let target = root.join("target/player").join(module);
        let mut rustflags = vec![flags.to_owned()];
        let cargo_home = env::var("CARGO_HOME")
            .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
            .unwrap_or_default();
        for (from, to) in [(root.display().to_string(), "/src"), (cargo_home, "/cargo")] {
            rustflags.push(format!("--remap-path-prefix={from}={to}"));
        }
        rustflags.push(format!("--remap-path-prefix={}=/rust", self.sysroot.display()));
        // A panic is a trap here: nobody reads what it was about, so the module need not carry the words.
        rustflags.extend(["-Zunstable-options", "-Cpanic=immediate-abort"].map(str::to_owned));
        if let Some(linker) = &self.linker {
            rustflags.push(format!("-Clinker={}", linker.display()));
        }
        let mut command = clean(&self.cargo);
        command.args(["build", "--package", "player", "--lib", "--profile", "wasm", "--target", TARGET]);
        command
            .args(["--config", "build.rustflags=[]", "-Zbuild-std=core,alloc", "--target-dir"])
            .arg(&target);
        command.env("RUSTC", &self.rustc).env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\u{1f}"));
        // Building core and alloc is stable in all but name; this lets a stable compiler do it.
        command.env("RUSTC_BOOTSTRAP", "1").current_dir(root).stdin(Stdio::null());
        let status = command.status().map_err(|error| format!("{}: {error}", self.cargo.display()))?;
        if !status.success() {
            return Err(format!("building {module} failed ({status})"));
        }
        Ok(target.join(TARGET).join("wasm/player.wasm"))
    }
}

/// `program` without what an outer cargo or rustup put into the environment.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for name in [
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "CARGO_BUILD_TARGET",
    ] {
        command.env_remove(name);
    }
    command
}

fn cargo_runs(cargo: &Path) -> bool {
    let status = clean(cargo).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The repository's root.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// One line each for the sources and for the modules built from them: name and digest.
fn digests(root: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&root.join(source), &mut files).map_err(|error| format!("{source}: {error}"))?;
    }
    files.sort();
    let mut sources = Digest::default();
    for path in &files {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        sources.add(name.as_bytes());
        sources.add(&fs::read(path).map_err(|error| format!("{name}: {error}"))?);
    }
    let mut text = format!("sources {:016x}\n", sources.0);
    for (module, _) in MODULES {
        let mut digest = Digest::default();
        digest.add(&fs::read(root.join("web/dist").join(module)).unwrap_or_default());
        text.push_str(&format!("{module} {:016x}\n", digest.0));
    }
    Ok(text)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if is_source(&path) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

/// Whether a file or folder gets into the player: tests, the tests' oracle and the encoder do not.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !matches!(&*name, "tests.rs" | "tests" | "reference.rs" | "encode")
        && (path.is_dir() || path.extension().is_some_and(|extension| extension == "rs"))
}

/// FNV-1a of 64 bits, lengths included: it is to notice forgetting, not forgery.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        let len = (bytes.len() as u64).to_le_bytes();
        for &byte in len.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_sees_content_order_and_borders() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::default();
            parts.iter().for_each(|part| digest.add(part.as_bytes()));
            digest.0
        };
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab", "c"]), of(&["c", "ab"]));
    }

    #[test]
    fn what_is_not_compiled_in_is_left_out() {
        for (name, counts) in
            [("live.rs", true), ("tests.rs", false), ("reference.rs", false), ("a.txt", false)]
        {
            assert_eq!(is_source(Path::new(name)), counts, "{name}");
        }
    }
}
