//! The Helm chart, in the hands of real Helms.

mod charts;
mod coverage;
mod documents;
mod live;
mod packages;
mod renders;
mod rules;
mod values;
