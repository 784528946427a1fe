//! The assumptions of a forecast, and the second opinions about it, in words.

use std::io::Write;

use crate::finding::print::escape::escape_text;
use crate::model::Project;
use crate::schedule::forecast::{Assumptions, Forecast};
use crate::schedule::network::Basis;
use crate::schedule::rate::DaysPerPoint;
use crate::schedule::timeline::Timeline;

/// Writes the sources of the durations, the assumptions and the second opinions: a line each.
pub(crate) fn write(project: &Project, forecast: &Forecast, out: &mut dyn Write) -> anyhow::Result<()> {
    let counts = forecast.counts().into_iter().filter(|(_, count)| *count > 0);
    let bases: Vec<String> = counts.map(|(basis, count)| format!("{count} {}", basis_words(basis))).collect();
    if !bases.is_empty() {
        writeln!(out, "durations: {}; d = working days", bases.join(", "))?;
    }
    let assumptions = assumption_words(&forecast.assumptions);
    if !assumptions.is_empty() {
        writeln!(out, "assumptions: {}", assumptions.join("; "))?;
    }
    let timeline = Timeline::at(project, forecast.start_day);
    let opinion = |(name, days): (&str, Option<f64>)| Some(format!("{} {}", opinion_words(name), timeline.day(days?)));
    let opinions: Vec<String> = forecast.second_opinions.entries().into_iter().filter_map(opinion).collect();
    if !opinions.is_empty() {
        writeln!(out, "second opinions on the project: {}", opinions.join(", "))?;
    }
    if !bases.is_empty() && !forecast.has_risks {
        writeln!(out, "no risk with a probability and a delay affects open work; risks are not simulated")?;
    }
    Ok(())
}

/// The title and ID of the project, and the start of the forecast.
pub(crate) fn write_title(project: &Project, forecast: &Forecast, out: &mut dyn Write) -> anyhow::Result<()> {
    Ok(writeln!(out, "{} ({}), {}", escape_text(&project.title), project.id, start_words(project, forecast))?)
}

/// The status date of the file, and the day from whose end the forecast starts if that differs.
pub(crate) fn start_words(project: &Project, forecast: &Forecast) -> String {
    let start = forecast.start_day;
    match project.as_of {
        Some(as_of) if as_of == start => format!("status date {as_of}"),
        Some(as_of) => format!("forecast from {start} (status date {as_of})"),
        None => format!("forecast from {start}"),
    }
}

pub(crate) fn basis_words(basis: Basis) -> &'static str {
    match basis {
        Basis::Estimated => "estimated",
        Basis::Inferred => "inferred from points",
        Basis::Overrun => "overrun",
        Basis::FixedDate => "fixed date",
        Basis::Paced => "from the pace",
        Basis::NoEstimate => "without estimate",
    }
}

fn assumption_words(assumptions: &Assumptions) -> Vec<String> {
    let error = assumptions.estimate_error.map(|error| match (error * 100.0).round() {
        0.0 => "no error that all estimates share".to_owned(),
        percent => format!("an error of ±{percent} % that all estimates share"),
    });
    let rate = assumptions.days_per_point.map(|rate| rate_words(&rate));
    let pace = assumptions.pace.map(|pace| format!("{:.2} % of the project per working day", pace * 100.0));
    let (now, open) = (assumptions.concurrent_workstreams, assumptions.open_workstreams);
    let concurrency = (open > 0).then(|| format!("{now} of {open} open workstreams at once from the next working day"));
    [error, rate, pace, concurrency].into_iter().flatten().collect()
}

fn rate_words(rate: &DaysPerPoint) -> String {
    let estimates =
        if rate.observations == 1 { "1 estimate".to_owned() } else { format!("{} estimates", rate.observations) };
    format!("{:.2} d per point, from {estimates}", rate.median)
}

fn opinion_words(name: &str) -> &str {
    if name == "pace" { "pace of the last four weeks" } else { "earned schedule" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumptions_are_stated_in_words() {
        let all = Assumptions {
            estimate_error: Some(0.2),
            days_per_point: Some(DaysPerPoint { observations: 3, median: 1.067, item_log_sd: 0.5, rate_log_sd: 0.3 }),
            pace: None,
            open_workstreams: 15,
            concurrent_workstreams: 10,
        };
        assert_eq!(
            assumption_words(&all).join("; "),
            "an error of ±20 % that all estimates share; 1.07 d per point, from 3 estimates; 10 of 15 open workstreams at once from the next working day"
        );
        let paced = Assumptions {
            pace: Some(0.0125),
            open_workstreams: 2,
            concurrent_workstreams: 2,
            ..Assumptions::default()
        };
        assert_eq!(
            assumption_words(&paced).join("; "),
            "1.25 % of the project per working day; 2 of 2 open workstreams at once from the next working day"
        );
        let certain = Assumptions { estimate_error: Some(0.0), ..Assumptions::default() };
        assert_eq!(assumption_words(&certain), ["no error that all estimates share"]);
        assert_eq!(assumption_words(&Assumptions::default()), [""; 0]);
    }
}
