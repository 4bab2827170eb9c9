//! Which program has a port: for the error message, so that the user knows what to end.
//!
//! Here belongs: reading Linux's `/proc`. Not here: anything that must work; without `/proc` or rights the message only
//! says less.

use std::fs;
use std::path::Path;

/// Who has `port`, in words, and what makes it free.
pub(super) fn describe(port: u16) -> String {
    let sockets = sockets(port);
    let listener = sockets.iter().find(|socket| socket.listens);
    match listener.and_then(|listener| process(&listener.inode)) {
        Some((name, id)) => format!("{name} (process {id}); end that program"),
        // Linux hands out such ports to connections: a browser's, say. What is left of one stays for a minute.
        None if listener.is_none() && !sockets.is_empty() => format!(
            "a connection that this machine made, or what is left of one (ss -tan 'sport = :{port}' says which); wait a minute"
        ),
        None => format!("another program (sudo ss -ltnp 'sport = :{port}' says which); end that program"),
    }
}

/// A socket of TCP's.
struct Socket {
    inode: String,
    listens: bool,
}

/// The sockets on `port`. A line is "sl local:port remote:port state … inode …", in hexadecimal but for the inode; state
/// 0A is listening.
fn sockets(port: u16) -> Vec<Socket> {
    let texts = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let socket = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let local = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
        let socket = Socket { inode: (*fields.get(9)?).to_owned(), listens: *fields.get(3)? == "0A" };
        (local == port).then_some(socket)
    };
    texts.iter().flat_map(|text| text.lines().skip(1)).filter_map(socket).collect()
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
