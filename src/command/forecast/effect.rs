//! The effect of `--what-if` on the figures of other items.

use crate::schedule::finish::FinishForecast;
use crate::schedule::forecast::Forecast;
use crate::schedule::network::Basis;

/// Times that differ by less are the same, in working days.
const SAME: f64 = 1e-9;

/// Notes on the effect of an edit: that there is none, or that it changes durations inferred for other items.
pub(crate) fn notes(before: &Forecast, after: &Forecast) -> Vec<String> {
    let mut notes = Vec::new();
    if !has_effect(before, after) {
        notes.push("no figure changes".to_owned());
    }
    let rates = before.assumptions.days_per_point.zip(after.assumptions.days_per_point);
    if let Some((old, new)) = rates.filter(|(old, new)| (old.median - new.median).abs() > SAME) {
        let (old, new) = (old.median, new.median);
        notes.push(match after.bases.values().filter(|basis| **basis == Basis::Inferred).count() {
            0 => format!("the new estimate also changes the days per point from {old:.2} to {new:.2}"),
            1 => format!("the new estimate also changes the days per point of 1 inferred duration from {old:.2} to {new:.2}"),
            inferred => format!(
                "the new estimate also changes the days per point of {inferred} inferred durations from {old:.2} to {new:.2}"
            ),
        });
    }
    notes
}

fn has_effect(before: &Forecast, after: &Forecast) -> bool {
    before.items.len() != after.items.len()
        || before.items.iter().any(|(item, old)| {
            let new = after.items.get(item);
            new.is_none_or(|new| differ(old.early.1, new.early.1) || finish_differs(old.finish, new.finish))
        })
}

fn finish_differs(before: Option<FinishForecast>, after: Option<FinishForecast>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return before.is_some() != after.is_some() };
    let p50 = differ(before.p50().plan, after.p50().plan) || differ(before.p50().risk, after.p50().risk);
    let percentiles = |finish: FinishForecast| finish.simulated().map(|finish| finish.risk.percentiles.into_array());
    let differs =
        |(one, other): ([f64; 3], [f64; 3])| one.into_iter().zip(other).any(|(one, other)| differ(one, other));
    p50 || percentiles(before).zip(percentiles(after)).is_some_and(differs)
}

fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > SAME
}
