//! Helps that quote the text of the file: for a value that YAML reads as a list, a mapping or a comment.

use crate::finding::{Finding, Kind, PathSegment};
use crate::scalar::shortened;
use crate::yaml::checklist::quoted;
use crate::yaml::{YamlContent, YamlNode};

/// Adds helps to findings of wrong types, which are located in `text` with the tree `root`.
pub(crate) fn add(text: &str, root: &YamlNode, findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.kind == Kind::WrongType) {
        let help = root.get(&finding.at).and_then(|node| help(text, node, finding.at.segments()));
        if let Some((help, is_better)) = help
            && (finding.help.is_none() || is_better)
        {
            finding.help = Some(help);
        }
    }
}

/// The help for a node of the wrong type, and whether it replaces another help.
fn help(text: &str, node: &YamlNode, path: &[PathSegment]) -> Option<(String, bool)> {
    let (key, is_item) = match path {
        [.., PathSegment::Key(key), PathSegment::Index(_)] => (&**key, true),
        [.., PathSegment::Key(key)] => (&**key, false),
        _ => return None,
    };
    let start = if is_item { "- ".to_owned() } else { format!("{key}: ") };
    let written = text.get(node.span.start..node.span.end)?.trim();
    let help = match &node.content {
        YamlContent::Scalar { text: value, plain: true } if value.is_empty() => {
            let comment = comment_after(text, node.span.end)?;
            return Some((format!("quote the text: write `{start}{}`", shortened(&quoted(comment))), true));
        }
        YamlContent::Scalar { .. } => return None,
        _ if is_text(key) && !written.contains('\n') => {
            format!("quote the text: write `{start}{}`", shortened(&quoted(written)))
        }
        YamlContent::List(items) => match items.as_slice() {
            [item] if is_single(key) => format!("write `{start}{}`", shortened(item.text()?)),
            _ => return None,
        },
        YamlContent::Mapping(_) => return None,
    };
    Some((help, false))
}

/// Whether the value of the key is a text in words.
fn is_text(key: &str) -> bool {
    matches!(
        key,
        "title"
            | "status"
            | "todo"
            | "partial"
            | "done"
            | "waived"
            | "reason"
            | "note"
            | "notes"
            | "impact"
            | "mitigation"
            | "action"
            | "horizon"
    )
}

/// Whether the value of the key is a date, a duration, a number or a word.
fn is_single(key: &str) -> bool {
    matches!(
        key,
        "project"
            | "id"
            | "due"
            | "when"
            | "baseline"
            | "as_of"
            | "target"
            | "estimate"
            | "delay"
            | "points"
            | "weight"
            | "priority"
            | "severity"
            | "started"
            | "finished"
            | "until"
            | "next_review"
            | "start"
    )
}

/// The comment on the line of an empty value, which ends at `end`.
fn comment_after(text: &str, end: usize) -> Option<&str> {
    let line = text.get(end..)?.split('\n').next()?;
    let comment = line.trim_start_matches(':').trim();
    comment.starts_with('#').then_some(comment)
}
