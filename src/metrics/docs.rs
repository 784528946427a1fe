//! `docs/metrics.md`, generated from the table of families.

use std::fmt::Write as _;

use crate::finding::Kind;
use crate::metrics::label::LABELS;
use crate::metrics::series::FAMILIES;
use crate::metrics::{Family, Group, Subject};

const INTRODUCTION: &str = "\
# Metrics

<!-- Generated from src/metrics/series.rs by `make docs`. -->

The metrics that `/metrics` serves.

- Names and labels are a contract: within a major version, none is renamed or changes its meaning.
- Ratios range from 0 to 1.
- Dates are Unix timestamps in seconds. A due date is the last second of its day in the project's time zone, a start
  date the first second.
- Durations are working time in seconds: a working day counts as 86400 seconds.
- A value that the file does not have is absent, never 0. Past dates and reached milestones are still served. Series of
  items that are removed from a file disappear with the next scrape.
- Free text is only in the labels of `_info` metrics, whose value is always 1. Join them by id:
  `readiness_milestone_due_timestamp_seconds * on (project, milestone) group_left (title) readiness_milestone_info`.
- A label without a value is omitted: to Prometheus, empty and absent labels are the same.

These terms are used below. [format.md](format.md#keys) defines all keys of a file.
[forecasting.md](forecasting.md#the-figures) defines all figures of a forecast.

| Term | Meaning |
|---|---|
| item | An area, workstream, task or milestone. |
| points | Percentage points of an area, earned when the workstream is finished. Part of them is earned with each finished task. |
| driving path | The sequence of items that determines the date of a milestone. |
| root | First open item on the driving path. `readiness_forecast_root` is the root of every open milestone, `readiness_slip_root` only that of a late one. |
| listed critical path | `critical_path` in the file. The computed equivalent is `readiness_criticality_ratio`. |
| SPI(t), TSPI | Schedule performance so far and required from now on, as ratios to the planned pace. |
| action | Entry of `actions` in the file: a next step that is not a task and has no completion. |
| phase | Entry of `phases` in the file: a named period of the plan, independent of areas and milestones. |
| component | Entry of `breakdown` of an area: a part of it with its own reported completion. |
| feature | Entry of `coverage` of an area: a part of it with its own test coverage. |
";

const BUDGET: &str = "
## Number of series

The maximum number of series for each entity in the files. If an area lists tasks as `done`, they count together as
one more workstream without an id. A task that is shared by `ref` counts once.

";

const LEVERS: &str = "
A project like the [example](../examples/castiel.readiness.yaml), with 125 tasks, has several hundred series, most of
them about tasks. `--metrics.tasks=false` drops the metrics under *Tasks* and keeps the counts by status. If there
are more than `--metrics.max-series` series, the exporter drops whole groups until the rest fits: *Tasks* first, then
*Workstreams*, *Risks*, *Milestones*, *Areas* and *Projects*. `readiness_exporter_series_dropped` is the number of series dropped.
";

const FINDINGS: &str = "
## Kinds of findings

The label `kind` has these values. A kind is never renamed. Content with errors is not served, so
`readiness_inconsistencies` counts warnings only. [check.md](check.md#kinds) explains how to fix each kind.

| Kind | Severity | Meaning |
|---|---|---|
";

/// `docs/metrics.md`.
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
    for (label, values) in LABELS {
        let _ = writeln!(out, "| `{label}` | {values} |");
    }
    out.push_str(BUDGET);
    out.push_str(&budget());
    out.push_str(LEVERS);
    out.push_str(FINDINGS);
    for kind in Kind::ALL {
        let _ = writeln!(out, "| `{}` | {} | {} |", kind.name(), kind.severity().name(), kind.meaning());
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
    let mut out = "| Entity | Series | Families with more than one |\n|---|---|---|\n".to_owned();
    for subject in Subject::ALL {
        let own: Vec<&Family> = FAMILIES.iter().filter(|family| family.subject == *subject).collect();
        let many =
            own.iter().filter(|family| family.max_series > 1).map(|it| format!("{} × `{}`", it.max_series, it.name));
        let many = many.collect::<Vec<_>>().join(", ");
        let most: usize = own.iter().map(|family| family.max_series).sum();
        let _ = writeln!(out, "| {} | {most} | {many} |", subject.name());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::finding::Severity;
    use crate::metrics::file_health::FailureReason;
    use crate::metrics::series::FamilyId;

    use super::*;

    #[test]
    fn the_committed_documentation_is_up_to_date() {
        crate::docs::assert_file("docs/metrics.md", &markdown());
    }

    #[test]
    fn the_documented_labels_are_those_of_the_families() {
        let documented: BTreeSet<&str> = LABELS.iter().map(|(label, _)| *label).collect();
        let used: BTreeSet<&str> = FAMILIES.iter().flat_map(|family| family.labels).copied().collect();
        assert_eq!(documented, used);
    }

    #[test]
    fn closed_lists_of_label_values_fit_the_maximum_number_of_series() {
        let warnings = Kind::ALL.iter().filter(|kind| kind.severity() == Severity::Warning);
        assert_eq!(warnings.count(), FamilyId::Inconsistencies.family().max_series);
        assert_eq!(FailureReason::ALL.len(), FamilyId::FileReloadFailuresTotal.family().max_series);
        let (_, reasons) = LABELS[LABELS.iter().position(|(label, _)| *label == "reason").unwrap()];
        assert!(FailureReason::ALL.iter().all(|reason| reasons.contains(reason.name())));
    }
}
