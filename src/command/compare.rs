//! What a change of a plan does to its milestones: `check --against`.

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::output::table::{Cell, Table};
use crate::command::output::{Tone, days, percent, points};
use crate::command::plan;
use crate::command::plan::{ValidPlan, compute_forecast};
use crate::finding::print::{ReportFormat, escape::visible};
use crate::model::Project;
use crate::quantity::Ratio;
use crate::schedule::finish::ForecastModel;
use crate::schedule::forecast::Forecast;
use crate::schedule::network::scenario::Scenario;
use crate::schedule::timeline::Timeline;
use crate::source;
use crate::source::{ReadLimits, SourceFile};

/// What plans are compared with.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// A file, or a Git revision.
    pub name: String,
    /// How much less likely a milestone may become to be reached in time.
    pub fail_if_worse: Option<Ratio>,
    /// How many simulated runs.
    pub draws: NonZero<u32>,
}

/// How the plans are judged, and printed.
#[derive(Debug, Clone, Copy)]
pub struct CompareContext {
    /// As of when.
    pub as_of: AsOf,
    /// For whom.
    pub format: ReportFormat,
    /// Whether people get colours.
    pub colour: bool,
    /// How much of a file is read at most.
    pub limits: ReadLimits,
}

/// A milestone's forecast, with risks.
struct MilestoneForecast {
    title: Box<str>,
    due: Option<Date>,
    p50: Option<(Date, f64)>,
    on_time: Option<f64>,
    is_done: bool,
}

impl CompareOptions {
    /// Prints how the forecasts of `files` differ from those of before, both as of the same moment;
    /// true where a milestone is less likely than may be.
    ///
    /// # Errors
    ///
    /// There is no such file or revision, what was before has errors, or `out` fails.
    pub fn compare(
        &self,
        files: &[&SourceFile],
        context: &CompareContext,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        if context.format == ReportFormat::Json {
            bail!("--against is printed for people: leave out `--format json`");
        }
        let mut is_worse = false;
        for file in files {
            let Ok(after) = plan::require_valid(file, context.as_of, false, &mut std::io::sink()) else { continue };
            let Some(before) = self.before(file, files.len(), context)? else {
                writeln!(out, "\n`{}` isn't in `{}`: it is new", file.path.display(), self.name)?;
                continue;
            };
            let before = plan::require_valid(&before, context.as_of, context.colour, out)
                .with_context(|| format!("can't compare with `{}`", self.name))?;
            is_worse |= self.plan(&before, &after, context, out)?;
        }
        Ok(is_worse)
    }

    /// The file as it was; `None` where it wasn't there.
    fn before(&self, file: &SourceFile, files: usize, context: &CompareContext) -> anyhow::Result<Option<SourceFile>> {
        let path = Path::new(&self.name);
        if !path.is_file() {
            return at_revision(&file.path, &self.name);
        }
        if files > 1 {
            bail!("`{}` is one file, and {files} are checked: check one, or name a Git revision", self.name);
        }
        source::read(path, &context.limits)
            .map(Some)
            .map_err(|finding| anyhow::anyhow!("{}: {}", self.name, finding.message))
    }

    fn plan(
        &self,
        before: &ValidPlan,
        after: &ValidPlan,
        context: &CompareContext,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        let (old, new) = (self.states(before), self.states(after));
        let ids: Vec<&String> = new.keys().chain(old.keys().filter(|id| !new.contains_key(*id))).collect();
        let has_risks = after.plan.project.risks.iter().any(|it| it.probability.is_some() && it.delay.is_some());
        let p50 = if has_risks { "P50 with risks" } else { "P50" };
        let heading = ["Milestone", "Due", p50, "", "On time", "", ""];
        let mut rows = vec![heading.map(|name| Cell::text(name, 14).toned(Tone::Bold)).to_vec()];
        let mut is_worse = false;
        for id in ids {
            let (row, worse) = self.row(id, old.get(id), new.get(id));
            rows.extend(row);
            is_worse |= worse;
        }
        let title = visible(&after.plan.project.title);
        writeln!(out, "\n{title}: the milestones, compared with `{}`\n", self.name)?;
        write!(out, "{}", Table { rows, colour: context.colour })?;
        Ok(is_worse)
    }

    fn states(&self, valid: &ValidPlan) -> BTreeMap<String, MilestoneForecast> {
        let (project, forecast) = (&valid.plan.project, compute_forecast(valid, self.draws, Scenario::new()));
        (0..project.milestones.len())
            .map(|index| (project.milestones[index].id.to_string(), MilestoneForecast::of(project, &forecast, index)))
            .collect()
    }

    /// The milestone's row, and whether it has become worse than may be.
    fn row(
        &self,
        id: &str,
        old: Option<&MilestoneForecast>,
        new: Option<&MilestoneForecast>,
    ) -> (Option<Vec<Cell>>, bool) {
        let Some(state) = new.or(old) else { return (None, false) };
        let due = |state: Option<&MilestoneForecast>| state.and_then(|it| it.due).map(|due| due.to_string());
        let p50 = |state: Option<&MilestoneForecast>| state.and_then(|it| it.p50);
        let on_time = |state: Option<&MilestoneForecast>| state.and_then(|it| it.on_time);
        let moved = p50(old).zip(p50(new)).map(|((_, before), (_, after))| after - before);
        let gained = on_time(old).zip(on_time(new)).map(|(before, after)| after - before);
        let is_worse = self.fail_if_worse.zip(gained).is_some_and(|(most, gained)| -gained > most.get() + 1e-9);
        let remark = match (old, new) {
            (None, _) => "new",
            (_, None) => "gone",
            (Some(old), Some(new)) if new.is_done && !old.is_done => "reached",
            _ if due(old) != due(new) => "due date moved",
            _ if is_worse => "worse",
            _ => "",
        };
        let tone = if is_worse { Tone::Bad } else { Tone::Plain };
        let cells = vec![
            Cell::text(if state.title.is_empty() { id } else { &state.title }, 34).toned(tone),
            Cell::text(&due(new.or(old)).unwrap_or_default(), 10),
            Cell::text(&p50(new).map_or_else(String::new, |(day, _)| day.to_string()), 10),
            Cell::number(moved.map(days).unwrap_or_default()),
            Cell::number(on_time(new).map(percent).unwrap_or_default()),
            Cell::number(gained.map(points).unwrap_or_default()),
            Cell::text(remark, 20).toned(tone),
        ];
        (Some(cells), is_worse)
    }
}

impl MilestoneForecast {
    fn of(project: &Project, forecast: &Forecast, index: usize) -> Self {
        let (milestone, item) = (&project.milestones[index], forecast.milestone(index));
        let finish = item.and_then(|item| item.finish(ForecastModel::Risk));
        let timeline = Timeline::at(project, forecast.status_date);
        Self {
            title: milestone.title.clone(),
            due: milestone.due.map(crate::date::DayOrMonth::last_day),
            p50: finish.map(|finish| (timeline.day(finish.percentiles.p50), finish.percentiles.p50)),
            on_time: finish.and_then(|finish| finish.on_time),
            is_done: milestone.done.is_some(),
        }
    }
}

/// The file at `path` as it was in the Git revision `revision`; `None` where it wasn't there.
fn at_revision(path: &Path, revision: &str) -> anyhow::Result<Option<SourceFile>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let git = |arguments: &[&str]| {
        Command::new("git").arg("-C").arg(folder).args(arguments).output().context("can't run `git`")
    };
    let commit = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
    if !commit.status.success() {
        bail!("`{revision}` is neither a file nor a Git revision of `{}`", folder.display());
    }
    let shown = git(&["show", "--end-of-options", &format!("{revision}:./{name}")])?;
    if !shown.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8(shown.stdout).with_context(|| format!("`{revision}:{name}` isn't UTF-8"))?;
    Ok(Some(SourceFile::new(format!("{revision}:{name}"), text.strip_prefix('\u{feff}').unwrap_or(&text))))
}
