//! What is wrong with a file, and where: the vocabulary of `check`, of the page and of the metrics.

pub mod print;

use std::fmt;

use crate::span::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// True, worth mending, and no obstacle: the file is served.
    Warning,
    /// The file can't be served as it stands.
    Error,
}

impl Severity {
    /// The word for it, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What kind of finding it is: a closed list, which is a contract with alerts and dashboards.
///
/// A kind is never renamed, and never means something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The file can't be read.
    Unreadable,
    /// The file is larger than `--limits.file-size`.
    TooLarge,
    /// The file isn't UTF-8 text.
    NotText,
    /// The text isn't YAML.
    Syntax,
    /// Nested too deeply, or grown too large by aliases.
    TooComplex,
    /// A key that the format doesn't have.
    UnknownKey,
    /// A key that stands twice in one mapping.
    DuplicateKey,
    /// A key that must be there isn't.
    MissingKey,
    /// A list where a text belongs, or the like.
    WrongType,
    /// A value that its grammar doesn't allow: a date, percentage, estimate, id.
    BadValue,
    /// Keys that exclude each other.
    Conflict,
    /// Two items with one id.
    DuplicateId,
    /// A reference to an item that doesn't exist.
    UnknownReference,
    /// Items that wait for each other.
    DependencyCycle,
    /// Two files with one project id.
    DuplicateProject,
    /// The points left in an area don't match the completion reported.
    PointsMismatch,
    /// Some workstreams of an area carry points, and others don't.
    PointsMissing,
    /// The mean of an area's breakdown isn't the completion reported.
    BreakdownDrift,
    /// The project's reported completion isn't the mean of its areas'.
    ProjectDrift,
    /// The same task stands in two areas.
    TaskInTwoAreas,
    /// An action and its milestone are planned for different months.
    ActionDate,
    /// A date on which nobody works.
    NonWorkingDay,
    /// A milestone is due before something that it needs.
    DueBeforeNeed,
    /// A risk without a probability has no place in a forecast.
    RiskWithoutProbability,
    /// Work on the critical path without an estimate.
    CriticalWithoutEstimate,
    /// The date of the next review has gone by.
    ReviewOverdue,
    /// A waiver has run out.
    WaiverExpired,
    /// A partial task above 90 %: what isn't done counts 90 % at most.
    PartialAboveLimit,
    /// ` #` began a comment inside what looks like text.
    CommentInText,
}

impl Kind {
    /// Every kind, errors first, in the order of the documentation.
    pub const ALL: [Self; 29] = [
        Self::Unreadable,
        Self::TooLarge,
        Self::NotText,
        Self::Syntax,
        Self::TooComplex,
        Self::UnknownKey,
        Self::DuplicateKey,
        Self::MissingKey,
        Self::WrongType,
        Self::BadValue,
        Self::Conflict,
        Self::DuplicateId,
        Self::UnknownReference,
        Self::DependencyCycle,
        Self::DuplicateProject,
        Self::PointsMismatch,
        Self::PointsMissing,
        Self::BreakdownDrift,
        Self::ProjectDrift,
        Self::TaskInTwoAreas,
        Self::ActionDate,
        Self::NonWorkingDay,
        Self::DueBeforeNeed,
        Self::RiskWithoutProbability,
        Self::CriticalWithoutEstimate,
        Self::ReviewOverdue,
        Self::WaiverExpired,
        Self::PartialAboveLimit,
        Self::CommentInText,
    ];

    /// The value of the label `kind`, and the word in brackets in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::NotText => "not_text",
            Self::Syntax => "syntax",
            Self::TooComplex => "too_complex",
            Self::UnknownKey => "unknown_key",
            Self::DuplicateKey => "duplicate_key",
            Self::MissingKey => "missing_key",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::Conflict => "conflict",
            Self::DuplicateId => "duplicate_id",
            Self::UnknownReference => "unknown_reference",
            Self::DependencyCycle => "dependency_cycle",
            Self::DuplicateProject => "duplicate_project",
            Self::PointsMismatch => "points_mismatch",
            Self::PointsMissing => "points_missing",
            Self::BreakdownDrift => "breakdown_drift",
            Self::ProjectDrift => "project_drift",
            Self::TaskInTwoAreas => "task_in_two_areas",
            Self::ActionDate => "action_date",
            Self::NonWorkingDay => "non_working_day",
            Self::DueBeforeNeed => "due_before_need",
            Self::RiskWithoutProbability => "risk_without_probability",
            Self::CriticalWithoutEstimate => "critical_without_estimate",
            Self::ReviewOverdue => "review_overdue",
            Self::WaiverExpired => "waiver_expired",
            Self::PartialAboveLimit => "partial_above_limit",
            Self::CommentInText => "comment_in_text",
        }
    }

    /// Errors keep a file from being served; warnings don't.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self < Self::PointsMismatch { Severity::Error } else { Severity::Warning }
    }
}

/// One segment from a YAML node to a node inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathSegment {
    /// To the value of a key of a mapping.
    Key(Box<str>),
    /// To an entry of a list, from 0.
    Index(usize),
}

/// The way from the document's root to a node: `areas.ml.workstreams.azure.needs[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodePath(Vec<PathSegment>);

impl NodePath {
    /// The document itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// This path, and then the value of `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(PathSegment::Key(key.into()))
    }

    /// This path, and then the list's entry `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(PathSegment::Index(index))
    }

    /// The segments, from the root.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    fn then(&self, segment: PathSegment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(key) if depth == 0 => write!(out, "{key}")?,
                PathSegment::Key(key) => write!(out, ".{key}")?,
                PathSegment::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The way to a node as a chain up the call stack: a path that costs nothing until it is asked for.
#[derive(Debug, Clone, Copy)]
pub enum LazyPath<'a> {
    /// The document itself.
    Root,
    /// The value of a key of a mapping.
    Key(&'a Self, &'a str),
    /// An entry of a list.
    Index(&'a Self, usize),
}

impl<'a> LazyPath<'a> {
    /// This way, and then the value of `key`.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// This way, and then the list's entry `index`.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// The same as a path of its own.
    #[must_use]
    pub fn to_path(&self) -> NodePath {
        match self {
            Self::Root => NodePath::root(),
            Self::Key(parent, key) => parent.to_path().key(key),
            Self::Index(parent, index) => parent.to_path().index(*index),
        }
    }
}

/// Which part of a mapping's entry a finding points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryPart {
    /// The key: something is wrong with the name, or with the whole entry.
    Key,
    /// The value.
    Value,
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// The node that it is about.
    pub at: NodePath,
    /// The part of that node's entry.
    pub part: EntryPart,
    /// What is wrong: lower case, user text in backticks, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The place in the text, once it has been looked up.
    pub span: Option<Span>,
}

impl Finding {
    /// A finding about the value at `at`.
    #[must_use]
    pub fn new(kind: Kind, at: NodePath, message: impl Into<String>) -> Self {
        Self { kind, at, part: EntryPart::Value, message: message.into(), help: None, span: None }
    }

    /// The same, about the key.
    #[must_use]
    pub fn at_key(mut self) -> Self {
        self.part = EntryPart::Key;
        self
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with a help if there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The same, with its place.
    #[must_use]
    pub fn span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

/// How many findings of a file are kept: nobody mends more at a time, and a hostile file has millions.
pub const MAX_FINDINGS: usize = 1000;

/// Adds `finding` unless there are [`MAX_FINDINGS`] already.
pub fn push_limited(findings: &mut Vec<Finding>, finding: impl FnOnce() -> Finding) {
    if findings.len() < MAX_FINDINGS {
        findings.push(finding());
    }
}

/// The `candidates` nearest to what was written, as "did you mean `x`?", when one is near enough.
///
/// Near is a Damerau-Levenshtein distance of at most a third of the word's length, at least one.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_name_each_and_errors_come_first() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Kind::ALL.is_sorted());
        assert_eq!(Kind::DuplicateProject.severity(), Severity::Error);
        assert_eq!(Kind::PointsMismatch.severity(), Severity::Warning);
    }

    #[test]
    fn a_path_reads_as_people_write_it() {
        let path = NodePath::root().key("areas").key("ml").key("needs").index(0);
        assert_eq!(path.to_string(), "areas.ml.needs[0]");
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("wieght", ["weight", "points"]), Some("weight"));
        assert_eq!(nearest("colour", ["weight", "points"]), None);
    }
}
