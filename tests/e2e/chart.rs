//! Tests of the Helm chart with real Helm binaries.

mod charts;
mod coverage;
mod documents;
mod live;
mod packages;
mod renders;
mod rules;
mod values;
