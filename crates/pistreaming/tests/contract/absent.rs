//! Viewers whose machine is gone without a word: nothing comes from them any more, and what is sent to them arrives nowhere.
//!
//! A network namespace has such machines: the test runs once more in one of its own, where an address can be taken away.
//! Where there are no namespaces it is left out, and says so.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::Command;

use crate::faults::{between, gives_back, held};
use crate::support::{Live, Program};

const HERE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// Both addresses are on the loopback first; a cable is ready whose other end takes what is for itself alone, so nothing.
const BEFORE: &str = "ip link set lo up && ip address add 10.99.0.1/32 dev lo && ip address add 10.99.0.2/32 dev lo \
    && ip link add near type veth peer name far && ip link set far up && ip link set near up \
    && ip neighbour add 10.99.0.2 lladdr 02:00:00:00:00:02 dev near";
/// From now on all that is sent there goes by that cable.
const AFTER: &str = "ip address del 10.99.0.2/32 dev lo && ip route add 10.99.0.2/32 dev near";
/// Set where the test runs in its namespace.
const INSIDE: &str = "CONTRACT_IN_NAMESPACE";
/// How a namespace is had: by anybody, or by root where that is forbidden.
const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];

#[test]
fn who_vanishes_without_a_word_is_let_go_and_others_are_served_meanwhile() {
    if std::env::var_os(INSIDE).is_some() {
        return vanish();
    }
    let shell = |way: &[&str], script: String| {
        let mut command = Command::new("unshare");
        command.args(way).args(["sh", "-c", &script]);
        command
    };
    let works =
        |way: &&&[&str]| shell(way, BEFORE.into()).output().is_ok_and(|output| output.status.success());
    let Some(way) = WAYS.iter().find(works) else {
        let why = shell(WAYS[1], BEFORE.into()).output();
        eprintln!("left out, for there is no network namespace here: {why:?}");
        return;
    };
    let mut inside = shell(way, format!("{BEFORE} && exec \"$0\" \"$@\""));
    inside.arg(std::env::current_exe().unwrap()).args(["--exact", "--nocapture"]);
    inside.arg("absent::who_vanishes_without_a_word_is_let_go_and_others_are_served_meanwhile");
    let output = inside.env(INSIDE, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

fn vanish() {
    let program = Program::start(&["--size", "64x48"]);
    let mut good = Live::open(program.http);
    good.picture();
    let before = held(&program);
    let connect = || between(THERE, HERE, program.http);
    let mut viewers: Vec<_> = (0..20).map(|_| Live::over(connect())).collect();
    viewers.iter_mut().for_each(|viewer| drop(viewer.picture()));
    // Others are in the middle of a request.
    let mut requests: Vec<_> = (0..5).map(|_| connect()).collect();
    requests.iter_mut().for_each(|stream| stream.write_all(b"GET /stats HTTP/1.1\r\nHos").unwrap());
    assert!(Command::new("sh").args(["-c", AFTER]).status().unwrap().success());
    while program.stats()["viewers"].as_array().unwrap().len() > 1 {
        good.picture();
    }
    gives_back(&program, before, 4 << 10);
    good.picture();
    // Until now they did not know.
    drop((viewers, requests));
}
