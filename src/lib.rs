//! Production readiness, kept as YAML in Git, served as Prometheus metrics.
//!
//! Data flows from top to bottom of this list; a module imports only what stands above it, and
//! `tests/it/layers.rs` holds it to that.
//!
//! ```text
//! files ──▶ format ──▶ model ──▶ metrics ──▶ snapshot ──▶ http
//! ```

// The vocabulary: what everything else speaks of.
pub mod clock;
pub mod date;
pub mod finding;
pub mod name;
pub mod notation;
pub mod quantity;
pub mod span;

// The line.
pub mod format;
pub mod http;
pub mod metrics;
pub mod model;
pub mod snapshot;
pub mod source;

// The commands leave the line where they have what they need.
pub mod cli;
pub mod command;
