//! Text that YAML took for a comment: `Fix #12` is the text `Fix` and the comment `12`.

use crate::finding::{Finding, Kind, NodePath, push_limited};
use crate::span::Span;
use crate::yaml::{YamlContent, YamlNode};

/// Whether it is worth building the tree to look for such texts.
#[must_use]
pub(crate) fn suspected(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'#', bytes).any(|at| at > 0 && cut_off(text, at - 1).is_some())
}

/// A finding for every plain text directly after which a `#` with no space behind it begins a comment.
#[must_use]
pub(crate) fn find(text: &str, root: &YamlNode) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(text, root, &NodePath::root(), &mut findings);
    findings
}

fn visit(text: &str, node: &YamlNode, at: &NodePath, findings: &mut Vec<Finding>) {
    match &node.content {
        YamlContent::Scalar { plain: true, text: value } => {
            if let Some(lost) = cut_off(text, node.span.end) {
                let span = Span { start: node.span.start, end: lost.end };
                let message = format!("YAML takes `{}` for a comment", &text[lost.start..lost.end]);
                let help = format!("put the text in quotes: \"{value} {}\"", &text[lost.start..lost.end]);
                push_limited(findings, || Finding::new(Kind::CommentInText, at.clone(), message).help(help).span(span));
            }
        }
        YamlContent::Scalar { .. } => {}
        YamlContent::List(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(text, item, &at.index(index), findings);
            }
        }
        YamlContent::Mapping(entries) => {
            for (key, value) in entries {
                visit(text, value, &at.key(key.text().unwrap_or_default()), findings);
            }
        }
    }
}

/// The comment that begins after the blanks at `end`, if a letter follows its `#`.
fn cut_off(text: &str, end: usize) -> Option<Span> {
    let rest = text.get(end..)?;
    let comment = rest.trim_start_matches([' ', '\t']);
    let start = end + rest.len() - comment.len();
    let follows = comment.strip_prefix('#')?.chars().next()?;
    let line = comment.lines().next()?.trim_end();
    (start > end && !follows.is_whitespace() && follows != '#').then_some(Span { start, end: start + line.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn lost(text: &str) -> Vec<String> {
        let findings = find(text, &yaml::parse(text).unwrap());
        assert!(suspected(text) || findings.is_empty());
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_number_sign_in_text_is_told_from_a_comment() {
        assert_eq!(lost("- todo: Fix #12 soon\n"), ["YAML takes `#12 soon` for a comment"]);
        assert_eq!(lost("points: 20 # of the area\n"), [] as [&str; 0]);
        assert_eq!(lost("- todo: 'Fix #12'  ## mind\n- todo: C# code\n"), [] as [&str; 0]);
    }
}
