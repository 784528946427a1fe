//! The process's own metrics, in the registry of the prometheus crate.
