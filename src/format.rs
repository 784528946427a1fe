//! The format of readiness files: from YAML to the typed document, with findings.
//!
//! A valid file is deserialized by `serde_yaml`. A file that it rejects is parsed a second time, by a
//! parser that keeps locations and continues after errors, so that one run of `check` reports all errors.

pub(crate) mod fields;
pub(crate) mod shorthand;
pub mod document;
pub(crate) mod schema;
pub(crate) mod helps;

use serde::Deserialize;

use crate::finding::{Finding, Kind, LazyPath, NodePath};
use crate::format::document::Document;
use crate::format::fields::NOT_TEXT;
use crate::name::{Id, Reference};
use crate::scalar::{ScalarFormat, shortened};
use crate::span::Span;
use crate::yaml::checklist::{needs_quotes, quoted, task_entry};
use crate::yaml::recover::{self, RecoveredTree};
use crate::yaml::{self, YamlContent, YamlNode, comments, decode};

/// Result of parsing a readiness file.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    /// All that could be parsed; `None` if that is nothing.
    pub(crate) document: Option<Document>,
    /// Errors of the YAML and of the structure, and lost texts.
    pub(crate) findings: Vec<Finding>,
    /// The tree, if it was required to determine the findings.
    pub(crate) root: Option<YamlNode>,
    /// The mappings and lists whose content is not in the document.
    pub(crate) lost: Vec<NodePath>,
    /// The error of the first parser. It is reported if no other error explains it.
    pub(crate) rejection: Option<Finding>,
}

/// Parses a readiness file.
///
/// The document is `None`, with a finding, if the text is not valid YAML and cannot be repaired. Otherwise it has
/// all that could be parsed. The findings do not include invalid values: these are reported when the values are used.
#[must_use]
pub fn parse(text: &str) -> (Option<Document>, Vec<Finding>) {
    let ParsedFile { document, mut findings, rejection, .. } = parse_file(text);
    if findings.is_empty() {
        findings.extend(rejection);
    }
    (document, findings)
}

/// The document in `text` as the parser that keeps positions reads it; `None` if that has a finding.
///
/// [`parse`] uses it only for texts that `serde_yaml` rejects. Tests compare the two.
#[must_use]
pub fn parse_with_positions(text: &str) -> Option<Document> {
    let root = yaml::parse(text).ok()?;
    let decoded = decode::decode::<Document>(&root, type_help);
    if decoded.findings.is_empty() { decoded.value } else { None }
}

/// Parses a readiness file, and keeps what the findings of its values require.
#[must_use]
pub(crate) fn parse_file(text: &str) -> ParsedFile {
    let error = match Document::deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(document) => {
            let findings = lost_texts(text);
            return ParsedFile { document: Some(document), findings, root: None, lost: Vec::new(), rejection: None };
        }
        Err(error) => error,
    };
    let RecoveredTree { root, mut findings, is_partial } = recover::parse(text);
    let is_rejected = findings.is_empty() && !error.to_string().contains(NOT_TEXT);
    let rejection = is_rejected.then(|| syntax_error(text, &error));
    let mut lost: Vec<NodePath> = is_partial.then(NodePath::root).into_iter().collect();
    let Some(mut root) = root else {
        return ParsedFile { document: None, findings, root: None, lost, rejection };
    };
    let decoded = decode::decode::<Document>(&root, type_help);
    decode::rename_keys(&mut root, &decoded.renamed);
    findings.extend(decoded.findings);
    lost.extend(decoded.lost);
    locate_in(&root, &mut findings);
    findings.extend(comments::find(text, &root));
    ParsedFile { document: decoded.value, findings, root: Some(root), lost, rejection }
}

/// The project id on a line `project: …` of a text that cannot be parsed.
#[must_use]
pub fn project_line(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|line| line.strip_prefix("project:"))?;
    let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then_some(value)
}

/// Whether the text has the key `project` at its top level, as every readiness file does.
///
/// In a text that is not valid YAML, a line that starts with the key counts.
#[must_use]
pub(crate) fn has_project(text: &str) -> bool {
    let is_key = |line: &str| {
        let rest = line.trim_start_matches(['"', '\'']).strip_prefix("project");
        rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    };
    text.lines().any(is_key)
        || (text.contains("project") && yaml::parse(text).is_ok_and(|root| has_key(&root, "project")))
}

fn has_key(root: &YamlNode, name: &str) -> bool {
    matches!(&root.content, YamlContent::Mapping(entries) if entries.iter().any(|(key, _)| key.text() == Some(name)))
}

/// The fix of a node that has the wrong type.
fn type_help(path: &LazyPath<'_>, node: &YamlNode) -> Option<String> {
    match (path, &node.content) {
        (LazyPath::Key(_, "tasks" | "notes" | "done"), YamlContent::Scalar { text, .. })
            if text.starts_with(['•', '–', '—', '◦', '▪']) =>
        {
            Some(format!("start each item of the list with `- ` instead of `{}`", text.chars().next().unwrap_or('•')))
        }
        (LazyPath::Index(LazyPath::Key(_, "tasks"), _), YamlContent::Scalar { text, .. }) => {
            Some(write(&format!("- {}", task_entry(text))))
        }
        (
            LazyPath::Key(_, key @ ("needs" | "blocks" | "critical_path" | "affects")),
            YamlContent::Scalar { text, .. },
        ) => {
            let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
            let paths: Option<Vec<_>> = parts.map(|part| Reference::parse(part).ok()).collect();
            let paths: Vec<_> = paths?.iter().map(|path| path.as_str().to_owned()).collect();
            Some(write(&format!("{key}: [{}]", paths.join(", "))))
        }
        (LazyPath::Key(_, key @ ("notes" | "done")), YamlContent::Scalar { text, .. }) => {
            let text = if text.contains([',', '[', ']', '{', '}']) || needs_quotes(text) {
                quoted(text)
            } else {
                text.to_string()
            };
            Some(write(&format!("{key}: [{text}]")))
        }
        (LazyPath::Key(_, key @ ("workdays" | "holidays")), YamlContent::Scalar { text, .. }) => {
            Some(write(&format!("{key}: [{text}]")))
        }
        (LazyPath::Key(..), YamlContent::List(items)) if items.is_empty() => {
            Some("write `{}` or remove the key".to_owned())
        }
        (LazyPath::Key(..), YamlContent::Mapping(entries)) if entries.is_empty() => {
            Some("write `[]` or remove the key".to_owned())
        }
        (LazyPath::Key(_, key @ ("tasks" | "baseline" | "phases" | "actions")), YamlContent::Mapping(_)) => {
            Some(format!("write a list: start each item of `{key}` with `- `"))
        }
        (LazyPath::Key(_, "areas" | "milestones" | "workstreams" | "risks"), YamlContent::List(items)) => {
            Some(format!("write a mapping: {}", first_entry(items)))
        }
        _ => None,
    }
}

fn write(text: &str) -> String {
    format!("write `{}`", shortened(text))
}

/// The first item of a list as the first entry of a mapping from ids.
fn first_entry(items: &[YamlNode]) -> String {
    let known = items.first().and_then(|item| match &item.content {
        YamlContent::Scalar { text, .. } => Id::slug(text),
        YamlContent::Mapping(entries) => {
            let id =
                |key: &str| entries.iter().find(|(it, _)| it.text() == Some(key)).and_then(|(_, value)| value.text());
            ["id", "title", "name"].into_iter().find_map(id).and_then(Id::slug)
        }
        YamlContent::List(_) => None,
    });
    let id = known.map_or("web".to_owned(), |id| id.to_string());
    format!("start each entry with its id, as in `{id}:`")
}

fn lost_texts(text: &str) -> Vec<Finding> {
    if !comments::may_have_lost_text(text) {
        return Vec::new();
    }
    recover::parse(text).root.map(|root| comments::find(text, &root)).unwrap_or_default()
}

/// Determines the locations of findings that do not have one.
pub fn locate(text: &str, findings: &mut [Finding]) {
    locate_with(text, None, findings);
}

/// Determines the locations of findings that do not have one, and the helps that depend on the text, in the tree of
/// `text`. Returns the tree, if it was required.
pub(crate) fn locate_with(text: &str, root: Option<YamlNode>, findings: &mut [Finding]) -> Option<YamlNode> {
    if root.is_none() && findings.iter().all(|finding| finding.span.is_some()) {
        return None;
    }
    let RecoveredTree { root, findings: errors, .. } = match root {
        Some(root) => RecoveredTree { root: Some(root), findings: Vec::new(), is_partial: false },
        None => recover::parse(text),
    };
    if let Some(root) = &root {
        locate_in(root, findings);
        helps::add(text, root, findings);
    } else {
        // `serde_yaml` accepts some texts that the second parser rejects: use the location of the error.
        let span = errors.first().and_then(|error| error.span);
        for finding in findings.iter_mut().filter(|finding| finding.span.is_none()) {
            finding.span = span;
        }
    }
    root
}

/// Determines the locations of findings in the tree of their text.
fn locate_in(root: &YamlNode, findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.span.is_none()) {
        finding.span = Some(root.locate(&finding.at, finding.part));
    }
}

/// The finding of an error that only `serde_yaml` reports.
fn syntax_error(text: &str, error: &serde_yaml::Error) -> Finding {
    let offset = error.location().map_or(0, |location| location.index().min(text.len()));
    Finding::new(Kind::Syntax, NodePath::root(), error.to_string()).span(Span { start: offset, end: offset })
}

#[cfg(test)]
mod docs;

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let (_, findings) = parse(text);
        findings
            .iter()
            .map(|finding| {
                let span = finding.span.unwrap_or_default();
                let help = finding.help.as_deref().unwrap_or("-");
                format!("{} `{}` {}: {}", finding.kind.name(), &text[span.start..span.end], finding.message, help)
            })
            .collect()
    }

    #[test]
    fn all_errors_are_reported_in_one_run() {
        let text = "project: x\ntilte: y\nareas:\n  ml: [1]\n  ml: {}\n  ui:\n    workstreams:\n      a: {pionts: 3, needs: b}\n    breakdown: {c: {compete: 3%}}\nnotes: ~\n";
        assert_eq!(
            findings(text),
            [
                "unknown_key `tilte` unknown key `tilte`: did you mean `title`?",
                "wrong_type `ml` expected a mapping, found a list: -",
                "duplicate_key `ml` duplicate key `ml`: keep only one of them",
                "unknown_key `pionts` unknown key `pionts`: did you mean `points`?",
                "wrong_type `b` expected a list, found `b`: write `needs: [b]`",
            ]
        );
    }

    #[test]
    fn the_project_of_invalid_yaml_is_found_by_its_line() {
        let text = "# ours\ntitle: [\nproject: 'web-shop' # ours\nproject: b\n";
        assert_eq!(project_line(text), Some("web-shop"));
        for text in ["", "project:", "project: ''", " project: inner", "projects: x", "x: project: y"] {
            assert_eq!(project_line(text), None, "{text}");
        }
    }

    #[test]
    fn a_readiness_file_has_the_key_project_at_its_top_level() {
        for text in [
            "a: 1\nproject: x\n",
            "'project' : x\n",
            "{project: x}",
            "{a: 1,\n project: x}",
            "project: [\n",
            "project:\n",
        ] {
            assert!(has_project(text), "{text}");
        }
        for text in [
            "",
            "a:\n  project: x\n",
            "projects: x\n",
            "# project: x\n",
            "a: project\n",
            "[project]",
            "{a: {project: x}}",
        ] {
            assert!(!has_project(text), "{text}");
        }
    }

    #[test]
    fn a_valid_file_has_no_findings() {
        let (document, findings) = parse("project: x\nareas: {a: {breakdown: {c: 3%, d: {complete: 5%}}}}\n");
        assert_eq!(findings, []);
        assert_eq!(document.unwrap().areas.0.len(), 1);
    }

    #[test]
    fn a_syntax_error_has_a_location() {
        let (document, findings) = parse("project: x\n\tareas: y\n");
        assert!(document.is_some(), "the rest of the text is read");
        assert_eq!(findings[0].kind, Kind::Syntax);
        assert_eq!(findings[0].span, Some(Span { start: 11, end: 12 }));
    }

    #[test]
    fn findings_have_a_location_if_only_one_parser_accepts_the_text() {
        let text = "!/!paymnen";
        let (document, _) = parse(text);
        assert!(document.is_some());
        let mut findings = [Finding::new(Kind::MissingKey, NodePath::root(), "missing")];
        locate(text, &mut findings);
        assert!(findings[0].span.is_some());
    }

    #[test]
    fn an_empty_file_is_an_empty_document() {
        let (document, findings) = parse("# nothing yet\n");
        assert!(document.is_some(), "{findings:?}");
    }
}
