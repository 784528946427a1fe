//! Text that YAML reads as a comment: `Fix #12` is the text `Fix` and the comment `12`.

use crate::finding::{Finding, Kind, NodePath, push_limited};
use crate::span::Span;
use crate::yaml::{YamlContent, YamlNode};

/// Whether the text may have such a comment. It is cheaper than building the tree.
#[must_use]
pub(crate) fn may_have_lost_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'#', bytes).any(|at| at > 0 && comment_after(text, at - 1).is_some())
}

/// A finding for each unquoted text that is followed by a comment without a space after its `#`.
#[must_use]
pub(crate) fn find(text: &str, root: &YamlNode) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(text, root, &NodePath::root(), &mut findings);
    findings
}

fn visit(text: &str, node: &YamlNode, at: &NodePath, findings: &mut Vec<Finding>) {
    match &node.content {
        YamlContent::Scalar { plain: true, text: value } => {
            if let Some(lost) = comment_after(text, node.span.end) {
                let span = Span { start: node.span.start, end: lost.end };
                let message = format!("YAML reads `{}` as a comment", &text[lost.start..lost.end]);
                let help = format!("quote the text: `\"{value} {}\"`", &text[lost.start..lost.end]);
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

/// The comment after the blanks at `end`, if no space follows its `#`.
fn comment_after(text: &str, end: usize) -> Option<Span> {
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
        assert!(may_have_lost_text(text) || findings.is_empty());
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_number_sign_in_text_is_not_a_comment() {
        assert_eq!(lost("- todo: Fix #12 soon\n"), ["YAML reads `#12 soon` as a comment"]);
        assert_eq!(lost("points: 20 # of the area\n"), [] as [&str; 0]);
        assert_eq!(lost("- todo: 'Fix #12'  ## mind\n- todo: C# code\n"), [] as [&str; 0]);
    }

    #[test]
    fn lost_text_is_located_and_the_help_quotes_all_of_it() {
        let text = "areas:\n  a:\n    notes:\n      - Fix #12 soon\n";
        let findings = find(text, &yaml::parse(text).unwrap());
        assert_eq!(findings[0].at.to_string(), "areas.a.notes[0]");
        assert_eq!(findings[0].help.as_deref(), Some(r#"quote the text: `"Fix #12 soon"`"#));
        let span = findings[0].span.unwrap();
        assert_eq!(&text[span.start..span.end], "Fix #12 soon");
    }
}
