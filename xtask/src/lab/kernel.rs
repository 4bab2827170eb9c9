//! The lab's kernel: Debian's, unpacked and never installed, with v4l2loopback built for it and an initramfs.
//!
//! Here belongs: getting these files, once. Not here: booting them.

use std::fs;
use std::path::{Path, PathBuf};

use super::pack;
use crate::Outcome;
use crate::packages::upgrade;
use crate::shell::{command, output, shown};

const HEADERS: &str = "/usr/src";
/// What the guest's root, its output and its random numbers need.
const AT_START: &[&str] = &["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio_rng"];

/// What is booted.
pub(super) struct Kernel {
    /// The kernel itself.
    pub(super) image: PathBuf,
    /// The folder above `lib/modules`.
    pub(super) files: PathBuf,
    /// The first file system.
    pub(super) initrd: PathBuf,
    /// The module v4l2loopback.
    pub(super) loopback: PathBuf,
}

impl Kernel {
    /// Sees to it that all of it lies in `lab`. The archive keeps the newest kernels only: where the one that fits the
    /// installed headers has gone, or was never heard of, newer headers are got.
    pub(super) fn prepare(lab: &Path) -> Outcome<Self> {
        Self::of_version(lab, &version()?).or_else(|why| {
            println!("the lab's kernel is not to be had: {why}");
            println!("installing: the newest linux-headers-amd64");
            upgrade("linux-headers-amd64").and_then(|()| Self::of_version(lab, &version()?))
        })
    }

    fn of_version(lab: &Path, version: &str) -> Outcome<Self> {
        let dir = lab.join(version);
        let files = dir.join("kernel");
        let kernel = Self {
            image: files.join(format!("boot/vmlinuz-{version}")),
            initrd: dir.join("initrd"),
            loopback: dir.join("v4l2loopback.ko"),
            files,
        };
        // Each is put in its place only when it is whole.
        if !kernel.files.exists() {
            println!("installing: the lab's kernel {version} (into {})", dir.display());
            unpack(&format!("linux-image-{version}"), &kernel.files)?;
            let base = kernel.files.display().to_string();
            output(&mut command("/sbin/depmod", &["-b", &base, version]))?;
        }
        if !kernel.loopback.exists() {
            build_loopback(&dir, version, &kernel.loopback)?;
        }
        build_initrd(&dir, version, &kernel)?;
        Ok(kernel)
    }

    /// Whether it runs with `accelerator`. Some machines have /dev/kvm, and no kernel of Debian's runs by it: only a try
    /// shows.
    pub(super) fn boots_by(&self, accelerator: &[&str]) -> bool {
        let mut qemu = command("timeout", &["5", "qemu-system-x86_64"]);
        qemu.args(accelerator).args(["-nodefaults", "-display", "none", "-no-reboot", "-m", "256"]);
        // There is no such first program: the kernel says its version, then panics.
        qemu.args(["-append", "console=ttyS0 panic=-1 rdinit=/none", "-serial", "stdio", "-kernel"]);
        qemu.arg(&self.image);
        output(&mut qemu).is_ok_and(|said| said.contains("Linux version"))
    }
}

/// The version whose headers are installed, the newest of several: modules can be built for it.
fn version() -> Outcome<String> {
    let names = fs::read_dir(HEADERS).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let versions = names.filter_map(|name| {
        let version = name.strip_prefix("linux-headers-")?.to_owned();
        version.ends_with("-amd64").then_some(version)
    });
    let number = |version: &String| -> Vec<u32> {
        version.split(['.', '-', '+']).filter_map(|part| part.parse().ok()).collect()
    };
    let missing =
        || format!("no headers of Debian's amd64 kernel in {HEADERS}; the lab needs Debian on amd64");
    versions.max_by_key(number).ok_or_else(missing)
}

/// Unpacks a Debian package to `to`, without installing it.
fn unpack(package: &str, to: &Path) -> Outcome {
    let new = to.with_extension("new");
    let _ = fs::remove_dir_all(&new);
    fs::create_dir_all(&new).map_err(|error| format!("{}: {error}", new.display()))?;
    let script = "apt-get download --quiet \"$0\" && dpkg-deb --extract ./\"$0\"_*.deb . && rm ./*.deb";
    let mut get = command("sh", &["-c", script, package]);
    output(get.current_dir(&new))?;
    fs::rename(&new, to).map_err(|error| format!("{}: {error}", to.display()))
}

/// Debian's kernel has no v4l2loopback; its source is a package.
fn build_loopback(dir: &Path, version: &str, to: &Path) -> Outcome {
    let unpacked = dir.join("v4l2loopback");
    if !unpacked.exists() {
        unpack("v4l2loopback-dkms", &unpacked)?;
    }
    let sources = fs::read_dir(unpacked.join("usr/src")).into_iter().flatten().flatten();
    let source = sources.map(|entry| entry.path()).next().ok_or("v4l2loopback-dkms has no source")?;
    let headers = format!("{HEADERS}/linux-headers-{version}");
    let mut make = command("make", &["-s", "-C", &headers, &format!("M={}", source.display()), "modules"]);
    output(&mut make).map_err(|error| format!("{error}; by hand: {}", shown(&make)))?;
    let built = source.join("v4l2loopback.ko");
    fs::rename(&built, to).map_err(|error| format!("{}: {error}", built.display()))
}

/// Busybox, the modules that the root needs, and what mounts it.
fn build_initrd(dir: &Path, version: &str, kernel: &Kernel) -> Outcome {
    let tree = dir.join("initramfs");
    let _ = fs::remove_dir_all(&tree);
    let failed = |error: std::io::Error| format!("{}: {error}", tree.display());
    for name in ["bin", "modules", "proc", "sys", "dev", "lower", "upper", "merged"] {
        fs::create_dir_all(tree.join(name)).map_err(failed)?;
    }
    let mut order = String::new();
    for file in modules(version, kernel)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::copy(&file, tree.join("modules").join(&name)).map_err(failed)?;
        order += &(name + "\n");
    }
    fs::write(tree.join("modules/order"), order).map_err(failed)?;
    fs::copy("/bin/busybox", tree.join("bin/busybox")).map_err(failed)?;
    let init = tree.join("init");
    fs::write(&init, include_str!("init.sh")).map_err(failed)?;
    output(command("chmod", &["+x"]).arg(init))?;
    pack(&tree, &kernel.initrd)
}

/// The files of [`AT_START`] and of what they need, in the order in which they can be loaded.
fn modules(version: &str, kernel: &Kernel) -> Outcome<Vec<PathBuf>> {
    let base = kernel.files.display().to_string();
    let mut files: Vec<PathBuf> = Vec::new();
    for name in AT_START {
        let show = ["-d", &base, "-S", version, "--show-depends", name];
        let listed = output(&mut command("/sbin/modprobe", &show))?;
        let paths =
            listed.lines().filter_map(|line| line.strip_prefix("insmod ")).map(|path| path.trim().into());
        for path in paths {
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    Ok(files)
}
