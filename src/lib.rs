//! Production readiness, kept as YAML in Git, served as Prometheus metrics.
//!
//! Data flows from top to bottom of this list; a module imports only what stands above it, and
//! `tests/it/layers.rs` holds it to that.
//!
//! ```text
//! files ──▶ source ──▶ format ──▶ model ──▶ schedule ──▶ metrics ──▶ snapshot ──▶ http
//! ```

// The vocabulary: what everything else speaks of.
pub mod span;
pub mod scalar;
pub mod finding;
pub mod name;
pub mod quantity;
pub mod date;
pub mod hash;
pub mod clock;
pub mod log;

// The line.
pub mod source;
pub mod yaml;
pub mod format;
pub mod model;
pub mod schedule;
pub mod metrics;
pub mod snapshot;
pub mod http;

// The commands leave the line where they have what they need.
pub mod command;
pub mod cli;
