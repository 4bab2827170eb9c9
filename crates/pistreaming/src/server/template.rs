//! Fills in a page's placeholders, as the original did with Python's `string.Template.safe_substitute`.
//!
//! Here belongs: the rules of `$NAME`, `${NAME}`, `$$` and `@ADDRESS@`. Not here: what the values are.

/// The page with its placeholders filled in: `$NAME` and `${NAME}` by what `value` knows of NAME, `$$` by `$`,
/// `@ADDRESS@` by the value of `ADDRESS`. All other text stays as it is.
pub(super) fn fill(page: &str, value: impl Fn(&str) -> Option<String>) -> String {
    const ADDRESS: &str = "@ADDRESS@";
    let mut filled = String::with_capacity(page.len() + 64);
    let mut rest = page;
    while let Some(at) = rest.find(['$', '@']) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let (text, len) = if let Some(after) = rest.strip_prefix('$') {
            placeholder(after, &value).map_or((None, 1), |(text, len)| (Some(text), 1 + len))
        } else if rest.starts_with(ADDRESS) {
            (value("ADDRESS"), ADDRESS.len())
        } else {
            (None, 1)
        };
        filled.push_str(text.as_deref().unwrap_or(&rest[..len]));
        rest = &rest[len..];
    }
    filled.push_str(rest);
    filled
}

/// What stands for the placeholder whose `$` was just before `after`, and how many bytes of `after` belong to it.
fn placeholder(after: &str, value: impl Fn(&str) -> Option<String>) -> Option<(String, usize)> {
    if after.starts_with('$') {
        return Some(("$".into(), 1));
    }
    let (name, around) = match after.strip_prefix('{') {
        Some(inner) => (inner.split_once('}')?.0, 2),
        None => (identifier(after), 0),
    };
    (identifier(name) == name).then(|| value(name)).flatten().map(|text| (text, name.len() + around))
}

/// The identifier at the beginning of `text`: letters, digits and `_`, no digit first. Empty if there is none.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..end] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "WIDTH" => Some("640".into()),
            "COLOR" => Some("$$ ${WIDTH}".into()),
            "ADDRESS" => Some("pi:8084".into()),
            _ => None,
        }
    }

    #[test]
    fn the_original_s_page_is_filled_in() {
        let page =
            "<canvas width=${WIDTH}> $WIDTH; $$5 ws://@ADDRESS@/ ${UNKNOWN} $UNKNOWN $ $1 ${ ${} @ADDR@ a@b";
        let filled = "<canvas width=640> 640; $5 ws://pi:8084/ ${UNKNOWN} $UNKNOWN $ $1 ${ ${} @ADDR@ a@b";
        assert_eq!(fill(page, value), filled);
        assert_eq!(fill("${COLOR}$", value), "$$ ${WIDTH}$", "values are not filled in again");
        assert_eq!(fill("$WIDTHS ${WIDTH} ${ WIDTH }", value), "$WIDTHS 640 ${ WIDTH }");
    }

    proptest! {
        #[test]
        fn every_piece_is_treated_by_itself(pieces in prop::collection::vec(0usize..8, 0..40), text in "[^$@]{0,9}") {
            // Each piece ends in what cannot go on an identifier, so that pieces do not run into each other.
            let table: [(&str, &str); 8] = [
                ("$WIDTH ", "640 "), ("${WIDTH}", "640"), ("$$", "$"), ("@ADDRESS@", "pi:8084"), ("$NO ", "$NO "),
                ("${NO}", "${NO}"), ("@X ", "@X "), (&text, &text),
            ];
            let page: String = pieces.iter().map(|&n| table[n].0).collect();
            let filled: String = pieces.iter().map(|&n| table[n].1).collect();
            prop_assert_eq!(fill(&page, value), filled);
        }

        #[test]
        fn any_text_is_taken(page in "[$@{}A-Zé_0-9]{0,30}") {
            let nothing = fill(&page, |_| None);
            prop_assert_eq!(nothing, page.replace("$$", "$"));
        }
    }
}
