//! Decodes an MPEG-1 video elementary stream by the crate oxideav-mpeg12video, to compare with:
//! `decode_oxideav IN.m1v OUT.yuv`. Raw I420 of the size that is shown.

use std::fs::File;
use std::io::{BufWriter, Write};

use oxideav_mpeg12video::decode_video_sequence;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = &arguments[..] else {
        return Err("usage: decode_oxideav IN.m1v OUT.yuv".into());
    };
    let stream = std::fs::read(input).map_err(|error| format!("{input}: {error}"))?;
    let mut out = BufWriter::new(File::create(output).map_err(|error| format!("{output}: {error}"))?);
    let decoded = decode_video_sequence(&stream).map_err(|error| format!("{input}: {error:?}"))?;
    for picture in &decoded {
        let frame = &picture.frame;
        let (width, height) = frame.visible_chroma_dims();
        out.write_all(&frame.y.packed_rect(frame.width, frame.height))?;
        out.write_all(&frame.cb.packed_rect(width, height))?;
        out.write_all(&frame.cr.packed_rect(width, height))?;
    }
    Ok(out.flush()?)
}
