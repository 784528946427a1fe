//! The samples of a forecast.

use jiff::civil::Date;

use crate::date::{end_of_day, start_of_day};
use crate::metrics::collect::{Collector, SECONDS_PER_WORKING_DAY};
use crate::metrics::series::Series;
use crate::metrics::text::{count, seconds};
use crate::metrics::{label, series};
use crate::model::Item;
use crate::schedule::earned::EarnedSchedule;
use crate::schedule::finish::{ByModel, FinishForecast, ForecastModel, Percentile};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::timeline::Timeline;

impl Collector<'_> {
    pub(super) fn forecast(&mut self, forecast: &Forecast) {
        let id = self.id;
        let timeline = Timeline::at(self.project, forecast.start_day);
        self.sample(series::ForecastStart(id), seconds(forecast.start));
        let offset = self.project.zone.to_offset(forecast.start).seconds();
        self.sample(series::ProjectUtcOffset(id), f64::from(offset));
        for (basis, number) in forecast.counts() {
            self.sample(series::ForecastItems(id, label::Basis(basis.name())), count(number));
        }
        self.assumptions(forecast, timeline);
        if let Some(end) = &forecast.end {
            self.finish(end.finish, None, timeline, |percentile, model| series::ProjectForecast(id, percentile, model));
            self.on_time(end.finish, |model| series::ProjectOnTime(id, model));
            self.slip(end.finish, end.due, |percentile, model| series::ProjectSlip(id, percentile, model));
        }
        for (item, forecast) in &forecast.items {
            let path = self.project.path(*item);
            let path = label::Item(&path);
            self.sample(series::ItemInfo(id, path, label::Title(self.project.title(*item))), 1.0);
            match *item {
                Item::Workstream(area, index) => self.workstream_forecast(area, index, forecast, timeline),
                Item::Milestone(index) => self.milestone_forecast(index, forecast, timeline),
                Item::Area(_) | Item::Task(_) => continue,
            }
            if forecast.finish.is_some() {
                self.sample(series::Criticality(id, path), forecast.criticality);
            }
        }
        if let Some(earned) = &forecast.earned_schedule {
            self.earned_schedule(earned);
        }
    }

    /// The assumptions behind the forecast, and the second opinions about it.
    fn assumptions(&mut self, forecast: &Forecast, timeline: Timeline<'_>) {
        let (id, assumptions) = (self.id, forecast.assumptions);
        if let Some(error) = assumptions.estimate_error {
            self.sample(series::ForecastEstimateError(id), error);
        }
        let now = assumptions.concurrent_workstreams;
        for (start, number) in [("now", now), ("later", assumptions.open_workstreams - now)] {
            self.sample(series::ForecastWorkstreams(id, label::Start(start)), count(number));
        }
        for (item, basis) in &forecast.bases {
            let path = self.project.path(*item);
            self.sample(series::ForecastBasis(id, label::Item(&path), label::Basis(basis.name())), 1.0);
        }
        for (opinion, days) in forecast.second_opinions.entries() {
            if let Some(days) = days {
                let series = series::ProjectSecondOpinion(id, label::Opinion(opinion));
                self.sample(series, seconds(timeline.finish(days)));
            }
        }
    }

    fn workstream_forecast(&mut self, area: usize, index: usize, forecast: &ItemForecast, timeline: Timeline<'_>) {
        let Some(finish) = forecast.finish else { return };
        let (project, id, stream) = (self.project, self.id, self.project.workstream(area, index));
        let (area, workstream) = (label::Area(project.areas[area].id.as_str()), label::Workstream(stream.id.as_str()));
        self.finish(finish, forecast.fixed_date, timeline, |percentile, model| {
            series::WorkstreamForecast(id, area, workstream, percentile, model)
        });
        self.sample(series::WorkstreamFloat(id, area, workstream), working_seconds(forecast.total_float));
        let actual = stream.started.map(|day| start_of_day(day, &project.zone));
        let start = actual.unwrap_or_else(|| timeline.start_after(forecast.early.0));
        self.sample(series::WorkstreamStart(id, area, workstream), seconds(start));
    }

    fn milestone_forecast(&mut self, index: usize, forecast: &ItemForecast, timeline: Timeline<'_>) {
        let (project, id) = (self.project, self.id);
        let milestone = label::Milestone(project.milestones[index].id.as_str());
        self.sample(series::MilestoneUnestimated(id, milestone), count(forecast.without_estimate.len()));
        let Some(finish) = forecast.finish else { return };
        self.finish(finish, forecast.fixed_date, timeline, |percentile, model| {
            series::MilestoneForecast(id, milestone, percentile, model)
        });
        self.on_time(finish, |model| series::MilestoneOnTime(id, milestone, model));
        self.slip(finish, forecast.due, |percentile, model| series::MilestoneSlip(id, milestone, percentile, model));
        if forecast.due.is_some() {
            self.sample(series::MilestoneFloat(id, milestone), working_seconds(forecast.total_float));
        }
        if let Some(root) = forecast.driving_root {
            let path = project.path(root);
            let root = label::Root(&path);
            self.sample(series::ForecastRoot(id, milestone, root), 1.0);
            if forecast.is_late() {
                self.sample(series::SlipRoot(id, milestone, root), 1.0);
            }
        }
    }

    fn earned_schedule(&mut self, earned: &EarnedSchedule) {
        let id = self.id;
        self.sample(series::ProjectBaseline(id), earned.planned_completion);
        let paces = [("observed", earned.observed_pace), ("required", earned.required_pace)];
        for (pace, ratio) in paces {
            if let Some(ratio) = ratio {
                self.sample(series::ProjectPace(id, label::Pace(pace)), ratio);
            }
        }
        if let Some(performance) = earned.performance() {
            self.sample(series::ProjectSpi(id), performance);
        }
        if let Some(to_complete) = earned.to_complete() {
            self.sample(series::ProjectTspi(id), to_complete);
        }
    }

    /// The forecast dates; from due dates alone only P50. Never before `fixed_date`.
    fn finish<S: Series>(
        &mut self,
        finish: FinishForecast,
        fixed_date: Option<Date>,
        timeline: Timeline<'_>,
        series: impl Fn(label::Percentile<'static>, label::Model<'static>) -> S,
    ) {
        let earliest = fixed_date.map_or(f64::NEG_INFINITY, |day| seconds(end_of_day(day, &self.project.zone)));
        for (model, percentile, days) in entries(finish) {
            let series = series(label::Percentile(percentile.name()), label::Model(model.name()));
            self.sample(series, seconds(timeline.finish(days)).max(earliest));
        }
    }

    fn slip<S: Series>(
        &mut self,
        finish: FinishForecast,
        due: Option<f64>,
        series: impl Fn(label::Percentile<'static>, label::Model<'static>) -> S,
    ) {
        let Some(due) = due else { return };
        for (model, percentile, days) in entries(finish) {
            let series = series(label::Percentile(percentile.name()), label::Model(model.name()));
            self.sample(series, working_seconds(days - due));
        }
    }

    fn on_time<S: Series>(&mut self, finish: FinishForecast, series: impl Fn(label::Model<'static>) -> S) {
        for (model, finish) in finish.simulated().into_iter().flat_map(ByModel::entries) {
            if let Some(probability) = finish.on_time {
                self.sample(series(label::Model(model.name())), probability);
            }
        }
    }
}

/// Each percentile that is known, in the order of the exposition.
fn entries(finish: FinishForecast) -> Vec<(ForecastModel, Percentile, f64)> {
    match finish {
        FinishForecast::DueDates(days) => days.entries().map(|(model, days)| (model, Percentile::P50, days)).to_vec(),
        FinishForecast::Simulated(finish) => finish
            .entries()
            .into_iter()
            .flat_map(|(model, finish)| {
                finish.percentiles.entries().map(|(percentile, days)| (model, percentile, days))
            })
            .collect(),
    }
}

fn working_seconds(days: f64) -> f64 {
    (days * SECONDS_PER_WORKING_DAY).round()
}
