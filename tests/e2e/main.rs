//! End to end, with real servers: what a user runs is what is run here.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../it/tools.rs"]
mod tools;

mod modules;
mod processes;
mod servers;
mod names;
mod chart;
mod panel_queries;
mod dashboards;
mod dashboard_clusters;
mod demo;
mod prometheus;
mod readme;
mod web;
mod rules;
