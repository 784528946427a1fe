//! Prometheus exporter for production readiness reports, which are kept as YAML in Git.
//!
//! Data flows through the modules in the order of this list. A module imports only modules above it;
//! `tests/it/layers.rs` checks that.
//!
//! ```text
//! files ──▶ source ──▶ format ──▶ model ──▶ schedule ──▶ metrics ──▶ snapshot ──▶ http
//! ```

#[cfg(test)]
mod docs;

// Vocabulary of all other modules.
pub mod span;
pub mod scalar;
pub mod finding;
pub(crate) mod name;
pub mod quantity;
pub(crate) mod date;
pub(crate) mod hash;
pub mod clock;
pub(crate) mod log;

// From files to responses.
pub mod source;
pub(crate) mod yaml;
pub mod format;
pub mod model;
pub mod schedule;
pub mod metrics;
pub mod snapshot;
pub mod http;

// The command line: one module per command, on top of the modules above.
pub(crate) mod command;
pub mod cli;
