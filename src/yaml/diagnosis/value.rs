//! Errors of a value: text that needs quotes, and quotes and brackets that are not closed.

use std::ops::Range;

use crate::scalar::shortened;
use crate::yaml::checklist::quoted;
use crate::yaml::diagnosis::Diagnosis;
use crate::yaml::line::{KeyValue, TextLine, is_word};

/// The error of the value on `line`, or of the list item.
#[must_use]
pub(super) fn diagnose(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let entry = KeyValue::of(line);
    let key = entry.as_ref().map(|entry| &text[entry.key.clone()]);
    // A text in a list of texts can have a colon: `- Careful: this: is`.
    let in_texts = || line.parent(text).is_some_and(|(key, _)| matches!(key, "notes" | "done"));
    let is_text = line.is_item() && key.is_some_and(|key| !is_word(key) || in_texts());
    let range = match &entry {
        Some(entry) if !is_text => entry.value.clone(),
        _ => line.body(),
    };
    if range.is_empty() {
        return None;
    }
    let place = WrittenValue { text, line, range, key: key.filter(|_| !is_text) };
    let written = place.written();
    match written.chars().next()? {
        '"' | '\'' => place.in_quotes(),
        '[' | '{' => place.in_brackets(),
        _ => place.plain(),
    }
}

/// A value as written, on one line.
struct WrittenValue<'a> {
    text: &'a str,
    line: TextLine<'a>,
    range: Range<usize>,
    key: Option<&'a str>,
}

impl<'a> WrittenValue<'a> {
    fn written(&self) -> &'a str {
        &self.text[self.range.clone()]
    }

    /// The range of the value with the lines that continue it.
    fn full_range(&self) -> Range<usize> {
        let column = if self.key.is_some() { self.line.body().start - self.line.start } else { self.line.column() };
        let mut end = self.range.end;
        for line in self.line.deeper_lines(self.text, column) {
            if line.is_blank() || line.is_item() || KeyValue::of(line).is_some_and(|it| is_word(&self.text[it.key])) {
                break;
            }
            end = line.start + line.text.trim_end().len();
        }
        self.range.start..end
    }

    /// The value must be quoted.
    fn quote(&self, message: String) -> Diagnosis {
        let range = self.full_range();
        let written = self.text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        self.replace(range, message, &quoted(&written), "quote the text: ")
    }

    fn replace(&self, range: Range<usize>, message: String, with: &str, label: &str) -> Diagnosis {
        let shown = shortened(with);
        let help = if shown == with {
            let start = self.key.map_or(String::new(), |key| format!("{key}: "));
            format!("{label}write `{start}{shown}`")
        } else {
            format!("{label}put it between `{quote}` and `{quote}`", quote = &with[..1])
        };
        Diagnosis::new(range.start, range.end, message).help(help).edit(range.start, range.end, with)
    }

    fn in_quotes(&self) -> Option<Diagnosis> {
        let written = self.written();
        let quote = written.chars().next()?;
        let Some(length) = quoted_length(written) else {
            let inner = written[1..].trim_end();
            let inner = inner.strip_suffix('\\').unwrap_or(inner);
            let diagnosis =
                self.replace(self.range.clone(), format!("the quote `{quote}` is not closed"), &quoted(inner), "");
            return Some(diagnosis);
        };
        let rest = written[length..].trim_start();
        if rest.is_empty() || (rest.starts_with('#') && written[length..].starts_with(' ')) {
            return unknown_escape(&written[..length]).map(|escape| {
                let inner = &written[1..length - 1];
                let message = format!("`{escape}` is not valid between double quotes");
                let range = self.range.start..self.range.start + length;
                self.replace(range, message, &format!("'{}'", inner.replace('\'', "''")), "")
            });
        }
        if rest == "," {
            let message = "unexpected comma after the value".to_owned();
            let mut diagnosis = self.replace(self.range.clone(), message, &written[..length], "");
            diagnosis.span.start = self.range.start + written.len() - rest.len();
            return Some(diagnosis);
        }
        if rest.starts_with(':') {
            return None;
        }
        // A quote inside a text in quotes: 'it's'.
        if written.len() > 1 && written.ends_with(quote) {
            let inner = &written[1..written.len() - 1];
            return Some(self.replace(
                self.range.clone(),
                format!("the text between quotes has a `{quote}`"),
                &quoted(inner),
                "",
            ));
        }
        Some(self.quote("unexpected text after the closing quote".to_owned()))
    }

    fn in_brackets(&self) -> Option<Diagnosis> {
        let written = self.written();
        let open = &written[..1];
        if written.starts_with("{{") && self.key.is_some() {
            return Some(self.quote("text that starts with `{{` needs quotes".to_owned()));
        }
        match bracket_length(written) {
            Ok(length) => {
                let rest = written[length..].trim_start();
                if rest.is_empty() || rest.starts_with(['#', ':']) {
                    None
                } else if rest == "," || rest.bytes().all(|byte| matches!(byte, b']' | b'}')) {
                    let message = format!("unexpected `{rest}` after the value");
                    let mut diagnosis = self.replace(self.range.clone(), message, &written[..length], "");
                    diagnosis.span.start = self.range.end - rest.len();
                    Some(diagnosis)
                } else {
                    Some(self.quote(format!("text that starts with `{open}` needs quotes")))
                }
            }
            Err(missing) => {
                let is_continued = written.ends_with([',', '[', '{'])
                    && !self.line.deeper_lines(self.text, self.line.column()).is_empty();
                if is_continued || missing.is_empty() {
                    return None;
                }
                if written.len() == 1 {
                    let diagnosis =
                        Diagnosis::new(self.range.start, self.range.end, format!("the bracket `{open}` is not closed"));
                    return Some(diagnosis.help("close the bracket").edit(self.range.end, self.range.end, missing));
                }
                let closed = format!("{}{missing}", written.trim_end_matches(','));
                Some(self.replace(self.range.clone(), format!("the bracket `{open}` is not closed"), &closed, ""))
            }
        }
    }

    fn plain(&self) -> Option<Diagnosis> {
        let written = self.written();
        if let Some(start) = special_start(written) {
            return Some(self.quote(format!("text that starts with `{start}` needs quotes")));
        }
        if written.contains(": ") || written.ends_with(':') {
            return Some(self.quote("text that contains `: ` needs quotes".to_owned()));
        }
        None
    }
}

/// The start of a text that YAML reads as something else.
fn special_start(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let is_special = match first {
        '`' | '@' | '%' | ',' | ']' | '}' => true,
        '*' | '&' => {
            !text[1..].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) || text.len() == 1
        }
        '!' => text.starts_with("! ") || text.starts_with("!!"),
        // The header of a block of text, as in `|-`.
        '|' | '>' => !text[1..].split(" #").next()?.trim_end().bytes().all(|byte| b"+-123456789".contains(&byte)),
        '-' | '?' | ':' => text[1..].starts_with(' ') && !text[2..].starts_with(['-', '?']),
        _ => false,
    };
    is_special.then(|| &text[..first.len_utf8()])
}

/// The length of the quoted text at the start of `text`; `None` if the quote is not closed.
fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.as_bytes()[0];
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => {
                if quote == b'"' || bytes.get(at + 1) != Some(&quote) {
                    return Some(at + 1);
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The first escape of a text in double quotes that YAML does not know.
fn unknown_escape(text: &str) -> Option<&str> {
    if !text.starts_with('"') {
        return None;
    }
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            let (escaped_at, escaped) = letters.next()?;
            if !"0abt\tnvfre \"/\\N_LPxuU".contains(escaped) {
                return text.get(at..escaped_at + escaped.len_utf8());
            }
        }
    }
    None
}

/// The length of the list or mapping at the start of `text`, or the brackets that close it.
fn bracket_length(text: &str) -> Result<usize, String> {
    let mut closing = Vec::new();
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = (letter != open).then_some(open),
            (None, '"' | '\'') if text[..at].ends_with(['[', '{', ',', ' ', ':']) => quote = Some(letter),
            (None, '[') => closing.push(']'),
            (None, '{') => closing.push('}'),
            (None, ']' | '}') => {
                if closing.pop() != Some(letter) {
                    return Err(String::new());
                }
                if closing.is_empty() {
                    return Ok(at + 1);
                }
            }
            _ => {}
        }
    }
    if quote.is_some() { Err(String::new()) } else { Err(closing.into_iter().rev().collect()) }
}
