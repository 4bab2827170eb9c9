//! A screen without a monitor, whose pixels can be read: Xvfb with its frame buffer in a file.
//!
//! Here belongs: starting it, the frame buffer's format. Not here: what is on the screen.
//!
//! The server writes the file through a shared mapping, so what `pread` gives is what a monitor would show at that
//! moment. The layout is XWD's: a header of big-endian words, a colour map, then rows of 32-bit pixels.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::process::Process;

/// A running screen.
pub(crate) struct Screen {
    _server: Process,
    display: String,
    pixels: File,
    size: (u32, u32),
    data: u64,
    bytes_per_line: u64,
}

impl Screen {
    /// A screen of `size` in pixels, with its files in `dir`.
    pub(crate) fn start(dir: &Path, size: (u32, u32)) -> Outcome<Self> {
        std::fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-nocursor", "-fbdir"]).arg(dir);
        command.args(["-screen", "0", &format!("{}x{}x24", size.0, size.1)]);
        let mut server = Process::start("Xvfb", command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut number = String::new();
        // It writes its number once it serves; nothing if it fails.
        let output = server.take_output()?;
        BufReader::new(output).read_line(&mut number).map_err(|error| format!("Xvfb: {error}"))?;
        if number.trim().is_empty() {
            return Err("Xvfb did not start".into());
        }
        let path = dir.join("Xvfb_screen0");
        let pixels = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (data, bytes_per_line) = read_header(&pixels, &path)?;
        let display = format!(":{}", number.trim());
        Ok(Self { _server: server, display, pixels, size, data, bytes_per_line })
    }

    /// What programs find in `DISPLAY`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Width and height in pixels.
    pub(crate) const fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The brightness of the first `width` pixels of row `y`, into `row`. `bytes` is working space.
    pub(crate) fn read_row(&self, y: u32, width: u32, bytes: &mut Vec<u8>, row: &mut Vec<u8>) -> Option<()> {
        bytes.resize(width as usize * 4, 0);
        self.pixels.read_exact_at(bytes, self.data + u64::from(y) * self.bytes_per_line).ok()?;
        row.clear();
        // Green stands for brightness: the strip is black and white.
        row.extend(bytes.chunks_exact(4).map(|pixel| pixel[1]));
        Some(())
    }
}

/// Where the pixels begin and how long a row is, in bytes.
fn read_header(file: &File, path: &Path) -> Outcome<(u64, u64)> {
    let mut header = [0; 100];
    file.read_exact_at(&mut header, 0).map_err(|error| format!("{}: {error}", path.display()))?;
    let word = |index: usize| {
        let bytes = &header[index * 4..][..4];
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    };
    let (header_size, version, bits_per_pixel, bytes_per_line, colours) =
        (word(0), word(1), word(11), word(12), word(19));
    if version != 7 || bits_per_pixel != 32 {
        return Err(format!("{}: XWD version {version}, {bits_per_pixel} bits a pixel", path.display()));
    }
    Ok((u64::from(header_size) + u64::from(colours) * 12, u64::from(bytes_per_line)))
}
