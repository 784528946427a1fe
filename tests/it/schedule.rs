//! Forecasts, from the text of a file to dates: known results, invariants of every plan, and edge cases.

mod random_plans;
mod answers;
mod properties;
mod rules;
mod samples;
mod status;
mod pathologies;
mod semantics;

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::Timestamp;
use jiff::civil::Date;
use readiness_exporter::finding::Severity;
use readiness_exporter::model::completion::Completion;
use readiness_exporter::model::edit::Edit;
use readiness_exporter::model::{Item, Project, load};
use readiness_exporter::quantity::{Estimate, WorkTime};
use readiness_exporter::scalar::ScalarFormat;
use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::forecast::{Forecast, ForecastOptions, ItemForecast};
use readiness_exporter::schedule::network::Basis;
use readiness_exporter::schedule::timeline::Timeline;

/// A loaded plan and the time of its forecast.
struct Plan {
    loaded: load::Plan,
    now: Timestamp,
}

/// A forecast with its plan, so that items are found by path.
struct PlanForecast<'a> {
    plan: &'a Plan,
    result: Forecast,
}

impl Plan {
    /// Loads `text` at noon UTC of `day`. Warnings are allowed, errors are not.
    #[track_caller]
    fn load(text: &str, day: &str) -> Self {
        let now = format!("{day}T12:00:00Z").parse().unwrap();
        let loaded = load::load(text, now);
        let errors: Vec<_> = loaded.findings.iter().filter(|it| it.severity() == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{text}");
        Self { loaded: loaded.plan.unwrap(), now }
    }

    fn project(&self) -> &Project {
        &self.loaded.project
    }

    fn timeline(&self) -> Timeline<'_> {
        Timeline::of(self.project(), self.now)
    }

    /// All items that a reference can name, by path.
    fn items(&self) -> BTreeMap<String, Item> {
        let project = self.project();
        let areas = (0..project.areas.len()).map(Item::Area);
        let streams = project.workstreams().map(|(area, index, _)| Item::Workstream(area, index));
        let tasks = project.tasks().map(|(index, _)| Item::Task(index));
        let milestones = (0..project.milestones.len()).map(Item::Milestone);
        areas.chain(streams).chain(tasks).chain(milestones).map(|item| (project.path(item), item)).collect()
    }

    #[track_caller]
    fn item(&self, path: &str) -> Item {
        *self.items().get(path).unwrap_or_else(|| panic!("unknown item `{path}`"))
    }

    fn forecast(&self, draws: u32) -> PlanForecast<'_> {
        self.forecast_edited(draws, &[])
    }

    /// The forecast after `edits`.
    fn forecast_edited(&self, draws: u32, edits: &[(&str, Edit)]) -> PlanForecast<'_> {
        let mut project = self.loaded.project.clone();
        for (path, edit) in edits {
            edit.apply(&mut project, self.item(path), self.timeline().start_day());
        }
        let options = ForecastOptions { draws: NonZero::new(draws).unwrap(), ..ForecastOptions::default() };
        let result = Forecast::of(&project, &Completion::of(&project), self.now, &options);
        PlanForecast { plan: self, result }
    }

    fn forecast_with(&self, options: &ForecastOptions) -> PlanForecast<'_> {
        let forecast = Forecast::of(&self.loaded.project, &self.loaded.completion, self.now, options);
        PlanForecast { plan: self, result: forecast }
    }
}

impl PlanForecast<'_> {
    fn driving_path(&self, path: &str) -> Vec<Item> {
        self.result.driving_path(self.plan.item(path))
    }

    #[track_caller]
    fn item(&self, path: &str) -> &ItemForecast {
        self.result.items.get(&self.plan.item(path)).unwrap_or_else(|| panic!("`{path}` has no forecast"))
    }

    fn contains(&self, path: &str) -> bool {
        self.result.items.contains_key(&self.plan.item(path))
    }

    /// Early start and finish, with mean durations.
    #[track_caller]
    fn early_dates(&self, path: &str) -> (f64, f64) {
        let (start, finish) = self.item(path).early;
        (round(start), round(finish))
    }

    /// P50, P85, P95 in working days.
    #[track_caller]
    fn percentiles(&self, path: &str, model: ForecastModel) -> [f64; 3] {
        let finish = self.item(path).finish(model).unwrap_or_else(|| panic!("`{path}` has no percentiles"));
        finish.percentiles.into_array()
    }

    #[track_caller]
    fn on_time(&self, path: &str, model: ForecastModel) -> f64 {
        self.item(path).finish(model).unwrap().on_time.unwrap_or_else(|| panic!("`{path}` has no due date"))
    }

    fn basis(&self, path: &str) -> Option<Basis> {
        self.result.bases.get(&self.plan.item(path)).copied()
    }

    /// The early finish, with mean durations.
    #[track_caller]
    fn finish_day(&self, path: &str) -> String {
        self.plan.timeline().day(self.item(path).early.1).to_string()
    }

    fn paths(&self, items: &[Item]) -> Vec<String> {
        items.iter().map(|item| self.plan.project().path(*item)).collect()
    }

    /// The forecasts of all items, by path.
    fn by_path(&self) -> BTreeMap<String, &ItemForecast> {
        let project = self.plan.project();
        self.result.items.iter().map(|(item, forecast)| (project.path(*item), forecast)).collect()
    }
}

/// Rounds to a millionth of a day.
fn round(days: f64) -> f64 {
    (days * 1e6).round() / 1e6
}

fn estimate(text: &str) -> Estimate {
    Estimate::parse(text).unwrap()
}

fn time(text: &str) -> WorkTime {
    WorkTime::parse(text).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}
