//! Text of an item of a Markdown checklist: a box or a symbol, and the text of a task.

/// The status key and the text of a checklist item: `[x] Load tests` is `done` and `Load tests`.
///
/// `None` if the text has neither a box nor a known symbol, or nothing else.
#[must_use]
pub(crate) fn checklist_item(text: &str) -> Option<(&'static str, &str)> {
    let text = text.trim();
    let (status, rest) = box_status(text)
        .or_else(|| symbol_status(text))
        .or_else(|| Some(("waived", text.strip_prefix("~~")?.strip_suffix("~~")?)))?;
    let rest = rest.trim_start_matches(['\u{fe0f}', ' ', '\t', '\u{a0}']).trim_end();
    (!rest.is_empty()).then_some((status, rest))
}

/// `text` as an entry of `tasks`, without the marker `- `.
#[must_use]
pub(crate) fn task_entry(text: &str) -> String {
    let text = text.trim();
    let with_status = || {
        let (status, rest) = text.split_once(':')?;
        let status = ["todo", "partial", "done", "waived"].into_iter().find(|it| *it == status)?;
        Some((status, rest.trim()))
    };
    let (status, rest) = checklist_item(text).or_else(with_status).unwrap_or(("todo", text));
    let reason = if status == "waived" { ", reason: …" } else { "" };
    let text = if needs_quotes(rest) { quoted(rest) } else { rest.to_owned() };
    if reason.is_empty() { format!("{status}: {text}") } else { format!("{{{status}: {}{reason}}}", quoted(rest)) }
}

fn box_status(text: &str) -> Option<(&'static str, &str)> {
    let (mark, rest) = text.strip_prefix('[')?.split_once(']')?;
    let status = match mark.trim() {
        "" => "todo",
        "x" | "X" | "✓" | "✔" => "done",
        "~" | "-" | "/" => "partial",
        _ => return None,
    };
    Some((status, rest))
}

fn symbol_status(text: &str) -> Option<(&'static str, &str)> {
    let symbol = text.chars().next()?;
    let status = match symbol {
        '✅' | '☑' | '✔' | '✓' | '🟢' | '🎉' => "done",
        '⚠' | '🟡' | '🟠' | '🔄' | '🚧' | '🔶' => "partial",
        '❌' | '⏳' | '🔴' | '⬜' | '☐' | '⭕' | '📋' | '🔲' => "todo",
        '⏭' | '🚫' => "waived",
        _ => return None,
    };
    Some((status, &text[symbol.len_utf8()..]))
}

/// Whether `text` is not the same text, or no text at all, without quotes.
#[must_use]
pub(crate) fn needs_quotes(text: &str) -> bool {
    let starts_special = text
        .starts_with(['"', '\'', '`', '@', '%', '*', '&', '!', '|', '>', '[', ']', '{', '}', ',', '#'])
        || ["- ", "? ", ": "].iter().any(|start| text.starts_with(start));
    starts_special || text.contains(": ") || text.ends_with(':') || text.contains(" #")
}

/// `text` in quotes, as YAML.
#[must_use]
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_symbols_are_statuses() {
        let entries = [
            "[ ] Open thing",
            "[x] Load: tests",
            "✅ Something",
            "⚠️ Half",
            "⏳ Later",
            "~~Old~~",
            "Contract",
            "[~] Half",
            "[API] x",
        ]
        .map(task_entry);
        let expected = [
            "todo: Open thing",
            "done: \"Load: tests\"",
            "done: Something",
            "partial: Half",
            "todo: Later",
            "{waived: \"Old\", reason: …}",
            "todo: Contract",
            "partial: Half",
            "todo: \"[API] x\"",
        ];
        assert_eq!(entries, expected);
        assert_eq!(checklist_item("[x]"), None);
    }

    #[test]
    fn quotes_keep_the_text() {
        for text in ["**Bold**", "it's", r#"the "new" one"#, r"C:\dir", r#"it's "new""#, "a: b #c"] {
            assert_eq!(serde_yaml::from_str::<String>(&quoted(text)).unwrap(), text);
        }
    }
}
