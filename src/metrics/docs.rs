//! The documentation of the metrics, printed from the table of families: `docs/metrics.md`.

use std::fmt::Write as _;

use crate::finding::Kind;
use crate::metrics::{FAMILIES, Family, Group, Subject};

/// Every label, in the order of the documentation, and what its values are.
const LABELS: [(&str, &str); 37] = [
    ("project", "id of the project"),
    ("area", "id of the area"),
    ("workstream", "id of the workstream within its area"),
    ("task", "id of the task within its workstream"),
    ("milestone", "id of the milestone"),
    ("risk", "id of the risk"),
    ("action", "position of the action in the file, from 1"),
    ("note", "of `readiness_note_info`: position of the remark in the file, from 1; elsewhere: the remark"),
    ("phase", "position of the phase in the file, from 1"),
    ("component", "name of the component"),
    ("feature", "name of the feature"),
    ("item", "path of an item: `ml`, `ml/azure`, `ml/azure/workspace`, or a milestone's id"),
    ("from", "path of the item that comes first"),
    ("to", "path of the item that waits for it"),
    ("title", "what people call it"),
    ("text", "the remark"),
    ("status", "of a task: `todo`, `partial`, `done` or `waived`; of a project: where it stands, in words"),
    ("assignee", "who does the task"),
    ("priority", "`critical`, `high`, `medium` or `low`"),
    ("severity", "of a risk: `high`, `medium` or `low`"),
    ("blocker", "`true` if other work waits for the workstream, else `false`"),
    ("impact", "what follows, in words"),
    ("mitigation", "what is done against the risk, in words"),
    ("when", "when to do it, as the file says: a day or a month"),
    ("horizon", "how soon, in words"),
    ("method", "`earned`: counted from tasks and points; `reported`: as people say"),
    ("bound", "`optimistic`, `likely` or `pessimistic`"),
    ("percentile", "`50`, `85` or `95`: in so many of 100 simulated runs it was reached by then"),
    ("model", "`plan`: by plan alone; `risk`: risks that have a probability and a delay may come true"),
    (
        "basis",
        "`estimated`; `inferred` from points; `overrun`: the estimate is used up; `fixed_date`: a milestone that nothing leads to, taken to be reached when due; `no_estimate`: nothing tells",
    ),
    ("pace", "`observed` since the baseline began; `required` from now on to keep it"),
    ("root", "path of the item with which the slip begins"),
    ("kind", "kind of finding, from the list below; each begins at 0"),
    ("file", "path of the file, as it was found"),
    (
        "reason",
        "of a failure: `unreadable`, `invalid` or `duplicate_project`, each from 0 on; of a waiver: why, in words",
    ),
    ("code", "HTTP status code; 200, 500 and 503 begin at 0"),
    ("version revision rustversion", "of the exporter, its source and its compiler"),
];

const INTRODUCTION: &str = "\
# Metrics

What `/metrics` serves. This page is printed from the table that the metrics are written from
(`src/metrics.rs`); after a change there, `make docs` writes it anew.

- Names and labels are a contract: none is renamed, and none gets another meaning, within a major version.
- Ratios go from 0 to 1. Dates are moments in seconds since 1970: what is due on a day, the day's last second in
  the project's time zone; what begins on a day, its first. Durations of work are working time, in which a day
  counts 86400 seconds.
- What the file doesn't say is absent, never 0. What has passed or was reached stays. What is taken out of a file
  is gone with the next scrape.
- Texts stand in `_info` metrics only, whose value is always 1. Join them by their ids:
  `readiness_milestone_due_timestamp_seconds * on (project, milestone) group_left (title) readiness_milestone_info`.
- An empty label is the same as none.
";

const BUDGET: &str = "
## How many series

At most so many for each thing that the files name. What an area lists as `done` counts as one more workstream
of it, without an id; a task shared by `ref` counts once.

";

const LEVERS: &str = "
A project like the [example](../examples/castiel.readiness.yaml), with 125 tasks, has several hundred, and most of them
are about tasks. `--metrics.tasks=false` leaves out the metrics under *Tasks* and keeps the counts by status; above
`--metrics.max-series` the same happens by itself, and `readiness_exporter_series_dropped` says how many series
are missing.
";

const FINDINGS: &str = "
## Kinds of findings

The values of the label `kind`; a kind is never renamed. Errors keep a file from being served, so
`readiness_inconsistencies` has the warnings only. What to do about each stands in
[format.md](format.md#what-check-says).

| Kind | Severity | What is wrong |
|---|---|---|
";

/// The whole documentation of the metrics, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut out = INTRODUCTION.to_owned();
    for group in Group::ALL {
        // Writing to a string can't fail, here and below.
        let _ =
            write!(out, "\n## {}\n\n| Name | Type | Unit | Labels | Meaning |\n|---|---|---|---|---|\n", group.title());
        for family in FAMILIES.iter().filter(|family| family.group() == group) {
            out.push_str(&row(family));
        }
    }
    out.push_str("\n## Labels\n\n| Label | Values |\n|---|---|\n");
    for (labels, values) in LABELS {
        let _ = writeln!(out, "| {} | {values} |", code(labels.split(' ')));
    }
    out.push_str(BUDGET);
    out.push_str(&budget());
    out.push_str(LEVERS);
    out.push_str(FINDINGS);
    for kind in Kind::ALL {
        let _ = writeln!(out, "| `{}` | {} | {} |", kind.name(), kind.severity().name(), meaning(kind));
    }
    out
}

fn row(family: &Family) -> String {
    let Family { name, kind, unit, labels, help, .. } = family;
    let kind = kind.name();
    format!("| `{name}` | {kind} | {} | {} | {help} |\n", unit.name(), code(labels.iter().copied()))
}

fn code<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}

fn budget() -> String {
    let mut out = "| For each | Series | Of them |\n|---|---|---|\n".to_owned();
    for subject in Subject::ALL {
        let own: Vec<&Family> = FAMILIES.iter().filter(|family| family.subject == *subject).collect();
        let many = own.iter().filter(|family| family.most > 1).map(|it| format!("{} × `{}`", it.most, it.name));
        let many = many.collect::<Vec<_>>().join(", ");
        let most: usize = own.iter().map(|family| family.most).sum();
        let _ = writeln!(out, "| {} | {most} | {many} |", subject.name());
    }
    out
}

/// What is wrong, in a word or two: the short form of what the format's documentation says.
fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreadable => "the file can't be read",
        Kind::TooLarge => "the file is larger than allowed",
        Kind::NotText => "the file isn't UTF-8 text",
        Kind::Syntax => "the text isn't YAML",
        Kind::TooComplex => "nested too deeply, or grown too large by aliases",
        Kind::UnknownKey => "a key that the format doesn't have",
        Kind::DuplicateKey => "a key that stands twice",
        Kind::MissingKey => "a key that must be there isn't",
        Kind::WrongType => "a list where a text belongs, or the like",
        Kind::BadValue => "a value that its grammar doesn't allow",
        Kind::Conflict => "keys that exclude each other",
        Kind::DuplicateId => "two items with one id",
        Kind::UnknownReference => "a reference to an item that doesn't exist",
        Kind::DependencyCycle => "items that wait for each other",
        Kind::DuplicateProject => "two files with one project id",
        Kind::PointsMismatch => "the points left in an area don't match the completion reported",
        Kind::PointsMissing => "some workstreams of an area carry points, and others don't",
        Kind::BreakdownDrift => "the mean of an area's breakdown isn't the completion reported",
        Kind::ProjectDrift => "the project's reported completion isn't the mean of its areas'",
        Kind::TaskInTwoAreas => "the same task stands in two areas",
        Kind::ActionDate => "an action and its milestone are planned for different months",
        Kind::NonWorkingDay => "a date on which nobody works",
        Kind::DueBeforeNeed => "a milestone is due before something that it needs",
        Kind::RiskWithoutProbability => "a risk without a probability or a delay has no place in a forecast",
        Kind::CriticalWithoutEstimate => "work on the critical path without an estimate",
        Kind::ReviewOverdue => "the date of the next review has gone by",
        Kind::WaiverExpired => "a waiver has run out",
        Kind::PartialAboveLimit => "a partial task above 90 % counts 90 %",
        Kind::CommentInText => "` #` began a comment inside what looks like text",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use crate::finding::Severity;
    use crate::metrics::FamilyId;
    use crate::metrics::collect::FailureReason;

    use super::*;

    #[test]
    fn the_documentation_is_the_committed_one() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, markdown()).unwrap();
        }
        assert!(std::fs::read_to_string(&file).unwrap() == markdown(), "docs/metrics.md is out of date: run make docs");
    }

    #[test]
    fn every_label_is_explained_and_none_that_does_not_exist() {
        let explained: BTreeSet<&str> = LABELS.iter().flat_map(|(labels, _)| labels.split(' ')).collect();
        let used: BTreeSet<&str> = FAMILIES.iter().flat_map(|family| family.labels).copied().collect();
        assert_eq!(explained, used);
    }

    #[test]
    fn closed_lists_are_as_long_as_the_budget_says() {
        let warnings = Kind::ALL.iter().filter(|kind| kind.severity() == Severity::Warning);
        assert_eq!(warnings.count(), FamilyId::Inconsistencies.family().most);
        assert_eq!(FailureReason::ALL.len(), FamilyId::FileReloadFailuresTotal.family().most);
        let (_, reasons) = LABELS[LABELS.iter().position(|(label, _)| *label == "reason").unwrap()];
        assert!(FailureReason::ALL.iter().all(|reason| reasons.contains(reason.name())));
    }
}
