//! The clips that encoders are measured with: raw I420 in target/clips, made once, never committed.
//!
//! Here belongs: where they come from. Not here: what is done with them.

use std::path::PathBuf;

use crate::Outcome;
use crate::packages::{MEDIA, ensure};
use crate::shell::{command, run, target};

/// A clip of raw I420.
#[derive(Clone, Copy)]
pub(crate) struct Clip {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// FFmpeg's input and filter options.
    recipe: &'static str,
}

/// Pictures of each clip, and their rate.
pub(crate) const PICTURES: usize = 240;
pub(crate) const RATE: f64 = 24.0;

/// Two natural clips from the examples that Debian's opencv-doc ships, and two made from them and FFmpeg's sources.
pub(crate) const CLIPS: [Clip; 4] = [
    Clip { name: "hand", what: "a webcam, a hand-held box", width: 640, height: 480, recipe: "-i {box.mp4}" },
    Clip {
        name: "street",
        what: "a static camera, pedestrians, a little noise",
        width: 640,
        height: 480,
        recipe: "-i {vtest.avi} -vf crop=640:480:64:60,noise=c0_seed=11:c1_seed=12:c2_seed=13:alls=5:allf=t",
    },
    Clip {
        name: "pan",
        what: "a pan over detail",
        width: 640,
        height: 480,
        recipe: "-f lavfi -i mandelbrot=size=1600x480:maxiter=300:end_pts=1:rate=24 \
                 -vf loop=loop=-1:size=1,crop=640:480:n*3:0,noise=c0_seed=21:alls=2:allf=t",
    },
    Clip {
        name: "wide",
        what: "the static camera, 1280x720",
        width: 1280,
        height: 720,
        recipe: "-i {vtest.avi} -vf scale=1280:960:flags=lanczos,crop=1280:720",
    },
];

/// The static camera again, as large as cameras are today: 0.7 GB, made only where it is asked for.
pub(crate) const FULL_HD: Clip = Clip {
    name: "full-hd",
    what: "the static camera, 1920x1080",
    width: 1920,
    height: 1080,
    recipe: "-i {vtest.avi} -vf scale=1920:1440:flags=lanczos,crop=1920:1080",
};

impl Clip {
    /// The file.
    pub(crate) fn path(&self) -> PathBuf {
        target().join("clips").join(format!("{}.yuv", self.name))
    }

    /// Bytes of a picture.
    pub(crate) const fn picture_len(&self) -> usize {
        self.width * self.height * 3 / 2
    }

    /// Width and height as programs take them.
    pub(crate) fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }
}

/// Makes the clips that are not there yet.
pub(crate) fn make() -> Outcome {
    CLIPS.iter().try_for_each(make_one)
}

/// Makes one if it is not there yet.
pub(crate) fn make_one(clip: &Clip) -> Outcome {
    ensure(MEDIA)?;
    if clip.path().exists() {
        return Ok(());
    }
    std::fs::create_dir_all(target().join("clips")).map_err(|error| error.to_string())?;
    println!("making the clip {}: {}", clip.name, clip.what);
    let recipe = match clip.recipe.split_once('{') {
        Some((before, rest)) => {
            let (file, after) = rest.split_once('}').ok_or("a recipe names a file in braces")?;
            format!("{before}{}{after}", example(file)?.display())
        }
        None => clip.recipe.into(),
    };
    let unfinished = clip.path().with_extension("part");
    let frames = PICTURES.to_string();
    let mut ffmpeg = command("ffmpeg", &["-nostdin", "-v", "error", "-y", "-threads", "1"]);
    ffmpeg.args(recipe.split_whitespace()).args(["-frames:v", &frames, "-fps_mode", "passthrough"]);
    run(ffmpeg.args(["-pix_fmt", "yuv420p", "-f", "rawvideo"]).arg(&unfinished))?;
    std::fs::rename(&unfinished, clip.path()).map_err(|error| error.to_string())
}

/// A file of Debian's opencv-doc, which is unpacked and not installed.
fn example(name: &str) -> Outcome<PathBuf> {
    let dir = target().join("clips/opencv-doc");
    if !dir.join(name).exists() {
        std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let script = "set -e; apt-get download opencv-doc >/dev/null 2>&1 || { apt-get update >/dev/null; apt-get download \
            opencv-doc >/dev/null; }; dpkg-deb -x opencv-doc_*.deb x; rm opencv-doc_*.deb; \
            find x -name vtest.avi -exec cp {} . ';'; find x -name box.mp4.gz -exec cp {} . ';'; rm -r x; gunzip -f box.mp4.gz";
        run(command("bash", &["-c", script]).current_dir(&dir))?;
    }
    Ok(dir.join(name))
}
