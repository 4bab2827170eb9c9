//! Settling on a source.
//!
//! Here belongs: which source is meant, what of the wishes cannot be, what `auto` takes. Not here: reading `--source`
//! (`choice`), which V4L2 device it is (`v4l2`).

use std::path::PathBuf;

use super::{Choice, Fault, Settings, SourceError, Trouble, exec, file, pi, stdin, v4l2};

/// A source that was settled on.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// What it is, in words.
    pub name: String,
    /// Why it is this.
    pub reason: String,
    pub(super) spec: Spec,
}

/// What is needed to run a source.
#[derive(Clone, Debug)]
pub(super) enum Spec {
    Pi(pi::Camera),
    V4l2(v4l2::Camera),
    Pattern,
    Stdin,
    File(PathBuf),
    Exec(String),
}

/// Settles on a source. `auto` asks the camera's program for cameras, which takes a second or two on a Pi. Nothing
/// is opened yet, but what cannot work is refused.
///
/// # Errors
/// If the source that was asked for cannot be used.
pub fn choose(settings: &Settings) -> Result<Chosen, SourceError> {
    check(settings)?;
    let asked_for = |name: String, spec| Chosen { name, reason: "as asked for".into(), spec };
    match &settings.source {
        Choice::Auto => choose_automatically(settings),
        Choice::Pi => {
            let camera = pi::Camera::new(pi::find_program()?, settings)?;
            Ok(asked_for("the Pi camera".into(), Spec::Pi(camera)))
        }
        Choice::V4l2(which) => {
            let camera = v4l2::Camera::new(wanted(which.as_deref()));
            Ok(asked_for(name_or_wanted(&camera, settings)?, Spec::V4l2(camera)))
        }
        Choice::Pattern => Ok(asked_for("the test pattern".into(), Spec::Pattern)),
        Choice::Stdin => {
            stdin::check(settings)?;
            Ok(asked_for("standard input".into(), Spec::Stdin))
        }
        Choice::File(path) => {
            file::open(path)?;
            Ok(asked_for(file::name(path), Spec::File(path.clone())))
        }
        Choice::Exec(command) => Ok(asked_for(exec::name(command), Spec::Exec(command.clone()))),
    }
}

/// Refuses what cannot be, whatever there is.
fn check(settings: &Settings) -> Result<(), SourceError> {
    if !settings.controls.is_empty() && !matches!(settings.source, Choice::Auto | Choice::V4l2(_)) {
        let name = format!("--source {}", settings.source);
        return Err(SourceError::Input { name, fault: Fault::NoControls });
    }
    // Of what may be Y4M it is looked at once the size is known.
    if !matches!(settings.source, Choice::Stdin | Choice::File(_) | Choice::Exec(_)) {
        let window = settings.window(settings.size);
        window.map_err(|fault| SourceError::Input { name: "--size".into(), fault })?;
    }
    Ok(())
}

/// The Pi camera if one is listed, else the first V4L2 camera, else the pattern; and why.
pub(super) fn choose_automatically(settings: &Settings) -> Result<Chosen, SourceError> {
    let no_pi_camera = match pi::choose_automatically(settings)? {
        Ok(chosen) if !settings.controls.is_empty() => {
            return Err(SourceError::Input { name: chosen.name, fault: Fault::NoControls });
        }
        Ok(chosen) => return Ok(chosen),
        Err(why) => why,
    };
    let camera = v4l2::Camera::new(v4l2::Wanted::Any);
    Ok(match camera.look(settings) {
        Err(error) if error.is_fatal() => return Err(error),
        Ok(name) => Chosen { name, reason: no_pi_camera, spec: Spec::V4l2(camera) },
        Err(SourceError::Camera { trouble: Trouble::Gone, .. }) => {
            let reason = format!("{no_pi_camera}, and no V4L2 camera");
            Chosen { name: "the test pattern".into(), reason, spec: Spec::Pattern }
        }
        Err(error) => {
            let reason = format!("{no_pi_camera}, and {error}");
            Chosen { name: "the test pattern".into(), reason, spec: Spec::Pattern }
        }
    })
}

/// The name of a V4L2 camera that was asked for, or, of one that may come later, what it is called until then.
fn name_or_wanted(camera: &v4l2::Camera, settings: &Settings) -> Result<String, SourceError> {
    camera.look(settings).or_else(|error| match error {
        // That is for the user to mend, and not for a camera that comes later.
        SourceError::Camera { trouble: Trouble::Forbidden { .. } | Trouble::NoCamera, .. } => Err(error),
        error if error.is_fatal() => Err(error),
        _ => Ok(camera.wanted_name()),
    })
}

/// What `--source v4l2:` has behind the colon.
fn wanted(which: Option<&str>) -> v4l2::Wanted {
    match which {
        None => v4l2::Wanted::Any,
        Some(path) if path.starts_with('/') => v4l2::Wanted::Path(path.into()),
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            v4l2::Wanted::Path(format!("/dev/video{number}").into())
        }
        Some(name) => v4l2::Wanted::Name(name.into()),
    }
}
