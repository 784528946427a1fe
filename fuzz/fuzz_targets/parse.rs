//! Any text is parsed in bounded time, every finding is located in it, and the two parsers agree.

#![no_main]

use std::cell::LazyCell;
use std::num::NonZero;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use readiness_exporter::finding::Severity;
use readiness_exporter::format::document::Document;
use readiness_exporter::format::parse_with_positions;
use readiness_exporter::model::load::{Plan, load};
use readiness_exporter::schedule::forecast::{Forecast, ForecastOptions};
use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::summary::Summary;
use readiness_exporter::model::blocking;
use serde::Deserialize;

thread_local! {
    static NOW: LazyCell<Timestamp> =
        const { LazyCell::new(|| "2026-01-27T12:00:00Z".parse().expect("a literal timestamp")) };
}

fuzz_target!(|text: &str| {
    let loaded = load(text, NOW.with(|now| **now));
    for finding in &loaded.findings {
        let span = finding.span.unwrap_or_else(|| panic!("finding without location: {finding:?}"));
        assert!(text.get(span.start..span.end).is_some(), "location outside the text: {finding:?}");
        assert!(!finding.message.is_empty());
    }
    if let Some(Plan { project, completion }) = &loaded.plan {
        let options = ForecastOptions { draws: NonZero::<u32>::MIN, ..ForecastOptions::default() };
        let forecast = Forecast::of(project, completion, NOW.with(|now| **now), &options);
        Summary::of(project, completion, &forecast);
        for finish in forecast.items.values().filter_map(|item| item.finish(ForecastModel::Risk)) {
            let percentiles = finish.percentiles.into_array();
            assert!(percentiles.is_sorted() && percentiles.iter().all(|days| days.is_finite()), "{finish:?}");
        }
        blocking::blocked_points(project, completion);
        if let Some(earned) = completion.project() {
            assert!((0.0..=1.0).contains(&earned.get()));
        }
    }
    // A file without errors must be accepted by `serde_yaml`, too, except for scalars that it would not keep as
    // they are written.
    let strict: Result<Document, _> = Deserialize::deserialize(serde_yaml::Deserializer::from_str(text));
    let errors = loaded.findings.iter().any(|finding| finding.severity() == Severity::Error);
    let is_rejected = strict.as_ref().is_err_and(|error| !error.to_string().contains("text as written"));
    assert!(!is_rejected || errors, "rejected without an error");
    // Both parsers read the same. `&a:` is an anchor `a:` for one, as in YAML 1.2, and an anchor `a` for the other.
    if has_odd_anchor(text) {
        return;
    }
    if let (Ok(strict), Some(located)) = (strict, parse_with_positions(text)) {
        assert_eq!(format!("{strict:?}"), format!("{located:?}"));
    }
});

/// Whether an anchor or alias may have other characters than letters, digits, `-` and `_`.
fn has_odd_anchor(text: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    text.split(['&', '*']).skip(1).any(|rest| {
        let next = rest.trim_start_matches(is_name).chars().next();
        next.is_some_and(|next| !next.is_ascii_whitespace() && !matches!(next, ',' | '[' | ']' | '{' | '}'))
    })
}
