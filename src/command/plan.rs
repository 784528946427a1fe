//! One plan, for the commands that need a valid one.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use anyhow::{anyhow, bail};
use jiff::Timestamp;

use crate::command::as_of::AsOf;
use crate::finding::Severity;
use crate::finding::nearest;
use crate::finding::print::{Printer, Report, ReportFormat};
use crate::model::load::Plan;
use crate::model::resolve::items;
use crate::model::{Item, Project};
use crate::quantity::{Estimate, WorkTime};
use crate::scalar::ScalarFormat;
use crate::schedule::forecast;
use crate::schedule::forecast::Forecast;
use crate::schedule::network::scenario::{Scenario, ScenarioChange};
use crate::source;
use crate::source::{ReadLimits, SourceFile};

/// A plan without errors, and as of when it was judged.
#[derive(Debug)]
pub struct ValidPlan {
    /// The plan.
    pub plan: Plan,
    /// The moment.
    pub now: Timestamp,
}

/// The plan in the file at `path`.
///
/// # Errors
///
/// The file can't be read, or has errors; those are printed to `out` as `check` does.
pub fn read(
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
/// It has errors; they are printed to `out` as `check` does.
pub fn require_valid(source: &SourceFile, as_of: AsOf, colour: bool, out: &mut dyn Write) -> anyhow::Result<ValidPlan> {
    let (loaded, now) = as_of.load(&source.text);
    let is_good = loaded.is_good();
    if let (true, Some(plan)) = (is_good, loaded.plan) {
        return Ok(ValidPlan { plan, now });
    }
    let errors: Vec<_> = loaded.findings.into_iter().filter(|it| it.severity() == Severity::Error).collect();
    let mut printer = Printer::new(out, ReportFormat::Human, colour);
    printer.report(&Report { path: &source.path, text: Some(&source.text), findings: &errors })?;
    printer.finish()?;
    bail!("`{}` has errors, so nothing is forecast from it", source.path.display())
}

/// The forecast of a valid plan with changes.
#[must_use]
pub fn compute_forecast(valid: &ValidPlan, draws: NonZero<u32>, scenario: Scenario) -> Forecast {
    let options = forecast::ForecastOptions { draws, scenario, ..forecast::ForecastOptions::default() };
    Forecast::of(&valid.plan.project, &valid.plan.completion, valid.now, &options)
}

/// The item that people call `path`.
///
/// # Errors
///
/// There is none; the message names the nearest.
pub fn item(project: &Project, path: &str) -> anyhow::Result<Item> {
    let items: BTreeMap<String, Item> = items(project);
    items.get(path).copied().ok_or_else(|| {
        let near = nearest(path, items.keys().map(String::as_str));
        let help = near.map_or_else(
            || "write `area/workstream`, `area/workstream/task` or a milestone".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        anyhow!("there is no item `{path}` in `{}`: {help}", project.id)
    })
}

/// The changes that people write as `ml/azure=+2w`, `=-1w`, `=4-6w` or `=done`.
///
/// # Errors
///
/// One of them has another form, or names no item.
pub fn scenario(project: &Project, texts: &[String]) -> anyhow::Result<Scenario> {
    texts.iter().map(|text| change(project, text)).collect()
}

fn change(project: &Project, text: &str) -> anyhow::Result<(Item, ScenarioChange)> {
    let help = "write `ITEM=+2w` for later, `ITEM=-1w` for sooner, `ITEM=4-6w` for another estimate, or `ITEM=done`";
    let Some((path, what)) = text.split_once('=') else { bail!("`{text}` changes nothing: {help}") };
    let item = item(project, path.trim())?;
    let time = |text: &str| WorkTime::parse(text.trim()).map_err(|mistake| anyhow!("`{path}`: {}", mistake.message));
    let change = match what.trim() {
        "done" => ScenarioChange::Done,
        later if later.starts_with('+') => ScenarioChange::Later(time(&later[1..])?),
        sooner if sooner.starts_with('-') => ScenarioChange::Sooner(time(&sooner[1..])?),
        estimate => ScenarioChange::Estimate(
            Estimate::parse(estimate).map_err(|mistake| anyhow!("`{path}`: {}; {help}", mistake.message))?,
        ),
    };
    if matches!(
        (item, change),
        (Item::Area(_) | Item::Milestone(_), ScenarioChange::Estimate(_) | ScenarioChange::Sooner(_))
    ) {
        bail!("`{path}` has no estimate of its own: change the workstreams in it")
    }
    Ok((item, change))
}
