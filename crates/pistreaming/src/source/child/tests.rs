//! Children that end, talk and are ended: real shells, real signals.

use super::*;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;

fn shell(script: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    Child::start(&mut command).unwrap()
}

/// The first line that the child writes: from then on it is known to run.
fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.take_stdout().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// The ending of a child, once it has closed its output.
fn ending(child: &mut Child) -> Ending {
    child.take_stdout().unwrap().read_to_end(&mut Vec::new()).unwrap();
    child.ending()
}

/// A process that is to end; it can be waited for, though it is not our child.
struct Other(OwnedFd);

impl Other {
    fn new(pid: &str) -> Self {
        let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        Self(pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    fn ends_within(&self, time: Duration) -> bool {
        poll_within(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(time)).unwrap() > 0
    }
}

const AGES: Duration = Duration::from_secs(60);

#[test]
fn its_status_and_last_words_are_told() {
    let mut child = shell(r"printf 'first\n\033[1;31mno camera\033[0m\r\n' >&2; exit 3");
    let ending = ending(&mut child);
    assert_eq!(ending.status.and_then(|status| status.code()), Some(3));
    assert_eq!(ending.last_words, ["first", "no camera"]);
    assert_eq!(ending.to_string(), "ended (exit status: 3); its last words: first | no camera");
}

#[test]
fn words_are_bounded_and_the_last_are_kept() {
    let mut child = shell("i=0; while [ $i -lt 2000 ]; do echo \"word $i\" >&2; i=$((i+1)); done; exec cat");
    drop(child.take_stdin());
    let ending = ending(&mut child);
    assert_eq!(ending.last_words.len(), WORDS_LINES);
    assert_eq!(ending.last_words.last().unwrap(), "word 1999");
    assert!(child.words.lock().unwrap().len() <= WORDS_BYTES);
}

#[test]
fn dropping_it_ends_what_it_started_too() {
    let mut child = shell("sleep 1000 & echo $!; wait");
    let grandchild = Other::new(&first_line(&mut child));
    assert!(!grandchild.ends_within(Duration::ZERO));
    drop(child);
    assert!(grandchild.ends_within(AGES));
}

#[test]
fn one_that_does_not_listen_is_killed() {
    let mut child = shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
    assert_eq!(first_line(&mut child), "ready");
    let process = Other::new(&child.id().to_string());
    drop(child);
    assert!(process.ends_within(AGES));
}

#[test]
fn one_that_closes_its_pipe_and_goes_on_is_ended() {
    let mut child = shell("exec >&-; sleep 1000");
    let ending = ending(&mut child);
    assert!(ending.status.is_none());
    assert_eq!(ending.to_string(), "closed its pipe and was ended and said nothing");
}

#[test]
fn a_status_counts_though_others_linger() {
    let mut child = shell("exec >&-; sleep 1000 & exit 5");
    assert_eq!(ending(&mut child).status.and_then(|status| status.code()), Some(5));
}

#[test]
fn it_leads_its_own_group_and_asks_to_die_with_us() {
    let mut child = shell("echo $$; exec cat");
    let pid: i32 = first_line(&mut child).parse().unwrap();
    let group = rustix::process::getpgid(Pid::from_raw(pid)).unwrap();
    assert_eq!(group, Pid::from_raw(pid).unwrap());
    // The thread that starts a child is, to the kernel, its parent: with it goes the child.
    let (sender, receiver) = mpsc::channel();
    let starter = thread::spawn(move || {
        let mut orphan = shell("echo ready; exec sleep 1000");
        assert_eq!(first_line(&mut orphan), "ready");
        sender.send(orphan).unwrap();
    });
    let orphan = receiver.recv().unwrap();
    starter.join().unwrap();
    assert!(orphan.wait_for_end(Instant::now() + AGES));
}

#[test]
fn a_missing_program_is_an_error() {
    let error = Child::start(&mut Command::new("/nonexistent/program")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn pipes_work_both_ways() {
    let mut child = shell("exec cat");
    let mut stdin = child.take_stdin().unwrap();
    stdin.write_all(b"there and back\n").unwrap();
    assert_eq!(first_line(&mut child), "there and back");
}
