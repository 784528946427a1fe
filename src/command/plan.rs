//! Reading one plan, and the scenarios of `--what-if`.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use anyhow::{anyhow, bail};
use jiff::Timestamp;

use crate::command::as_of::AsOf;
use crate::finding::Severity;
use crate::finding::print::{Printer, Report, ReportFormat};
use crate::model::load::Plan;
use crate::model::resolve::{items, suggestion};
use crate::model::{Item, Project};
use crate::quantity::{Estimate, WorkTime};
use crate::scalar::ScalarFormat;
use crate::schedule::forecast::{Forecast, ForecastOptions};
use crate::schedule::network::scenario::{Scenario, ScenarioChange};
use crate::source;
use crate::source::{ReadLimits, SourceFile};

/// A plan without errors, and the moment for which it was evaluated.
#[derive(Debug)]
pub(crate) struct ValidPlan {
    pub(crate) plan: Plan,
    pub(crate) now: Timestamp,
}

/// Reads the plan in the file at `path`.
///
/// # Errors
///
/// The file cannot be read, or has errors. The errors of the file are printed to `out` as by `check`.
pub(crate) fn read(
    path: &Path,
    as_of: AsOf,
    limits: ReadLimits,
    colour: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ValidPlan> {
    let source = source::read(path, &limits).map_err(|finding| anyhow!("{}: {}", path.display(), finding.message))?;
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

pub(crate) fn compute_forecast(valid: &ValidPlan, draws: NonZero<u32>, scenario: Scenario) -> Forecast {
    let options = ForecastOptions { draws, scenario, ..ForecastOptions::default() };
    Forecast::of(&valid.plan.project, &valid.plan.completion, valid.now, &options)
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

/// The scenario of changes such as `ml/azure=+2w`, `ml/azure=-1w`, `ml/azure=4-6w` or `ml/azure=done`.
///
/// # Errors
///
/// A change has another form, or its item does not exist.
pub(crate) fn parse_scenario(project: &Project, changes: &[String]) -> anyhow::Result<Scenario> {
    changes.iter().map(|text| parse_change(project, text)).collect()
}

fn parse_change(project: &Project, text: &str) -> anyhow::Result<(Item, ScenarioChange)> {
    let invalid = |reason: &str| anyhow!("invalid change `{text}`: {reason}");
    let Some((path, value)) = text.split_once('=') else {
        return Err(invalid(
            "expected `ITEM=+2w` (later), `ITEM=-1w` (earlier), `ITEM=4-6w` (new estimate) or `ITEM=done`",
        ));
    };
    let item = find_item(project, path.trim())?;
    let time = |text: &str| WorkTime::parse(text.trim()).map_err(|error| invalid(&error.message));
    let change = match value.trim() {
        "done" => ScenarioChange::Done,
        later if later.starts_with('+') => ScenarioChange::Later(time(&later[1..])?),
        sooner if sooner.starts_with('-') => ScenarioChange::Sooner(time(&sooner[1..])?),
        estimate => ScenarioChange::Estimate(Estimate::parse(estimate).map_err(|error| invalid(&error.message))?),
    };
    if matches!(
        (item, change),
        (Item::Area(_) | Item::Milestone(_), ScenarioChange::Estimate(_) | ScenarioChange::Sooner(_))
    ) {
        return Err(invalid(&format!("`{}` has no estimate of its own; change its workstreams", path.trim())));
    }
    Ok((item, change))
}
