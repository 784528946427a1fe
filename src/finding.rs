//! Findings: the errors and warnings of a readiness file. `check`, the HTML page and the metrics report them.

pub(crate) mod print;

use std::fmt;

use crate::span::Span;

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file is served.
    Warning,
    /// The file is not served.
    Error,
}

impl Severity {
    /// The severity in messages, JSON and label values.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Makes [`Kind`] from the table of kinds: variant, name, severity, meaning and action.
macro_rules! kinds {
    ($($variant:ident $name:literal $severity:ident $meaning:literal $action:literal)*) => {
        /// Kind of a finding.
        ///
        /// The list is a contract with alerts and dashboards: a kind is never renamed and never
        /// changes its meaning. The order is that of the documentation, errors first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $meaning] $variant,)*
        }

        impl Kind {
            /// All kinds, errors first.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The value of the label `kind`; messages show it in brackets.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The severity of all findings of this kind.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The meaning, as sentences of Markdown.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The recommended action of the author of the file, as sentences of Markdown.
            #[must_use]
            pub fn action(self) -> &'static str {
                match self { $(Self::$variant => $action,)* }
            }
        }
    };
}

kinds! {
    Unreadable "unreadable" Error
        "The file or directory cannot be read, or the file keeps changing while it is read."
        "Fix the permissions or the symbolic link. Replace the file by renaming a complete one."
    TooLarge "too_large" Error
        "The file is larger than `--limits.file-size`."
        "Split the file into one per project, or raise the limit."
    NotText "not_text" Error
        "The file is not UTF-8 text."
        "Save the file as UTF-8."
    Syntax "syntax" Error
        "The text is not valid YAML, or it has more than one document."
        "Fix the quotes, brackets or indentation at the reported position."
    TooComplex "too_complex" Error
        "The YAML is nested too deeply, or its aliases expand to too many nodes."
        "Reduce the nesting. Write the values out instead of using aliases."
    UnknownKey "unknown_key" Error
        "The format has no such key."
        "Use the suggested key, or move the text to `notes`."
    DuplicateKey "duplicate_key" Error
        "A mapping has the same key more than once."
        "Remove or rename one of the keys."
    MissingKey "missing_key" Error
        "A required key is missing."
        "Add the key."
    WrongType "wrong_type" Error
        "The value has the wrong YAML type, for example a list instead of text."
        "Write a value of the expected type."
    BadValue "bad_value" Error
        "A date, percentage, estimate, id or other value is invalid."
        "Write a value as shown in the message."
    Conflict "conflict" Error
        "Keys or values exclude each other, for example two statuses of one task."
        "Remove one of them."
    DuplicateId "duplicate_id" Error
        "Two items have the same id. A task without `id` has one derived from its text."
        "Give one of the items a different `id`."
    UnknownReference "unknown_reference" Error
        "A reference does not match any item."
        "Use the suggested path."
    DependencyCycle "dependency_cycle" Error
        "Items depend on each other in a cycle."
        "Remove one `needs` or `blocks` of the reported cycle."
    DuplicateProject "duplicate_project" Error
        "Two files have the same project id."
        "Give each project a different id, or remove one file."
    PointsMismatch "points_mismatch" Warning
        "The remaining points of an area do not match its reported completion."
        "Correct `reported` or the `points`."
    PointsMissing "points_missing" Warning
        "A workstream has no points although others in its area do. It does not count towards the completion of the area."
        "Add `points` to the workstream."
    BreakdownDrift "breakdown_drift" Warning
        "The mean of an area's `breakdown` differs from its reported completion."
        "Correct the `breakdown` or `reported`."
    ProjectDrift "project_drift" Warning
        "The reported completion of the project differs from the weighted mean of its areas' reported completion."
        "Correct one of them, or remove the project's `reported`."
    TaskInTwoAreas "task_in_two_areas" Warning
        "Two areas have the same task, so it is counted twice."
        "Replace one of them with `ref:` and the path of the other."
    ActionDate "action_date" Warning
        "An action and its milestone are planned for different months."
        "Correct one of the dates."
    NonWorkingDay "non_working_day" Warning
        "A target, due, review or action date is not a working day."
        "Use the previous working day, or correct `calendar`."
    DueBeforeNeed "due_before_need" Warning
        "An item is due before an item that it needs."
        "Move one of the due dates."
    RiskWithoutProbability "risk_without_probability" Warning
        "A risk has no probability or no delay. Forecasts ignore it."
        "Add `probability` and `delay`."
    CriticalWithoutEstimate "critical_without_estimate" Warning
        "An open item of `critical_path` has no estimate. A workstream counts as estimated if all of its open tasks have an estimate, and an area if all of its open workstreams do."
        "Add an `estimate`."
    CriticalPathGap "critical_path_gap" Warning
        "An open item of `critical_path` does not need the open item before it, directly or indirectly. Forecasts may run the two in parallel."
        "Add the missing `needs`, or correct `critical_path`."
    ReviewOverdue "review_overdue" Warning
        "`next_review` has passed."
        "Review the plan and set the next date."
    WaiverExpired "waiver_expired" Warning
        "The `until` date of a waiver has passed."
        "Change the task back to `todo`, or extend `until`."
    PartialAboveLimit "partial_above_limit" Warning
        "A partial task is more than 90 % complete. It counts 90 % until it is done."
        "Change the task to `done` once it is finished."
    CommentInText "comment_in_text" Warning
        "YAML reads ` #` and the rest of the line as a comment."
        "Quote the text. If it is a comment, add a space after `#`."
    FutureDate "future_date" Warning
        "`as_of`, `started`, `finished` or `done` is after today."
        "Write the actual date, or `not_before` or `due` for a planned one."
    FinishedBeforeStarted "finished_before_started" Warning
        "A task finished before it started."
        "Correct one of the two dates."
    FinishedButOpen "finished_but_open" Warning
        "A task has a finish, but its status is `todo` or `partial`."
        "Change the status to `done`, or remove `finished`."
    DoneBeforeNeed "done_before_need" Warning
        "A milestone is done while an item that it needs is open."
        "Finish or waive the open work, or remove it from `needs`."
    MilestoneUnmarked "milestone_unmarked" Warning
        "Everything that a milestone needs is done, but the milestone is not. A milestone that needs only milestones is reached on its due date, unless it has `early`."
        "Add `done` and its date."
    TargetPassed "target_passed" Warning
        "`target` is before `as_of`, and work is open."
        "Write a new target."
    DueAfterTarget "due_after_target" Warning
        "A milestone is due after the target of the project."
        "Change one of the two dates."
    AssigneeOverloaded "assignee_overloaded" Warning
        "An assignee has more estimated work than working days until it is due. A due date also applies to the needs of an item."
        "Assign a task to another person, or move a due date."
    FewEstimates "few_estimates" Warning
        "Less than a third of the open workstreams have an estimate, although there is a date to meet. Workstreams with only a due date do not count."
        "Add estimates, to the largest workstreams first."
    RiskWithoutItems "risk_without_items" Warning
        "A risk affects no item. Forecasts ignore it."
        "Add `affects`."
}

/// One segment of a [`NodePath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathSegment {
    /// Key of a mapping.
    Key(Box<str>),
    /// Index of a list item, from 0.
    Index(usize),
}

/// Path from the root of the document to a node: `areas.ml.workstreams.azure.needs[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodePath(Vec<PathSegment>);

impl NodePath {
    /// The path of the document itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of the value of `key` in the mapping at this path.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.join(PathSegment::Key(key.into()))
    }

    /// The path of the item `index` of the list at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(PathSegment::Index(index))
    }

    /// The segments from the root.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    fn join(&self, segment: PathSegment) -> Self {
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

/// A path as a chain of stack frames, so that a path without findings costs no allocation.
#[derive(Debug, Clone, Copy)]
pub enum LazyPath<'a> {
    /// The document itself.
    Root,
    /// The value of a key of the mapping at the parent path.
    Key(&'a Self, &'a str),
    /// An item of the list at the parent path.
    Index(&'a Self, usize),
}

impl<'a> LazyPath<'a> {
    /// The path of the value of `key` in the mapping at this path.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// The path of the item `index` of the list at this path.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// The path as an owned value.
    #[must_use]
    pub fn to_path(&self) -> NodePath {
        match self {
            Self::Root => NodePath::root(),
            Self::Key(parent, key) => parent.to_path().key(key),
            Self::Index(parent, index) => parent.to_path().index(*index),
        }
    }
}

/// The part of a mapping entry that a finding points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryPart {
    /// The key: the name or the whole entry is wrong.
    Key,
    /// The value.
    Value,
}

/// An error or a warning about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind, which determines the severity.
    pub kind: Kind,
    /// The node.
    pub at: NodePath,
    /// The part of the node's entry.
    pub part: EntryPart,
    /// The message: lower case, user text in backticks, no full stop.
    pub message: String,
    /// The suggested fix.
    pub help: Option<String>,
    /// The location in the text; `None` until it is determined, and for the whole file.
    pub span: Option<Span>,
}

impl Finding {
    /// A finding about the value at `at`.
    #[must_use]
    pub fn new(kind: Kind, at: NodePath, message: impl Into<String>) -> Self {
        Self { kind, at, part: EntryPart::Value, message: message.into(), help: None, span: None }
    }

    /// Points the finding at the key instead of the value.
    #[must_use]
    pub fn at_key(mut self) -> Self {
        self.part = EntryPart::Key;
        self
    }

    /// Adds a suggested fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the help, if any.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Sets the location in the text.
    #[must_use]
    pub fn span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The severity of the kind.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

/// Maximum number of findings per file. A hostile file could have millions.
pub const MAX_FINDINGS: usize = 1000;

/// Adds `finding` unless the limit of [`MAX_FINDINGS`] is reached.
pub fn push_limited(findings: &mut Vec<Finding>, finding: impl FnOnce() -> Finding) {
    if findings.len() < MAX_FINDINGS {
        findings.push(finding());
    }
}

/// The candidate most similar to `text`, for "did you mean `x`?".
///
/// The Damerau-Levenshtein distance must be at most a third of the length of `text`, or 1 for short texts.
#[must_use]
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (text.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(text, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod docs;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_names_are_unique_and_errors_come_first() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Kind::ALL.is_sorted());
        assert!(Kind::ALL.is_sorted_by_key(|kind| std::cmp::Reverse(kind.severity())));
    }

    /// The names are label values that alerts and dashboards match: extend this list, never change it.
    #[test]
    fn kinds_are_never_renamed() {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        let errors = "unreadable too_large not_text syntax too_complex unknown_key duplicate_key missing_key wrong_type \
                      bad_value conflict duplicate_id unknown_reference dependency_cycle duplicate_project";
        let warnings = "points_mismatch points_missing breakdown_drift project_drift task_in_two_areas action_date \
                        non_working_day due_before_need risk_without_probability critical_without_estimate \
                        critical_path_gap review_overdue waiver_expired partial_above_limit comment_in_text future_date \
                        finished_before_started finished_but_open done_before_need milestone_unmarked target_passed \
                        due_after_target assignee_overloaded few_estimates risk_without_items";
        assert_eq!(names, errors.split(' ').chain(warnings.split(' ')).collect::<Vec<_>>());
        let is_error = |kind: &&Kind| kind.severity() == Severity::Error;
        assert_eq!(Kind::ALL.iter().filter(is_error).count(), errors.split(' ').count());
    }

    #[test]
    fn paths_are_displayed_with_dots_and_brackets() {
        let path = NodePath::root().key("areas").key("ml").key("needs").index(0);
        assert_eq!(path.to_string(), "areas.ml.needs[0]");
    }

    #[test]
    fn a_lazy_path_is_the_path_from_the_root() {
        let root = LazyPath::Root;
        let needs = root.key("needs");
        assert_eq!(needs.index(2).to_path(), NodePath::root().key("needs").index(2));
        assert_eq!(root.to_path(), NodePath::root());
    }

    #[test]
    fn only_similar_candidates_are_suggested() {
        assert_eq!(nearest("wieght", ["weight", "points"]), Some("weight"));
        assert_eq!(nearest("colour", ["weight", "points"]), None);
        assert_eq!(nearest("ab", ["ac", "xyz"]), Some("ac"), "one change is allowed in a short text");
        assert_eq!(nearest("ab", ["cd"]), None);
    }

    #[test]
    fn findings_above_the_limit_are_dropped() {
        let mut findings = Vec::new();
        for _ in 0..=MAX_FINDINGS {
            push_limited(&mut findings, || Finding::new(Kind::Syntax, NodePath::root(), "x"));
        }
        assert_eq!(findings.len(), MAX_FINDINGS);
    }
}
