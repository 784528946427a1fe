//! Reading one plan, and the edits of `--what-if`.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;

use anyhow::{anyhow, bail};
use jiff::Timestamp;

use crate::command::as_of::AsOf;
use crate::finding::Severity;
use crate::finding::print::{Printer, Report, ReportFormat};
use crate::model::completion::Completion;
use crate::model::edit::Edit;
use crate::model::load::Plan;
use crate::model::resolve::{items, suggestion};
use crate::model::{Item, Project};
use crate::quantity::{Estimate, WorkTime};
use crate::scalar::ScalarFormat;
use crate::schedule::forecast::{Forecast, ForecastOptions};
use crate::schedule::timeline::Timeline;
use crate::source::input::read_argument;
use crate::source::{ReadLimits, SourceFile};

/// A plan without errors, and the moment for which it was evaluated.
#[derive(Debug)]
pub(crate) struct ValidPlan {
    pub(crate) plan: Plan,
    pub(crate) now: Timestamp,
}

/// Reads the plan that the argument `path` names: `-` is `stdin`.
///
/// # Errors
///
/// The file cannot be read, or has errors. The errors of the file are printed to `out` as by `check`.
pub(crate) fn read(
    path: &Path,
    as_of: AsOf,
    limits: ReadLimits,
    colour: bool,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
) -> anyhow::Result<ValidPlan> {
    let source =
        read_argument(path, limits, stdin).map_err(|finding| anyhow!("{}: {}", path.display(), finding.message))?;
    require_valid(&source, as_of, colour, out)
}

/// The plan in `source`.
///
/// # Errors
///
/// The plan has errors, which are printed to `out` as by `check`.
pub(crate) fn require_valid(
    source: &SourceFile,
    as_of: AsOf,
    colour: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ValidPlan> {
    let (loaded, now) = as_of.load(&source.text);
    let is_good = loaded.is_good();
    if let (true, Some(plan)) = (is_good, loaded.plan) {
        return Ok(ValidPlan { plan, now });
    }
    let errors: Vec<_> = loaded.findings.into_iter().filter(|it| it.severity() == Severity::Error).collect();
    let mut printer = Printer::new(out, ReportFormat::Human, colour);
    printer.report(&Report { path: &source.path, text: Some(&source.text), findings: &errors })?;
    printer.finish()?;
    bail!("cannot forecast `{}`: the file has errors", source.path.display())
}

impl ValidPlan {
    pub(crate) fn forecast(&self, options: &ForecastOptions) -> Forecast {
        Forecast::of(&self.plan.project, &self.plan.completion, self.now, options)
    }

    /// The plan after these edits.
    pub(crate) fn edited(&self, edits: &[(Item, Edit)]) -> Self {
        let mut project = self.plan.project.clone();
        let day = Timeline::of(&self.plan.project, self.now).start_day();
        for (item, edit) in edits {
            edit.apply(&mut project, *item, day);
        }
        let completion = Completion::of(&project);
        Self { plan: Plan { project, completion }, now: self.now }
    }
}

pub(crate) fn compute_forecast(valid: &ValidPlan, draws: NonZero<u32>) -> Forecast {
    valid.forecast(&ForecastOptions { draws, ..ForecastOptions::default() })
}

/// The item with this path.
///
/// # Errors
///
/// There is no such item. The message suggests the most similar path.
pub(crate) fn find_item(project: &Project, path: &str) -> anyhow::Result<Item> {
    let items = items(project);
    let unknown = || anyhow!("unknown item `{path}` in `{}`: {}", project.id, suggestion(&items, path));
    items.get(path).copied().ok_or_else(unknown)
}

/// The edits of changes such as `ml/azure=+2w`, `ml/azure=-1w`, `ml/azure=4-6w` or `ml/azure=done`.
///
/// # Errors
///
/// A change has another form, or its item does not exist or has no open work.
pub(crate) fn parse_edits(project: &Project, changes: &[String]) -> anyhow::Result<Vec<(Item, Edit)>> {
    let completion = Completion::of(project);
    let edits: Vec<_> = changes.iter().map(|text| parse_change(project, text)).collect::<Result<_, _>>()?;
    for ((item, edit), text) in edits.iter().zip(changes) {
        let is_done = match item {
            Item::Milestone(index) => project.milestones[*index].done.is_some(),
            _ => completion.is_complete(project, *item),
        };
        if is_done && *edit != Edit::Done {
            bail!("invalid change `{text}`: `{}` has no open work", project.path(*item));
        }
    }
    Ok(edits)
}

fn parse_change(project: &Project, text: &str) -> anyhow::Result<(Item, Edit)> {
    let invalid = |reason: &str| anyhow!("invalid change `{text}`: {reason}");
    let Some((path, value)) = text.split_once('=') else {
        return Err(invalid(
            "expected `ITEM=+2w` (two weeks more), `ITEM=-1w` (a week less), `ITEM=4-6w` (new estimate) or `ITEM=done`",
        ));
    };
    let item = find_item(project, path.trim())?;
    let time = |text: &str| WorkTime::parse(text.trim()).map_err(|error| invalid(&error.message));
    let change = match value.trim() {
        "done" => Edit::Done,
        more if more.starts_with('+') => Edit::Add(time(&more[1..])?),
        less if less.starts_with('-') => Edit::Subtract(time(&less[1..])?),
        estimate => Edit::Estimate(Estimate::parse(estimate).map_err(|error| invalid(&error.message))?),
    };
    if matches!((item, change), (Item::Area(_) | Item::Milestone(_), Edit::Estimate(_) | Edit::Subtract(_))) {
        return Err(invalid(&format!("`{}` has no estimate of its own; change its workstreams", path.trim())));
    }
    Ok((item, change))
}
