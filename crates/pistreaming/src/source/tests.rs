//! The sources as the pipeline uses them: chosen and run.

use super::play::tests::{Keeper, settings};
use super::*;

fn run_exec(command: &str, keeper: &Keeper) -> Result<Ended, SourceError> {
    let mut settings = settings("16x16", "24");
    settings.source = format!("exec:{command}").parse().unwrap();
    let chosen = choose(&settings).unwrap();
    run(&chosen, &settings, Clock::start(), keeper, &keeper.shutdown)
}

#[test]
fn a_commands_frames_come_until_it_is_stopped() {
    let keeper = Keeper::new(3);
    assert_eq!(run_exec("cat /dev/zero", &keeper).unwrap(), Ended::Stopped);
    assert_eq!(keeper.kept().frames.len(), 3);
}

#[test]
fn the_end_of_a_command_is_an_error_that_tells_how() {
    let keeper = Keeper::new(usize::MAX);
    let error = run_exec("head -c 1000 /dev/zero; echo oh no >&2; exit 4", &keeper).unwrap_err();
    assert!(!error.is_fatal());
    assert!(error.to_string().ends_with("ended (exit status: 4); its last words: oh no"), "{error}");
    let kept = keeper.kept();
    assert_eq!((kept.frames.len(), kept.notes.len()), (2, 1));
    let error = run_exec("head -c 768 /dev/zero", &Keeper::new(usize::MAX)).unwrap_err();
    assert!(!error.is_fatal() && error.to_string().contains("exit status: 0"), "{error}");
}

#[test]
fn a_command_that_cannot_work_is_fatal() {
    let error = run_exec("nonexistent-program --really", &Keeper::new(1)).unwrap_err();
    assert!(error.is_fatal() && error.to_string().contains("nonexistent-program"), "{error}");
    let error = run_exec("echo hello", &Keeper::new(1)).unwrap_err();
    assert!(error.is_fatal() && error.to_string().contains("6 bytes, but one frame has 384"), "{error}");
}

#[test]
fn a_real_tools_y4m_is_understood() {
    let keeper = Keeper::new(usize::MAX);
    let clip = "ffmpeg -v error -f lavfi -i testsrc=s=34x18:r=25:d=0.2 -pix_fmt yuv420p -f yuv4mpegpipe -";
    let error = run_exec(clip, &keeper).unwrap_err();
    assert!(error.to_string().contains("exit status: 0"), "{error}");
    let kept = keeper.kept();
    assert_eq!(kept.known, [("34x18".parse().unwrap(), "25".parse().unwrap())]);
    assert_eq!(kept.frames.len(), 5);
    assert!(kept.frames[0].i420() != kept.frames[4].i420());
}

#[test]
fn what_is_asked_for_is_chosen() {
    let mut settings = settings("16x16", "24");
    settings.source = Choice::Pattern;
    let chosen = choose(&settings).unwrap();
    assert_eq!((chosen.name.as_str(), chosen.reason.as_str()), ("the test pattern", "as asked for"));
    settings.source = Choice::File("/nonexistent/clip.y4m".into());
    let error = choose(&settings).unwrap_err();
    assert!(
        error.is_fatal() && error.to_string().starts_with("/nonexistent/clip.y4m: No such file"),
        "{error}"
    );
    for no_file in ["/dev/zero", "/dev"] {
        settings.source = Choice::File(no_file.into());
        let error = choose(&settings).unwrap_err();
        assert!(error.is_fatal() && error.to_string().contains("exec:COMMAND"), "{error}");
    }
}
