//! Tests of the rules: series and labels, promtool tests, notifications, and mutants.

pub(crate) mod files;
mod checks;
mod contract;
mod mutants;
mod notifications;
