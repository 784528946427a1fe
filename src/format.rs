//! YAML to document: guarded, typed, with every finding in its place.
//!
//! Good files take the quick way, `serde_yaml` straight into the types. What it refuses is read a
//! second time, by a parser that keeps positions and goes on past mistakes, so that one run of
//! `check` reports all of them.

pub mod fields;
pub mod component;
pub mod document;
pub mod schema;

use serde::Deserialize;

use crate::finding::{Finding, Kind, LazyPath, NodePath};
use crate::format::document::Document;
use crate::scalar::shortened;
use crate::span::Span;
use crate::yaml::{self, YamlNode, comments, decode};

/// Reads a readiness file.
///
/// The document is whatever could be read; it is `None` only when the text isn't YAML at all, and
/// then there is a finding. The findings are those of shape; values keep theirs until they are taken.
#[must_use]
pub fn parse(text: &str) -> (Option<Document>, Vec<Finding>) {
    let refusal = match Document::deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(document) => return (Some(document), lost_texts(text)),
        Err(refusal) => refusal,
    };
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(finding) => return (None, vec![finding]),
    };
    let (document, mut findings) = decode::decode::<Document>(&root, task_help);
    if findings.is_empty() {
        findings.push(refused(text, &refusal));
        return (None, findings);
    }
    locate_in(&root, &mut findings);
    findings.extend(comments::find(text, &root));
    (document, findings)
}

/// The project that a text names on a line of its own, for texts that can't be read otherwise.
#[must_use]
pub fn project_line(text: &str) -> Option<&str> {
    let value = text.lines().find_map(|line| line.strip_prefix("project:"))?;
    let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then_some(value)
}

fn task_help(path: &LazyPath<'_>, node: &YamlNode) -> Option<String> {
    let is_task = matches!(path, LazyPath::Index(LazyPath::Key(_, "tasks"), _));
    node.text().filter(|_| is_task).map(|text| format!("write `- todo: {}`", shortened(text)))
}

fn lost_texts(text: &str) -> Vec<Finding> {
    if !comments::suspected(text) {
        return Vec::new();
    }
    yaml::parse(text).map(|root| comments::find(text, &root)).unwrap_or_default()
}

/// Gives every finding that has no place yet the place of its node.
pub fn locate(text: &str, findings: &mut [Finding]) {
    if findings.iter().all(|finding| finding.span.is_some()) {
        return;
    }
    match yaml::parse(text) {
        Ok(root) => locate_in(&root, findings),
        // The quick parser takes some texts that the other one refuses: where it does, all stand.
        Err(refusal) => {
            for finding in findings.iter_mut().filter(|finding| finding.span.is_none()) {
                finding.span = refusal.span;
            }
        }
    }
}

fn locate_in(root: &YamlNode, findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.span.is_none()) {
        finding.span = Some(root.locate(&finding.at, finding.part));
    }
}

/// What only the quick parser refuses, in its own words.
fn refused(text: &str, refusal: &serde_yaml::Error) -> Finding {
    let offset = refusal.location().map_or(0, |location| location.index().min(text.len()));
    Finding::new(Kind::Syntax, NodePath::root(), refusal.to_string()).span(Span { start: offset, end: offset })
}

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
    fn every_mistake_of_shape_is_found_in_one_run() {
        let text = "project: x\ntilte: y\nareas:\n  ml: [1]\n  ml: {}\n  ui:\n    workstreams:\n      a: {pionts: 3, needs: b}\n    breakdown: {c: {compete: 3%}}\nnotes: ~\n";
        assert_eq!(
            findings(text),
            [
                "unknown_key `tilte` unknown key `tilte`: did you mean `title`?",
                "wrong_type `ml` expected a mapping, found a list: -",
                "duplicate_key `ml` the key `ml` stands twice: keep one of the two: the other would be lost",
                "unknown_key `pionts` unknown key `pionts`: did you mean `points`?",
                "wrong_type `b` expected a list, found `b`: -",
            ]
        );
    }

    #[test]
    fn a_text_that_is_not_yaml_may_still_name_its_project() {
        let text = "# ours\ntitle: [\nproject: 'web-shop' # ours\nproject: b\n";
        assert_eq!(project_line(text), Some("web-shop"));
        for text in ["", "project:", "project: ''", " project: inner", "projects: x", "x: project: y"] {
            assert_eq!(project_line(text), None, "{text}");
        }
    }

    #[test]
    fn good_files_take_the_quick_way() {
        let (document, findings) = parse("project: x\nareas: {a: {breakdown: {c: 3%, d: {complete: 5%}}}}\n");
        assert_eq!(findings, []);
        assert_eq!(document.unwrap().areas.0.len(), 1);
    }

    #[test]
    fn text_that_is_not_yaml_has_a_place() {
        let (document, findings) = parse("project: x\n\tareas: y\n");
        assert!(document.is_none());
        assert_eq!(findings[0].kind, Kind::Syntax);
        assert!(findings[0].span.is_some());
    }

    #[test]
    fn findings_have_a_place_also_where_only_one_parser_takes_the_text() {
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
