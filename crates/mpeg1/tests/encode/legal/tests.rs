//! The check itself: it finds what is wrong in streams that were written bit by bit to be wrong, and nothing in another
//! encoder's.

use super::{Census, Fault, Rules, check};
use std::process::Command;

/// Two macroblocks by two.
const RULES: Rules = Rules { size: (32, 32), cycle: None, joined: false };

/// An intra macroblock, next after the one before: all DCs as before, nothing else.
const GREY: &str = "1 1 100 10 100 10 100 10 100 10 00 10 00 10 ";
/// The same in a P picture.
const GREY_IN_P: &str = "1 00011 100 10 100 10 100 10 100 10 00 10 00 10 ";
/// A macroblock with a vector like that of the one before, and nothing else.
const STILL: &str = "1 001 1 1 ";
/// Slice headers: quantizer_scale, extra_bit_slice.
const FINE: &str = "00010 0 ";
const COARSE: &str = "11111 0 ";

/// A stream as ones and zeros.
#[derive(Default)]
struct Bits(String);

impl Bits {
    fn put(&mut self, bits: &str) {
        self.0.extend(bits.chars().filter(|bit| *bit != ' '));
    }

    fn code(&mut self, code: u8) {
        let fill = self.0.len().next_multiple_of(8) - self.0.len();
        self.0.push_str(&"0".repeat(fill));
        self.put(&format!("{:032b}", 0x100 + u32::from(code)));
    }

    fn sequence(&mut self) {
        self.code(0xb3);
        self.put("000000100000 000000100000 0001 0011 111111111111111111 1 0000010100 0 0 0");
    }

    fn group(&mut self, flags: &str) {
        self.code(0xb8);
        self.put("0 00000 000000 1 000000 000000 ");
        self.put(flags);
    }

    /// `kind`: picture_coding_type, full_pel and f_code.
    fn picture(&mut self, temporal_reference: usize, kind: &str, slices: &[(u8, &str)]) {
        self.code(0);
        let (kind, vectors) = kind.split_at(3);
        self.put(&format!("{temporal_reference:010b} {kind} 1111111111111111 {vectors} 0"));
        for (row, bits) in slices {
            self.code(row + 1);
            self.put(bits);
        }
    }

    fn bytes(mut self) -> Vec<u8> {
        self.code(0xb7);
        let byte = |bits: &[u8]| bits.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
        self.0.as_bytes().chunks(8).map(byte).collect()
    }
}

const I: &str = "001";
const P: &str = "010 0 001";

/// A grey I picture, then P pictures of these slices.
fn stream(pictures: &[&[(u8, &str)]]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.sequence();
    bits.group("1 0");
    let grey = format!("{FINE}{GREY}{GREY}");
    bits.picture(0, I, &[(0, &grey), (1, &grey)]);
    for (n, slices) in (1..).zip(pictures) {
        bits.picture(n, P, slices);
    }
    bits.bytes()
}

fn fault(stream: &[u8], rules: Rules) -> String {
    check(stream, rules).map(|_| ()).expect_err("it has a fault").to_string()
}

#[test]
fn a_sound_stream_is_counted() {
    let slice = format!("{FINE}{STILL}010 001 1 1");
    let Census { pictures, skipped, predicted, slices, .. } =
        check(&stream(&[&[(0, &slice)]]), RULES).map_err(|fault| fault.to_string()).expect("sound");
    assert_eq!((pictures, skipped, predicted, slices), (2, 2, 2, 3));
}

#[test]
fn the_first_fault_is_named_with_its_place() {
    let cases: &[(&str, String)] = &[
        ("slice 0, quantizer_scale 0", format!("00000 0 {STILL}")),
        ("macroblock 0, the vector -1 leads out", format!("{FINE}1 001 011 1")),
        ("macroblock 1, the vector 1 leads out", format!("{FINE}{STILL}1 001 010 1")),
        (
            "picture 1, its slices end before macroblock 3 of 4",
            format!("{FINE}{STILL}{STILL}1 00011 100 10 100 10 100 10 100 10 00 10 00 10"),
        ),
        ("macroblock 7, it lies behind", format!("{FINE}{STILL}00010 001 1 1")),
        ("macroblock 1, the slice begins here", format!("{FINE}011 001 1 1")),
        ("macroblock 1, what follows is within the same byte", format!("{FINE}{STILL}{STILL}{STILL}")),
        ("macroblock_address_increment: there is no code", format!("{FINE}0000 0000")),
        ("macroblock_type in a P picture", format!("{FINE}1 000000")),
        ("an escape for run 0, level 40", format!("{FINE}1 01 1011 000001 000000 00101000 10 {STILL}")),
        ("an escaped level of 0", format!("{FINE}1 01 1011 000001 000000 00000000 00000000")),
        ("an escaped level of 127", format!("{FINE}1 01 1011 000001 000000 00000000 01111111")),
        ("an escaped level of -127", format!("{FINE}1 01 1011 000001 000000 10000000 10000001")),
        (
            "level -255 at 0 stands for -15841",
            format!("{COARSE}1 01 1011 000001 000000 10000000 00000001 10"),
        ),
        ("more than 64", format!("{FINE}1 01 1011 000001 111111 00000010 11 0 10")),
        ("a DC of 383", format!("{FINE}1 00011 1111110 11111111 10")),
        (
            "a byte before the next start code",
            format!("{FINE}{STILL}{STILL}{STILL}{STILL}00000000000000000000000000001"),
        ),
    ];
    for (expected, slice) in cases {
        let found = fault(&stream(&[&[(0, slice)]]), RULES);
        assert!(found.starts_with("picture 1, ") && found.contains(expected), "{found}, not {expected}");
    }
    let row = format!("{FINE}{STILL}{STILL}");
    let found = fault(&stream(&[&[(1, &row), (0, &row)]]), RULES);
    assert_eq!(
        found,
        "picture 1, slice 0, macroblock 2, the slice begins here, the one before ended before 0"
    );
}

#[test]
fn headers_have_an_order() {
    let grey = format!("{FINE}{GREY}{GREY}");
    let picture = |group: &str, temporal_reference, kind: &str, slice: &str| {
        let mut bits = Bits::default();
        bits.sequence();
        bits.group(group);
        bits.picture(temporal_reference, kind, &[(0, slice), (1, slice)]);
        fault(&bits.bytes(), RULES)
    };
    assert!(picture("0 0", 0, I, &grey).contains("closed_gop"));
    assert!(picture("1 1", 0, I, &grey).contains("broken_link"));
    assert!(picture("1 0", 1, I, &grey).contains("temporal_reference 1, not 0"));
    assert!(picture("1 0", 0, P, &grey).contains("begins with a P picture"));
    assert!(picture("1 0", 0, "010 0 000", &grey).contains("forward_f_code 0"));
    assert!(picture("1 0", 0, "011 0 001", &grey).contains("picture_coding_type 3"));
    let skipping = format!("{FINE}{GREY}01{GREY}");
    assert!(picture("1 0", 0, I, &skipping).contains("in an I picture"));
}

#[test]
fn what_is_never_intra_is_found_after_132_codings() {
    let still = format!("{FINE}{STILL}010 001 1 1");
    let slices: &[(u8, &str)] = &[(0, &still)];
    assert!(check(&stream(&vec![slices; 131]), RULES).is_ok());
    let found = fault(&stream(&vec![slices; 132]), RULES);
    assert_eq!(found, "picture 132, slice 0, macroblock 0, coded 132 times without being intra");
}

#[test]
fn a_refreshed_row_that_leans_on_others_is_found() {
    let rules = Rules { cycle: Some(2), ..RULES };
    let grey = format!("{FINE}{GREY_IN_P}{GREY_IN_P}");
    let still = format!("{FINE}{STILL}{STILL}");
    let sound: &[&[(u8, &str)]] = &[&[(0, &grey), (1, &still)], &[(0, &still), (1, &grey)]];
    assert!(check(&stream(sound), rules).is_ok());
    assert!(fault(&stream(&[sound[0], &[(0, &still), (1, &still)]]), rules).contains("row 1 has its turn"));
    // Half a pel down is enough.
    let down = format!("{FINE}1 001 1 010 {STILL}");
    let found = fault(&stream(&[sound[0], &[(0, &down), (1, &grey)]]), rules);
    assert!(found.contains("macroblock 0, row 0 is refreshed, but predicted from row 1"), "{found}");
}

/// FFmpeg's streams keep to the standard, too, with all its codes: what the check's tables are tested by.
#[test]
fn nothing_is_found_in_another_encoders_streams() {
    let mut all = Census::default();
    for (scale, more) in [("1", "-g 12"), ("3", "-g 12 -trellis 1"), ("31", "-g 132")] {
        let stream = match ffmpeg(scale, more) {
            Ok(stream) => stream,
            Err(why) => return eprintln!("not tried with FFmpeg's streams: {why}"),
        };
        let census = check(&stream, Rules { size: (176, 144), cycle: None, joined: false });
        let census = census.map_err(|fault: Fault| format!("{more}: {fault}")).expect("sound");
        all.pictures += census.pictures;
        all.skipped += census.skipped;
        all.moved += census.moved;
        all.escapes += census.escapes;
        all.intra_in_p += census.intra_in_p;
    }
    assert_eq!(all.pictures, 3 * 40);
    assert!(all.skipped > 100 && all.moved > 1000 && all.escapes > 1000 && all.intra_in_p > 10, "{all:?}");
}

fn ffmpeg(scale: &str, more: &str) -> Result<Vec<u8>, String> {
    let mut command = Command::new("ffmpeg");
    let source = "testsrc2=size=176x144:rate=25,noise=c0_seed=5:alls=30:allf=t:enable='between(n,9,20)'";
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "40"]);
    command.args("-c:v mpeg1video -bf 0 -flags cgop -pix_fmt yuv420p -threads 1 -q:v".split(' ')).arg(scale);
    command.args(more.split(' ')).args(["-f", "mpeg1video", "-"]);
    let output = command.output().map_err(|error| error.to_string())?;
    if output.stdout.is_empty() {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    } else {
        Ok(output.stdout)
    }
}
