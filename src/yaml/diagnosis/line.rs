//! Errors of a whole line: markers that are not YAML, and a key without a colon or a space.

use crate::scalar::shortened;
use crate::yaml::checklist::{checklist_item, needs_quotes, quoted, task_entry};
use crate::yaml::diagnosis::{Diagnosis, indentation, remove_line, value};
use crate::yaml::line::{TextLine, is_word};
use crate::yaml::repair::TextEdit;

/// The error of `line`. `None` if it is valid on its own.
#[must_use]
pub(super) fn diagnose(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    if line.trimmed().is_empty() {
        return None;
    }
    let found = indentation::invisible(text, line);
    if found.is_some() || line.is_blank() {
        return found;
    }
    conflict(text, line)
        .or_else(|| fence(line))
        .or_else(|| markdown(line))
        .or_else(|| bold_key(text, line))
        .or_else(|| list_marker(text, line))
        .or_else(|| checkbox(text, line))
        .or_else(|| separator(text, line))
        .or_else(|| value::diagnose(text, line))
        .or_else(|| prose(text, line))
}

/// Maximum number of lines of a merge conflict. More of them are the errors of many conflicts.
const MAX_CONFLICT_LINES: usize = 1000;

/// The first line of a merge conflict. One side of it is removed.
fn conflict(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    if !line.text.starts_with("<<<<<<<") {
        return None;
    }
    let mut edits = vec![TextEdit::blank(line.start..line.end())];
    let mut is_theirs = false;
    let mut next = line.next(text);
    for _ in 0..MAX_CONFLICT_LINES {
        let Some(line) = next else { break };
        is_theirs |= line.text.starts_with("=======");
        if is_theirs {
            edits.push(TextEdit::blank(line.start..line.end()));
        }
        next = line.next(text).filter(|_| !line.text.starts_with(">>>>>>>"));
    }
    let diagnosis = Diagnosis::new(line.start, line.end(), "unresolved merge conflict").edits(edits);
    Some(diagnosis.help("keep one side, and remove the other and the lines `<<<<<<<`, `=======` and `>>>>>>>`"))
}

/// A line under a heading, a rule, or a row of a table.
fn markdown(line: TextLine<'_>) -> Option<Diagnosis> {
    let written = line.trimmed();
    let is_rule = written.len() >= 3
        && written.bytes().all(|byte| byte == written.as_bytes()[0])
        && written.starts_with(['=', '*', '_', '~', '-']);
    let is_row = written.len() > 1 && written.starts_with('|') && written.ends_with('|');
    let what = if is_row { "a table" } else { "a rule" };
    let start = line.start + line.text.len() - line.text.trim_start().len();
    let diagnosis = Diagnosis::new(start, start + written.len(), format!("{what} of Markdown is not YAML"));
    (is_rule || is_row).then(|| diagnosis.help("remove the line").edits([TextEdit::blank(line.start..line.end())]))
}

/// A key in bold type.
fn bold_key(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let body = line.body();
    let (key, rest) = text[body.clone()].strip_prefix("**")?.split_once("**")?;
    let (key, rest) = match key.strip_suffix(':') {
        Some(key) => (key, rest),
        None => (key, rest.strip_prefix(':')?),
    };
    if !is_word(key) || key.starts_with(char::is_uppercase) {
        return None;
    }
    let fixed = format!("{key}: {}", rest.trim());
    let diagnosis = Diagnosis::new(body.start, body.end, "bold type of Markdown is not YAML");
    Some(diagnosis.help(format!("write `{}`", shortened(fixed.trim()))).edit(body.start, body.end, fixed.clone()))
}

/// The first or last line of a Markdown code block.
fn fence(line: TextLine<'_>) -> Option<Diagnosis> {
    let is_fence = line.trimmed().starts_with("```");
    let diagnosis = Diagnosis::new(line.start, line.end(), "Markdown code fence");
    is_fence.then(|| diagnosis.help("remove the line").edits([TextEdit::blank(line.start..line.end())]))
}

/// A list item that starts with another marker than `-`.
fn list_marker(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let start = line.start + line.column();
    let marker = line.trimmed().chars().next().filter(|it| matches!(it, '*' | '+' | '•' | '–' | '—' | '◦' | '▪'))?;
    let rest = line.trimmed()[marker.len_utf8()..].strip_prefix([' ', '\t', '\u{a0}'])?.trim_start();
    let item = item_text(text, line, rest);
    let diagnosis =
        Diagnosis::new(start, start + marker.len_utf8(), format!("a list item cannot start with `{marker}`"));
    Some(diagnosis.help(format!("write `- {}`", shortened(&item))).edit(
        start,
        line.start + line.text.trim_end().len(),
        format!("- {item}"),
    ))
}

/// `- [ ] text`, in which YAML reads a list.
fn checkbox(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let body = line.body();
    let written = &text[body.clone()];
    if !line.is_item() || !written.starts_with('[') {
        return None;
    }
    let (_, rest) = checklist_item(written)?;
    let item = item_text(text, line, written);
    let item = if item.starts_with("todo") || is_task_list(text, line) { item } else { item_text(text, line, rest) };
    let diagnosis = Diagnosis::new(body.start, body.end, "a task list of Markdown is not YAML");
    Some(diagnosis.help(format!("write `- {}`", shortened(&item))).edit(body.start, body.end, item))
}

/// `rest` as an item of the list at `line`: a task in `tasks`, a text elsewhere.
fn item_text(text: &str, line: TextLine<'_>, rest: &str) -> String {
    let has_key = rest.split_once(": ").is_some_and(|(key, _)| is_word(key));
    if has_key {
        rest.to_owned()
    } else if is_task_list(text, line) {
        task_entry(rest)
    } else if needs_quotes(rest) {
        quoted(rest)
    } else {
        rest.to_owned()
    }
}

fn is_task_list(text: &str, line: TextLine<'_>) -> bool {
    line.parent(text).is_some_and(|(key, _)| key == "tasks")
}

/// A key that is followed by something else than `: `, or a dash without a space.
fn separator(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let body = line.body();
    let written = &text[body.clone()];
    if let Some(item) =
        written.strip_prefix('-').filter(|item| item.split_once(": ").is_some_and(|(key, _)| is_word(key)))
    {
        let diagnosis = Diagnosis::new(body.start, body.start + 1, "no space after `-`");
        return Some(diagnosis.help(format!("write `- {}`", shortened(item))).edit(body.start, body.start + 1, "- "));
    }
    let key =
        &written[..written.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-'))?];
    let rest = written[key.len()..].trim_start();
    let separator = rest.chars().next()?;
    let after = &rest[separator.len_utf8()..];
    let value = after.trim();
    let follows = after.chars().next()?;
    let message = match separator {
        ':' if follows == '\u{a0}' => format!("`{key}:` is followed by a no-break space (U+00A0)"),
        ':' if !follows.is_whitespace() && !value.starts_with("//") => format!("no space after `{key}:`"),
        '：' => format!("`{key}` is followed by a full-width colon (U+FF1A)"),
        '=' => format!("`{key}` is followed by `=` instead of `:`"),
        _ => return None,
    };
    if !is_word(key) || value.is_empty() {
        return None;
    }
    let is_written = value.starts_with(['"', '\'', '[', '{']) || !needs_quotes(value);
    let fixed = format!("{key}: {}", if is_written { value.to_owned() } else { quoted(value) });
    let start = body.end - rest.len();
    let diagnosis = Diagnosis::new(start, start + separator.len_utf8(), message);
    Some(diagnosis.help(format!("write `{}`", shortened(&fixed))).edit(body.start, body.end, fixed))
}

/// A line of prose between keys.
fn prose(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let body = line.body();
    let written = &text[body.clone()];
    let is_between_keys = !line.is_item()
        && !written.contains(':')
        && !written.starts_with(['"', '\'', '[', ']', '{', '}', '-', '&', '*', '!', '|', '>', '?', '.'])
        && starts_after_a_value(text, line);
    if !is_between_keys {
        return None;
    }
    let help = if is_word(written) {
        format!("write `{written}: …`")
    } else {
        format!("write `# {}` if it is a comment", shortened(written))
    };
    Some(Diagnosis::new(body.start, body.end, "the line has no key").help(help).edits(remove_line(text, line.start)))
}

/// Whether the line is not the continuation of a text: the line before is not further left.
fn starts_after_a_value(text: &str, line: TextLine<'_>) -> bool {
    let mut previous = line.previous(text);
    while previous.is_some_and(TextLine::is_blank) {
        previous = previous.and_then(|line| line.previous(text));
    }
    previous.is_none_or(|previous| {
        previous.body().start - previous.start >= line.column() || text[previous.body()].ends_with(':')
    })
}
