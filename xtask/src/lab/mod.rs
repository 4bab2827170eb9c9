//! The lab: Debian's own kernel in qemu, which has cameras to test with that this machine's kernel has not.
//!
//! Here belongs: booting it and running a command in it. Not here: getting its kernel (`kernel`), which tests run.
//!
//! The guest sees this machine's file system, read-only under an overlay in memory: what was built here runs there as it
//! is, and nothing here is changed. No right is needed beyond those of the user, no KVM, no network.

mod kernel;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::packages::{LAB, ensure};
use crate::shell::{command, output, root, target};

pub(crate) const OPTIONS: &str = "COMMAND [ARGUMENTS]";
pub(crate) const PURPOSE: &str =
    "runs a command in the lab, a kernel with drivers that play cameras (modprobe vivid)";

/// How long a command by hand may take.
const SECONDS: u32 = 300;

/// Runs what the arguments say.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (program, rest) =
        arguments.split_first().ok_or_else(|| format!("there is: cargo xtask lab {OPTIONS}"))?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    crate::shell::run(&mut Lab::prepare()?.command(&[], program, &rest, SECONDS)?)
}

/// What a guest has of this machine. Emulated, a second processor is one that tests and camera do not share.
const MEMORY_MB: u32 = 1024;
const PROCESSORS: u32 = 2;

/// A kernel with its modules, ready to be booted.
pub(crate) struct Lab {
    dir: std::path::PathBuf,
    kernel: kernel::Kernel,
    kvm: bool,
}

/// The processor's own virtualisation, ten times as fast as emulation.
const KVM: &[&str] = &["-accel", "kvm", "-cpu", "host"];
const EMULATED: &[&str] = &["-accel", "tcg,thread=multi", "-cpu", "max"];

impl Lab {
    /// Whether this machine is of the kind that has the lab's kernel, which is Debian's own for this processor; why not.
    pub(crate) fn possible() -> Outcome {
        let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
        if std::env::consts::ARCH == "x86_64" && system.lines().any(|line| line == "ID=debian") {
            return Ok(());
        }
        Err("the lab's kernel is Debian's, for amd64: it can be had on such a machine only".into())
    }

    /// Gets what is missing: qemu, the kernel, the modules that Debian's kernel has not. 100 MB the first time.
    pub(crate) fn prepare() -> Outcome<Self> {
        Self::possible()?;
        ensure(LAB)?;
        let dir = target().join("xtask/lab");
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let kernel = kernel::Kernel::prepare(&dir)?;
        let kvm = kernel.boots_by(KVM);
        Ok(Self { dir, kernel, kvm })
    }

    /// The path of v4l2loopback, a camera that a program feeds.
    pub(crate) fn loopback(&self) -> String {
        self.kernel.loopback.display().to_string()
    }

    /// The command that boots the lab, loads `modules`, each with its parameters (a path loads that file), runs
    /// `program` there and prints what that says. It fails only if the lab does; it is ended after `seconds`.
    pub(crate) fn command(
        &self,
        modules: &[String],
        program: &str,
        arguments: &[&str],
        seconds: u32,
    ) -> Outcome<Command> {
        let script = self.dir.join("guest.sh");
        let words: Vec<String> =
            std::iter::once(program).chain(arguments.iter().copied()).map(quoted).collect();
        let text = format!(
            "KERNEL={}\nMODULES={}\ncommand_here() {{ cd {} && {}; }}\n{}",
            quoted(&self.kernel.files.display().to_string()),
            quoted(&modules.join("\n")),
            quoted(&root().display().to_string()),
            words.join(" "),
            include_str!("guest.sh"),
        );
        fs::write(&script, text).map_err(|error| format!("{}: {error}", script.display()))?;
        Ok(self.qemu(&script, seconds))
    }

    fn qemu(&self, script: &Path, seconds: u32) -> Command {
        let limit = seconds.to_string();
        let mut qemu = command("timeout", &["--foreground", &limit, "qemu-system-x86_64"]);
        qemu.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35"]);
        qemu.args(if self.kvm { KVM } else { EMULATED });
        qemu.args(["-m", &MEMORY_MB.to_string(), "-smp", &PROCESSORS.to_string()]);
        qemu.arg("-kernel").arg(&self.kernel.image).arg("-initrd").arg(&self.kernel.initrd);
        let options = "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable random.trust_cpu=on";
        qemu.args(["-append", &format!("{options} lab.script={}", script.display())]);
        // What the kernel says is for whoever looks for a fault of the lab's.
        qemu.args(["-serial", &format!("file:{}", self.dir.join("console").display())]);
        qemu.args(["-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"]);
        qemu.args(["-device", "virtio-serial-pci", "-device", "virtio-rng-pci"]);
        // Not by a chardev of the kind stdio: with no standard input it counts as closed, and the guest would wait.
        qemu.args(["-chardev", "file,id=out,path=/dev/fd/1,append=on"]);
        qemu.args(["-device", "virtserialport,chardev=out"]);
        qemu
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Packs an initramfs of the files below `dir`.
fn pack(dir: &Path, to: &Path) -> Outcome {
    let script = "find . | cpio --create --format=newc --quiet | gzip -1 > \"$0\"";
    output(command("sh", &["-c", script]).arg(to).current_dir(dir)).map(drop)
}
