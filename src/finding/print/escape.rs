//! Escapes control characters, so that text from a file cannot manipulate the terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal interprets `letter` instead of displaying it.
///
/// These are control characters, which for example move the cursor, characters that change the text
/// direction, and the line and paragraph separators of Unicode.
#[must_use]
pub(crate) fn is_control(letter: char) -> bool {
    let changes_direction =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || changes_direction || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// `text` on one line with control characters escaped, as in `\u{1b}` and `\n`.
#[must_use]
pub(crate) fn escape_text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        push_escaped(&mut escaped, letter);
    }
    Cow::Owned(escaped)
}

/// Appends `letter`, escaped as in [`escape_text`].
pub(crate) fn push_escaped(out: &mut String, letter: char) {
    if is_control(letter) {
        out.extend(letter.escape_default());
    } else {
        out.push(letter);
    }
}

/// Equivalent JSON with control characters escaped as in `\u001b`.
///
/// Such characters only occur in strings.
#[must_use]
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_control) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for letter in json.chars() {
        if is_control(letter) {
            // All of them are in the Basic Multilingual Plane: four digits are enough.
            let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape_text("a\u{1b}[31m\u{202e}b\u{85}\r\n\tc\u{7f}"), r"a\u{1b}[31m\u{202e}b\u{85}\r\n\tc\u{7f}");
        assert_eq!(escape_text("שלום 👩‍💻 日本"), "שלום 👩‍💻 日本");
    }

    #[test]
    fn escaped_json_is_equivalent() {
        let text = "\u{202e}\u{9b}\u{7f}\u{2028}\u{1b}é";
        let json = serde_json::to_string(text).unwrap();
        let escaped = escape_json(&json);
        assert!(!escaped.contains(is_control));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }
}
