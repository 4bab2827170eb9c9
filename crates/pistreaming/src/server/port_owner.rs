//! Which program has a port: for the error message, so that the user knows what to end.
//!
//! Here belongs: reading Linux's `/proc`. Not here: anything that must work; without `/proc` or rights the message only
//! says less.

use std::fs;
use std::path::Path;

/// The program that listens on `port`, in words.
pub(super) fn describe(port: u16) -> String {
    match inode(port).as_deref().and_then(process) {
        Some((name, id)) => format!("{name} (process {id})"),
        None => format!("another program (sudo ss -ltnp 'sport = :{port}' says which)"),
    }
}

/// The inode of the socket that listens on `port`. A line is "sl local:port remote:port state … inode …", in
/// hexadecimal but for the inode; state 0A is listening.
fn inode(port: u16) -> Option<String> {
    ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        text.lines().skip(1).find_map(|line| {
            let fields: Vec<_> = line.split_ascii_whitespace().collect();
            let local = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
            (local == port && *fields.get(3)? == "0A").then(|| fields.get(9).map(ToString::to_string))?
        })
    })
}

/// Name and id of the process that has a socket of that inode open.
fn process(inode: &str) -> Option<(String, u32)> {
    let socket = format!("socket:[{inode}]");
    let has = |directory: &Path| {
        let files = fs::read_dir(directory.join("fd")).ok()?;
        files
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*socket))
            .then_some(())
    };
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        has(&entry.path())?;
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        Some((name.trim().to_owned(), id))
    })
}
