//! The command line as users type it.

use super::*;
use clap::CommandFactory as _;

#[test]
fn the_command_line_is_consistent() {
    Options::command().debug_assert();
}

#[test]
fn each_option_has_its_variable() {
    let command = Options::command();
    for option in command.get_arguments() {
        let name = option.get_long().unwrap();
        let variable = format!("PISTREAMING_{}", name.to_uppercase().replace('-', "_"));
        assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(&*variable), "--{name}");
    }
}

#[test]
fn defaults_are_the_original_s() {
    let options = Options::parse_from(["pistreaming"]);
    assert_eq!(options.source().size.to_string(), "640x480");
    assert_eq!(options.source().frames_per_second, "24".parse().unwrap());
    assert_eq!((options.encode().bits_per_second, options.encode().renditions), (800_000, 4));
    assert_eq!(options.encode().preset, Preset::Balanced);
    let server = options.server();
    assert_eq!((server.port, server.ws_port), (8082, Some(8084)));
    assert_eq!((&*server.color, &*server.bgcolor), ("#444", "#333"));
    assert_eq!(options.source().rest_after, None);
}

#[test]
fn half_a_turn_is_both_flips() {
    let source = |line: &str| Options::parse_from(line.split(' ')).source();
    let half = source("pistreaming --rotate 180 --hflip");
    assert_eq!((half.hflip, half.vflip, half.turn), (false, true, None));
    let quarter = source("pistreaming --rotate 90 --size 640x480");
    assert_eq!(quarter.shown_size().to_string(), "480x640");
    let part = source("pistreaming --rotate 90 --size 640x480 --crop 320x241+16+8");
    assert_eq!(part.shown_size().to_string(), "241x320");
    assert_eq!(Options::try_parse_from(["pistreaming", "--rotate", "45"]).unwrap_err().exit_code(), 2);
}

#[test]
fn switches_flips_and_several_values_are_read() {
    let line = "pistreaming --hflip --pi-arg --awb --pi-arg=indoor --ws-port none --threads 2 \
                --allow-origin https://a.example,https://b.example --encoder ffmpeg --source file:x.y4m \
                --renditions off --preset fast --max-upload 5M --camera-control Auto-Exposure=1,gain=7";
    let options = Options::parse_from(line.split_ascii_whitespace());
    assert!(options.source().hflip && !options.source().vflip);
    assert_eq!(options.source().pi_args, ["--awb", "indoor"]);
    let several = Options::parse_from(["pistreaming", "--pi-arg", " --roi  0.25,0,1,1", "--pi-arg=-v"]);
    assert_eq!(several.source().pi_args, ["--roi", "0.25,0,1,1", "-v"]);
    let controls: Vec<String> = options.source().controls.iter().map(ToString::to_string).collect();
    assert_eq!(controls, ["auto_exposure=1", "gain=7"]);
    assert_eq!(options.server().ws_port, None);
    assert_eq!(options.server().allow_origin.len(), 2);
    assert!(!options.encode().can_ask());
    assert_eq!((options.encode().renditions, options.server().max_upload), (0, Some(5_000_000)));
    assert_eq!(options.encode().preset, Preset::Fast);
    for bad in [
        "--threads 0",
        "--threads 65",
        "--ws-port no",
        "--bind raspberrypi",
        "--size 5",
        "--crop 320x240+1+0",
        "--camera-control brightness",
        "--fps 0",
        "--encoder x264",
        "--preset slow",
        "--nope",
    ] {
        let line = ["pistreaming"].into_iter().chain(bad.split(' '));
        assert_eq!(Options::try_parse_from(line).unwrap_err().exit_code(), 2, "{bad}");
    }
}
