//! Other programs as tests need them: FFmpeg as encoder and decoder.

use std::io::Write;
use std::process::{Command, Stdio};

/// What FFmpeg writes to its standard output, given `input`; `None`, with a word why, where it is not installed.
pub(crate) fn ffmpeg(arguments: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"].into_iter().chain(arguments.split_whitespace()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| eprintln!("skipped: FFmpeg does not run here: {error}"))
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let output = std::thread::scope(|scope| {
        // It may end before it has read all: what it says then is shown below.
        scope.spawn(move || stdin.write_all(input).is_ok());
        child.wait_with_output().expect("FFmpeg ends")
    });
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "ffmpeg {arguments}: {words}");
    Some(output.stdout)
}

/// A stream that FFmpeg makes of a lavfi source.
pub(crate) fn encode(source: &str, options: &str) -> Option<Vec<u8>> {
    ffmpeg(&format!("-f lavfi -i {source} -c:v mpeg1video {options} -f mpeg1video -"), &[])
}

/// All pictures of a stream in the order of display, I420 one behind the other, by FFmpeg's portable arithmetic.
pub(crate) fn decode(stream: &[u8]) -> Option<Vec<u8>> {
    let decoder = "-threads 1 -flags bitexact -idct simple -f mpegvideo -i -";
    ffmpeg(&format!("{decoder} -fps_mode passthrough -f rawvideo -pix_fmt yuv420p -"), stream)
}
