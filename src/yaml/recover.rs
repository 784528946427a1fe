//! Parsing of a text that is not valid YAML: each syntax error is reported and repaired, and the rest is parsed.

use std::collections::HashSet;

use crate::finding::{Finding, Kind, MAX_FINDINGS, NodePath};
use crate::span::Span;
use crate::yaml::diagnosis::{self, Diagnosis};
use crate::yaml::line::TextLine;
use crate::yaml::repair::{RepairedText, TextEdit};
use crate::yaml::{ParseFailure, SECOND_DOCUMENT, YamlContent, YamlNode, parse_events};

/// Maximum number of bytes that are parsed again, so that a hostile file costs no more than a large one.
const MAX_REPARSED_BYTES: usize = 32 << 20;

/// The tree of a text, with the locations of the original text, and its syntax errors.
#[derive(Debug)]
pub(crate) struct RecoveredTree {
    /// `None` if the text could not be repaired.
    pub(crate) root: Option<YamlNode>,
    pub(crate) findings: Vec<Finding>,
    /// Whether a part of the text is not in the tree.
    pub(crate) is_partial: bool,
}

/// Parses `text`. After a syntax error, parsing continues with the text repaired.
#[must_use]
pub(crate) fn parse(text: &str) -> RecoveredTree {
    let mut recovery = Recovery {
        text: RepairedText::new(text),
        findings: Vec::new(),
        repaired: HashSet::new(),
        is_partial: false,
        moved: 0,
    };
    let mut reparsed = 0;
    loop {
        let root = match parse_events(recovery.text.as_str()) {
            Ok(root) => {
                reparsed += text.len();
                let mut keys = Vec::new();
                find_invisible_keys(&root, &mut keys);
                if recovery.repair_keys(&keys) { None } else { Some(root) }
            }
            Err(failure) => {
                reparsed += failure.offset;
                let is_complex = failure.finding.kind == Kind::TooComplex;
                if !recovery.repair(failure) || is_complex {
                    return recovery.finish(None);
                }
                None
            }
        };
        if root.is_some() {
            return recovery.finish(root);
        }
        // Moving a byte takes much less time than parsing it.
        if reparsed + recovery.moved / 16 > MAX_REPARSED_BYTES || recovery.findings.len() >= MAX_FINDINGS {
            return recovery.finish(None);
        }
    }
}

struct Recovery {
    text: RepairedText,
    findings: Vec<Finding>,
    /// Offsets of the repaired lines in the original text.
    repaired: HashSet<usize>,
    is_partial: bool,
    /// Number of bytes that edits moved.
    moved: usize,
}

impl Recovery {
    /// Reports and repairs the error. `false` if it can't be repaired.
    fn repair(&mut self, failure: ParseFailure) -> bool {
        let text = self.text.as_str();
        let ParseFailure { finding, last, offset } = failure;
        if finding.kind != Kind::Syntax {
            self.push(finding);
            return false;
        }
        if finding.message == SECOND_DOCUMENT {
            return self.cut(finding, offset);
        }
        let diagnosis =
            diagnosis::diagnose(text, last, offset, &finding.message).filter(|it| self.is_new(it.span.start));
        let Some(diagnosis) = diagnosis else {
            return self.remove(finding, last, offset);
        };
        self.apply(diagnosis);
        true
    }

    /// Reports and repairs the indentation before the keys at these offsets, from the last one to the first, so that
    /// the offsets remain valid. `false` if there is none.
    fn repair_keys(&mut self, keys: &[usize]) -> bool {
        let before = self.findings.len();
        for &offset in keys.iter().rev().take(MAX_FINDINGS - before.min(MAX_FINDINGS)) {
            let diagnosis = diagnosis::diagnose_key(self.text.as_str(), offset);
            if let Some(diagnosis) = diagnosis.filter(|it| self.is_new(it.span.start)) {
                self.apply(diagnosis);
            }
        }
        self.findings.len() > before
    }

    fn apply(&mut self, diagnosis: Diagnosis) {
        let Diagnosis { span, message, help, edits } = diagnosis;
        self.push(syntax(message, span).maybe_help(help));
        for edit in &edits {
            self.mark(edit);
        }
        self.moved += edits.len() * self.text.as_str().len();
        self.text.apply(edits);
    }

    /// Removes the line of an error without a known cause, or the first line that was not removed before.
    fn remove(&mut self, finding: Finding, last: usize, offset: usize) -> bool {
        let text = self.text.as_str();
        let mut line = TextLine::at(text, offset.min(text.len()));
        // The parser stops at the end, or after the line with the error.
        while line.trimmed().is_empty() && line.start > last.min(offset) {
            let Some(previous) = line.previous(text) else { break };
            line = previous;
        }
        let is_consequence = !self.is_new(line.start);
        let edits = diagnosis::remove_line(text, line.start);
        let is_change = edits.iter().any(|edit| !text[edit.range.clone()].trim().is_empty());
        for edit in &edits {
            self.mark(edit);
        }
        if !is_consequence {
            self.push(finding);
        }
        self.is_partial = true;
        self.moved += edits.len() * self.text.as_str().len();
        self.text.apply(edits);
        is_change
    }

    /// Removes everything from a second document on.
    fn cut(&mut self, finding: Finding, offset: usize) -> bool {
        let text = self.text.as_str();
        let start = TextLine::at(text, offset).start;
        let end = text.len();
        self.push(finding);
        self.is_partial = true;
        self.text.apply(vec![TextEdit::new(start..end, String::new())]);
        true
    }

    fn is_new(&self, offset: usize) -> bool {
        !self.repaired.contains(&self.original_line(offset))
    }

    fn mark(&mut self, edit: &TextEdit) {
        let line = self.original_line(edit.range.start);
        self.repaired.insert(line);
    }

    /// Offset in the original text of the start of the line.
    fn original_line(&self, offset: usize) -> usize {
        self.text.original(TextLine::at(self.text.as_str(), offset).start)
    }

    fn push(&mut self, finding: Finding) {
        let span = finding.span.map(|span| self.text.original_span(span));
        self.findings.push(Finding { span, ..finding });
    }

    fn finish(self, root: Option<YamlNode>) -> RecoveredTree {
        let mut root = root;
        if let (Some(root), false) = (&mut root, self.text.is_original()) {
            relocate(root, &self.text);
        }
        RecoveredTree { root, findings: self.findings, is_partial: self.is_partial }
    }
}

fn syntax(message: impl Into<String>, span: Span) -> Finding {
    Finding::new(Kind::Syntax, NodePath::root(), message).span(span)
}

/// Adds the offsets of keys that start with white space other than ASCII, which is indentation of a wrong kind.
///
/// Of keys on consecutive lines, the first is repaired with the others.
fn find_invisible_keys(node: &YamlNode, keys: &mut Vec<usize>) {
    match &node.content {
        YamlContent::Scalar { .. } => {}
        YamlContent::List(items) => items.iter().for_each(|item| find_invisible_keys(item, keys)),
        YamlContent::Mapping(entries) => {
            let mut is_repaired = false;
            for (key, value) in entries {
                let is_invisible = matches!(&key.content, YamlContent::Scalar { text, plain: true } if text.starts_with(char::is_whitespace));
                if is_invisible && !is_repaired && keys.len() < MAX_FINDINGS {
                    keys.push(key.span.start);
                }
                is_repaired = is_invisible;
                find_invisible_keys(value, keys);
            }
        }
    }
}

/// Changes the locations in the repaired text to those in the original text.
fn relocate(node: &mut YamlNode, text: &RepairedText) {
    node.span = text.original_span(node.span);
    match &mut node.content {
        YamlContent::Scalar { .. } => {}
        YamlContent::List(items) => items.iter_mut().for_each(|item| relocate(item, text)),
        YamlContent::Mapping(entries) => {
            for (key, value) in entries {
                relocate(key, text);
                relocate(value, text);
            }
        }
    }
}
