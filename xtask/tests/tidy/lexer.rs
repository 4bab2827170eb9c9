//! Just enough of Rust's lexical structure to look at code alone.
//!
//! Here belongs: comments, literals, words, the extent of functions. Not here: grammar; a rule that needs more belongs
//! to clippy.

/// `text` with comments and the insides of string and character literals replaced by spaces; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    while out.len() < bytes.len() {
        let at = out.len();
        match skipped(&bytes[at..], at.checked_sub(1).map(|before| bytes[before])) {
            0 => out.push(bytes[at]),
            len => {
                out.extend(bytes[at..at + len].iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }))
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The words (names, keywords, numbers) of code, each with its line, counted from 1.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = code.lines().enumerate();
    lines.flat_map(|(index, line)| {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.filter(|word| !word.is_empty()).map(move |word| (index + 1, word))
    })
}

/// A function's name, its first line and how many lines it takes with its signature.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// All functions with bodies.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let starts = code.match_indices("fn ").filter(|&(at, _)| at == 0 || !is_word(code.as_bytes()[at - 1]));
    let function = |(at, _)| {
        let name = code[at + 3..].split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
        let len = body_end(&code.as_bytes()[at..])?;
        let line = code[..at].matches('\n').count() + 1;
        let lines = code[at..at + len].matches('\n').count() + 1;
        (!name.is_empty()).then_some(Function { name, line, lines })
    };
    starts.filter_map(function).collect()
}

/// How many bytes from the start of `rest` are a comment or a literal; 0 if it starts with code.
fn skipped(rest: &[u8], before: Option<u8>) -> usize {
    let to = |end: &[u8]| find(rest, end).map_or(rest.len(), |at| at + end.len());
    match rest {
        [b'/', b'/', ..] => find(rest, b"\n").unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'r', b'"' | b'#', ..] if !before.is_some_and(|byte| is_word(byte) && byte != b'b') => {
            let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
            let end = [b"\"", &b"#".repeat(hashes)[..]].concat();
            // r#name is a name, not a string.
            if rest.get(1 + hashes) != Some(&b'"') {
                return 0;
            }
            find(&rest[hashes + 2..], &end).map_or(rest.len(), |at| hashes + 2 + at + end.len())
        }
        [b'"', ..] => quoted(rest, b'"'),
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        // A lifetime has no second quote behind its first character.
        [b'\'', first, ..] => {
            let len = 1 + utf8_len(*first);
            if rest.get(len) == Some(&b'\'') { to(b"'").max(len + 1) } else { 0 }
        }
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        let (step, change) = match &rest[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += change;
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Where the first pair of braces ends; nothing if a `;` at the outermost level comes first.
fn body_end(code: &[u8]) -> Option<usize> {
    let (mut braces, mut brackets) = (0, 0);
    for (at, &byte) in code.iter().enumerate() {
        match byte {
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces <= 0 {
                    return (braces == 0).then_some(at);
                }
            }
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const fn utf8_len(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

#[test]
fn comments_and_literals_are_no_code() {
    let text =
        "a /* b /* c */ d */ e // f \"\n\"g\\\" h\" i 'j' '\\'' <'k> r#\"l \" m\"# b\"n\" r#type 'ü' o";
    let found: Vec<_> = words(&code_only(text)).map(|(line, word)| format!("{line}{word}")).collect();
    assert_eq!(found, ["1a", "1e", "2i", "2k", "2b", "2r", "2type", "2o"]);
}

#[test]
fn functions_are_measured() {
    let code =
        "trait T { fn no_body(&self, a: [u8; 3]); }\nfn two() -> u8 {\n { 1 } }\nlet f: fn (u8); fn one() {}";
    let found: Vec<_> = functions(code).iter().map(|f| (f.name.to_string(), f.line, f.lines)).collect();
    assert_eq!(found, [("two".into(), 2, 2), ("one".into(), 4, 1)]);
}
