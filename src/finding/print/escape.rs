//! Characters that a terminal acts on instead of showing them, made visible.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal acts on `letter` instead of showing it.
///
/// These are the control characters (which move the cursor and colour text), those that turn the
/// direction of writing around, and Unicode's own line ends.
#[must_use]
pub fn is_hostile(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// `text` on one line that means no harm: a hostile character shows as `\u{1b}`, a line end as `\n`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        push_visible(&mut shown, letter);
    }
    Cow::Owned(shown)
}

/// Appends `letter` as [`visible`] shows it.
pub fn push_visible(shown: &mut String, letter: char) {
    if is_hostile(letter) {
        shown.extend(letter.escape_default());
    } else {
        shown.push(letter);
    }
}

/// JSON that says the same as `json`, with hostile characters as `\u001b`.
///
/// Such characters stand within strings only, and there JSON lets every character be written so.
#[must_use]
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_hostile) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if is_hostile(letter) {
            // All of them are in the basic plane, so that four digits are enough.
            let _ = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\u{85}\r\n\tc\u{7f}"), r"a\u{1b}[31m\u{202e}b\u{85}\r\n\tc\u{7f}");
        assert_eq!(visible("שלום 👩‍💻 日本"), "שלום 👩‍💻 日本");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "\u{202e}\u{9b}\u{7f}\u{2028}\u{1b}é";
        let json = serde_json::to_string(text).unwrap();
        let shown = visible_json(&json);
        assert!(!shown.contains(is_hostile));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
