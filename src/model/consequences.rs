//! Findings that only follow from another error, which are not reported.

use crate::finding::{EntryPart, Finding, Kind, NodePath, PathSegment, Severity};
use crate::name::Id;
use crate::span::Span;
use crate::yaml::YamlNode;

/// Removes the findings that follow from another one in `findings`, which are sorted by location.
///
/// `lost` are the nodes whose content is not in the project.
pub(crate) fn remove(findings: &mut Vec<Finding>, root: Option<&YamlNode>, lost: &[NodePath]) {
    findings.dedup_by(|later, earlier| is_redundant(later, earlier));
    if !findings.iter().any(|finding| finding.severity() == Severity::Error) {
        return;
    }
    let is_partial = lost.contains(&NodePath::root());
    let unnamed = findings.iter().filter(|finding| has_no_id(finding)).filter_map(parent);
    let is_unknown = |path: &&NodePath| findings.iter().any(|it| it.kind == Kind::UnknownKey && it.at == **path);
    let lost = lost.iter().filter(|path| can_have_items(path) || is_unknown(path));
    let lost: Vec<NodePath> = lost.cloned().chain(unnamed).collect();
    let syntax: Vec<Span> = findings.iter().filter(|it| it.kind == Kind::Syntax).filter_map(|it| it.span).collect();
    let unknown_keys: Vec<(NodePath, String)> = findings.iter().filter_map(unknown_key).collect();
    findings.retain(|finding| {
        let follows = match finding.kind {
            Kind::UnknownReference => root.is_some_and(|root| refers_to_lost(finding, root, &lost)),
            Kind::WrongType => root.is_some_and(|root| is_repaired(finding, root, &syntax)),
            Kind::MissingKey | Kind::Conflict => is_partial || has_misspelt_key(finding, &unknown_keys),
            _ => is_partial && finding.severity() == Severity::Warning && finding.kind != Kind::CommentInText,
        };
        !follows && !mentions_unnamed(finding)
    });
}

/// A value of the wrong type also lacks its keys: one finding is enough.
fn is_redundant(redundant: &Finding, specific: &Finding) -> bool {
    redundant.span == specific.span && redundant.kind == Kind::MissingKey && specific.kind == Kind::WrongType
}

/// Whether the value has a syntax error. A repaired value can have the wrong type.
fn is_repaired(finding: &Finding, root: &YamlNode, syntax: &[Span]) -> bool {
    let Some(span) = root.get(&finding.at).map(|node| node.span) else { return false };
    let later = syntax.partition_point(|error| error.start <= span.start);
    later.checked_sub(1).is_some_and(|index| span.start < syntax[index].end)
}

/// The mapping and the help of the finding, if it is about an unknown key.
fn unknown_key(finding: &Finding) -> Option<(NodePath, String)> {
    let at = parent(finding)?;
    let help = finding.help.clone().filter(|help| !help.starts_with("expected one of"));
    (finding.kind == Kind::UnknownKey).then(|| (at, help.unwrap_or_default()))
}

/// Whether the finding is about an item that has no valid id for this reason.
fn has_no_id(finding: &Finding) -> bool {
    let key = finding.at.segments().last();
    let is_id =
        matches!(key, Some(PathSegment::Key(key)) if ["id", "todo", "partial", "done", "waived"].contains(&&**key));
    match finding.kind {
        Kind::BadValue => is_id || finding.part == EntryPart::Key,
        Kind::WrongType => is_id,
        Kind::MissingKey => true,
        _ => false,
    }
}

/// The path of the mapping or list that contains the node of the finding.
fn parent(finding: &Finding) -> Option<NodePath> {
    finding.at.segments().split_last().map(|(_, parent)| path_of(parent))
}

/// Whether the key that is missing, or in conflict, is the one suggested for an unknown key of the same mapping.
fn has_misspelt_key(finding: &Finding, unknown_keys: &[(NodePath, String)]) -> bool {
    let parent = parent(finding);
    let key = finding.message.split('`').skip(1).step_by(2);
    let keys: Vec<&str> = key.collect();
    unknown_keys.iter().any(|(at, help)| {
        let is_here = *at == finding.at || (finding.kind == Kind::Conflict && Some(at) == parent.as_ref());
        let suggests = |key: &str| help.contains(&format!("`{key}`")) || help.contains(&format!("`{key}:"));
        is_here
            && (keys.is_empty() || keys.iter().any(|key| suggests(key)))
            && (!keys.is_empty() || ["todo", "partial", "done", "waived"].into_iter().any(suggests))
    })
}

/// Whether the unknown item can be one in a part of the file that was not read.
fn refers_to_lost(finding: &Finding, root: &YamlNode, lost: &[NodePath]) -> bool {
    let Some(reference) = root.get(&finding.at).and_then(YamlNode::text) else { return false };
    let parts: Vec<&str> = reference.split('/').collect();
    lost.iter().any(|path| match path.segments() {
        [PathSegment::Key(section), inner @ ..] if &**section == "areas" => {
            let ids = inner.iter().filter_map(|segment| match segment {
                PathSegment::Key(key) if &**key != "workstreams" => Some(&**key),
                _ => None,
            });
            ids.take(2).zip(&parts).all(|(id, part)| id == *part)
        }
        [PathSegment::Key(section), ..] if &**section == "milestones" => parts.len() == 1,
        [] | [PathSegment::Key(_)] => true,
        _ => false,
    })
}

/// Whether items can be below the path, if it is not that of an unknown key.
fn can_have_items(path: &NodePath) -> bool {
    let keys = path.segments().iter().map(|segment| match segment {
        PathSegment::Key(key) => &**key,
        PathSegment::Index(_) => "",
    });
    matches!(
        keys.collect::<Vec<_>>().as_slice(),
        [] | ["areas" | "milestones"]
            | ["areas" | "milestones", _]
            | ["areas", _, "workstreams"]
            | ["areas", _, "workstreams", _]
            | ["areas", _, "workstreams", _, "tasks"]
            | ["areas", _, "workstreams", _, "tasks", ""]
    )
}

/// Whether the finding is about an item whose id is invalid, which is reported as well.
fn mentions_unnamed(finding: &Finding) -> bool {
    let texts = [Some(&finding.message), finding.help.as_ref()];
    texts.into_iter().flatten().any(|text| {
        text.split('`')
            .skip(1)
            .step_by(2)
            .any(|path| path.contains('/') && path.split('/').any(|part| part == Id::UNNAMED))
    })
}

fn path_of(segments: &[PathSegment]) -> NodePath {
    segments.iter().fold(NodePath::root(), |path, segment| match segment {
        PathSegment::Key(key) => path.key(key),
        PathSegment::Index(index) => path.index(*index),
    })
}
